// Gloo: the split is the weights of a RouteTable named like the apex, to which the user's VirtualService delegates, between
// two Upstreams. gloo/ renders, lays over and reads them. Neither kind has a status subresource: whoever writes a whole
// object takes its status away, so patches alone must change them.
import type { RouterCapabilities } from './capabilities.ts';
import { acceptanceOf } from './gloo/acceptance.ts';
import { mergeSpec } from './gloo/merge.ts';
import { normalSpec, serviceKey, weightsOf } from './gloo/normal.ts';
import { specOf } from './gloo/render.ts';
import { upstreams, upstreamSource } from './gloo/upstreams.ts';
import { routeShape } from './route-shape.ts';
import type { TrafficRouter } from './router.ts';

const capabilities: RouterCapabilities = {
  weighted: true,
  match: {
    headers: ['exact', 'prefix', 'suffix', 'regex', 'present'],
    queryParams: ['exact', 'prefix', 'regex', 'present'],
  },
  serviceFields: [],
  acceptance: true,
};

const plain: TrafficRouter = {
  provider: 'gloo',
  capabilities,
  route: routeShape({
    resource: {
      group: 'gateway.solo.io',
      version: 'v1',
      plural: 'routetables',
      kind: 'RouteTable',
      namespaced: true,
    },
    keys: { rules: ['routes'], backends: 'routeAction.multi.destinations', service: serviceKey },
    specOf,
    mergeSpec,
    normalSpec,
    weightsOf,
    acceptanceOf,
  }),
  companions: [upstreams],
};

export const gloo: TrafficRouter = {
  ...plain,
  variants: [
    {
      where: 'where `spec.upstreamRef` is set',
      applies: ({ upstreamRef }) => upstreamRef !== undefined,
      router: { ...plain, source: upstreamSource },
    },
  ],
};
