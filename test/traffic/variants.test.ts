// Routers that take the place of another one, by what the spec or the cluster says.
import { describe, expect, it } from '@jest/globals';
import type { Presence, Resource } from '../../src/model/kube.ts';
import { allRouters, routerOf } from '../../src/traffic/routers.ts';
import { specOf } from './wish.ts';

function versionOf(provider: string, said: Readonly<Record<string, Presence>>): string | undefined {
  const presenceOf = ({ version }: Resource): Presence => said[version] ?? 'missing';
  return routerOf(specOf({ provider }), provider, presenceOf)?.route?.resource.version;
}

describe('a router for what the cluster serves', () => {
  it.each<[string, Readonly<Record<string, Presence>>, string]>([
    ['istio', { v1: 'served', v1beta1: 'served' }, 'v1'],
    ['istio', { v1beta1: 'served' }, 'v1beta1'],
    ['istio', { v1: 'unknown', v1beta1: 'served' }, 'v1'],
    ['istio', {}, 'v1'],
    ['gatewayapi:v1', { v1beta1: 'served' }, 'v1beta1'],
    ['gatewayapi:v1beta1', { v1: 'served' }, 'v1'],
    ['gatewayapi:v1beta1', { v1: 'served', v1beta1: 'served' }, 'v1beta1'],
    ['gatewayapi:v1:grpc', {}, 'v1'],
    ['smi:v1alpha1', { v1alpha1: 'served', v1alpha2: 'served' }, 'v1alpha1'],
    ['smi:v1alpha1', { v1alpha2: 'served' }, 'v1alpha2'],
    ['linkerd', { v1alpha3: 'served' }, 'v1alpha3'],
    ['osm', { v1alpha4: 'served' }, 'v1alpha4'],
    ['gatewayapi:v1:tls', { v1: 'served', v1alpha2: 'served', v1alpha3: 'served' }, 'v1'],
    ['gatewayapi:v1:tls', { v1alpha2: 'served', v1alpha3: 'served' }, 'v1alpha3'],
    ['gatewayapi:v1:tls', { v1alpha2: 'served' }, 'v1alpha2'],
    ['gatewayapi:v1:tcp', { v1alpha2: 'served' }, 'v1alpha2'],
    ['gatewayapi:v1:udp', { v1alpha2: 'served' }, 'v1alpha2'],
  ])('%s with %j writes %s', (provider, said, version) => {
    expect(versionOf(provider, said)).toBe(version);
  });

  it('has the capabilities of its kind of traffic', () => {
    const tcp = specOf({ provider: 'istio', service: { appProtocol: 'TCP' } });
    expect(routerOf(tcp, 'istio')?.capabilities.tcp).toBe(true);
    expect(routerOf(tcp, 'istio')?.capabilities.match).toBeUndefined();
    expect(routerOf(specOf({ provider: 'istio' }), 'istio')?.capabilities.match).toBeDefined();
  });

  it('is watched for, whichever it is', () => {
    const versions = allRouters.flatMap(({ provider, route }) =>
      provider === 'istio' && route !== undefined ? [route.resource.version] : [],
    );
    expect(new Set(versions)).toEqual(new Set(['v1', 'v1beta1']));
  });
});
