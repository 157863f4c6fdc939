// What users of the stories apply: a Deployment, a root HTTPProxy, a Canary.
// Imports nothing but shapes.
import type { Analysis, Metric } from '../../../src/api/analysis.ts';
import type { Service } from '../../../src/api/service.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import { envoyGateway } from '../envoy-gateway.ts';
import { prometheusUrl } from '../prometheus.ts';
import { type GatewayName, liveGateway } from '../gateway.ts';
import { istioGateway } from '../istio.ts';

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
    ports: [{ name: 'http', containerPort: 8080 }],
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

/** The fields of `spec.service` that say through which gateway a host name is reached. */
const routed: Record<Provider, (host: string) => Readonly<Record<string, unknown>>> = {
  contour: () => ({}),
  'gatewayapi:v1': (host) => ({
    hosts: [host],
    gatewayRefs: [{ name: liveGateway.name, namespace: liveGateway.namespace }],
  }),
  istio: (host) => ({
    hosts: [host],
    gateways: [`${istioGateway.namespace}/${istioGateway.name}`],
  }),
  'gatewayapi:v1@envoy-gateway': (host) => ({
    hosts: [host],
    gatewayRefs: [{ name: envoyGateway.name, namespace: envoyGateway.namespace }],
  }),
  kubernetes: () => ({}),
};

export function canary(options: CanaryOptions): KubeObject {
  const { namespace, name = appName, target = appName, provider, host, analysis, service, spec } = options;
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { namespace, name, labels: { [storyLabel.key]: storyLabel.value } },
    spec: {
      provider: provider.split('@')[0],
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
      service: { port: 80, targetPort: 8080, ...routed[provider](host), ...service },
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
    case 'istio':
    case 'gatewayapi:v1@envoy-gateway':
      return [podSuccessRateTemplate(namespace)];
    case 'gatewayapi:v1':
    case 'kubernetes':
      return [];
  }
}

export const successRate: Metric = {
  name: 'request-success-rate',
  interval: '10s',
  thresholdRange: { min: 99 },
};
/** Latency below two seconds says nothing on a shared machine. */
const duration: Metric = { name: 'request-duration', interval: '30s', thresholdRange: { max: 2000 } };

/** By what the pods themselves count, for gateways that do not tell canary from primary in their metrics. */
const podSuccessRate: Metric = {
  name: 'pod-success-rate',
  templateRef: { name: 'pod-success-rate' },
  interval: '10s',
  thresholdRange: { min: 99 },
};

function podSuccessRateTemplate(namespace: string): KubeObject {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'MetricTemplate',
    metadata: { namespace, name: podSuccessRate.name },
    spec: {
      provider: { type: 'prometheus', address: prometheusUrl },
      query: `100 * ${canaryRate(',status!~"5.."')} / ${canaryRate('')}`,
    },
  };
}

/** Requests a second of the canary's pods, as PromQL with the variables of a MetricTemplate. */
function canaryRate(filter: string): string {
  const pods =
    'kubernetes_namespace="{{ namespace }}",kubernetes_pod_name=~"{{ target }}-[0-9a-z]+-[0-9a-z]+"';
  return `sum(rate(http_request_duration_seconds_count{${pods}${filter}}[{{ interval }}]))`;
}

/** How a canary is judged there; the first is a success rate. */
export function metricsOf(provider: Provider): readonly [Metric, ...Metric[]] {
  const counted = provider === 'istio' || provider === 'gatewayapi:v1@envoy-gateway';
  return counted ? [podSuccessRate] : [successRate, duration];
}
