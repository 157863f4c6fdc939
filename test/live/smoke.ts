// Shows that the live environment itself works, without a controller: `node test/live/smoke.ts`.
// Not here: Serin's stories (run.ts).
// May import the files of this folder.
import { stringify } from 'yaml';
import { countRequests, readAudit } from './audit.ts';
import { MissingPrerequisites } from './prerequisites.ts';
import { type OwnEnvironment, prepare, startEnvironment } from './environment.ts';
import { type GatewayName, liveGateway } from './gateway.ts';
import { count, send, shareFits, startLoad } from './load.ts';
import { enterNetworkNamespace, insideNetworkNamespace } from './network.ts';
import { queryPrometheus } from './prometheus.ts';
import { checkNode } from './smoke-node.ts';
import { traefikGateway } from './traefik.ts';
import { tierB } from './tier.ts';

const namespace = 'smoke';
const hosts = { proxy: 'proxy.smoke.test', gateway: 'gateway.smoke.test', traefik: 'traefik.smoke.test' };

function workload(name: string, version: string) {
  const labels = { app: name };
  const probe = { httpGet: { path: '/ready', port: 'http' } };
  const container = {
    name: 'app',
    image: `example.test/app:${version}`,
    ports: [{ name: 'http', containerPort: 8080 }],
  };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace, name, labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ ...container, readinessProbe: probe }] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name },
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
  ];
}

interface Routed {
  readonly gateway: { readonly namespace: string; readonly name: string };
  readonly host: string;
  readonly services: readonly object[];
}

function httpRoute(name: string, { gateway, host, services }: Routed) {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { namespace, name },
    spec: {
      parentRefs: [{ namespace: gateway.namespace, name: gateway.name }],
      hostnames: [host],
      rules: [{ backendRefs: services }],
    },
  };
}

function routes(canaryWeight: number) {
  const services = [
    { name: 'app-primary', port: 80, weight: 100 - canaryWeight },
    { name: 'app-canary', port: 80, weight: canaryWeight },
  ];
  return [
    {
      apiVersion: 'projectcontour.io/v1',
      kind: 'HTTPProxy',
      metadata: { namespace, name: 'app' },
      spec: { virtualhost: { fqdn: hosts.proxy }, routes: [{ services }] },
    },
    httpRoute('app', { gateway: liveGateway, host: hosts.gateway, services }),
    httpRoute('app-traefik', { gateway: traefikGateway, host: hosts.traefik, services }),
  ];
}

async function check(environment: OwnEnvironment, say: (line: string) => void): Promise<void> {
  const { world } = environment;
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...workload('app-primary', '1.0'),
    ...workload('app-canary', '1.1'),
    ...routes(20),
  ];
  await environment.apply(objects.map((object) => stringify(object, { version: '1.1' })).join('---\n'));
  await environment.waitFor('four ready pods', async () => {
    world.check();
    return (await world.node.pods(namespace)).filter(({ ready }) => ready).length === 4;
  });
  say('four pods are ready');

  const urlOf = (name: GatewayName) => world.gateways.get(name)?.url ?? '';
  const gateways = [
    { url: urlOf('contour'), host: hosts.proxy },
    { url: urlOf('gatewayapi:v1'), host: hosts.gateway },
    { url: urlOf('gatewayapi:v1@traefik'), host: hosts.traefik },
  ];
  for (const gateway of gateways) {
    // Both Services: a gateway may know one of them first.
    await environment.waitFor(`${gateway.host} to be routed`, async () => {
      const some = Array.from({ length: 20 }, () => send(gateway));
      return (await Promise.all(some)).every(({ status }) => status === 200);
    });
  }
  say('the gateways route');

  const loads = gateways.map((gateway) => startLoad({ ...gateway, perSecond: 50 }));
  await environment.waitFor('400 requests through each', async () =>
    loads.every(({ samples }) => samples.length >= 400),
  );
  for (const [index, load] of loads.entries()) {
    const { total, failed, byVersion } = count(load.samples);
    const z = shareFits(20, byVersion.get('1.1') ?? 0, total);
    say(
      `${gateways[index]?.host}: ${total} requests, ${failed} failed, ${byVersion.get('1.1')} to the canary, z = ${z.toFixed(2)}`,
    );
    if (failed > 0 || Math.abs(z) >= 4) throw new Error('the split is not what the route says');
  }

  await world.node.setFault({ namespace, version: '1.1', fault: 'errors100' });
  await environment.waitFor('a 500 of the canary', async () =>
    loads.some(({ samples }) => samples.at(-1)?.status === 500),
  );
  await world.node.clearFaults();
  const before = new Set((await world.node.pods(namespace)).map(({ name }) => name));
  await environment.patch(
    { kind: 'apps/v1/Deployment', namespace, name: 'app-primary' },
    { spec: { template: { metadata: { annotations: { again: '1' } } } } },
  );
  await environment.waitFor('the roll-out of the primary', async () => {
    const pods = await world.node.pods(namespace);
    const replaced = pods.filter(({ name }) => name.startsWith('app-primary') && !before.has(name));
    return pods.length === 4 && replaced.filter(({ ready }) => ready).length === 2;
  });
  for (const load of loads) {
    const unanswered = (await load.stop()).filter(
      ({ status, pod }) => status !== 200 && !pod.startsWith('app-canary'),
    );
    if (unanswered.length > 0)
      throw new Error(`failed during the roll-out: ${JSON.stringify(unanswered.slice(0, 3))}`);
  }
  say('a fault and a roll-out behave');

  const queries = [
    `sum(envoy_cluster_upstream_rq{envoy_cluster_name=~"${namespace}_app-canary_[0-9a-zA-Z-]+"})`,
    `sum(traefik_service_requests_total{service=~".+-svc-${namespace}-app-canary-[0-9]+@kubernetesgateway"})`,
    `sum(http_request_duration_seconds_count{kubernetes_namespace="${namespace}",kubernetes_pod_name=~"app-canary-.+"})`,
  ];
  for (const query of queries) {
    await environment.waitFor(query, async () => ((await queryPrometheus(query))[0]?.value ?? 0) > 0);
  }
  say('Prometheus has the requests of Envoy, of Traefik and of the pods');

  const requests = await readAudit(world.auditLogPath, { user: 'contour' });
  if (requests.length === 0) throw new Error('the audit log has nothing of Contour');
  say(
    `audit log: ${[...countRequests(requests)]
      .slice(0, 3)
      .map(([what, times]) => `${times} × ${what}`)
      .join(', ')}`,
  );
}

const log = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  if (!insideNetworkNamespace()) await prepare(tierB, log);
  await enterNetworkNamespace();
  const began = Date.now();
  const environment = await startEnvironment({ log });
  let failed = true;
  try {
    const say = (line: string) => log(`${((Date.now() - began) / 1000).toFixed(1)} s  ${line}`);
    await check(environment, say);
    await checkNode(environment, say);
    failed = false;
  } finally {
    await environment.stop({ failed });
  }
  log(`passed after ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

await main().catch((error: unknown) => {
  const text =
    error instanceof MissingPrerequisites
      ? error.lines.join('\n')
      : error instanceof Error
        ? error.stack
        : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
