// The kinds of route beside HTTPRoute: what is special about each.
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { objectOf, objectsOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import {
  gatewayApiGrpc,
  gatewayApiTcp,
  gatewayApiTls,
  gatewayApiUdp,
} from '../../src/traffic/gateway-api.ts';
import type { TrafficRouter } from '../../src/traffic/router.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const refs = { gatewayRefs: [{ name: 'public' }] };

interface Parts {
  readonly service?: object;
  readonly analysis?: object;
}

function render(router: TrafficRouter, { service = {}, analysis = {} }: Parts = {}): KubeObject {
  const spec = specOf({ provider: router.provider, service: { ...refs, ...service }, analysis });
  return frozen(routeOf(router).render(wishOf(spec)));
}

function found(router: TrafficRouter, { service = {}, analysis = {} }: Parts): string[] {
  const spec = specOf({ provider: router.provider, service: { ...refs, ...service }, analysis });
  return routerProblems(router, spec).map(
    ({ severity, reason, field }) => `${severity} ${reason} ${field.replace('spec.', '')}`,
  );
}

function matchesOf(route: KubeObject): unknown[] {
  return objectsOf(objectOf(route['spec'])['rules']).map(({ matches }) => matches);
}

const ab = { match: [{ headers: { 'x-cohort': { exact: 'beta' } } }], iterations: 5 };

describe('a GRPCRoute', () => {
  it.each<[string, object, unknown]>([
    [
      'a method',
      { exact: '/shop.Cart/Get' },
      [{ method: { type: 'Exact', service: 'shop.Cart', method: 'Get' } }],
    ],
    ['a service', { prefix: '/shop.Cart/' }, [{ method: { type: 'Exact', service: 'shop.Cart' } }]],
    ['a service without slash', { prefix: '/Cart' }, [{ method: { type: 'Exact', service: 'Cart' } }]],
    ['every call', { prefix: '/' }, undefined],
    ['every call in no words', {}, undefined],
  ])('takes %s', (_what, uri, matches) => {
    expect(matchesOf(render(gatewayApiGrpc, { service: { match: [{ uri }] } }))).toEqual([matches]);
    expect(found(gatewayApiGrpc, { service: { match: [{ uri }] } })).toEqual([]);
  });

  it('takes every call where one of several matches does', () => {
    const match = [{ uri: { prefix: '/shop.Cart/' } }, {}];
    expect(matchesOf(render(gatewayApiGrpc, { service: { match } }))).toEqual([undefined]);
  });

  it.each<[string, object]>([
    ['a part of a path', { prefix: '/shop.Cart/Get' }],
    ['a path of three parts', { exact: '/a/b/c' }],
    ['a service as a whole path', { exact: '/shop.Cart' }],
    ['an expression', { regex: '/shop[.].*' }],
    ['what is no name', { exact: '/shop-cart/Get' }],
    ['a name that is too long', { prefix: `/${'a'.repeat(1025)}/` }],
  ])('does not take %s for more than it says', (_what, uri) => {
    expect(found(gatewayApiGrpc, { service: { match: [{ uri }] } })).toEqual([
      'error UnsupportedMatch service.match[0].uri',
    ]);
    expect(matchesOf(render(gatewayApiGrpc, { service: { match: [{ uri }] } }))).toEqual([]);
  });

  it.each<[string, Parts, string[]]>([
    [
      'query parameters of the service',
      { service: { match: [{ queryParams: { a: { exact: '1' } } }] } },
      ['error UnsupportedMatch service.match[0].queryParams.a'],
    ],
    [
      'query parameters of the analysis',
      { analysis: { match: [{ queryParams: { a: { exact: '1' } } }], iterations: 5 } },
      ['error UnsupportedMatch analysis.match[0].queryParams.a'],
    ],
    [
      'a header by prefix',
      { analysis: { match: [{ headers: { a: { prefix: '1' } } }], iterations: 5 } },
      ['error UnsupportedMatch analysis.match[0].headers.a'],
    ],
    [
      'an empty value',
      { analysis: { match: [{ headers: { a: { exact: '' } } }], iterations: 5 } },
      ['error InvalidSpec analysis.match[0].headers.a'],
    ],
    [
      'a method of HTTP',
      { service: { match: [{ method: { exact: 'POST' } }] } },
      ['warning IgnoredField service.match[0].method'],
    ],
    ['no parents', { service: { gatewayRefs: [] } }, ['error MissingReference service.gatewayRefs']],
    ['every host', { service: { hosts: ['*'] } }, ['error InvalidSpec service.hosts[0]']],
    [
      'an empty header',
      { service: { headers: { request: { set: { a: '' } } } } },
      ['error InvalidSpec service.headers.request.set.a'],
    ],
    [
      'a mirror to nowhere',
      { service: { mirror: [{}] } },
      ['error InvalidSpec service.mirror[0].backendRef'],
    ],
    [
      'more matches than a rule may have',
      { service: { match: Array.from({ length: 65 }, (_, index) => ({ uri: { exact: `/a/b${index}` } })) } },
      ['error InvalidSpec service.match'],
    ],
  ])('says what is wrong with %s', (_what, parts, expected) => {
    expect(found(gatewayApiGrpc, parts)).toEqual(expected);
  });

  it('has headers and mirrors, and neither rewrites nor answers to browsers', () => {
    const service = {
      headers: { request: { add: { 'x-shop': 'cart' } }, response: { remove: ['server'] } },
      mirror: [{ backendRef: { name: 'audit', port: 81 } }],
      rewrite: { uri: '/' },
      corsPolicy: { allowOrigin: ['*'] },
      timeout: '1s',
    };
    const [rule = {}] = objectsOf(objectOf(render(gatewayApiGrpc, { service })['spec'])['rules']);
    expect(rule).toEqual({
      filters: parse(`
        - { type: RequestHeaderModifier, requestHeaderModifier: { add: [{ name: x-shop, value: cart }] } }
        - { type: ResponseHeaderModifier, responseHeaderModifier: { remove: [server] } }
        - { type: RequestMirror, requestMirror: { backendRef: { group: '', kind: Service, name: audit, port: 81 } } }
      `),
      backendRefs: rule['backendRefs'],
    });
    expect(found(gatewayApiGrpc, { service })).toEqual(
      ['timeout', 'rewrite', 'corsPolicy'].map((name) => `warning IgnoredField service.${name}`),
    );
  });

  it('is the same with and without what the API fills in', () => {
    const sent = render(gatewayApiGrpc, { service: { match: [{ uri: { exact: '/shop.Cart/Get' } }] } });
    const bare: KubeObject = {
      ...sent,
      spec: parse(`
        parentRefs: [{ name: public, namespace: shop }]
        rules:
          - matches: [{ method: { service: shop.Cart, method: Get } }]
            backendRefs: [{ name: cart-primary, port: 80 }, { name: cart-canary, port: 80 }]
      `),
    };
    const shape = routeOf(gatewayApiGrpc);
    expect(shape.fingerprint(bare)).toBe(shape.fingerprint(sent));
    const other = render(gatewayApiGrpc, { service: { match: [{ uri: { exact: '/shop.Cart/Put' } }] } });
    expect(shape.fingerprint(other)).not.toBe(shape.fingerprint(sent));
  });
});

describe.each([
  ['a TLSRoute', gatewayApiTls, { hosts: ['cart.example.com'] }],
  ['a TCPRoute', gatewayApiTcp, {}],
  ['a UDPRoute', gatewayApiUdp, {}],
])('%s', (_kind, router, service) => {
  it('is refused for what changes who sees the canary, and warned of what else it cannot say', () => {
    expect(found(router, { service, analysis: ab })).toEqual(['error UnsupportedMatch analysis.match']);
    expect(found(router, { service, analysis: { sessionAffinity: { cookieName: 'cart' } } })).toEqual([
      'error UnsupportedAffinity analysis.sessionAffinity',
    ]);
    expect(found(router, { service, analysis: { mirror: true } })).toEqual([
      'warning IgnoredField analysis.mirror',
    ]);
    expect(found(router, { service: { ...service, match: [{ uri: { prefix: '/' } }] } })).toEqual([
      'warning IgnoredField service.match',
    ]);
    expect(found(router, { service: { ...service, gatewayRefs: [] } })).toEqual([
      'error MissingReference service.gatewayRefs',
    ]);
  });

  it('has exactly one rule, also where somebody wrote others', () => {
    const wanted = render(router, { service });
    const [ours = {}] = objectsOf(objectOf(wanted['spec'])['rules']);
    const live: KubeObject = {
      ...wanted,
      spec: {
        useDefaultGateways: 'None',
        rules: [
          { name: 'old', backendRefs: [{ name: 'elsewhere', port: 80 }] },
          { name: 'main', backendRefs: [{ name: 'cart', port: 80 }] },
          { name: 'more', backendRefs: [{ name: 'cart', port: 80 }] },
        ],
      },
    };
    const shape = routeOf(router);
    const merged = shape.merge(live, wanted);
    expect(merged['spec']).toEqual({
      ...objectOf(wanted['spec']),
      useDefaultGateways: 'None',
      rules: [{ name: 'main', ...ours }],
    });
    expect(shape.fingerprint(live)).not.toBe(shape.fingerprint(wanted));
    expect(shape.fingerprint(merged)).toBe(shape.fingerprint(wanted));
  });
});

describe('the names of servers of a TLSRoute', () => {
  const hosts = 'error InvalidSpec service.hosts';

  it.each<[string, readonly string[] | undefined, string[]]>([
    ['are missing', undefined, [hosts]],
    ['are none', [], [hosts]],
    ['have an address', ['10.0.0.1'], [`${hosts}[0]`]],
    ['have upper case', ['a.example.com', 'B.example.com'], [`${hosts}[1]`]],
    ['are everything', ['*'], [`${hosts}[0]`]],
    ['have a wildcard', ['*.example.com'], []],
    ['are many', Array.from({ length: 1024 }, (_, index) => `a${index}.example.com`), []],
    ['are too many', Array.from({ length: 1025 }, (_, index) => `a${index}.example.com`), [hosts]],
  ])('%s', (_what, names, expected) => {
    expect(found(gatewayApiTls, { service: names === undefined ? {} : { hosts: names } })).toEqual(expected);
  });

  it('are ignored by kinds that see none', () => {
    expect(found(gatewayApiTcp, { service: { hosts: ['cart.example.com'] } })).toEqual([
      'warning IgnoredField service.hosts',
    ]);
    expect(objectOf(render(gatewayApiTcp, { service: { hosts: ['a.b'] } })['spec'])['hostnames']).toBe(
      undefined,
    );
  });
});
