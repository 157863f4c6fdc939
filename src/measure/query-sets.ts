// Which series carry the requests of the canary, one set a provider. The set follows the provider that routes the traffic,
// because weights and metrics must agree. Where a selector names the Service it is the apex name, because that is what
// routes are made for; where it names pods or the workload, it is the target.
import { quote } from './go-format.ts';
import type { QueryScope } from './go-template.ts';

export interface Histogram {
  readonly kind: 'p99';
  /** Without `_bucket`. */
  readonly series: string;
  readonly matchers: readonly string[];
  /** Factor from the unit of the series to milliseconds. */
  readonly toMs: number;
}

export interface Mean {
  readonly kind: 'mean';
  /** Without `_sum` and `_count`. */
  readonly series: string;
  readonly matchers: readonly string[];
  readonly toMs: number;
}

export interface QuerySet {
  /** Every request counts once. */
  readonly counter: string;
  readonly matchers: readonly string[];
  /** What a good request has beside the matchers. */
  readonly good: string;
  readonly duration: Histogram | Mean;
}

/** The rule of choice: exact names first, then families; SMI reports through Istio's series. */
export function querySetOf(provider: string): ((scope: QueryScope) => QuerySet) | undefined {
  if (Object.hasOwn(sets, provider)) {
    return sets[provider];
  }
  return families.find(({ prefix }) => provider.startsWith(prefix))?.set;
}

const is = (label: string, value: string): string => `${label}=${quote(value)}`;
const matches = (label: string, pattern: string): string => `${label}=~${quote(pattern)}`;
const matchesNot = (label: string, pattern: string): string => `${label}!~${quote(pattern)}`;

/** A name inside a pattern: RE2's metacharacters lose their meaning. */
const literal = (name: string): string => name.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);

const POD_SUFFIX = '-[0-9a-zA-Z]+-[0-9a-zA-Z]+';
const envoyGood = matchesNot('envoy_response_code', '5.*');

function envoy(matchers: readonly string[]): QuerySet {
  return {
    counter: 'envoy_cluster_upstream_rq',
    matchers,
    good: envoyGood,
    duration: { kind: 'p99', series: 'envoy_cluster_upstream_rq_time', matchers, toMs: 1 },
  };
}

function podsOf(target: string): string {
  return matches('kubernetes_pod_name', `${literal(target)}${POD_SUFFIX}`);
}

function istio({ namespace, target }: QueryScope): QuerySet {
  const matchers = [
    is('reporter', 'destination'),
    is('destination_workload_namespace', namespace),
    matches('destination_workload', literal(target)),
  ];
  return {
    counter: 'istio_requests_total',
    matchers,
    good: matchesNot('response_code', '5.*'),
    duration: { kind: 'p99', series: 'istio_request_duration_milliseconds', matchers, toMs: 1 },
  };
}

function linkerd({ namespace, target }: QueryScope): QuerySet {
  const matchers = [
    is('namespace', namespace),
    matches('deployment', literal(target)),
    is('direction', 'inbound'),
  ];
  return {
    counter: 'response_total',
    matchers,
    good: 'classification!="failure"',
    duration: { kind: 'p99', series: 'response_latency_ms', matchers, toMs: 1 },
  };
}

function application({ namespace, target }: QueryScope): QuerySet {
  const matchers = [is('kubernetes_namespace', namespace), podsOf(target)];
  return {
    counter: 'http_request_duration_seconds_count',
    matchers,
    good: matchesNot('status', '5.*'),
    duration: { kind: 'p99', series: 'http_request_duration_seconds', matchers, toMs: 1000 },
  };
}

function nginx({ namespace, ingress, subject }: QueryScope): QuerySet {
  const canary = subject === 'primary' ? 'canary=""' : 'canary!=""';
  const matchers = [is('namespace', namespace), is('ingress', ingress), canary];
  return {
    counter: 'nginx_ingress_controller_requests',
    matchers,
    good: matchesNot('status', '5.*'),
    duration: {
      kind: 'mean',
      series: 'nginx_ingress_controller_response_duration_seconds',
      matchers,
      toMs: 1000,
    },
  };
}

// Skipper writes route names with every other character replaced.
const word = (name: string): string => name.replaceAll(/\W/g, '_');

function skipper({ namespace, ingress, service, subject }: QueryScope): QuerySet {
  const rule = subject === 'primary' ? word(ingress) : `${word(ingress)}_canary`;
  const route = `${word(namespace)}__${rule}__.*__${word(service)}_${subject ?? 'canary'}(_[0-9]+)?`;
  const matchers = [matches('route', `kube(ew)?_${route}`)];
  return {
    counter: 'skipper_response_duration_seconds_bucket',
    matchers: [...matchers, is('le', '+Inf')],
    good: matchesNot('code', '5..'),
    duration: { kind: 'mean', series: 'skipper_serve_route_duration_seconds', matchers, toMs: 1000 },
  };
}

function traefik({ namespace, service, subject }: QueryScope): QuerySet {
  const name = `${literal(namespace)}-${literal(service)}-${subject ?? 'canary'}-[0-9a-zA-Z]+@kubernetescrd`;
  const matchers = [matches('service', name)];
  return {
    counter: 'traefik_service_request_duration_seconds_bucket',
    matchers: [...matchers, is('le', '+Inf')],
    good: matchesNot('code', '5..'),
    duration: { kind: 'p99', series: 'traefik_service_request_duration_seconds', matchers, toMs: 1000 },
  };
}

function osm({ namespace, target }: QueryScope): QuerySet {
  const matchers = [
    is('destination_namespace', namespace),
    is('destination_kind', 'Deployment'),
    is('destination_name', target),
  ];
  return {
    counter: 'osm_request_total',
    matchers,
    good: matchesNot('response_code', '5.*'),
    duration: { kind: 'p99', series: 'osm_request_duration_ms', matchers, toMs: 1 },
  };
}

function apisix({ namespace, route, service, subject }: QueryScope): QuerySet {
  const name = `${literal(namespace)}_${literal(route)}-${literal(service)}-${subject ?? 'canary'}_.+`;
  const matchers = [matches('route', name)];
  return {
    counter: 'apisix_http_status',
    matchers,
    good: matchesNot('code', '5..'),
    duration: {
      kind: 'p99',
      series: 'apisix_http_latency',
      matchers: [matches('type', 'request'), ...matchers],
      toMs: 1,
    },
  };
}

const appmesh = ({ namespace, target }: QueryScope): QuerySet =>
  envoy([is('kubernetes_namespace', namespace), podsOf(target)]);
const byCluster =
  (pattern: (scope: QueryScope) => string) =>
  (scope: QueryScope): QuerySet =>
    envoy([matches('envoy_cluster_name', pattern(scope))]);
const contour = byCluster(
  ({ namespace, service, subject }) =>
    `${literal(namespace)}_${literal(service)}-${subject ?? 'canary'}_[0-9a-zA-Z-]+`,
);
const gloo = byCluster(
  ({ namespace, service, subject }) =>
    `${literal(namespace)}-${literal(service)}-${subject ?? 'canary'}upstream-[0-9a-zA-Z]+_[0-9a-zA-Z-]+`,
);
const knative = byCluster(({ namespace, route }) => `${literal(namespace)}/${literal(route)}`);
const kuma = ({ namespace, service, subject }: QueryScope): QuerySet =>
  envoy([
    matches('service', `${literal(service)}-${subject ?? 'canary'}_${literal(namespace)}_svc_[0-9a-zA-Z-]+`),
  ]);

const sets: Readonly<Record<string, (scope: QueryScope) => QuerySet>> = {
  istio,
  linkerd,
  osm,
  contour,
  nginx,
  skipper,
  traefik,
  kuma,
  apisix,
  knative,
  kubernetes: application,
};

const families: readonly { readonly prefix: string; readonly set: (scope: QueryScope) => QuerySet }[] = [
  { prefix: 'appmesh', set: appmesh },
  { prefix: 'gloo', set: gloo },
  { prefix: 'gatewayapi', set: application },
  { prefix: 'smi:', set: istio },
];
