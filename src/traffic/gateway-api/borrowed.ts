// Routes of Gateway API that are the user's: all of them are rules with weighted backends, whatever their protocol.
import { textOf } from '../../model/json.ts';
import { borrowedRoute, whereNamed } from '../borrowed-route.ts';
import type { RouterCapabilities } from '../capabilities.ts';
import { byName, type ServiceKey } from '../live.ts';
import { whereOnlyServed, type RouterVariant, type TrafficRouter } from '../router.ts';
import type { RouteShape } from '../router.ts';
import { acceptanceOf } from './acceptance.ts';
import { routeResource, routeVersions, ruleKeys, type RouteKind } from './route-kinds.ts';

function serviceIn(own: string): ServiceKey {
  return {
    ...byName,
    of: ({ group = '', kind = 'Service', namespace = own, name }) =>
      (group === '' || group === 'core') && kind === 'Service' && namespace === own
        ? textOf(name)
        : undefined,
  };
}

function shapeOf(kind: RouteKind, version: string): RouteShape {
  return borrowedRoute({
    resource: routeResource(kind, version),
    keys: ruleKeys,
    serviceIn,
    weightOf: ({ weight = 1 }) => Number(weight),
    acceptanceOf,
  });
}

/** For a Canary that names a route of this kind. */
export function whereBorrowed(
  provider: string,
  kind: RouteKind,
  carries: Pick<RouterCapabilities, 'tcp' | 'udp'> = {},
): RouterVariant {
  const inVersion = (version: string): TrafficRouter & { readonly borrows: string } => ({
    provider,
    capabilities: { weighted: true, serviceFields: [], acceptance: true, ...carries },
    borrows: kind,
    route: shapeOf(kind, version),
  });
  const [newest, ...older] = routeVersions[kind];
  const preferred = inVersion(newest);
  return whereNamed({
    ...preferred,
    variants: older.map((version) => whereOnlyServed(preferred, inVersion(version))),
  });
}
