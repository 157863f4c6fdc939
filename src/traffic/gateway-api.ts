// Gateway API: the split is the weights of an HTTPRoute named like the apex. gateway-api/ renders it, reads it and checks
// the spec. One adapter for both served versions, as one stored object is behind them.
import { acceptanceOf } from './gateway-api/acceptance.ts';
import { mergeSpec } from './gateway-api/merge.ts';
import { carriers, normalSpec, weightsOf } from './gateway-api/normal.ts';
import { problemsOf } from './gateway-api/problems.ts';
import { specOf } from './gateway-api/render.ts';
import { routeShape } from './route-shape.ts';
import type { RouterCapabilities, RouteWish, TrafficRouter } from './router.ts';

const capabilities: RouterCapabilities = { weighted: true, match: true, mirror: true, affinity: true };

function gatewayApi(version: 'v1' | 'v1beta1'): TrafficRouter {
  const provider = `gatewayapi:${version}`;
  return {
    provider,
    capabilities,
    route: routeShape({
      resource: {
        group: 'gateway.networking.k8s.io',
        version,
        plural: 'httproutes',
        kind: 'HTTPRoute',
        namespaced: true,
      },
      keys: { rules: ['rules'], backends: 'backendRefs' },
      specOf: version === 'v1' ? specOf : (wish) => specOf(withoutPrimaryCookie(wish)),
      mergeSpec,
      normalSpec,
      weightsOf,
      acceptanceOf,
      carriers,
    }),
    problems: (spec) => problemsOf(spec, provider),
  };
}

/** As with Flagger, `v1beta1` knows the canary's cookie only; problems.ts warns of it. */
function withoutPrimaryCookie({ affinity = {}, ...wish }: RouteWish): RouteWish {
  const { primary: _primary, ...rest } = affinity;
  return { ...wish, affinity: rest };
}

export const gatewayApiV1 = gatewayApi('v1');
export const gatewayApiV1beta1 = gatewayApi('v1beta1');
