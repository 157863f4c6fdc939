// Which series carry the requests of the canary, one set a provider. The set follows the provider that routes the traffic,
// because weights and metrics must agree. Where a selector names the Service it is the apex name, because that is what
// routes are made for; where it names pods or the workload, it is the target. What the series look like in the real
// software, and whose requests must not be counted, is in test/measure/samples.
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
  /** undefined: nothing that the software exports says how long the requests of the last minutes took. */
  readonly duration?: Histogram | Mean;
}

/** The rule of choice: exact names first, then families; SMI reports through Istio's series. */
export function querySetOf(provider: string): ((scope: QueryScope) => QuerySet) | undefined {
  return Object.hasOwn(sets, provider) ? sets[provider] : familyOf(provider)?.set;
}

/**
 * Whether the requests of each side are counted by the proxy that splits them, so that two counts make a share. What counts at
 * a pod, or in a sidecar beside it, cannot tell a request that was split from one that came directly, as from a load tester
 * (istio, linkerd, osm, smi, kuma, appmesh, and the metrics of applications: kubernetes, gatewayapi); apisix counts both sides
 * in one series, knative counts revisions, and openshift keeps clients where they are by cookies unless it is told otherwise.
 */
export function countsWhereSplit(provider: string): boolean {
  return splitters.has(provider) || (familyOf(provider)?.splits ?? false);
}

function familyOf(provider: string): Family | undefined {
  return Object.hasOwn(sets, provider)
    ? undefined
    : families.find(({ prefix }) => provider.startsWith(prefix));
}

const splitters: ReadonlySet<string> = new Set(['contour', 'nginx', 'nginxinc', 'skipper', 'traefik']);

const is = (label: string, value: string): string => `${label}=${quote(value)}`;
const matches = (label: string, pattern: string): string => `${label}=~${quote(pattern)}`;
const matchesNot = (label: string, pattern: string): string => `${label}!~${quote(pattern)}`;

/** A name inside a pattern: RE2's metacharacters lose their meaning. */
const literal = (name: string): string => name.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);

const envoyGood = matchesNot('envoy_response_code', '5.*');

function envoy(matchers: readonly string[]): QuerySet {
  return {
    counter: 'envoy_cluster_upstream_rq',
    matchers,
    good: envoyGood,
    duration: { kind: 'p99', series: 'envoy_cluster_upstream_rq_time', matchers, toMs: 1 },
  };
}

// Kubernetes makes names of these letters (k8s.io/apimachinery, util/rand): up to ten say which template a pod is of, five
// which pod it is. So `cart-agent-x7k2p` or `cart-db-0`, of workloads called cart-agent and cart-db, are no pods of cart.
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
// Of the name that the five letters are put to, no more is kept (k8s.io/apiserver, storage/names).
const MAX_BEFORE_LETTERS = 58;

function podsOf({ target, targetKind }: QueryScope): string {
  const start = `${target}-`;
  const template = targetKind === 'DaemonSet' ? '' : `[${LETTERS}]{1,10}-`;
  const cut = start.length + (template === '' ? 0 : 11) > MAX_BEFORE_LETTERS;
  const before = cut
    ? `${literal(start.slice(0, MAX_BEFORE_LETTERS))}[${LETTERS}-]{0,10}`
    : `${literal(start)}${template}`;
  return matches('kubernetes_pod_name', `${before}[${LETTERS}]{5}`);
}

// A waypoint of the ambient mesh reports under its own name, and for pods that have no sidecar to report as well.
function istio({ namespace, target }: QueryScope): QuerySet {
  const matchers = [
    matches('reporter', 'destination|waypoint'),
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

// Scrapes and checks of the proxy itself, and probes of the kubelet, are inbound requests too: of a canary that nobody asks
// they would make a healthy one.
function linkerd({ namespace, target, targetKind }: QueryScope): QuerySet {
  const matchers = [
    is('namespace', namespace),
    matches(targetKind === 'DaemonSet' ? 'daemonset' : 'deployment', literal(target)),
    is('direction', 'inbound'),
    matchesNot('target_addr', '.*:4191'),
    'route_name!="probe"',
  ];
  return {
    counter: 'response_total',
    matchers,
    good: 'classification!="failure"',
    duration: { kind: 'p99', series: 'response_latency_ms', matchers, toMs: 1 },
  };
}

function application(scope: QueryScope): QuerySet {
  const matchers = [is('kubernetes_namespace', scope.namespace), podsOf(scope)];
  return {
    counter: 'http_request_duration_seconds_count',
    matchers,
    good: matchesNot('status', '5.*'),
    duration: { kind: 'p99', series: 'http_request_duration_seconds', matchers, toMs: 1000 },
  };
}

// Requests that the canary got carry the names of the user's Ingress and of the Service in it, as those of the primary do.
function nginx({ namespace, ingress, service, subject }: QueryScope): QuerySet {
  const backend = `${literal(namespace)}-${literal(service)}-canary-[0-9a-zA-Z-]+`;
  const side = subject === 'primary' ? [is('service', service), 'canary=""'] : [matches('canary', backend)];
  const matchers = [is('namespace', namespace), is('ingress', ingress), ...side];
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

// The Ingress of the canary leads to both sides. While the canary has no share, it is the user's own that leads to the apex.
// The last word is of whoever comes over plain HTTP and is not sent to HTTPS. What Skipper answers itself, because a pod cannot be
// reached or is too slow, stands in skipper_serve_… alone, not in skipper_response_….
function skipper({ namespace, ingress, service, subject = 'canary' }: QueryScope): QuerySet {
  const ours = `${word(ingress)}_canary__.*__${word(service)}_${subject}`;
  const way = subject === 'primary' ? `(${ours}|${word(ingress)}__.*__${word(service)})` : ours;
  const end = '(_[0-9]+)?(_disable_https_redirect)?';
  const matchers = [matches('route', `kube(ew)?_${word(namespace)}__${way}${end}`)];
  const series = 'skipper_serve_route_duration_seconds';
  return {
    counter: `${series}_count`,
    matchers,
    good: matchesNot('code', '5..'),
    duration: { kind: 'mean', series, matchers, toMs: 1000 },
  };
}

// Traefik makes one dash of several.
function traefik({ namespace, service, subject = 'canary' }: QueryScope): QuerySet {
  const name = literal(`${namespace}-${service}-${subject}`.replaceAll(/-+/g, '-'));
  const matchers = [matches('service', `${name}-[0-9a-zA-Z]+@kubernetescrd`)];
  return {
    counter: 'traefik_service_request_duration_seconds_bucket',
    matchers: [...matchers, is('le', '+Inf')],
    good: matchesNot('code', '5..'),
    duration: { kind: 'p99', series: 'traefik_service_request_duration_seconds', matchers, toMs: 1000 },
  };
}

function osm({ namespace, target, targetKind }: QueryScope): QuerySet {
  const matchers = [
    is('destination_namespace', namespace),
    is('destination_kind', targetKind === 'DaemonSet' ? 'DaemonSet' : 'Deployment'),
    is('destination_name', target),
  ];
  return {
    counter: 'osm_request_total',
    matchers,
    good: matchesNot('response_code', '5.*'),
    duration: { kind: 'p99', series: 'osm_request_duration_ms', matchers, toMs: 1 },
  };
}

// The rule of a route leads to both sides, and no label but the address of the pod tells them apart: this is the route as a
// whole, whichever side is asked for.
function apisix({ namespace, route, service }: QueryScope): QuerySet {
  const name = `${literal(namespace)}_${literal(route)}-${literal(service)}-canary_.+`;
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

// The labels of the router are called `exported_…` where the operator's own ServiceMonitor scrapes it, because a target has
// some of these names already. Of times it knows the mean of the last 1024 requests, whenever they were.
function openshift({ namespace, service, subject = 'canary' }: QueryScope): QuerySet {
  return {
    counter: 'haproxy_server_http_responses_total',
    matchers: [is('exported_namespace', namespace), is('exported_service', `${service}-${subject}`)],
    good: matchesNot('code', '5.*'),
  };
}

/** The NGINX Ingress Controller of F5, which counts requests only as part of their times. */
function nginxinc({ namespace, service, subject = 'canary' }: QueryScope): QuerySet {
  const series = 'nginx_ingress_controller_upstream_server_response_latency_ms';
  const matchers = [is('resource_namespace', namespace), is('service', `${service}-${subject}`)];
  return {
    counter: `${series}_count`,
    matchers,
    good: matchesNot('code', '5.*'),
    duration: { kind: 'p99', series, matchers, toMs: 1 },
  };
}

// What the pod itself asks of others goes through the same Envoy, as requests to other clusters.
const appmesh = (scope: QueryScope): QuerySet =>
  envoy([
    is('kubernetes_namespace', scope.namespace),
    podsOf(scope),
    matchesNot('envoy_cluster_name', 'cds_egress_.*'),
  ]);
const byCluster =
  (pattern: (scope: QueryScope) => string) =>
  (scope: QueryScope): QuerySet =>
    envoy([matches('envoy_cluster_name', pattern(scope))]);
const contour = byCluster(
  ({ namespace, service, subject }) =>
    `${literal(namespace)}_${literal(service)}-${subject ?? 'canary'}_[0-9a-zA-Z-]+`,
);
// Older versions name the Upstream and its namespace; newer ones go on with the Service and begin with what it is.
const gloo = byCluster(({ namespace, service, subject = 'canary' }) => {
  const [home, name] = [literal(namespace), literal(`${service}-${subject}`)];
  return `(kube-upstream_)?${home}-${name}upstream-[0-9]+_${home}(_${home}_${name}_[0-9]+)?`;
});
const knative = byCluster(({ namespace, route }) => `${literal(namespace)}/${literal(route)}`);
// As with App Mesh: of all that the sidecar passes on, what goes to the application. The name of its cluster is the latter
// with unified resource naming.
const kuma = ({ namespace, service, subject = 'canary', mesh = '' }: QueryScope): QuerySet =>
  envoy([
    is('mesh', mesh),
    matches('service', `${literal(`${service}-${subject}_${namespace}`)}_svc_[0-9a-zA-Z-]+`),
    matches('envoy_cluster_name', 'localhost_.*|self_inbound_.*'),
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
  openshift,
  nginxinc,
  knative,
  kubernetes: application,
};

interface Family {
  readonly prefix: string;
  readonly set: (scope: QueryScope) => QuerySet;
  /** See countsWhereSplit. */
  readonly splits?: true;
}

const families: readonly Family[] = [
  { prefix: 'appmesh', set: appmesh },
  { prefix: 'gloo', set: gloo, splits: true },
  { prefix: 'gatewayapi', set: application },
  { prefix: 'smi:', set: istio },
];
