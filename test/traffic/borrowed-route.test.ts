import { describe, expect, it } from '@jest/globals';
import type { CanarySpec } from '../../src/api/canary.ts';
import type { KubeObject, Presence, Resource } from '../../src/model/kube.ts';
import { viewFor, type TrafficRouter } from '../../src/traffic/router.ts';
import { routeKindsOf, routeProviders } from '../../src/api/provider.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { allRouters, routerOf } from '../../src/traffic/routers.ts';
import { serviceKey } from '../../src/traffic/istio/normal.ts';
import { itBorrows, type BorrowedExample } from '../contract/borrowed-route.ts';
import { routeOf, specOf, wishOf } from './wish.ts';

const gatewayApi: Omit<BorrowedExample, 'provider' | 'kind'> = {
  golden: 'gateway-api-borrowed',
  keys: { rules: ['rules'], backends: 'backendRefs' },
  backend: (name) => ({ name, port: 80 }),
  rule: (index) => ({ name: `rule-${index}`, filters: [{ type: 'ExtensionRef' }] }),
  spec: (rules) => ({ parentRefs: [{ name: 'public', namespace: 'edge' }], rules }),
};

itBorrows({ ...gatewayApi, provider: 'gatewayapi:v1', kind: 'HTTPRoute' });
itBorrows({
  ...gatewayApi,
  provider: 'gatewayapi:v1:grpc',
  kind: 'GRPCRoute',
  golden: 'grpc-route-borrowed',
});

itBorrows({
  provider: 'istio',
  kind: 'VirtualService',
  golden: 'istio-borrowed',
  keys: { rules: ['http'], backends: 'route', service: serviceKey },
  backend: (name) => ({ destination: { host: `${name}.shop.svc.cluster.local`, port: { number: 80 } } }),
  rule: (index) => ({ name: `rule-${index}`, fault: { delay: { fixedDelay: '1s' } } }),
  spec: (rules) => ({ hosts: ['shop.example.com'], http: rules, exportTo: ['.'] }),
});
itBorrows({
  provider: 'contour',
  kind: 'HTTPProxy',
  golden: 'contour-borrowed',
  keys: { rules: ['routes'], backends: 'services' },
  backend: (name) => ({ name, port: 80 }),
  rule: (index) => ({ conditions: [{ prefix: `/${index}` }], rateLimitPolicy: { local: { requests: 1 } } }),
  spec: (rules) => ({ virtualhost: { fqdn: 'shop.example.com' }, routes: rules }),
});
itBorrows({
  provider: 'traefik',
  kind: 'IngressRoute',
  golden: 'ingress-route-borrowed',
  keys: { rules: ['routes'], backends: 'services' },
  backend: (name) => ({ name, port: 80 }),
  rule: (index) => ({ kind: 'Rule', match: `PathPrefix(\`/${index}\`)`, middlewares: [{ name: 'limit' }] }),
  spec: (rules) => ({ entryPoints: ['web'], routes: rules }),
  namesOnlyUsed: true,
});
itBorrows({
  provider: 'traefik',
  kind: 'TraefikService',
  golden: 'traefik-service-borrowed',
  keys: { rules: ['weighted'], backends: 'services' },
  backend: (name) => ({ name, namespace: 'shop', port: 80 }),
  rule: () => ({ sticky: { cookie: { name: 'at' } } }),
  spec: ([rule = {}]) => ({ weighted: rule }),
  single: true,
  namesOnlyUsed: true,
});

const storefront = (kind: string): CanarySpec =>
  specOf({ routeRef: { apiVersion: 'x/v1', kind, name: 'storefront' } });

function routerFor(
  provider: string,
  kind: string,
  presenceOf?: (resource: Resource) => Presence,
): TrafficRouter | undefined {
  return routerOf(storefront(kind), provider, presenceOf);
}

function httpRouteTo(backend: object): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'storefront', namespace: 'shop' },
    spec: { rules: [{ backendRefs: [backend] }] },
  };
}

function virtualServiceTo(destination: object, http = 'http'): KubeObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'storefront', namespace: 'shop' },
    spec: { [http]: [{ route: [{ destination }] }] },
  };
}

function proxyTo(services: readonly object[], more: object = {}): KubeObject {
  return {
    apiVersion: 'projectcontour.io/v1',
    kind: 'HTTPProxy',
    metadata: { name: 'storefront', namespace: 'shop' },
    spec: { routes: [{ services }], ...more },
  };
}

describe('a backend of a route of Gateway API', () => {
  const shape = routeOf(routerFor('gatewayapi:v1', 'HTTPRoute'));

  it.each([
    [{ name: 'cart' }, true],
    [{ name: 'cart', group: '', kind: 'Service', namespace: 'shop' }, true],
    [{ name: 'cart', namespace: 'north' }, false],
    [{ name: 'cart', kind: 'ServiceImport', group: 'multicluster.x-k8s.io' }, false],
    [{ name: 'cart', weight: 0 }, false],
  ])('%j leads to the Service cart of this namespace: %p', (backend, leads) => {
    expect(shape.view(httpRouteTo(backend)).shared?.has('cart')).toBe(leads);
  });

  it('may be called like anything that objects have', () => {
    const readings = shape.view(httpRouteTo({ name: 'constructor' })).shared;
    expect([...(readings?.keys() ?? [])]).toEqual(['constructor']);
    expect(shape.view(httpRouteTo({ name: 'cart' })).shared?.get('constructor')).toBeUndefined();
  });
});

describe('a destination of a VirtualService', () => {
  const shape = routeOf(routerFor('istio', 'VirtualService'));
  it.each([
    ['cart', true],
    ['cart.shop', true],
    ['cart.shop.svc', true],
    ['cart.shop.svc.cluster.local', true],
    ['cart.north.svc.cluster.local', false],
    ['cart.example.com', false],
    ['', false],
  ])('%j is the Service cart of this namespace: %p', (host, leads) => {
    expect(shape.view(virtualServiceTo({ host })).shared?.has('cart')).toBe(leads);
  });

  it.each(['http', 'tcp', 'tls'])('is moved in %s', (protocol) => {
    const wanted = shape.render(wishOf(storefront('VirtualService'), { split: splitToward(30) }));
    expect(shape.merge(virtualServiceTo({ host: 'cart.shop' }, protocol), wanted)['spec']).toEqual({
      [protocol]: [
        {
          route: [
            { destination: { host: 'cart-primary.shop' }, weight: 70 },
            { destination: { host: 'cart-canary.shop' }, weight: 30 },
          ],
        },
      ],
    });
  });

  it('is refused where it names a subset, which primary and canary do not have', () => {
    const view = viewFor(shape.view(virtualServiceTo({ host: 'cart', subset: 'v1' })), 'cart');
    expect(shape.problems?.(storefront('VirtualService'), view)).toMatchObject([
      { severity: 'error', message: expect.stringContaining('sends to subset v1 of cart') },
    ]);
  });

  it('has its policy from the Canary', () => {
    const router = routerFor('istio', 'VirtualService');
    const policy = { trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } };
    const spec = specOf({ service: policy, routeRef: { apiVersion: '', kind: 'VirtualService', name: 'x' } });
    expect(router && routerProblems(router, spec)).toEqual([]);
    expect(router?.companions?.flatMap((one) => one.render(wishOf(spec)))).toMatchObject([
      { kind: 'DestinationRule', spec: { host: 'cart-canary', ...policy } },
      { kind: 'DestinationRule', spec: { host: 'cart-primary', ...policy } },
    ]);
  });
});

describe('a Service of an HTTPProxy', () => {
  const shape = routeOf(routerFor('contour', 'HTTPProxy'));
  it.each<[string, readonly object[], boolean]>([
    ['alone', [{ name: 'cart' }], true],
    ['that gets copies', [{ name: 'home' }, { name: 'cart', mirror: true }], false],
    ['beside others, all without weights', [{ name: 'home' }, { name: 'cart' }], true],
    ['without a weight where another has one', [{ name: 'home', weight: 1 }, { name: 'cart' }], false],
  ])('%s', (_title, services, leads) => {
    expect(shape.view(proxyTo(services)).shared?.has('cart')).toBe(leads);
  });

  it('gets connections by weight as well', () => {
    const live = proxyTo([{ name: 'home' }], { tcpproxy: { services: [{ name: 'cart', port: 80 }] } });
    const wanted = shape.render(wishOf(storefront('HTTPProxy'), { split: splitToward(30) }));
    expect(shape.merge(live, wanted)['spec']).toMatchObject({
      routes: [{ services: [{ name: 'home' }] }],
      tcpproxy: {
        services: [
          { name: 'cart-primary', weight: 70 },
          { name: 'cart-canary', weight: 30 },
        ],
      },
    });
  });
});

/** As a cluster of long ago. */
function olderOnly({ version }: Resource): Presence {
  return version === 'v1' || version === 'v1alpha3' ? 'missing' : 'served';
}

describe('a router for the route that a Canary names', () => {
  it.each([
    ['gatewayapi:v1', 'HTTPRoute', 'httproutes'],
    ['gatewayapi:v1beta1', 'HTTPRoute', 'httproutes'],
    ['gatewayapi:v1:grpc', 'GRPCRoute', 'grpcroutes'],
    ['gatewayapi:v1:tls', 'TLSRoute', 'tlsroutes'],
    ['gatewayapi:v1:tcp', 'TCPRoute', 'tcproutes'],
    ['gatewayapi:v1:udp', 'UDPRoute', 'udproutes'],
    ['istio', 'VirtualService', 'virtualservices'],
    ['contour', 'HTTPProxy', 'httpproxies'],
    ['traefik', 'IngressRoute', 'ingressroutes'],
    ['traefik', 'TraefikService', 'traefikservices'],
  ])('%s, %s', (provider, kind, plural) => {
    const router = routerFor(provider, kind);
    expect(router).toMatchObject({ provider, borrows: kind, route: { resource: { plural } } });
    expect(router?.route?.nameOf?.(storefront(kind))).toBe('storefront');
  });

  it.each([
    ['gatewayapi:v1', 'HTTPRoute', 'v1beta1'],
    ['gatewayapi:v1:tls', 'TLSRoute', 'v1alpha2'],
    ['gatewayapi:v1:tcp', 'TCPRoute', 'v1alpha2'],
    ['istio', 'VirtualService', 'v1beta1'],
  ])('%s, %s of a cluster that serves nothing newer than %s', (provider, kind, version) => {
    expect(routerFor(provider, kind, olderOnly)?.route?.resource.version).toBe(version);
  });

  it('is the usual one where the kind is not one of its provider', () => {
    expect(routerFor('gatewayapi:v1', 'ApisixRoute')?.borrows).toBeUndefined();
    expect(routerFor('contour', 'HTTPRoute')?.borrows).toBeUndefined();
  });

  it('is there for every kind that a Canary may name and for no other', () => {
    // AWS has an Ingress, which a reference of its own names.
    const named = allRouters.filter(({ borrows }) => borrows !== undefined && borrows !== 'Ingress');
    const known = named.flatMap(({ borrows }) => borrows ?? []);
    const kinds = Object.keys(routeProviders).filter((kind) => kind !== 'ApisixRoute');
    expect([...new Set(known)].toSorted()).toEqual(kinds.toSorted());
    for (const { borrows = '', provider } of named) {
      expect(routeKindsOf(provider)).toContain(borrows);
    }
  });
});
