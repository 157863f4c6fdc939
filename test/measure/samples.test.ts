// The built-in queries over samples as the real software exposes them (samples/), by the way that every measurement goes:
// rendered from a Canary, answered by a Prometheus, read into a Measurement. All names of the Canary differ, and whatever
// stands beside it fails and is slow, so that one series too many changes every number.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { specProviders } from '../../src/api/canary.ts';
import { builtinMetrics } from '../../src/api/defaults.ts';
import type { BuiltinMetric } from '../../src/api/defaults.ts';
import type { MeasuredCanary } from '../../src/measure/scope.ts';
import { scopeOf } from '../../src/measure/scope.ts';
import { countsWhereSplit, querySetOf } from '../../src/measure/query-sets.ts';
import type { MetricQuestion, RequestsQuestion } from '../../src/model/question.ts';
import { createMeter } from '../../src/observe/measure-metric.ts';
import { answerQuery } from '../../src/sandbox/prometheus.ts';
import type { Series } from '../../src/sandbox/promql.ts';
import { providers } from '../../src/traffic/routers.ts';
import { spec } from '../fixture/observation.ts';
import { readExposition } from './exposition.ts';

const folder = join(import.meta.dirname, 'samples');
const SCRAPED_MS = 60_000;

/** Which file shows what a provider's requests look like. */
const files: Readonly<Record<string, string>> = {
  istio: 'istio',
  'smi:v1alpha1': 'istio',
  'smi:v1alpha2': 'istio',
  'smi:v1alpha3': 'istio',
  linkerd: 'linkerd',
  osm: 'osm',
  appmesh: 'appmesh',
  'appmesh:v1beta2': 'appmesh',
  contour: 'contour',
  gloo: 'gloo',
  kuma: 'kuma',
  knative: 'knative',
  nginx: 'nginx',
  nginxinc: 'nginxinc',
  skipper: 'skipper',
  traefik: 'traefik',
  apisix: 'apisix',
  openshift: 'openshift',
  kubernetes: 'application',
  'gatewayapi:v1': 'application',
  'gatewayapi:v1beta1': 'application',
  'gatewayapi:v1:grpc': 'application',
  'gatewayapi:v1:tls': 'application',
  'gatewayapi:v1:tcp': 'application',
  'gatewayapi:v1:udp': 'application',
};

const samples = new Map(
  [...new Set(Object.values(files))].map((file) => [
    file,
    readExposition(readFileSync(join(folder, `${file}.txt`), 'utf8')),
  ]),
);

function seriesOf(provider: string, metric: string): readonly Series[] {
  return samples.get(files[provider] ?? '')?.get(metric) ?? [];
}

interface Names {
  readonly namespace?: string;
  readonly kind?: string;
  readonly target?: string;
  readonly service?: string;
  readonly ingress?: string;
  readonly route?: string;
  readonly revision?: string;
  readonly mesh?: string;
}

function canaryOf(provider: string, subject: 'canary' | 'primary', names: Names): MeasuredCanary {
  const {
    namespace = 'shop',
    kind = 'Deployment',
    target = 'cart',
    service = 'basket',
    mesh = 'default',
  } = names;
  const { ingress = 'storefront', route = 'edge', revision = 'cart-00007' } = names;
  const { provider: _, ...shopping } = spec({
    targetRef: { apiVersion: 'apps/v1', kind, name: target },
    service: { name: service, port: 80 },
    ingressRef: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: ingress },
    routeRef: { apiVersion: 'apisix.apache.org/v2', kind: 'ApisixRoute', name: route },
  });
  return {
    name: 'shopping',
    namespace,
    spec: shopping,
    ...(provider === 'knative' ? { latestRevision: revision, primaryRevision: 'cart-00006' } : {}),
    mesh,
    ...(subject === 'primary' ? { subject } : {}),
  };
}

/** The value, rounded, or the reason why there is none. */
async function measured(
  provider: string,
  metric: BuiltinMetric,
  subject: 'canary' | 'primary' = 'canary',
  names: Names = {},
): Promise<number | string> {
  const question = { kind: 'metric', key: '', metric: { name: metric, interval: '1m' } } as const;
  return await answered(provider, canaryOf(provider, subject, names), question);
}

async function requestsTo(provider: string, subject: 'canary' | 'primary'): Promise<number | string> {
  const question = { kind: 'requests', key: '', subject, windowMs: 60_000 } as const;
  return await answered(provider, canaryOf(provider, 'canary', {}), question);
}

async function answered(
  provider: string,
  canary: MeasuredCanary,
  question: MetricQuestion | RequestsQuestion,
): Promise<number | string> {
  const meter = createMeter({
    send: async ({ url }) => {
      const query = new URL(url).searchParams.get('query') ?? '';
      const source = { seriesOf: (name: string) => seriesOf(provider, name) };
      const { status, body } = answerQuery(source, query, { time: null, nowMs: SCRAPED_MS });
      return await Promise.resolve({ status, body: JSON.stringify(body), truncated: false });
    },
    clock: {
      nowMs: () => SCRAPED_MS,
      wait: async () => await Promise.resolve(),
      timeout: () => new AbortController().signal,
    },
    template: () => undefined,
    secret: async () => await Promise.resolve(undefined),
    metricsServer: 'http://prometheus.test:9090',
    defaultProvider: provider,
    refuseCrossNamespace: false,
  });
  const found = await meter(canary, question, new AbortController().signal);
  return found.kind === 'value' ? Math.round(found.value * 100) / 100 : found.reason;
}

const all = Object.keys(files);
const but = (...left: string[]): string[] => all.filter((provider) => !left.includes(provider));

describe('R20: request-success-rate follows the provider and the names that routes are made of, and', () => {
  // A route of APISIX leads to both sides and is measured as one.
  it.each(but('apisix'))(
    'of %s tells the canary from the primary and from its neighbours',
    async (provider) => {
      expect(await measured(provider, 'request-success-rate')).toBe(95);
      expect(await measured(provider, 'request-success-rate', 'primary')).toBe(99);
    },
  );

  it('of apisix is that of the whole route', async () => {
    expect(await measured('apisix', 'request-success-rate')).toBe(98.33);
    expect(await measured('apisix', 'request-success-rate', 'primary')).toBe(98.33);
  });

  it.each(all)('of %s is 100 without a fault, and 0 with nothing else', async (provider) => {
    expect(await measured(provider, 'request-success-rate', 'canary', { namespace: 'fine' })).toBe(100);
    expect(await measured(provider, 'request-success-rate', 'canary', { namespace: 'broken' })).toBe(0);
  });

  it.each(all)('of %s has no value without requests', async (provider) => {
    const of = async (namespace: string): Promise<number | string> =>
      await measured(provider, 'request-success-rate', 'canary', { namespace });

    expect(await of('quiet')).toBe('NotANumber');
    expect(await of('never')).toBe('NoSeries');
  });

  it.each<[string, string, number, Names]>([
    ['knative', 'a name with dots', 100, { namespace: 'dots', revision: 'cart.v1-00007' }],
    ['appmesh', 'a name with dots', 100, { namespace: 'dots', target: 'cart.v1' }],
    ['kubernetes', 'a name with dots', 100, { namespace: 'dots', target: 'cart.v1' }],
    ['istio', 'a name with dots', 100, { namespace: 'dots', target: 'cart.v1' }],
    ['linkerd', 'a name with dots', 100, { namespace: 'dots', target: 'cart.v1' }],
    ['osm', 'a name with dots', 100, { namespace: 'dots', target: 'cart.v1' }],
    ['nginx', 'a name with dots', 100, { namespace: 'dots', ingress: 'storefront.v1' }],
    ['skipper', 'a name with dots', 100, { namespace: 'dots', ingress: 'storefront.v1' }],
    ['apisix', 'a name with dots', 100, { namespace: 'dots', route: 'edge.v1' }],
    ['traefik', 'two dashes in a name', 100, { namespace: 'dashes', service: 'basket--v1' }],
    ['kuma', 'a mesh of another name', 100, { namespace: 'second', mesh: 'second' }],
  ])('of %s knows %s', async (provider, _what, expected, names) => {
    expect(await measured(provider, 'request-success-rate', 'canary', names)).toBe(expected);
  });

  it.each<[string, string, Names]>([
    ['kubernetes', 'a DaemonSet', { namespace: 'daemons', kind: 'DaemonSet' }],
    ['gatewayapi:v1', 'a DaemonSet', { namespace: 'daemons', kind: 'DaemonSet' }],
    ['linkerd', 'a DaemonSet', { namespace: 'daemons', kind: 'DaemonSet' }],
    ['osm', 'a DaemonSet', { namespace: 'daemons', kind: 'DaemonSet' }],
    ['istio', 'a canary behind a waypoint', { namespace: 'ambient' }],
    [
      'kubernetes',
      'a name that Kubernetes cuts',
      { namespace: 'long', target: 'a-cart-of-a-team-that-likes-to-say-all-in-its-names' },
    ],
  ])('of %s knows both sides of %s', async (provider, _what, names) => {
    expect(await measured(provider, 'request-success-rate', 'canary', names)).toBe(95);
    expect(await measured(provider, 'request-success-rate', 'primary', names)).toBe(99);
  });
});

/** In milliseconds. The 99th percentile, or, of nginx and skipper, the mean. */
const durations: Readonly<Record<string, readonly [canary: number, primary: number]>> = {
  istio: [95, 23.5],
  linkerd: [95, 19],
  osm: [95, 23.5],
  appmesh: [95, 23.5],
  contour: [95, 23.5],
  gloo: [95, 23.5],
  kuma: [95, 23.5],
  knative: [95, 23.5],
  nginx: [95, 23.5],
  nginxinc: [95, 19],
  skipper: [95, 23.5],
  traefik: [280, 99],
  // Of both sides together: 900 of 1200 within 10 ms, 1000 within 20, 1180 within 50, all within 100.
  apisix: [70, 70],
  application: [95, 23.5],
};

describe('request-duration', () => {
  it.each(but('openshift'))('of %s is in milliseconds, of the canary or of the primary', async (provider) => {
    const [canary, primary] = durations[files[provider] ?? ''] ?? [];

    expect(await measured(provider, 'request-duration')).toBe(canary);
    expect(await measured(provider, 'request-duration', 'primary')).toBe(primary);
  });

  it('of openshift is not known: the router has only means of the last 1024 requests, whenever they were', async () => {
    expect(await measured('openshift', 'request-duration')).toBe('UnsupportedProvider');
  });

  it.each(but('openshift'))('of %s has no value without requests', async (provider) => {
    const found = await measured(provider, 'request-duration', 'canary', { namespace: 'never' });

    expect(found).toBe('NoSeries');
  });
});

describe('the requests of each side', () => {
  it.each(all.filter(countsWhereSplit))(
    'as %s splits them make the share of the canary',
    async (provider) => {
      expect(await requestsTo(provider, 'canary')).toBe(200);
      expect(await requestsTo(provider, 'primary')).toBe(1000);
    },
  );
});

describe('the samples', () => {
  it('are there for every provider that can be named, and for no other', () => {
    const withSet = [...specProviders, ...providers].filter((provider) => querySetOf(provider) !== undefined);

    expect(withSet.filter((provider) => files[provider] === undefined)).toEqual([]);
    expect([...samples.keys()].toSorted()).toEqual(
      readdirSync(folder)
        .map((file) => file.replace('.txt', ''))
        .toSorted(),
    );
  });

  it.each(all)('of %s need every condition of its query set', (provider) => {
    const idle = (['canary', 'primary'] as const).flatMap((subject) => {
      const scope = scopeOf(canaryOf(provider, subject, {}), { name: builtinMetrics[0], interval: '1m' });
      const set = querySetOf(provider)?.(scope);
      const { counter, matchers = [] } = set ?? { counter: '' };
      const grows = (kept: readonly string[]): string => {
        const query = `sum(increase(${counter}{${kept.join(',')}}[1m]))`;
        const source = { seriesOf: (name: string) => seriesOf(provider, name) };
        return JSON.stringify(answerQuery(source, query, { time: null, nowMs: SCRAPED_MS }));
      };
      return matchers
        .filter((one) => grows(matchers) === grows(matchers.filter((other) => other !== one)))
        .map((one) => `${subject}: ${one}`);
    });

    expect(idle).toEqual([]);
  });
});
