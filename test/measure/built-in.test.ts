import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { BuiltinMetric } from '../../src/api/defaults.ts';
import { builtinQuery, requestsQuery } from '../../src/measure/built-in.ts';
import type { QueryScope } from '../../src/measure/go-template.ts';
import { countsWhereSplit } from '../../src/measure/query-sets.ts';

// Every name differs, so that a selector that uses the wrong one shows.
const scope: QueryScope = {
  mesh: 'default',
  name: 'canary',
  namespace: 'test',
  target: 'work',
  service: 'apex',
  ingress: 'ing',
  route: 'rt',
  interval: '1m',
  variables: {},
};

function query(metric: BuiltinMetric, provider: string, change: Partial<QueryScope> = {}): string {
  const built = builtinQuery(metric, provider, { ...scope, ...change });
  if (built === undefined) {
    return 'none';
  }
  return built.ok ? built.text : `error: ${built.message}`;
}

/** The series, its selector and the condition for good requests, out of a success rate. */
function rateParts(provider: string): string[] {
  const shape = /^sum\(rate\((\w+)\{(.+)\}\[1m\]\)\) \/ sum\(rate\((\w+)\{(.+)\}\[1m\]\)\) \* 100$/;
  const [, counter = '', good = '', sameCounter, all = ''] =
    shape.exec(query('request-success-rate', provider)) ?? [];
  expect(sameCounter).toBe(counter);
  expect(good.startsWith(`${all},`)).toBe(true);
  return [counter, all, good.slice(all.length + 1)];
}

const envoy5xx = 'envoy_response_code!~"5.*"';
const letters = '[bcdfghjklmnpqrstvwxz2456789]';
const pods = `kubernetes_namespace="test",kubernetes_pod_name=~"work-${letters}{1,10}-${letters}{5}"`;
const sidecars = `${pods},envoy_cluster_name!~"cds_egress_.*"`;
const linkerd =
  'namespace="test",deployment=~"work",direction="inbound",target_addr!~".*:4191",route_name!="probe"';
const kuma =
  'mesh="default",service=~"apex-canary_test_svc_[0-9a-zA-Z-]+",envoy_cluster_name=~"localhost_.*|self_inbound_.*"';
const nginx = 'namespace="test",ingress="ing",canary=~"test-apex-canary-[0-9a-zA-Z-]+"';
const istio =
  'reporter=~"destination|waypoint",destination_workload_namespace="test",destination_workload=~"work"';
const skipper = 'route=~"kube(ew)?_test__ing_canary__.*__apex_canary(_[0-9]+)?(_disable_https_redirect)?"';
const traefik = 'service=~"test-apex-canary-[0-9a-zA-Z]+@kubernetescrd"';
const contour = 'envoy_cluster_name=~"test_apex-canary_[0-9a-zA-Z-]+"';

describe('request-success-rate', () => {
  it.each<[string, string, string, string]>([
    ['contour', 'envoy_cluster_upstream_rq', contour, envoy5xx],
    ['kubernetes', 'http_request_duration_seconds_count', pods, 'status!~"5.*"'],
    ['gatewayapi:v1', 'http_request_duration_seconds_count', pods, 'status!~"5.*"'],
    ['gatewayapi:v1beta1', 'http_request_duration_seconds_count', pods, 'status!~"5.*"'],
    ['istio', 'istio_requests_total', istio, 'response_code!~"5.*"'],
    ['smi:v1alpha2:istio', 'istio_requests_total', istio, 'response_code!~"5.*"'],
    ['linkerd', 'response_total', linkerd, 'classification!="failure"'],
    ['appmesh', 'envoy_cluster_upstream_rq', sidecars, envoy5xx],
    ['appmesh:v1beta2', 'envoy_cluster_upstream_rq', sidecars, envoy5xx],
    [
      'gloo',
      'envoy_cluster_upstream_rq',
      'envoy_cluster_name=~"(kube-upstream_)?test-apex-canaryupstream-[0-9]+_test(_test_apex-canary_[0-9]+)?"',
      envoy5xx,
    ],
    ['knative', 'envoy_cluster_upstream_rq', 'envoy_cluster_name=~"test/rt"', envoy5xx],
    ['kuma', 'envoy_cluster_upstream_rq', kuma, envoy5xx],
    ['nginx', 'nginx_ingress_controller_requests', nginx, 'status!~"5.*"'],
    [
      'nginxinc',
      'nginx_ingress_controller_upstream_server_response_latency_ms_count',
      'resource_namespace="test",service="apex-canary"',
      'code!~"5.*"',
    ],
    [
      'openshift',
      'haproxy_server_http_responses_total',
      'exported_namespace="test",exported_service="apex-canary"',
      'code!~"5.*"',
    ],
    ['skipper', 'skipper_serve_route_duration_seconds_count', skipper, 'code!~"5.."'],
    ['traefik', 'traefik_service_request_duration_seconds_bucket', `${traefik},le="+Inf"`, 'code!~"5.."'],
    [
      'osm',
      'osm_request_total',
      'destination_namespace="test",destination_kind="Deployment",destination_name="work"',
      'response_code!~"5.*"',
    ],
    ['apisix', 'apisix_http_status', 'route=~"test_rt-apex-canary_.+"', 'code!~"5.."'],
  ])('of %s', (provider, ...parts) => {
    expect(rateParts(provider)).toEqual(parts);
  });

  it('also says how to ask for all requests', () => {
    expect(builtinQuery('request-success-rate', 'contour', scope)).toMatchObject({
      allRequests: `sum(rate(envoy_cluster_upstream_rq{${contour}}[1m]))`,
    });
  });
});

const p99 = (series: string, matchers: string): string =>
  `histogram_quantile(0.99, sum(rate(${series}_bucket{${matchers}}[1m])) by (le))`;
const mean = (series: string, matchers: string): string =>
  `sum(rate(${series}_sum{${matchers}}[1m])) / sum(rate(${series}_count{${matchers}}[1m]))`;

describe('request-duration, in milliseconds', () => {
  it.each<[string, string]>([
    ['contour', p99('envoy_cluster_upstream_rq_time', contour)],
    ['appmesh', p99('envoy_cluster_upstream_rq_time', sidecars)],
    ['kubernetes', `${p99('http_request_duration_seconds', pods)} * 1000`],
    ['gatewayapi:v1', `${p99('http_request_duration_seconds', pods)} * 1000`],
    ['istio', p99('istio_request_duration_milliseconds', istio)],
    ['linkerd', p99('response_latency_ms', linkerd)],
    ['traefik', `${p99('traefik_service_request_duration_seconds', traefik)} * 1000`],
    ['apisix', p99('apisix_http_latency', 'type=~"request",route=~"test_rt-apex-canary_.+"')],
    ['nginx', `${mean('nginx_ingress_controller_response_duration_seconds', nginx)} * 1000`],
    ['skipper', `${mean('skipper_serve_route_duration_seconds', skipper)} * 1000`],
  ])('of %s', (provider, text) => {
    expect(query('request-duration', provider)).toBe(text);
  });
});

describe('built-in queries', () => {
  it.each(['crossover', 'unheard-of', '', 'kubernetes:service', 'constructor', 'alb', 'openshift'])(
    'are none for %j',
    (provider) => {
      expect(query('request-duration', provider)).toBe('none');
    },
  );

  it('take a name for what it is, not for a pattern', () => {
    const text = query('request-success-rate', 'contour', { service: 'my.app' });
    expect(text).toContain(String.raw`envoy_cluster_name=~"test_my\\.app-canary_[0-9a-zA-Z-]+"`);
    expect(query('request-duration', 'skipper', { ingress: 'a-b.c' })).toContain('test__a_b_c_canary__');
  });

  it.each([
    ['90s', true],
    ['1m30s', true],
    ['500ms', true],
    ['1min', false],
    ['1.5m', false],
    ['1m])) or vector(1', false],
  ])('refuse an interval that is none: %s', (interval, fine) => {
    const text = query('request-duration', 'istio', { interval });
    expect(text.includes(`[${interval}]`)).toBe(fine);
    expect(text.startsWith('error: the interval')).toBe(!fine);
  });

  it('never let a name end the string it stands in', () => {
    const providers = fc.constantFrom('contour', 'kubernetes', 'istio', 'nginx', 'osm', 'apisix', 'traefik');
    fc.assert(
      fc.property(providers, fc.string({ unit: 'binary' }), (provider, name) => {
        const text = query('request-success-rate', provider, { target: name, service: name, ingress: name });
        const outside = text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""');
        const reference = query('request-success-rate', provider).replaceAll(/"[^"]*"/g, '""');
        expect(outside).toBe(reference);
      }),
    );
  });
});

describe('the same queries about the primary', () => {
  it.each([
    ['istio', 'destination_workload=~"work-primary"'],
    ['kubernetes', `kubernetes_pod_name=~"work-primary-${letters}{1,10}-${letters}{5}"`],
    ['contour', 'envoy_cluster_name=~"test_apex-primary_[0-9a-zA-Z-]+"'],
    ['gloo', 'test-apex-primaryupstream-[0-9]+_test(_test_apex-primary_[0-9]+)?"'],
    ['traefik', 'service=~"test-apex-primary-[0-9a-zA-Z]+@kubernetescrd"'],
    ['nginx', 'service="apex",canary=""'],
    ['nginxinc', 'service="apex-primary"'],
    ['openshift', 'exported_service="apex-primary"'],
    ['skipper', '(ing_canary__.*__apex_primary|ing__.*__apex)(_[0-9]+)?(_disable_https_redirect)?"'],
    ['kuma', 'service=~"apex-primary_test_svc_[0-9a-zA-Z-]+"'],
  ])('name its series for %s', (provider, matcher) => {
    const about = { target: 'work-primary', subject: 'primary' } as const;

    expect(query('request-success-rate', provider, about)).toContain(matcher);
    expect(query('request-success-rate', provider)).not.toContain(matcher);
  });
});

describe('the requests of one side', () => {
  it.each<[string, 'canary' | 'primary', string]>([
    ['contour', 'canary', `envoy_cluster_upstream_rq{${contour}}`],
    [
      'contour',
      'primary',
      'envoy_cluster_upstream_rq{envoy_cluster_name=~"test_apex-primary_[0-9a-zA-Z-]+"}',
    ],
    [
      'nginx',
      'canary',
      'nginx_ingress_controller_requests{namespace="test",ingress="ing",canary=~"test-apex-canary-[0-9a-zA-Z-]+"}',
    ],
    [
      'nginx',
      'primary',
      'nginx_ingress_controller_requests{namespace="test",ingress="ing",service="apex",canary=""}',
    ],
    ['skipper', 'canary', `skipper_serve_route_duration_seconds_count{${skipper}}`],
    ['traefik', 'canary', `traefik_service_request_duration_seconds_bucket{${traefik},le="+Inf"}`],
  ])('of %s, %s', (provider, subject, selector) => {
    expect(countsWhereSplit(provider)).toBe(true);
    expect(requestsQuery(provider, { ...scope, subject, interval: '30s' })).toEqual({
      ok: true,
      text: `sum(increase(${selector}[30s]))`,
    });
  });

  it.each([
    'kubernetes',
    'gatewayapi:v1',
    'istio',
    'smi:v1alpha2',
    'linkerd',
    'osm',
    'appmesh',
    'kuma',
    'knative',
    'apisix',
    'openshift',
    'unheard-of',
    'constructor',
  ])('of %s make no share', (provider) => {
    expect(countsWhereSplit(provider)).toBe(false);
  });

  it('are not asked for in a range that is none, nor of a provider that counts none', () => {
    expect(requestsQuery('contour', { ...scope, interval: '1min' })).toMatchObject({ ok: false });
    expect(requestsQuery('unheard-of', scope)).toBeUndefined();
  });
});
