// Gateway API: the split is the weights of an HTTPRoute named like the apex. gateway-api/ renders it, reads it and checks
// the spec. One adapter for both served versions, as one stored object is behind them.
import { digest } from '../model/hash.ts';
import { objectOf, objectsOf } from '../model/json.ts';
import type { KubeObject, Resource } from '../model/kube.ts';
import { countedMetadata, mergeMetadata } from '../model/metadata.ts';
import { acceptanceOf } from './gateway-api/acceptance.ts';
import { mergeSpec } from './gateway-api/merge.ts';
import { normalSpec, weightsOf } from './gateway-api/normal.ts';
import { problemsOf } from './gateway-api/problems.ts';
import { specOf } from './gateway-api/render.ts';
import { agreedWeights, reweighed, routeMetadata, routeView } from './live.ts';
import type { RouteShape, RouterCapabilities, TrafficRouter } from './router.ts';

const capabilities: RouterCapabilities = { weighted: true, match: true, mirror: false, affinity: false };

function gatewayApi(version: 'v1' | 'v1beta1'): TrafficRouter {
  const provider = `gatewayapi:${version}`;
  return {
    provider,
    capabilities,
    route: httpRoute(version),
    problems: (spec) => problemsOf(spec, provider),
  };
}

function httpRoute(version: string): RouteShape {
  const group = 'gateway.networking.k8s.io';
  const resource: Resource = { group, version, plural: 'httproutes', kind: 'HTTPRoute', namespaced: true };
  return {
    resource,
    render: (wish) => ({
      apiVersion: `${group}/${version}`,
      kind: resource.kind,
      metadata: routeMetadata(wish),
      spec: specOf(wish),
    }),
    merge: (live, wanted) => ({
      ...live,
      metadata: mergeMetadata(live.metadata, wanted.metadata),
      spec: mergeSpec(live, wanted),
    }),
    fingerprint,
    view: (live) =>
      routeView(live, {
        fingerprint: fingerprint(live),
        weights: agreedWeights(rulesOf(live).map(weightsOf), live.metadata.name),
        acceptance: acceptanceOf(live),
      }),
    reweigh: (live, split) => reweighed(live, { rules: 'rules', backends: 'backendRefs' }, split),
  };
}

function fingerprint(route: KubeObject): string {
  return digest({ metadata: countedMetadata(route), spec: normalSpec(route) });
}

function rulesOf(route: KubeObject): ReturnType<typeof objectsOf> {
  return objectsOf(objectOf(route['spec'])['rules']);
}

export const gatewayApiV1 = gatewayApi('v1');
export const gatewayApiV1beta1 = gatewayApi('v1beta1');
