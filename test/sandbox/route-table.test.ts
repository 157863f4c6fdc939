import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { KubeObject } from '../../src/model/kube.ts';
import { readHttpProxies } from '../../src/sandbox/http-proxy.ts';
import { readHttpRoute } from '../../src/sandbox/http-route.ts';
import { findRule, SmoothSplit, sortRules } from '../../src/sandbox/route-table.ts';
import type { Backend, RoutedRequest, Rule } from '../../src/sandbox/route-table.ts';

function object(kind: string, name: string, spec: unknown, namespace = 'shop'): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace, generation: 3 }, spec };
}

function request(
  target: string,
  headers: Record<string, string> = {},
  host = 'cart.example.com',
): RoutedRequest {
  return { host, method: 'GET', target, headers };
}

const named = (name: string, weight = 1): Record<string, unknown> => ({ name, port: 80, weight });

function servedBy(rules: readonly Rule[], sent: RoutedRequest): string | undefined {
  return findRule(sortRules(rules), sent)
    ?.backends.map(({ service }) => service)
    .join();
}

describe('an HTTPRoute', () => {
  const rule = (backend: string, ...matches: unknown[]): unknown => ({
    matches,
    backendRefs: [named(backend)],
  });
  const route = object('HTTPRoute', 'cart', {
    parentRefs: [{ name: 'public', sectionName: 'https' }, { name: 'internal' }],
    hostnames: ['cart.example.com', '*.cart.example'],
    rules: [
      { backendRefs: [named('any')] },
      rule('prefix', { path: { value: '/cart' } }),
      rule('longer', { path: { type: 'PathPrefix', value: '/cart/items/' } }),
      rule('exact', { path: { type: 'Exact', value: '/cart/items' } }),
      rule('regex', { path: { type: 'RegularExpression', value: '/v[0-9]+/.*' } }),
      rule('beta', { headers: [{ name: 'X-Cohort', value: 'beta' }] }),
      rule('cookie', { headers: [{ name: 'Cookie', type: 'RegularExpression', value: '.*tier=gold.*' }] }),
      rule('query', { queryParams: [{ name: 'debug', value: '1' }] }),
      rule('delete', { method: 'DELETE' }),
      rule('broken', { path: { type: 'RegularExpression', value: '(' } }),
    ],
  });
  const { rules, status } = readHttpRoute(route, () => true);

  it.each([
    ['any', '/', {}],
    ['any', '/carton', {}],
    ['prefix', '/cart', {}],
    ['prefix', '/cart/?q=1', {}],
    ['longer', '/cart/items/7', {}],
    ['exact', '/cart/items', {}],
    ['regex', '/v12/x', {}],
    ['beta', '/', { 'x-cohort': 'beta' }],
    ['any', '/', { 'x-cohort': 'beta2' }],
    ['cookie', '/', { cookie: 'a=b; tier=gold; c=d' }],
    ['query', '/?debug=1', {}],
    ['prefix', '/cart', { 'x-cohort': 'beta' }],
  ])('sends to the most specific rule: %s for %s', (expected, target, headers) => {
    expect(servedBy(rules, request(target, headers))).toBe(expected);
  });

  it('looks at the method', () => {
    expect(servedBy(rules, { ...request('/'), method: 'DELETE' })).toBe('delete');
  });

  it.each([
    ['cart.example.com', 'any'],
    ['eu.cart.example', 'any'],
    ['cart.example', undefined],
    ['other.example.com', undefined],
  ])('serves its own hosts only: %s', (host, expected) => {
    expect(servedBy(rules, request('/', {}, host))).toBe(expected);
  });

  it('says for every parent that its generation is accepted and its Services are there', () => {
    expect(status).toMatchObject({
      parents: [{ name: 'public', sectionName: 'https' }, { name: 'internal' }].map((parentRef) => ({
        parentRef,
        conditions: [
          { type: 'Accepted', status: 'True', observedGeneration: 3 },
          { type: 'ResolvedRefs', status: 'True', observedGeneration: 3 },
        ],
      })),
    });
  });

  it('says which Service is missing', () => {
    const reading = readHttpRoute(route, ({ service }) => service !== 'beta');
    expect(JSON.stringify(reading.status)).toContain('there is no Service beta');
  });

  it('is refused as a whole when it has a filter that the sandbox would not obey', () => {
    const filtered = object('HTTPRoute', 'cart', {
      parentRefs: [{ name: 'public' }],
      rules: [{ filters: [{ type: 'URLRewrite' }], backendRefs: [named('any')] }],
    });
    const reading = readHttpRoute(filtered, () => true);
    expect(reading.rules).toEqual([]);
    expect(reading.status).toMatchObject({
      parents: [{ conditions: [{ type: 'Accepted', status: 'False' }, {}] }],
    });
  });

  it.each([[{ rules: 'none' }], [null], [{ rules: [{ backendRefs: [{}] }] }]])('never throws: %j', (spec) => {
    expect(readHttpRoute(object('HTTPRoute', 'cart', spec), () => true).rules).toEqual([]);
  });
});

describe('HTTPProxies', () => {
  const root = object(
    'HTTPProxy',
    'root',
    {
      virtualhost: { fqdn: 'cart.example.com' },
      includes: [{ name: 'cart', namespace: 'shop', conditions: [{ prefix: '/shop' }] }, { name: 'loop' }],
      routes: [{ services: [{ name: 'front', port: 80 }] }],
    },
    'edge',
  );
  const included = object('HTTPProxy', 'cart', {
    routes: [
      {
        conditions: [{ prefix: '/' }],
        services: [
          { name: 'cart-primary', port: 80, weight: 70 },
          { name: 'cart-canary', port: 80, weight: 30 },
        ],
      },
      {
        conditions: [{ prefix: '/' }, { header: { name: 'x-cohort', contains: 'beta' } }],
        services: [{ name: 'cart-beta', port: 80 }],
      },
    ],
  });
  const loop = object('HTTPProxy', 'loop', { includes: [{ name: 'root' }, { name: 'loop' }] }, 'edge');
  const orphan = object('HTTPProxy', 'orphan', { routes: [{ services: [{ name: 'lost', port: 80 }] }] });
  const readings = readHttpProxies([included, orphan, loop, root], ({ service }) => service !== 'missing');
  const rules = [...readings.values()].flatMap((reading) => reading.rules);

  it.each([
    ['front', '/', {}],
    ['cart-primary,cart-canary', '/shop', {}],
    ['cart-primary,cart-canary', '/shop/7', {}],
    ['cart-beta', '/shop/7', { 'x-cohort': 'new-beta-users' }],
    ['front', '/shopping', {}],
  ])('send to %s for %s', (expected, target, headers) => {
    expect(servedBy(rules, request(target, headers))).toBe(expected);
  });

  it('take the weights of the included proxy, and equal ones where none is given', () => {
    const weights = rules.map(({ backends }) => backends.map(({ weight }) => weight));
    expect(weights).toContainEqual([70, 30]);
    expect(weights).toContainEqual([1]);
  });

  it('are valid with a root, and orphaned without', () => {
    expect(readings.get('shop/cart')?.status).toMatchObject({
      currentStatus: 'valid',
      conditions: [{ type: 'Valid', status: 'True', observedGeneration: 3 }],
    });
    expect(readings.get('shop/orphan')?.status).toMatchObject({ currentStatus: 'orphaned' });
  });

  it('are invalid when a Service is missing', () => {
    expect(readHttpProxies([root], () => false).get('edge/root')?.status).toMatchObject({
      currentStatus: 'invalid',
      conditions: [{ type: 'Valid', status: 'False' }],
    });
  });

  it.each([
    [{ exact: 'a' }, 'a', 'b'],
    [{ notexact: 'a' }, 'b', 'a'],
    [{ contains: 'a' }, 'xax', 'x'],
    [{ notcontains: 'a' }, 'x', 'xax'],
    [{ regex: 'a+' }, 'aaa', 'aab'],
  ])('match headers: %j', (header, fitting, other) => {
    const proxy = object('HTTPProxy', 'root', {
      virtualhost: { fqdn: 'cart.example.com' },
      routes: [{ conditions: [{ header: { name: 'x-a', ...header } }], services: [{ name: 'a', port: 80 }] }],
    });
    const found = [...readHttpProxies([proxy], () => true).values()].flatMap((reading) => reading.rules);
    expect(servedBy(found, request('/', { 'x-a': fitting }))).toBe('a');
    expect(servedBy(found, request('/', { 'x-a': other }))).toBeUndefined();
  });
});

const backends = (...weights: number[]): Backend[] =>
  weights.map((weight, i) => ({ namespace: 'shop', service: `s${i}`, port: 80, weight }));

describe('SmoothSplit', () => {
  it('is exact over each full turn, whatever the weights', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), (weights) => {
        const split = new SmoothSplit();
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const counts = new Map<string | undefined, number>();
        for (let i = 0; i < total * 2; i++) {
          const chosen = split.choose(backends(...weights))?.service;
          counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
        }
        expect(weights.map((_weight, i) => counts.get(`s${i}`) ?? 0)).toEqual(
          weights.map((weight) => weight * 2),
        );
      }),
    );
  });

  it('spreads the smaller share', () => {
    const split = new SmoothSplit();
    const chosen = Array.from({ length: 10 }, () => split.choose(backends(70, 30))?.service);
    expect(chosen.join(' ')).toBe('s0 s1 s0 s0 s0 s1 s0 s0 s1 s0');
  });

  it('chooses nobody where nobody has a weight, and follows new weights at once', () => {
    const split = new SmoothSplit();
    expect(split.choose(backends(0, 0))).toBeUndefined();
    expect(split.choose(backends(100, 0))?.service).toBe('s0');
    expect(split.choose(backends(0, 100))?.service).toBe('s1');
  });
});
