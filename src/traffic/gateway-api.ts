// Gateway API: the split is the weights of an HTTPRoute named like the apex. gateway-api/ renders it, reads it and checks
// the spec. One adapter for both served versions, as one stored object is behind them.
import { abilityOf, type RouterCapabilities } from './capabilities.ts';
import { acceptanceOf } from './gateway-api/acceptance.ts';
import { mergeSpec } from './gateway-api/merge.ts';
import { carriers, normalSpec, weightsOf } from './gateway-api/normal.ts';
import { problemsOf } from './gateway-api/problems.ts';
import { specOf } from './gateway-api/render.ts';
import { routeShape } from './route-shape.ts';
import { whereOnlyServed, type RouteWish, type TrafficRouter } from './router.ts';

/** Headers and query parameters alike: what is implementation-specific, as expressions are, counts as expressible. */
const matchers = ['exact', 'regex'] as const;

const capabilities: RouterCapabilities = {
  weighted: true,
  match: { headers: matchers, queryParams: matchers },
  mirror: 'percent',
  affinity: 'both',
  serviceFields: [
    'timeout',
    'backendTimeout',
    'gatewayRefs',
    'hosts',
    'match',
    'rewrite',
    'headers',
    'mirror',
    'corsPolicy',
  ],
  acceptance: true,
};

function gatewayApi(version: 'v1' | 'v1beta1'): TrafficRouter {
  const provider = `gatewayapi:${version}`;
  const ability = abilityOf(provider, { headers: matchers, queryParams: matchers });
  return {
    provider,
    capabilities: version === 'v1' ? capabilities : { ...capabilities, affinity: 'canary' },
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
    problems: (spec) => problemsOf(spec, ability),
  };
}

/** As with Flagger, `v1beta1` knows the canary's cookie only; problems.ts warns of it. */
function withoutPrimaryCookie({ affinity = {}, ...wish }: RouteWish): RouteWish {
  const { primary: _primary, ...rest } = affinity;
  return { ...wish, affinity: rest };
}

const newer = gatewayApi('v1');
const older = gatewayApi('v1beta1');

// The same stored objects under both versions: a cluster that serves one of them is enough.
export const gatewayApiV1: TrafficRouter = { ...newer, variants: [whereOnlyServed(newer, older)] };
export const gatewayApiV1beta1: TrafficRouter = { ...older, variants: [whereOnlyServed(older, newer)] };
