// Routes of Traefik that are the user's. What gets no requests is not named in them, as in a TraefikService of Serin's: one
// Service without pods takes the whole rule away (Traefik 3.7).
import { numberOf, textOf, valueAt, type JsonObject } from '../../model/json.ts';
import type { Resource } from '../../model/kube.ts';
import { borrowedRoute } from '../borrowed-route.ts';
import { byName, type ServiceKey } from '../live.ts';
import type { RouteShape } from '../router.ts';

/** `kind` may also be TraefikService, which is a list of its own. */
export function serviceIn(own: string): ServiceKey {
  return {
    ...byName,
    of: ({ kind = 'Service', namespace = own, name }) =>
      kind === 'Service' && namespace === own ? textOf(name) : undefined,
  };
}

/** A cookie by which clients stay with one of the weighted Services. */
export function noticingCookies(shape: RouteShape): RouteShape {
  return {
    ...shape,
    view: (live) => ({
      ...shape.view(live),
      ...(valueAt(live['spec'], 'weighted.sticky.cookie') === undefined ? {} : { keepsClients: true }),
    }),
  };
}

function shapeOf(plural: string, kind: string, rules: string): RouteShape {
  const resource: Resource = { group: 'traefik.io', version: 'v1alpha1', plural, kind, namespaced: true };
  return borrowedRoute({
    resource,
    keys: { rules: [rules], backends: 'services' },
    serviceIn,
    weightOf: ({ weight }: JsonObject) => numberOf(weight) ?? 1,
    acceptanceOf: () => ({ state: 'unknown', message: '' }),
    namesOnlyUsed: true,
  });
}

export const borrowedShapes = {
  IngressRoute: shapeOf('ingressroutes', 'IngressRoute', 'routes'),
  TraefikService: noticingCookies(shapeOf('traefikservices', 'TraefikService', 'weighted')),
};
