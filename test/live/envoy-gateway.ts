// Envoy Gateway with the Envoy that it configures, for all kinds of route. It binds many ports on the wildcard address, where the pods'
// addresses are, so both run in a network namespace of their own, and Envoy Gateway sees a root with its certificates in /certs.
// Not here: the routes; stories write them. What Envoy goes by: envoy-gateway-weights.ts.
// May import the files of this folder, yaml and zod.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import { type EnvoyRoute, routedWeights } from './envoy-gateway-weights.ts';
import type { Gateway, GatewayName } from './gateway.ts';
import type { Kube } from './kube.ts';
import { line, secondNetwork } from './network.ts';
import { poll } from './processes.ts';
import type { Place } from './tier.ts';

/** The Gateway that routes name as parent, and the ports of its listeners by name. Routes of every namespace may. */
export const envoyGateway = {
  namespace: 'envoy-gateway-system',
  name: 'live',
  listeners: { http: 1080, tls: 1081, tcp: 1082, udp: 1083 },
} as const;

const { namespace, name, listeners } = envoyGateway;

const listener = (protocol: keyof typeof listeners, more: Readonly<Record<string, unknown>> = {}) => ({
  name: protocol,
  protocol: protocol.toUpperCase(),
  port: listeners[protocol],
  allowedRoutes: { namespaces: { from: 'All' } },
  ...more,
});

export const envoyGatewayObjects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { namespace, name },
    // No pod: the Envoy that its Deployment describes is started here.
    spec: {
      concurrency: 1,
      telemetry: { accessLog: { disable: true } },
      provider: {
        type: 'Kubernetes',
        kubernetes: { envoyDeployment: { replicas: 0 }, envoyService: { type: 'ClusterIP' } },
      },
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: 'envoy-gateway' },
    spec: {
      controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
      parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', namespace, name },
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace, name },
    spec: {
      gatewayClassName: 'envoy-gateway',
      listeners: [
        listener('http'),
        listener('tls', { tls: { mode: 'Passthrough' } }),
        listener('tcp'),
        listener('udp'),
      ],
    },
  },
];

/** Envoy's own, in the namespace that it shares with Envoy Gateway. */
const ports = { admin: 19_000, stats: 19_001 };

const settings = {
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'EnvoyGateway',
  gateway: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
  provider: {
    type: 'Kubernetes',
    kubernetes: { leaderElection: { disable: true }, proxyTopologyInjector: { disabled: true } },
  },
  // The ports that it would take for these are Envoy's.
  admin: { address: { host: '127.0.0.1', port: 19_100 } },
  telemetry: { metrics: { prometheus: { disable: true } } },
};

export async function startEnvoyGateway({
  processes,
  plane,
  binary,
}: Place): Promise<ReadonlyMap<GatewayName, Gateway>> {
  const { folder } = processes;
  const kubeconfig = await plane.kubeconfigOf('envoy-gateway');
  const env = { KUBECONFIG: kubeconfig, ENVOY_GATEWAY_NAMESPACE: namespace };
  const program = binary('envoy-gateway');
  execFileSync(program, ['certgen', '--disable-topology-injector'], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const own = join(folder, 'envoy-gateway');
  const certificates = { gateway: join(own, 'gateway-certs'), envoy: join(own, 'envoy-certs') };
  await writeSecret(plane.admin, 'envoy-gateway', certificates.gateway);
  await writeSecret(plane.admin, 'envoy', certificates.envoy);
  const config = join(own, 'settings.yaml');
  await writeFile(config, JSON.stringify(settings));

  const enter = await secondNetwork(processes);
  const root = join(own, 'root');
  await mkdir(root);
  const { logPath } = processes.start({
    name: 'envoy-gateway',
    command: [...enter, 'unshare', '-m', 'sh', '-c', rootScript, 'sh', root, certificates.gateway].concat([
      program,
      'server',
      `--config-path=${config}`,
    ]),
    env,
  });
  const wait = { timeoutMs: 120_000, abort: processes.check, logPath };
  const { args, files } = await poll(
    'Envoy Gateway to describe its Envoy',
    () => described(plane.admin),
    wait,
  );
  const sds = join(own, 'sds');
  await mkdir(sds);
  for (const [file, text] of Object.entries(files))
    await writeFile(join(sds, file), text.replaceAll('/certs/', `${certificates.envoy}/`));
  /** What a pod would have in other places: its files, its name, and the address of Envoy Gateway. */
  const placed = (arg: string) =>
    arg
      .replaceAll('127.0.0.1', line.there)
      .replaceAll(`envoy-gateway.${namespace}.svc.cluster.local.`, line.there)
      .replaceAll('/sds/', `${sds}/`)
      .replaceAll('$(ENVOY_POD_NAME)', name)
      .replaceAll('$(ENVOY_SERVICE_ZONE)', '');
  processes.start({
    name: 'envoy-gateway-envoy',
    command: [...enter, binary('envoy'), ...args.map(placed), '--disable-hot-restart'],
  });
  const url = `http://${at('http')}`;
  await poll('Envoy Gateway to configure its Envoy', () => answers(url), wait);
  const gateway = (kind: EnvoyRoute) => ({
    stats: `${line.there}:${ports.stats}`,
    routeKind: kind,
    weights: routedWeights({ kube: plane.admin, kind, admin: `http://${line.there}:${ports.admin}` }),
  });
  const group = 'gateway.networking.k8s.io/v1';
  return new Map<GatewayName, Gateway>([
    ['gatewayapi:v1@envoy-gateway', { url, ...gateway(`${group}/HTTPRoute`) }],
    ['gatewayapi:v1:grpc@envoy-gateway', { url, wire: 'grpc', ...gateway(`${group}/GRPCRoute`) }],
    [
      'gatewayapi:v1:tls@envoy-gateway',
      { url: `https://${at('tls')}`, wire: 'tls', freshConnections: true, ...gateway(`${group}/TLSRoute`) },
    ],
    [
      'gatewayapi:v1:tcp@envoy-gateway',
      { url: `http://${at('tcp')}`, freshConnections: true, ...gateway(`${group}/TCPRoute`) },
    ],
    [
      'gatewayapi:v1:udp@envoy-gateway',
      { url: `udp://${at('udp')}`, wire: 'udp', ...gateway(`${group}/UDPRoute`) },
    ],
  ]);
}

const at = (protocol: keyof typeof listeners) => `${line.there}:${listeners[protocol]}`;

/** Runs the rest of its arguments in a root that is this one and a folder more: `/certs`, where a pod would have a Secret. */
const rootScript = `set -e
root=$1 certificates=$2
shift 2
mount -t tmpfs tmpfs "$root"
for entry in /*; do
  if [ -L "$entry" ]; then cp -P "$entry" "$root$entry"
  elif [ -d "$entry" ]; then mkdir "$root$entry" && mount --rbind "$entry" "$root$entry"
  fi
done
mkdir "$root/certs"
mount --bind "$certificates" "$root/certs"
exec chroot "$root" "$@"`;

const Secret = z.object({ data: z.record(z.string(), z.string()) });

async function writeSecret(kube: Kube, secret: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { data } = Secret.parse(await kube.get('v1/Secret', namespace, secret));
  for (const [file, value] of Object.entries(data))
    await writeFile(join(folder, file), Buffer.from(value, 'base64'), { mode: 0o600 });
}

const Deployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(z.object({ name: z.string(), args: z.array(z.string()).default([]) })),
      }),
    }),
  }),
});
const ConfigMap = z.object({ data: z.record(z.string(), z.string()) });

/** The arguments of Envoy and its files, once Envoy Gateway has written down how it is to be run. */
async function described(
  kube: Kube,
): Promise<{ args: readonly string[]; files: Readonly<Record<string, string>> } | undefined> {
  const selector = { labelSelector: `gateway.envoyproxy.io/owning-gateway-name=${name}` };
  const [deployment] = await kube.list('apps/v1/Deployment', namespace, selector);
  const [files] = await kube.list('v1/ConfigMap', namespace, selector);
  if (deployment === undefined || files === undefined) return undefined;
  const { containers } = Deployment.parse(deployment).spec.template.spec;
  const envoy = containers.find((container) => container.name === 'envoy');
  return envoy && { args: envoy.args, files: ConfigMap.parse(files).data };
}

/** Any answer but none: until a listener is there, the connection is refused. */
async function answers(url: string): Promise<boolean> {
  const { body } = await request(url);
  await body.dump();
  return true;
}
