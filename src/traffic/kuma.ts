// Kuma: the split is the weights of a MeshHTTPRoute named like the apex. kuma/ renders it, lays it over, reads and checks it.
import { MESH_ANNOTATION, meshOf } from '../api/defaults.ts';
import { abilityOf, type RouterCapabilities } from './capabilities.ts';
import { mergeSpec } from './kuma/merge.ts';
import { specOf } from './kuma/mesh-http-route.ts';
import { normalSpec, weightsOf } from './kuma/normal.ts';
import { problemsOf } from './kuma/problems.ts';
import { routeMetadata } from './live.ts';
import { routeShape } from './route-shape.ts';
import type { TrafficRouter } from './router.ts';

const provider = 'kuma';
const match = {
  headers: ['exact', 'prefix', 'regex', 'present'],
  queryParams: ['exact', 'regex'],
} as const;

const capabilities: RouterCapabilities = {
  weighted: true,
  match,
  mirror: 'percent',
  serviceFields: ['match', 'rewrite', 'headers'],
  acceptance: false,
};

export const kuma: TrafficRouter = {
  provider,
  capabilities,
  route: routeShape({
    resource: {
      group: 'kuma.io',
      version: 'v1alpha1',
      plural: 'meshhttproutes',
      kind: 'MeshHTTPRoute',
      namespaced: true,
    },
    keys: { rules: ['to.rules'], backends: 'default.backendRefs' },
    specOf,
    metadataOf: (wish) => routeMetadata(wish, { labels: { [MESH_ANNOTATION]: meshOf(wish.annotations) } }),
    mergeSpec,
    normalSpec,
    weightsOf,
    // It has no status at all.
    acceptanceOf: () => ({ state: 'unknown', message: '' }),
  }),
  annotations: [MESH_ANNOTATION],
  problems: (spec) => problemsOf(spec, abilityOf(provider, match)),
};
