// Kuma: the split is the weights of a MeshHTTPRoute named like the apex, or of a TrafficRoute in releases that have no other.
// kuma/ renders them, lays them over, reads and checks them.
import { MESH_ANNOTATION, meshOf } from '../api/defaults.ts';
import { abilityOf, type RouterCapabilities } from './capabilities.ts';
import { mergeSpec } from './kuma/merge.ts';
import { specOf } from './kuma/mesh-http-route.ts';
import { normalSpec, weightsOf } from './kuma/normal.ts';
import { problemsOf } from './kuma/problems.ts';
import { trafficRoute } from './kuma/traffic-route.ts';
import { routeMetadata } from './live.ts';
import { routeShape } from './route-shape.ts';
import { whereOnlyServed, type TrafficRouter } from './router.ts';

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

/** Of releases that have no MeshHTTPRoute. */
const older: TrafficRouter = {
  provider,
  capabilities: { weighted: true, serviceFields: [], acceptance: false },
  route: trafficRoute,
  annotations: [MESH_ANNOTATION],
};

const newer: TrafficRouter = {
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

export const kuma: TrafficRouter = { ...newer, variants: [whereOnlyServed(newer, older)] };
