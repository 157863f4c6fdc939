// App Mesh, which AWS ends on 30 September 2026: the split is the weights of a VirtualRouter named like the apex, and in the
// earlier version of the API those of a VirtualService, which has its router in it. appmesh/ renders, lays over, reads and
// checks what is written.
import { acceptanceOf } from './appmesh/acceptance.ts';
import {
  ACCESS_LOG,
  canaryRouter,
  gatewayAnnotations,
  virtualNodes,
  virtualServices,
} from './appmesh/companions.ts';
import { isGrpc, resource, v1beta1, v1beta2, v1beta2Grpc, type Dialect } from './appmesh/dialect.ts';
import { mergeSpec } from './appmesh/merge.ts';
import { normalSpec, weightsOf } from './appmesh/normal.ts';
import { problemsOf } from './appmesh/problems.ts';
import { specOf } from './appmesh/render.ts';
import type { RouterCapabilities } from './capabilities.ts';
import { routeMetadata } from './live.ts';
import type { RouteField } from './problems.ts';
import { routeShape } from './route-shape.ts';
import { qualifiedName, type RouteShape, type TrafficRouter } from './router.ts';

const capabilities = (serviceFields: readonly RouteField[], acceptance: boolean): RouterCapabilities => ({
  weighted: true,
  match: {
    headers: ['exact', 'prefix', 'suffix', 'regex', 'present'],
    queryParams: [],
    limit: 'all entries have to hold together, with ten headers at most',
  },
  serviceFields,
  acceptance,
});

function routeIn(dialect: Dialect): RouteShape {
  const isEarlier = dialect.version === 'v1beta1';
  // What is left without the Canary would lead to a VirtualNode that goes with it.
  const { leadingToApex: _leadingToApex, ...shape } = routeShape({
    resource: resource(dialect, isEarlier ? 'VirtualService' : 'VirtualRouter'),
    keys: { rules: ['routes'], backends: `${dialect.rule}.action.weightedTargets`, service: dialect.node },
    specOf: (wish) => specOf(wish, dialect),
    metadataOf: (wish) =>
      isEarlier
        ? routeMetadata(
            { ...wish, name: qualifiedName(wish.name ?? wish.apex, wish.namespace) },
            { annotations: gatewayAnnotations(wish.spec) },
          )
        : routeMetadata(wish),
    mergeSpec: (live, wanted) => mergeSpec(live, wanted, dialect),
    normalSpec: (route) => normalSpec(route, dialect),
    weightsOf: (route) => weightsOf(route, dialect),
    acceptanceOf: isEarlier ? () => ({ state: 'unknown', message: '' }) : acceptanceOf,
  });
  return isEarlier ? { ...shape, qualified: true } : shape;
}

function routerIn(dialect: Dialect, fields: readonly RouteField[]): TrafficRouter {
  const route = routeIn(dialect);
  const isEarlier = dialect.version === 'v1beta1';
  return {
    provider: dialect.provider,
    capabilities: capabilities(fields, !isEarlier),
    route,
    companions: [
      virtualNodes(dialect),
      canaryRouter(dialect, route),
      ...(isEarlier ? [] : [virtualServices(dialect)]),
    ],
    annotations: [ACCESS_LOG],
    problems: (spec) => problemsOf(spec, dialect),
  };
}

export const appMeshV1beta1 = routerIn(v1beta1, ['hosts', 'match', 'retries', 'meshName', 'backends']);

export const appMeshV1beta2: TrafficRouter = {
  ...routerIn(v1beta2, ['timeout', 'hosts', 'match', 'retries', 'backends']),
  variants: [
    {
      where: 'where `service.portName` has `grpc` in it',
      applies: ({ service }) => isGrpc(service),
      router: routerIn(v1beta2Grpc, ['timeout', 'hosts', 'retries', 'backends']),
    },
  ],
};
