// Routes of Gateway API that are the user's: all of them are rules with weighted backends, whatever their protocol.
import { textOf } from '../../model/json.ts';
import type { Resource } from '../../model/kube.ts';
import { borrowedRoute, whereNamed } from '../borrowed-route.ts';
import type { RouterCapabilities } from '../capabilities.ts';
import { byName, type ServiceKey } from '../live.ts';
import { whereOnlyServed, type RouterVariant, type TrafficRouter } from '../router.ts';
import type { RouteShape } from '../router.ts';
import { acceptanceOf } from './acceptance.ts';

function serviceIn(own: string): ServiceKey {
  return {
    ...byName,
    of: ({ group = '', kind = 'Service', namespace = own, name }) =>
      (group === '' || group === 'core') && kind === 'Service' && namespace === own
        ? textOf(name)
        : undefined,
  };
}

function shapeOf(resource: Resource): RouteShape {
  return borrowedRoute({
    resource,
    keys: { rules: ['rules'], backends: 'backendRefs' },
    serviceIn,
    weightOf: ({ weight = 1 }) => Number(weight),
    acceptanceOf,
  });
}

/** One for each version that a cluster may serve; the first is preferred. */
function shapesOf(
  kind: string,
  versions: readonly [string, ...string[]],
): readonly [RouteShape, ...RouteShape[]] {
  const inVersion = (version: string): RouteShape =>
    shapeOf({
      group: 'gateway.networking.k8s.io',
      version,
      plural: `${kind.toLowerCase()}s`,
      kind,
      namespaced: true,
    });
  const [preferred, ...older] = versions;
  return [inVersion(preferred), ...older.map(inVersion)];
}

const shapes = {
  HTTPRoute: shapesOf('HTTPRoute', ['v1', 'v1beta1']),
  GRPCRoute: shapesOf('GRPCRoute', ['v1']),
  TLSRoute: shapesOf('TLSRoute', ['v1', 'v1alpha3', 'v1alpha2']),
  TCPRoute: shapesOf('TCPRoute', ['v1', 'v1alpha2']),
  UDPRoute: shapesOf('UDPRoute', ['v1', 'v1alpha2']),
};
export type BorrowedKind = keyof typeof shapes;

/** For a Canary that names a route of this kind. */
export function whereBorrowed(
  provider: string,
  kind: BorrowedKind,
  carries: Pick<RouterCapabilities, 'tcp' | 'udp'> = {},
): RouterVariant {
  const routerOf = (route: RouteShape): TrafficRouter & { readonly borrows: string } => ({
    provider,
    capabilities: { weighted: true, serviceFields: [], acceptance: true, ...carries },
    borrows: kind,
    route,
  });
  const [route, ...older] = shapes[kind];
  const preferred = routerOf(route);
  return whereNamed({
    ...preferred,
    variants: older.map((shape) => whereOnlyServed(preferred, routerOf(shape))),
  });
}
