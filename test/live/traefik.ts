// One Traefik for three providers: its own kinds, the Gateway API, and the annotations of ingress-nginx on Ingresses.
// Not here: the routes; stories write them.
// May import the files of this folder.
import { request } from 'undici';
import { z } from 'zod';
import type { Gateway, GatewayName, RoutedWeights } from './gateway.ts';
import { poll, type Processes } from './processes.ts';

const ports = { web: 8105, admin: 8106 };
const adminUrl = `http://127.0.0.1:${ports.admin}`;

/** The Gateway that HTTPRoutes name as parent. Its listener has the port of the entry point: by that Traefik finds it. */
export const traefikGateway = { namespace: 'live', name: 'traefik' } as const;
/** For Ingresses. */
export const nginxClass = 'nginx';

export const traefikObjects = [
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: nginxClass },
    spec: { controller: 'k8s.io/ingress-nginx' },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: 'traefik' },
    spec: { controllerName: 'traefik.io/gateway-controller' },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: traefikGateway,
    spec: {
      gatewayClassName: 'traefik',
      listeners: [
        {
          name: 'http',
          protocol: 'HTTP',
          port: ports.web,
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    },
  },
];

export async function startTraefik(
  processes: Processes,
  binary: string,
  kubeconfig: string,
): Promise<ReadonlyMap<GatewayName, Gateway>> {
  const { logPath } = processes.start({
    name: 'traefik',
    command: [
      binary,
      '--global.checknewversion=false',
      '--global.sendanonymoususage=false',
      `--entrypoints.web.address=127.0.0.1:${ports.web}`,
      `--entrypoints.traefik.address=127.0.0.1:${ports.admin}`,
      '--api.insecure=true',
      '--api.dashboard=false',
      '--metrics.prometheus.addserviceslabels=true',
      '--providers.providersthrottleduration=200ms',
      // All else by default: above all, a Service without endpoints takes its whole TraefikService away.
      '--providers.kubernetescrd=true',
      '--providers.kubernetesgateway=true',
      '--providers.kubernetesgateway.statusaddress.ip=127.0.0.1',
      '--providers.kubernetesingressnginx=true',
    ],
    env: { KUBECONFIG: kubeconfig },
  });
  await poll('Traefik', serves, { timeoutMs: 120_000, abort: processes.check, logPath });
  const shared = {
    url: `http://127.0.0.1:${ports.web}`,
    stats: `127.0.0.1:${ports.admin}`,
    metricsPath: '/metrics',
  };
  return new Map<GatewayName, Gateway>([
    ['traefik', { ...shared, silent: true, routeKind: 'traefik.io/v1alpha1/TraefikService', weights }],
    ['gatewayapi:v1@traefik', { ...shared, routeKind: 'gateway.networking.k8s.io/v1/HTTPRoute', weights }],
    ['nginx', { ...shared, silent: true, routeKind: 'networking.k8s.io/v1/Ingress', weights }],
  ]);
}

async function serves(): Promise<boolean> {
  const { statusCode, body } = await request(`${adminUrl}/api/overview`);
  await body.dump();
  return statusCode === 200;
}

const Ingress = z.object({ serviceName: z.string() });
const Routers = z.array(
  z.object({
    name: z.string(),
    rule: z.string(),
    service: z.string(),
    observability: z
      .object({ metadata: z.object({ ingress: Ingress.optional() }).default({}) })
      .default({ metadata: {} }),
  }),
);
const Service = z.object({
  weighted: z
    .object({ services: z.array(z.object({ name: z.string(), weight: z.number().default(1) })).default([]) })
    .default({ services: [] }),
});

/** Read from the configuration that it has applied. */
async function weights(host: string, namespace: string): Promise<readonly RoutedWeights[]> {
  const routers = Routers.parse(await told(`routers?search=${host}`));
  return Promise.all(
    routers
      .filter(({ rule }) => [`Host(\`${host}\`)`, `Host("${host}")`].some((one) => rule.includes(one)))
      .map(async ({ name: router, service, observability }) => {
        const full = service.includes('@') ? service : service + router.slice(router.lastIndexOf('@'));
        const { weighted } = Service.parse(await told(`services/${full}`));
        const nameOf = (name: string) =>
          beside(observability.metadata.ingress?.serviceName, name) ?? serviceIn(name, namespace);
        return Object.fromEntries(
          weighted.services.map(({ name, weight }) => [`${namespace}/${nameOf(name)}`, weight]),
        );
      }),
  );
}

/** Nothing where it has nothing of that name. */
async function told(path: string): Promise<unknown> {
  const { statusCode, body } = await request(`${adminUrl}/api/http/${path}`);
  const answer = await body.json();
  return statusCode === 200 ? answer : {};
}

/** For an Ingress Traefik names the Service that its rule leads to; the canary stands beside it. */
function beside(service: string | undefined, name: string): string | undefined {
  return service !== undefined && name.endsWith('-canary') ? `${service}-canary` : service;
}

/** The Service in `NAMESPACE-SERVICE-PORT`, or for an HTTPRoute in `…-svc-NAMESPACE-SERVICE-INDEX`. */
function serviceIn(name: string, namespace: string): string {
  const own = name.split('@')[0]?.split('-svc-').at(-1) ?? '';
  return new RegExp(`^${namespace}-(.+)-\\d+$`).exec(own)?.[1] ?? own;
}
