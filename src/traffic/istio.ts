// Istio: the split is the weights of a VirtualService named like the apex; a DestinationRule for each side carries the
// traffic policy. istio/ renders, lays over, reads and checks them. v1beta1 is served by every release.
import type { Resource } from '../model/kube.ts';
import { acceptanceOf } from './istio/acceptance.ts';
import { destinationRules } from './istio/destination-rules.ts';
import { mergeSpec } from './istio/merge.ts';
import { normalSpec, serviceKey, weightsOf } from './istio/normal.ts';
import { problemsOf } from './istio/problems.ts';
import { specOf } from './istio/render.ts';
import { routeShape } from './route-shape.ts';
import type { TrafficRouter } from './router.ts';

const resource: Resource = {
  group: 'networking.istio.io',
  version: 'v1beta1',
  plural: 'virtualservices',
  kind: 'VirtualService',
  namespaced: true,
};

export const istio: TrafficRouter = {
  provider: 'istio',
  capabilities: { weighted: true, match: true, mirror: true, affinity: true },
  route: routeShape({
    resource,
    keys: { rules: ['http', 'tcp'], backends: 'route', service: serviceKey },
    specOf,
    mergeSpec,
    normalSpec,
    weightsOf,
    acceptanceOf,
  }),
  companions: [destinationRules],
  problems: problemsOf,
};
