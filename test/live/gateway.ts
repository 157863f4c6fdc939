// Contour with its Envoy, once for HTTPProxy and once for the Gateway API. Real programs, real traffic.
// Not here: the routes; stories write them.
// May import the files of this folder.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { RouteKind } from './history.ts';
import { poll, type Processes } from './processes.ts';
import type { Wire } from './senders.ts';

/** The Gateway that HTTPRoutes name as parent. Routes of every namespace may. */
export const liveGateway = { namespace: 'live', name: 'live', listenerPort: 1080 } as const;

/** The `spec.provider` that a gateway carries out; where several carry out one, an @ and the name of the gateway follow. */
export type GatewayName =
  | 'contour'
  | 'gatewayapi:v1'
  | 'gatewayapi:v1@traefik'
  | 'traefik'
  | 'nginx'
  | 'istio'
  | 'skipper'
  | 'gatewayapi:v1@envoy-gateway'
  | 'gatewayapi:v1:grpc@envoy-gateway'
  | 'gatewayapi:v1:tls@envoy-gateway'
  | 'gatewayapi:v1:tcp@envoy-gateway'
  | 'gatewayapi:v1:udp@envoy-gateway';

export interface Gateway {
  /** Where it answers requests, for instance `http://127.0.0.1:8085`. Routes are chosen by Host header. */
  readonly url: string;
  /** How users speak to it; left out: by HTTP. */
  readonly wire?: Wire;
  /** It divides connections, so each request needs one of its own. */
  readonly freshConnections?: boolean;
  /** `address:port` of its metrics for Prometheus. */
  readonly stats: string;
  /** Left out: `/stats/prometheus`, as every Envoy has it. */
  readonly metricsPath?: string;
  /** What it goes by. */
  readonly routeKind: RouteKind;
  /** Nothing that it writes tells Serin that it has taken a route over. */
  readonly silent?: boolean;
  /**
   * What the proxy itself goes by, which may be later than what its controller has accepted.
   * @param namespace of the Services, by which routes are found that have no host
   */
  readonly weights: (host: string, namespace: string) => Promise<readonly RoutedWeights[]>;
}

/** Weights by `namespace/service` of one rule of a host; a rule with one Service alone has none. */
export type RoutedWeights = Readonly<Record<string, number>>;

/** Ports on 127.0.0.1; nothing may bind the wildcard address, for every port of 198.18.0.0/15 belongs to the pods. */
interface Ports {
  readonly xds: number;
  readonly http: number;
  readonly https: number;
  readonly stats: number;
  readonly metrics: number;
  readonly health: number;
  readonly debug: number;
}

const proxyPorts: Ports = {
  xds: 8001,
  http: 8085,
  https: 8443,
  stats: 8002,
  metrics: 8003,
  health: 8004,
  debug: 6060,
};
const gatewayPorts: Ports = {
  xds: 8011,
  http: 8095,
  https: 8453,
  stats: 8012,
  metrics: 8013,
  health: 8014,
  debug: 6061,
};

export interface GatewayPrograms {
  readonly contour: string;
  readonly envoy: string;
}

/** Serves HTTPProxy (and Ingress) of class `contour` and without class. */
export function startHttpProxyGateway(
  processes: Processes,
  programs: GatewayPrograms,
  kubeconfig: string,
): Promise<Gateway> {
  return start(processes, programs, {
    name: 'contour',
    routeKind: 'projectcontour.io/v1/HTTPProxy',
    ports: proxyPorts,
    httpPort: proxyPorts.http,
    kubeconfig,
    flags: [],
  });
}

/** Serves the Gateway `live/live`, see gatewayObjects. Contour adds 8000 to the listener's port. */
export async function startGatewayApi(
  processes: Processes,
  programs: GatewayPrograms,
  kubeconfig: string,
): Promise<Gateway> {
  const config = join(processes.folder, 'contour-gateway.yaml');
  const { namespace, name, listenerPort } = liveGateway;
  await writeFile(config, JSON.stringify({ gateway: { gatewayRef: { namespace, name } } }));
  // The Gateway API's standard channel lacks some kinds; Contour would wait for them for ever.
  const absent = ['tlsroutes', 'tcproutes', 'grpcroutes', 'backendtlspolicies'].map(
    (kind) => `--disable-feature=${kind}`,
  );
  // A class that no HTTPProxy has: those belong to the other Contour.
  const flags = [`--config-path=${config}`, '--ingress-class-name=contour-gateway', ...absent];
  return start(processes, programs, {
    name: 'contour-gateway',
    routeKind: 'gateway.networking.k8s.io/v1/HTTPRoute',
    ports: gatewayPorts,
    httpPort: listenerPort + 8000,
    kubeconfig,
    flags,
  });
}

export const gatewayObjects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: liveGateway.namespace } },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: 'contour' },
    spec: { controllerName: 'projectcontour.io/gateway-controller' },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace: liveGateway.namespace, name: liveGateway.name },
    spec: {
      gatewayClassName: 'contour',
      listeners: [
        {
          name: 'http',
          protocol: 'HTTP',
          port: liveGateway.listenerPort,
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    },
  },
];

interface Started {
  readonly name: string;
  readonly routeKind: RouteKind;
  readonly ports: Ports;
  readonly httpPort: number;
  readonly kubeconfig: string;
  readonly flags: readonly string[];
}

const local = (what: string, port: number) => [`--${what}-address=127.0.0.1`, `--${what}-port=${port}`];

async function start(processes: Processes, programs: GatewayPrograms, started: Started): Promise<Gateway> {
  const { name, routeKind, ports, httpPort, kubeconfig, flags } = started;
  const at = (file: string) => join(processes.folder, file);
  const { logPath } = processes.start({
    name,
    command: [
      programs.contour,
      'serve',
      `--kubeconfig=${kubeconfig}`,
      '--insecure',
      '--disable-leader-election',
      '--ingress-status-address=127.0.0.1',
      ...local('xds', ports.xds),
      ...local('envoy-service-http', ports.http),
      ...local('envoy-service-https', ports.https),
      ...local('stats', ports.stats),
      ...local('http', ports.metrics),
      ...local('health', ports.health),
      ...local('debug-http', ports.debug),
      ...flags,
    ],
  });
  const bootstrap = at(`${name}-envoy.json`);
  const admin = at(`${name}-envoy.sock`);
  const xds = ['--xds-address=127.0.0.1', `--xds-port=${ports.xds}`, '--xds-resource-version=v3'];
  execFileSync(programs.contour, ['bootstrap', bootstrap, ...xds, `--admin-address=${admin}`], {
    stdio: 'ignore',
  });
  const identity = ['--service-cluster', name, '--service-node', name];
  // Hot restart ties an Envoy to the session that started it.
  const plain = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'];
  processes.start({
    name: `${name}-envoy`,
    command: [programs.envoy, '-c', bootstrap, ...identity, ...plain],
  });
  const stats = `127.0.0.1:${ports.stats}`;
  // Envoy gets this listener from Contour, so it also says that Contour serves.
  await poll(`${name} to configure its Envoy`, () => answers(`http://${stats}/ready`), {
    timeoutMs: 120_000,
    abort: processes.check,
    logPath,
  });
  return { url: `http://127.0.0.1:${httpPort}`, stats, routeKind, weights: weightsBy(admin) };
}

const RouteConfigs = z.object({
  configs: z
    .array(
      z.object({
        route_config: z.object({
          virtual_hosts: z
            .array(
              z.object({
                domains: z.array(z.string()),
                routes: z
                  .array(
                    z.object({
                      route: z
                        .object({
                          weighted_clusters: z
                            .object({
                              clusters: z.array(
                                z.object({ name: z.string(), weight: z.number().default(0) }),
                              ),
                            })
                            .default({ clusters: [] }),
                        })
                        .default({ weighted_clusters: { clusters: [] } }),
                    }),
                  )
                  .default([]),
              }),
            )
            .default([]),
        }),
      }),
    )
    .default([]),
});

function weightsBy(adminSocket: string): Gateway['weights'] {
  const dispatcher = new Agent({ connect: { socketPath: adminSocket } });
  return async (host) => {
    const { body } = await request(`http://envoy${routesPath}`, { dispatcher });
    // Contour calls a cluster `namespace/service/port/hash`.
    return weightsIn(await body.json(), host, (cluster) => cluster.split('/').slice(0, 2).join('/'));
  };
}

/** Of Envoy's administration interface: the routes that its control plane has sent. */
export const routesPath = '/config_dump?resource=dynamic_route_configs';

/** @param dump the answer to `routesPath` */
export function weightsIn(
  dump: unknown,
  host: string,
  serviceOf: (cluster: string) => string,
): readonly RoutedWeights[] {
  return RouteConfigs.parse(dump)
    .configs.flatMap(({ route_config }) => route_config.virtual_hosts)
    .filter(({ domains }) => domains.includes(host))
    .flatMap(({ routes }) => routes)
    .map(({ route: { weighted_clusters } }) =>
      Object.fromEntries(weighted_clusters.clusters.map(({ name, weight }) => [serviceOf(name), weight])),
    );
}

async function answers(url: string): Promise<boolean> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode === 200;
}
