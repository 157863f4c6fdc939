import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { CanarySpec } from '../../src/api/canary.ts';
import { CanarySpec as Spec } from '../../src/api/canary.ts';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { nginx } from '../../src/traffic/nginx.ts';
import { splitOf, type RouteShape, type TrafficRouter } from '../../src/traffic/router.ts';
import { skipper } from '../../src/traffic/skipper.ts';
import { frozen, routeOf, wishOf } from './wish.ts';

const storefront: KubeObject = frozen(
  parse(`
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: storefront
      namespace: shop
      labels: { team: shop, kustomize.toolkit.fluxcd.io/name: apps }
      annotations:
        example.com/auth: "on"
        nginx.ingress.kubernetes.io/proxy-read-timeout: "30"
        nginx.ingress.kubernetes.io/canary-weight-total: "1000"
        zalando.org/skipper-predicate: Source("10.0.0.0/8")
        kubectl.kubernetes.io/last-applied-configuration: "{}"
    spec:
      ingressClassName: front
      tls: [{ hosts: [cart.example.com] }]
      rules:
        - host: old.example.com
        - host: cart.example.com
          http:
            paths:
              - { path: /docs, pathType: Prefix, backend: { service: { name: docs, port: { number: 80 } } } }
              - { path: /, pathType: Prefix, backend: { service: { name: cart, port: { name: http } } } }
  `),
);

function spec(router: TrafficRouter, analysis: object = {}, more: object = {}): CanarySpec {
  return Spec.parse({
    provider: router.provider,
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
    ingressRef: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'storefront' },
    service: { port: 80, ...more },
    analysis: { interval: '1m', threshold: 5, stepWeight: 10, ...analysis },
  });
}

function render(
  router: TrafficRouter,
  canary: number,
  analysis: object = {},
  source = storefront,
): KubeObject {
  return frozen(
    routeOf(router).render(wishOf(spec(router, analysis), { split: splitToward(canary), source })),
  );
}

function stored({ metadata, ...rest }: KubeObject): KubeObject {
  return frozen({
    ...structuredClone(rest),
    metadata: { ...structuredClone(metadata), uid: 'i-1' },
  });
}

const annotationsOf = ({ metadata }: KubeObject): Readonly<Record<string, string>> =>
  metadata.annotations ?? {};
const problems = (router: TrafficRouter, analysis: object = {}, more: object = {}): readonly string[] =>
  routerProblems(router, spec(router, analysis, more)).map(
    ({ severity, reason, field }) => `${severity} ${reason} ${field}`,
  );

const pathsOf = (ingress: KubeObject): unknown => objectOf(ingress['spec'])['rules'];

const chosen = (analysis: object, canary = 100): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(annotationsOf(render(nginx, canary, analysis))).flatMap(([key, value]) =>
      key.includes('/canary-') ? [[key.slice(key.indexOf('/') + 1), value]] : [],
    ),
  );

const match = (...headers: readonly object[]): object => ({
  match: headers.map((one) => ({ headers: one })),
  iterations: 5,
});

const predicate = (canary: number): string | undefined =>
  annotationsOf(render(skipper, canary))['zalando.org/skipper-predicate'];

const WEIGHTS = 'zalando.org/backend-weights';

function withWeights(text: string): KubeObject {
  const { metadata, ...rest } = storefront;
  return frozen({
    ...rest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [WEIGHTS]: text } },
  });
}

const percent = fc.integer({ min: 0, max: 100 });
const cohort = { match: [{ headers: { 'x-cohort': { exact: 'beta' } } }], iterations: 5 };

describe.each<[string, TrafficRouter, RouteShape]>([
  ['nginx', nginx, routeOf(nginx)],
  ['skipper', skipper, routeOf(skipper)],
])('%s, a second Ingress', (folder, router, shape) => {
  it.each([
    ['initial', 0],
    ['weighted-30', 30],
  ])('renders %s as the golden file shows', (name, canary) => {
    const golden = readFileSync(`test/traffic/${folder}/${name}.yaml`, 'utf8');
    expect(render(router, canary)).toEqual(parse(golden));
  });

  it('is called after the one of the user, and belongs to the Canary', () => {
    expect(shape.nameOf?.(spec(router))).toBe('storefront-canary');
    expect(render(router, 0).metadata).toMatchObject({
      name: 'storefront-canary',
      ownerReferences: [{ kind: 'Canary' }],
    });
  });

  it('reads back any split it wrote, over any split before it', () => {
    fc.assert(
      fc.property(percent, percent, (before, after) => {
        const merged = shape.merge(stored(render(router, before)), render(router, after));
        expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(after));
        expect(merged).toEqual(stored(render(router, after)));
      }),
    );
  });

  it('moves weights alone where nothing can be rendered', () => {
    fc.assert(
      fc.property(percent, percent, (before, after) => {
        const moved = shape.reweigh(stored(render(router, before)), splitToward(after));
        expect(moved).toEqual(stored(render(router, after)));
      }),
    );
  });

  it('writes nothing where nothing differs, and has a fingerprint without the split', () => {
    fc.assert(
      fc.property(percent, percent, (one, other) => {
        const live = stored(render(router, one));
        expect(shape.merge(live, render(router, one))).toEqual(live);
        expect(shape.fingerprint(live)).toBe(shape.fingerprint(render(router, other)));
      }),
    );
  });

  it('keeps what others add, at every split', () => {
    const { metadata, ...rest } = stored(render(router, 20));
    const live = frozen({
      ...rest,
      metadata: {
        ...metadata,
        labels: { ...metadata.labels, zone: 'b' },
        annotations: { ...metadata.annotations, 'example.com/seen': 'yes' },
      },
    });
    const merged = shape.merge(live, render(router, 60));
    expect(merged.metadata.labels).toMatchObject({ team: 'shop', zone: 'b' });
    expect(annotationsOf(merged)['example.com/seen']).toBe('yes');
    expect(shape.fingerprint(live)).toBe(shape.fingerprint(render(router, 0)));
  });

  it('follows the Ingress of the user', () => {
    const { metadata, ...rest } = storefront;
    const { 'example.com/auth': _gone, ...annotations } = metadata.annotations ?? {};
    const changed = {
      ...rest,
      metadata: { ...metadata, annotations: { ...annotations, 'example.com/new': '1' } },
    };
    const wanted = render(router, 30, {}, changed);
    const live = stored(render(router, 30));
    expect(shape.fingerprint(live)).not.toBe(shape.fingerprint(wanted));
    const merged = shape.merge(live, wanted);
    expect(annotationsOf(merged)).toMatchObject({ 'example.com/new': '1' });
    expect(annotationsOf(merged)['example.com/auth']).toBeUndefined();
    expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(30));
  });

  it('copies nothing that is about the other object alone', () => {
    const copy = render(router, 0);
    expect(Object.keys(annotationsOf(copy))).not.toContain(
      'kubectl.kubernetes.io/last-applied-configuration',
    );
    expect(copy.metadata.labels).toEqual({ team: 'shop' });
    expect(annotationsOf(copy)).toMatchObject({ 'example.com/auth': 'on' });
  });

  it('sees no split in an Ingress that is none of ours', () => {
    expect(shape.view(storefront).weights).toBeUndefined();
    expect(shape.view({ ...storefront, spec: undefined }).weights).toBeUndefined();
  });

  it('needs a path that leads to the apex', () => {
    const found = router.source?.problems(spec(router), storefront) ?? [];
    expect(found).toEqual([]);
    const other = parse(JSON.stringify(storefront).replaceAll('"cart"', '"till"'));
    expect(
      router.source?.problems(spec(router), other).map(({ field, reason }) => `${reason} ${field}`),
    ).toEqual(['MissingReference spec.ingressRef.name']);
    expect(router.source?.problems(spec(router), { ...storefront, spec: {} })).toHaveLength(1);
  });

  it('refuses affinity, warns of mirroring and of fields that shape other routes', () => {
    expect(problems(router, { sessionAffinity: { cookieName: 'c' } })).toEqual([
      'error UnsupportedAffinity spec.analysis.sessionAffinity',
    ]);
    expect(problems(router, { mirror: true }, { timeout: '3s' })).toEqual([
      'warning IgnoredField spec.analysis.mirror',
      'warning IgnoredField spec.service.timeout',
    ]);
  });
});

describe('the paths', () => {
  it('of nginx lead to the canary; others, and rules without any, stay', () => {
    expect(pathsOf(render(nginx, 0))).toEqual([
      { host: 'old.example.com' },
      {
        host: 'cart.example.com',
        http: {
          paths: [
            {
              path: '/docs',
              pathType: 'Prefix',
              backend: { service: { name: 'docs', port: { number: 80 } } },
            },
            {
              path: '/',
              pathType: 'Prefix',
              backend: { service: { name: 'cart-canary', port: { name: 'http' } } },
            },
          ],
        },
      },
    ]);
  });

  it('of Skipper lead to both sides', () => {
    expect(JSON.stringify(pathsOf(render(skipper, 0))).match(/cart-\w+/g)).toEqual([
      'cart-primary',
      'cart-canary',
    ]);
  });
});

it('is not divided by the total of somebody else', () => {
  expect(Object.keys(annotationsOf(render(nginx, 30))).join()).not.toContain('canary-weight-total');
});

describe('an A/B test by nginx', () => {
  it.each<[string, object, object]>([
    [
      'a header',
      match({ 'x-cohort': { exact: 'beta' } }),
      { 'canary-by-header': 'x-cohort', 'canary-by-header-value': 'beta' },
    ],
    [
      'a pattern of a header',
      match({ 'x-cohort': { regex: 'be.a' } }),
      { 'canary-by-header': 'x-cohort', 'canary-by-header-pattern': 'be.a' },
    ],
    ['a cookie', match({ cookie: { exact: 'beta' } }), { 'canary-by-cookie': 'beta' }],
    [
      'a header or a cookie',
      match({ 'x-cohort': { exact: 'beta' } }, { Cookie: { exact: 'beta' } }),
      { 'canary-by-header': 'x-cohort', 'canary-by-header-value': 'beta', 'canary-by-cookie': 'beta' },
    ],
  ])('chooses by %s, and gives everybody else no weight', (_what, analysis, annotations) => {
    expect(problems(nginx, analysis)).toEqual([]);
    expect(chosen(analysis)).toEqual({ 'canary-weight': '0', ...annotations });
    expect(splitOf(routeOf(nginx).view(render(nginx, 100, analysis)), 'cart')).toEqual(splitToward(100));
    expect(chosen(analysis, 0)).toEqual({ 'canary-weight': '0' });
  });

  it('takes the choice away again, also one that somebody else wrote', () => {
    const { metadata, ...rest } = stored(render(nginx, 100, cohort));
    const { 'serin.dev/managed-metadata': _record, ...annotations } = metadata.annotations ?? {};
    const theirs = { ...rest, metadata: { ...metadata, annotations } };
    expect(annotationsOf(routeOf(nginx).merge(theirs, render(nginx, 0, cohort)))).toEqual(
      annotationsOf(render(nginx, 0, cohort)),
    );
    expect(splitOf(routeOf(nginx).view(routeOf(nginx).reweigh(theirs, splitToward(0))), 'cart')).toEqual(
      splitToward(0),
    );
  });

  it.each<[string, object]>([
    ['an entry that takes everybody', { match: [{}], iterations: 5 }],
    ['two headers at once', match({ a: { exact: '1' }, b: { exact: '2' } })],
    ['two headers', match({ a: { exact: '1' } }, { b: { exact: '2' } })],
    ['two cookies', match({ cookie: { exact: '1' } }, { Cookie: { exact: '2' } })],
    ['the start of a header', match({ a: { prefix: '1' } })],
    ['the end of a header', match({ a: { suffix: '1' } })],
    ['a pattern of cookies', match({ cookie: { regex: 'a.*' } })],
    ['labels', { match: [{ headers: { a: { exact: '1' } }, sourceLabels: { app: 'till' } }], iterations: 5 }],
    ['parameters', { match: [{ queryParams: { a: { exact: '1' } } }], iterations: 5 }],
  ])('refuses %s', (_what, analysis) => {
    expect(new Set(problems(nginx, analysis).map((line) => line.split(' ', 2).join(' ')))).toEqual(
      new Set(['error UnsupportedMatch']),
    );
  });

  it('speaks with the prefix of the controller', () => {
    const wish = wishOf(spec(nginx), {
      split: splitToward(40),
      source: storefront,
      annotationsPrefix: 'alb.ingress.kubernetes.io',
    });
    const copy = routeOf(nginx).render(wish);
    expect(annotationsOf(copy)).toMatchObject({
      'alb.ingress.kubernetes.io/canary': 'true',
      'alb.ingress.kubernetes.io/canary-weight': '40',
    });
    expect(splitOf(routeOf(nginx).view(copy), 'cart')).toEqual(splitToward(40));
  });
});

describe('Skipper', () => {
  it('puts its route before the one of the user only while the canary gets something', () => {
    expect(predicate(30)).toBe('Weight(100) && Source("10.0.0.0/8")');
    expect(predicate(0)).toBe('False() && Source("10.0.0.0/8")');
  });

  it('works for an Ingress without annotations, and refuses an A/B test', () => {
    const { metadata, ...rest } = storefront;
    const bare = { ...rest, metadata: { name: metadata.name, namespace: 'shop' } };
    expect(annotationsOf(render(skipper, 30, {}, bare))['zalando.org/skipper-predicate']).toBe('Weight(100)');
    expect(problems(skipper, cohort)).toEqual(['error UnsupportedMatch spec.analysis.match']);
    expect(splitOf(routeOf(skipper).view(render(skipper, 100, cohort)), 'cart')).toEqual(splitToward(0));
  });

  it.each<[string, object, object]>([
    ['on other paths', { blog: 90, news: 10 }, { blog: 90, news: 10, 'cart-canary': 30, 'cart-primary': 70 }],
    ['on the same path', { cart: 80, till: 20 }, { till: 20, 'cart-canary': 24, 'cart-primary': 56 }],
    ['without a number', { till: 'all', cart: null }, { 'cart-canary': 30, 'cart-primary': 70 }],
  ])('leaves other Services what they have %s', (_what, theirs, expected) => {
    const source = withWeights(JSON.stringify(theirs));
    const copy = render(skipper, 30, {}, source);
    expect(JSON.parse(annotationsOf(copy)[WEIGHTS] ?? '')).toEqual(expected);
    expect(splitOf(routeOf(skipper).view(copy), 'cart')).toEqual(splitToward(30));
    expect(routeOf(skipper).reweigh(stored(copy), splitToward(70))).toEqual(
      stored(render(skipper, 70, {}, source)),
    );
  });

  it.each(['{', '[]', '7', 'null'])('takes weights of the user that are none for none: %s', (text) => {
    expect(annotationsOf(render(skipper, 30, {}, withWeights(text)))[WEIGHTS]).toBe(
      '{"cart-canary":30,"cart-primary":70}',
    );
  });

  it('goes before an Ingress of the user that has a weight among routes, too', () => {
    const { metadata, ...rest } = storefront;
    const annotations = { 'zalando.org/skipper-predicate': 'Weight(100)' };
    const source = { ...rest, metadata: { ...metadata, annotations } };
    const copy = render(skipper, 30, {}, source);
    expect(annotationsOf(copy)['zalando.org/skipper-predicate']).toBe('Weight(100) && Weight(100)');
    expect(routeOf(skipper).reweigh(stored(copy), splitToward(0))).toEqual(
      stored(render(skipper, 0, {}, source)),
    );
  });

  it.each<[object, string, boolean]>([
    [{ cart: 0, till: 5 }, '/', false],
    [{ till: 5 }, '/', false],
    [{ cart: 1, till: 5 }, '/', true],
    [{ cart: 0, till: 0 }, '/', true],
    [{ till: 5 }, '/till', true],
  ])('needs requests to share: %j, and the other at %s', (weights, path, fine) => {
    const paths = [
      { path: '/', backend: { service: { name: 'cart' } } },
      { path, backend: { service: { name: 'till' } } },
    ];
    const source = { ...withWeights(JSON.stringify(weights)), spec: { rules: [{}, { http: { paths } }] } };
    const found = skipper.source?.problems(spec(skipper), source) ?? [];
    expect(found.map(({ reason, field }) => `${reason} ${field}`)).toEqual(
      fine ? [] : ['InvalidSpec spec.ingressRef.name'],
    );
  });

  it('keeps routes of the user before its own', () => {
    const { metadata, ...rest } = storefront;
    const key = 'zalando.org/skipper-routes';
    const annotations = { ...metadata.annotations, [key]: 'Method("OPTIONS") -> <shunt>' };
    const source = { ...rest, metadata: { ...metadata, annotations } };
    expect(annotationsOf(render(skipper, 30, {}, source))[key]).toBe(
      'Weight(200) && Method("OPTIONS") -> <shunt>',
    );
    expect(annotationsOf(render(nginx, 30, {}, source))[key]).toBe('Method("OPTIONS") -> <shunt>');
  });

  it('sees no split in weights that cannot be read', () => {
    const { metadata, ...rest } = stored(render(skipper, 30));
    const annotations = { ...metadata.annotations, 'zalando.org/backend-weights': '{' };
    expect(
      routeOf(skipper).view({ ...rest, metadata: { ...metadata, annotations } }).weights,
    ).toBeUndefined();
  });
});
