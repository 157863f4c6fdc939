// What a canary is judged by: the built-in metrics where the gateway has the series for them, else templates.
// Imports nothing but shapes.
import type { Metric } from '../../../src/api/analysis.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { GatewayName } from '../gateway.ts';
import { prometheusUrl } from '../prometheus.ts';

export const successRate: Metric = {
  name: 'request-success-rate',
  interval: '10s',
  thresholdRange: { min: 99 },
};
/** Latency below two seconds says nothing on a shared machine. */
const duration: Metric = { name: 'request-duration', interval: '30s', thresholdRange: { max: 2000 } };

interface Templated {
  readonly metric: Metric;
  /** PromQL, with the variables of a MetricTemplate. */
  readonly query: string;
}

function templated(name: string, like: Metric, query: string): Templated {
  return { metric: { ...like, name, templateRef: { name } }, query };
}

/** By what the pods themselves count, for gateways that do not tell canary from primary in their metrics. */
function byPods(): readonly [Templated] {
  const pods =
    'kubernetes_namespace="{{ namespace }}",kubernetes_pod_name=~"{{ target }}-[0-9a-z]+-[0-9a-z]+"';
  const rate = (filter: string) =>
    `sum(rate(http_request_duration_seconds_count{${pods}${filter}}[{{ interval }}]))`;
  const query = `100 * ${rate(',status!~"5.."')} / ${rate('')}`;
  return [templated('pod-success-rate', successRate, query)];
}

/** @param service what Traefik calls the canary's, as a pattern */
function byTraefik(service: string): readonly [Templated, Templated] {
  const rate = (series: string, filter = '') =>
    `rate(traefik_service_${series}{service=~"${service}"${filter}}[{{ interval }}])`;
  const good = `sum(${rate('requests_total', ',code!~"5.."')})`;
  const slowest = `histogram_quantile(0.99, sum(${rate('request_duration_seconds_bucket')}) by (le))`;
  return [
    templated('traefik-success-rate', successRate, `100 * ${good} / sum(${rate('requests_total')})`),
    templated('traefik-duration', duration, `${slowest} * 1000`),
  ];
}

const templates: Partial<Record<GatewayName, readonly [Templated, ...Templated[]]>> = {
  istio: byPods(),
  'gatewayapi:v1@envoy-gateway': byPods(),
  'gatewayapi:v1:grpc@envoy-gateway': byPods(),
  'gatewayapi:v1:tls@envoy-gateway': byPods(),
  'gatewayapi:v1:tcp@envoy-gateway': byPods(),
  'gatewayapi:v1:udp@envoy-gateway': byPods(),
  'gatewayapi:v1@traefik': byTraefik('.+-svc-{{ namespace }}-{{ service }}-canary-[0-9]+@kubernetesgateway'),
  nginx: byTraefik('{{ namespace }}-{{ ingress }}-{{ service }}-[0-9]+-canary@kubernetesingressnginx'),
};

/** How a canary is judged there; the first is a success rate. */
export function metricsOf(provider: GatewayName): readonly [Metric, ...Metric[]] {
  const own = templates[provider];
  if (own === undefined) return [successRate, duration];
  const [first, ...more] = own;
  return [first.metric, ...more.map(({ metric }) => metric)];
}

/** The MetricTemplates that these metrics name. */
export function templatesOf(provider: GatewayName, namespace: string): readonly KubeObject[] {
  return (templates[provider] ?? []).map(({ metric: { name }, query }) => ({
    apiVersion: 'flagger.app/v1beta1',
    kind: 'MetricTemplate',
    metadata: { namespace, name },
    spec: { provider: { type: 'prometheus', address: prometheusUrl }, query },
  }));
}
