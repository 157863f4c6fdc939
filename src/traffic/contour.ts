// Contour: the split is the weights of an HTTPProxy named like the apex. It has no host: the user's root HTTPProxy
// includes it. contour/ renders it, reads it and checks the spec.
import { digest } from '../model/hash.ts';
import { objectOf, objectsOf } from '../model/json.ts';
import type { KubeObject, Resource } from '../model/kube.ts';
import { countedMetadata, mergeMetadata } from '../model/metadata.ts';
import { acceptanceOf } from './contour/acceptance.ts';
import { mergeSpec } from './contour/merge.ts';
import { normalSpec, weightsOf } from './contour/normal.ts';
import { problemsOf } from './contour/problems.ts';
import { specOf } from './contour/render.ts';
import { agreedWeights, reweighed, routeMetadata, routeView } from './live.ts';
import type { RouteShape, TrafficRouter } from './router.ts';

const resource: Resource = {
  group: 'projectcontour.io',
  version: 'v1',
  plural: 'httpproxies',
  kind: 'HTTPProxy',
  namespaced: true,
};

const httpProxy: RouteShape = {
  resource,
  render: (wish) => ({
    apiVersion: `${resource.group}/${resource.version}`,
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
      weights: agreedWeights(objectsOf(objectOf(live['spec'])['routes']).map(weightsOf), live.metadata.name),
      acceptance: acceptanceOf(live),
    }),
  reweigh: (live, split) => reweighed(live, { rules: 'routes', backends: 'services' }, split),
};

function fingerprint(proxy: KubeObject): string {
  return digest({ metadata: countedMetadata(proxy), spec: normalSpec(proxy) });
}

export const contour: TrafficRouter = {
  provider: 'contour',
  capabilities: { weighted: true, match: true, mirror: false, affinity: false },
  route: httpProxy,
  problems: problemsOf,
};
