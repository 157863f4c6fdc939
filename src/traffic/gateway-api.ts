// Gateway API: the split is the weights of a route named like the apex: an HTTPRoute, or the kind that the provider's name
// ends in. gateway-api/ renders them, reads them and checks the spec.
import type { Resource } from '../model/kube.ts';
import { abilityOf, type RouterCapabilities } from './capabilities.ts';
import { acceptanceOf } from './gateway-api/acceptance.ts';
import { whereBorrowed } from './gateway-api/borrowed.ts';
import { httpFeatures } from './gateway-api/features.ts';
import { grpcProblems, grpcSpecOf } from './gateway-api/grpc.ts';
import { mergeOnlyRule, mergeSpec } from './gateway-api/merge.ts';
import { carriers, normalSpec, weightsOf } from './gateway-api/normal.ts';
import { problemsOf } from './gateway-api/problems.ts';
import { retryingSpecOf, specOf } from './gateway-api/render.ts';
import { retryFeatures, retryField, retryFields, retryProblems } from './gateway-api/retry.ts';
import { routeResource, routeVersions, ruleKeys } from './gateway-api/route-kinds.ts';
import { streamProblems, streamSpecOf, tlsProblems } from './gateway-api/stream.ts';
import { routeMetadata } from './live.ts';
import { routeShape, type RouteParts } from './route-shape.ts';
import { whereAdded, whereOnlyServed, type RouteShape, type TrafficRouter } from './router.ts';

/** Headers and query parameters alike: what is implementation-specific, as expressions are, counts as expressible. */
const matchers = ['exact', 'regex'] as const;

const capabilities: RouterCapabilities = {
  weighted: true,
  match: { headers: matchers, queryParams: matchers },
  mirror: 'percent',
  affinity: true,
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

/** What all kinds of route have in common: their rules are read alike, and what a kind lacks is never there. */
function routeOf(resource: Resource, parts: Pick<RouteParts, 'specOf'> & Partial<RouteParts>): RouteShape {
  return routeShape({
    resource,
    keys: ruleKeys,
    mergeSpec,
    normalSpec,
    weightsOf,
    acceptanceOf,
    ...parts,
  });
}

function http(version: 'v1' | 'v1beta1'): TrafficRouter {
  const provider = `gatewayapi:${version}`;
  const ability = abilityOf(provider, { headers: matchers, queryParams: matchers });
  const resource = routeResource('HTTPRoute', version);
  const standard: TrafficRouter = {
    provider,
    capabilities,
    route: routeOf(resource, { specOf, carriers }),
    problems: (spec) => problemsOf(spec, ability),
    features: httpFeatures,
  };
  const retrying: TrafficRouter = {
    provider,
    capabilities: { ...capabilities, serviceFields: [...capabilities.serviceFields, 'retries'] },
    route: routeOf(resource, {
      specOf: retryingSpecOf,
      carriers,
      metadataOf: (wish) => routeMetadata(wish, { fields: retryFields(wish) }),
    }),
    problems: (spec) => [...problemsOf(spec, ability), ...retryProblems(spec, provider)],
    features: (spec) => [...httpFeatures(spec), ...retryFeatures(spec)],
  };
  return { ...standard, variants: [whereAdded(retryField, 'of the experimental channel', retrying)] };
}

const newer = http('v1');
const older = http('v1beta1');

// The same stored objects under both versions: a cluster that serves one of them is enough.
export const gatewayApiV1: TrafficRouter = {
  ...newer,
  variants: [
    whereBorrowed(newer.provider, 'HTTPRoute'),
    whereOnlyServed(newer, older),
    ...(newer.variants ?? []),
  ],
};
export const gatewayApiV1beta1: TrafficRouter = {
  ...older,
  variants: [
    whereBorrowed(older.provider, 'HTTPRoute'),
    whereOnlyServed(older, newer),
    ...(older.variants ?? []),
  ],
};

const grpcMatch = { headers: matchers, queryParams: [] };
const grpcProvider = 'gatewayapi:v1:grpc';

export const gatewayApiGrpc: TrafficRouter = {
  provider: grpcProvider,
  capabilities: {
    weighted: true,
    match: grpcMatch,
    mirror: 'percent',
    serviceFields: ['gatewayRefs', 'hosts', 'match', 'headers', 'mirror'],
    acceptance: true,
  },
  route: routeOf(routeResource('GRPCRoute', 'v1'), { specOf: grpcSpecOf }),
  problems: (spec) => grpcProblems(spec, abilityOf(grpcProvider, grpcMatch)),
  variants: [whereBorrowed(grpcProvider, 'GRPCRoute')],
  features: () => [],
};

/** The kinds that divide connections. */
function stream(protocol: 'tls' | 'tcp' | 'udp', kind: 'TLSRoute' | 'TCPRoute' | 'UDPRoute'): TrafficRouter {
  const [version, ...olderVersions] = routeVersions[kind];
  const named = protocol === 'tls';
  const provider = `gatewayapi:v1:${protocol}`;
  const carries = protocol === 'udp' ? ({ udp: true } as const) : ({ tcp: true } as const);
  const inVersion = (of: string): TrafficRouter => ({
    provider,
    capabilities: {
      weighted: true,
      serviceFields: named ? ['gatewayRefs', 'hosts'] : ['gatewayRefs'],
      acceptance: true,
      ...carries,
    },
    route: routeOf(routeResource(kind, of), {
      specOf: (wish) => streamSpecOf(wish, { named }),
      mergeSpec: mergeOnlyRule,
    }),
    problems: named ? tlsProblems : streamProblems,
    features: () => [],
  });
  const newest = inVersion(version);
  const byVersion = olderVersions.map((of) => whereOnlyServed(newest, inVersion(of)));
  return { ...newest, variants: [whereBorrowed(provider, kind, carries), ...byVersion] };
}

export const gatewayApiTls = stream('tls', 'TLSRoute');
export const gatewayApiTcp = stream('tcp', 'TCPRoute');
export const gatewayApiUdp = stream('udp', 'UDPRoute');
