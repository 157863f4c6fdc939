import { describe, expect, it } from '@jest/globals';
import type { CanarySpec } from '../../src/api/canary.ts';
import type { KubeObject, Presence, Resource } from '../../src/model/kube.ts';
import type { TrafficRouter } from '../../src/traffic/router.ts';
import { routerOf } from '../../src/traffic/routers.ts';
import { itBorrows, type BorrowedExample } from '../contract/borrowed-route.ts';
import { routeOf, specOf } from './wish.ts';

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
  ])('%s, %s', (provider, kind, plural) => {
    const router = routerFor(provider, kind);
    expect(router).toMatchObject({ provider, borrows: kind, route: { resource: { plural, version: 'v1' } } });
    expect(router?.route?.nameOf?.(storefront(kind))).toBe('storefront');
  });

  it.each([
    ['gatewayapi:v1', 'HTTPRoute', 'v1beta1'],
    ['gatewayapi:v1:tls', 'TLSRoute', 'v1alpha2'],
    ['gatewayapi:v1:tcp', 'TCPRoute', 'v1alpha2'],
  ])('%s, %s of a cluster that serves nothing newer than %s', (provider, kind, version) => {
    expect(routerFor(provider, kind, olderOnly)?.route?.resource.version).toBe(version);
  });

  it('is the usual one where the kind is not one of its provider', () => {
    expect(routerFor('gatewayapi:v1', 'ApisixRoute')?.borrows).toBeUndefined();
    expect(routerFor('contour', 'HTTPRoute')?.borrows).toBeUndefined();
  });
});
