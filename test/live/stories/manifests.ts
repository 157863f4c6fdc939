// What users of the stories apply: a Deployment, a root HTTPProxy, a Canary.
// Imports nothing but shapes.
import type { Analysis } from '../../../src/api/analysis.ts';
import type { Service } from '../../../src/api/service.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import { envoyGateway } from '../envoy-gateway.ts';
import { type GatewayName, liveGateway } from '../gateway.ts';
import { istioGateway } from '../istio.ts';
import { skipperClass } from '../skipper.ts';
import { nginxClass, traefikGateway } from '../traefik.ts';
import { templatesOf } from './metrics.ts';

/** What carries out a Canary: a gateway, or for `kubernetes` Services alone. */
export type Provider = GatewayName | 'kubernetes';

/** The word by which stories name the workload, its Services and its route. */
export const appName = 'app';
export const canaryKind = 'flagger.app/v1beta1/Canary';
export const deploymentKind = 'apps/v1/Deployment';
/** On every Canary of the stories, so that on somebody's cluster the controller sees no others. */
export const storyLabel = { key: 'serin-live', value: 'story' };

export interface Workload {
  readonly namespace: string;
  readonly name?: string;
  readonly image: string;
  /** Also in the environment of the container, so that it makes a revision whatever the image. */
  readonly version: string;
  readonly replicas?: number;
  /** Only where pods of the stories' own node run: others may not answer HTTP. */
  readonly probed: boolean;
}

export function deployment(workload: Workload): KubeObject {
  const { namespace, name = appName, image, version, replicas = 1, probed } = workload;
  const labels = { app: name };
  const container = {
    name: 'app',
    image,
    env: [{ name: 'VERSION', value: version }],
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'grpc', containerPort: 8081 },
      { name: 'tls', containerPort: 8443 },
      { name: 'udp', containerPort: 8080, protocol: 'UDP' },
    ],
    ...(probed ? { readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 } } : {}),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container], terminationGracePeriodSeconds: 8 } },
    },
  };
}

/** Without a metrics server it keeps the least it may. */
export function autoscaler(
  namespace: string,
  { name = appName, min, max }: { readonly name?: string; readonly min: number; readonly max: number },
): KubeObject {
  const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace, name },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [{ type: 'Resource', resource: cpu }],
    },
  };
}

/** Contour: what owns the host name and includes the route that Serin writes. */
export function rootProxy(namespace: string, host: string, include = appName): KubeObject {
  return {
    apiVersion: 'projectcontour.io/v1',
    kind: 'HTTPProxy',
    metadata: { namespace, name: 'root' },
    spec: { virtualhost: { fqdn: host }, includes: [{ name: include, namespace }] },
  };
}

/** Traefik: what owns the host name and leads to the TraefikService that Serin writes. */
function ingressRoute(namespace: string, host: string, service: string): KubeObject {
  const services = [{ kind: 'TraefikService', name: service }];
  return {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'IngressRoute',
    metadata: { namespace, name: 'root' },
    spec: { routes: [{ kind: 'Rule', match: `Host(\`${host}\`)`, services }] },
  };
}

/** The user's own Ingress; Serin writes a second one beside it. */
export const ingressRef = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: appName };

/** What owns the host name and leads to the apex Service. */
export function ingress(
  namespace: string,
  host: string,
  service = appName,
  { className = nginxClass, before = [] }: { className?: string; before?: readonly object[] } = {},
): KubeObject {
  const backend = { service: { name: service, port: { number: 80 } } };
  return {
    apiVersion: ingressRef.apiVersion,
    kind: ingressRef.kind,
    metadata: { namespace, name: ingressRef.name },
    spec: {
      ingressClassName: className,
      rules: [...before, { host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  };
}

export interface CanaryOptions {
  readonly namespace: string;
  readonly name?: string;
  readonly target?: string;
  readonly provider: Provider;
  readonly host: string;
  readonly analysis: Partial<Analysis>;
  readonly service?: Partial<Service>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** What the spec says of the way that requests for a host name come. */
interface Routed {
  readonly service?: Readonly<Record<string, unknown>>;
  readonly ingressRef?: { readonly apiVersion: string; readonly kind: string; readonly name: string };
}

const through =
  ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  (host: string): Routed => ({ service: { hosts: [host], gatewayRefs: [{ name, namespace }] } });

/** Through the listener of that name. */
const throughEnvoyGateway = (sectionName: keyof typeof envoyGateway.listeners) => {
  const { namespace, name } = envoyGateway;
  return { gatewayRefs: [{ name, namespace, sectionName }] };
};

const routed: Record<Provider, (host: string) => Routed> = {
  contour: () => ({}),
  'gatewayapi:v1': through(liveGateway),
  'gatewayapi:v1@traefik': through(traefikGateway),
  'gatewayapi:v1@envoy-gateway': (host) => ({ service: { hosts: [host], ...throughEnvoyGateway('http') } }),
  'gatewayapi:v1:grpc@envoy-gateway': (host) => ({
    service: {
      targetPort: 8081,
      appProtocol: 'kubernetes.io/h2c',
      hosts: [host],
      ...throughEnvoyGateway('http'),
    },
  }),
  'gatewayapi:v1:tls@envoy-gateway': (host) => ({
    service: { port: 443, targetPort: 8443, hosts: [host], ...throughEnvoyGateway('tls') },
  }),
  'gatewayapi:v1:tcp@envoy-gateway': () => ({ service: throughEnvoyGateway('tcp') }),
  'gatewayapi:v1:udp@envoy-gateway': () => ({ service: throughEnvoyGateway('udp') }),
  traefik: () => ({}),
  nginx: () => ({ ingressRef }),
  skipper: () => ({ ingressRef }),
  istio: (host) => ({
    service: { hosts: [host], gateways: [`${istioGateway.namespace}/${istioGateway.name}`] },
  }),
  kubernetes: () => ({}),
};

export function canary(options: CanaryOptions): KubeObject {
  const { namespace, name = appName, target = appName, provider, host, analysis, service, spec } = options;
  const { service: reached, ...references } = routed[provider](host);
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { namespace, name, labels: { [storyLabel.key]: storyLabel.value } },
    spec: {
      provider: provider.split('@')[0],
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
      service: { port: 80, targetPort: 8080, ...reached, ...service },
      ...references,
      progressDeadlineSeconds: 60,
      analysis: { interval: '1s', threshold: 5, ...analysis },
      ...spec,
    },
  };
}

/** What a user of that gateway writes beside the Canary. */
export function beside(
  provider: Provider,
  { namespace, host, route }: { readonly namespace: string; readonly host: string; readonly route: string },
): readonly KubeObject[] {
  switch (provider) {
    case 'contour':
      return [rootProxy(namespace, host, route)];
    case 'traefik':
      return [ingressRoute(namespace, host, route)];
    case 'nginx':
      return [ingress(namespace, host, route), ...templatesOf(provider, namespace)];
    case 'skipper':
      return [ingress(namespace, host, route, { className: skipperClass })];
    case 'istio':
    case 'gatewayapi:v1':
    case 'gatewayapi:v1@traefik':
    case 'gatewayapi:v1@envoy-gateway':
    case 'gatewayapi:v1:grpc@envoy-gateway':
    case 'gatewayapi:v1:tls@envoy-gateway':
    case 'gatewayapi:v1:tcp@envoy-gateway':
    case 'gatewayapi:v1:udp@envoy-gateway':
      return templatesOf(provider, namespace);
    case 'kubernetes':
      return [];
  }
}
