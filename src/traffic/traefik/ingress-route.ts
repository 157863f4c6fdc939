// The IngressRoute of the user's that leads to the apex, and what is wrong with it where an A/B test is made from it.
import { apexName } from '../../api/defaults.ts';
import { objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject, Resource } from '../../model/kube.ts';
import type { Problem } from '../../model/problem.ts';
import { backendNames } from '../live.ts';
import { error, warning } from '../problems.ts';
import type { RouteSource } from '../router.ts';
import { serviceIn } from './borrowed.ts';

export const ingressRoutes: Resource = {
  group: 'traefik.io',
  version: 'v1alpha1',
  plural: 'ingressroutes',
  kind: 'IngressRoute',
  namespaced: true,
};

/** To the Service, to what has taken its place in a weighted run, or to the TraefikService of the same name. */
export function leadsTo(service: JsonObject, apex: string, own = ''): boolean {
  const { primary, canary } = backendNames(apex);
  const name = serviceIn(own).of(service);
  return (
    (name !== undefined && [apex, primary, canary].includes(name)) || isTraefikService(service, apex, own)
  );
}

function isTraefikService({ kind, name, namespace = '' }: JsonObject, apex: string, own: string): boolean {
  return kind === 'TraefikService' && name === apex && (namespace === '' || namespace === own);
}

export function routesTo(apex: string, route: KubeObject | undefined): readonly JsonObject[] {
  const own = route?.metadata.namespace;
  return objectsOf(objectOf(route?.['spec'])['routes']).filter(({ services }) =>
    objectsOf(services).some((one) => leadsTo(one, apex, own)),
  );
}

/** Whether it leads to the TraefikService, which then has to be there, at 100/0. */
export function needsTraefikService(apex: string, route: KubeObject | undefined): boolean {
  const own = route?.metadata.namespace ?? '';
  return routesTo(apex, route).some(({ services }) =>
    objectsOf(services).some((one) => isTraefikService(one, apex, own)),
  );
}

const field = ['spec', 'routeRef', 'name'] as const;

export const ingressRouteSource: RouteSource = {
  resource: ingressRoutes,
  reference: 'routeRef',
  nameOf: ({ routeRef }) => routeRef?.name,
  problems: (spec, source) => {
    const apex = apexName(spec);
    const routes = routesTo(apex, source);
    const value = source.metadata.name;
    return routes.length === 0
      ? [
          error(field, {
            reason: 'MissingReference',
            value,
            message: `has no route that leads to the Service ${apex}`,
            fix: `let a route of it lead to ${apex}, or name another IngressRoute`,
          }),
        ]
      : routes.flatMap((route) => routeProblems(route, apex, source));
  },
};

function routeProblems(
  { match, services, syntax }: JsonObject,
  apex: string,
  { metadata: { name: value, namespace } }: KubeObject,
): readonly Problem[] {
  const rule = textOf(match) ?? '';
  const { primary, canary } = backendNames(apex);
  const all = objectsOf(services);
  const found: Problem[] = [];
  if (all.some((one) => !leadsTo(one, apex, namespace))) {
    found.push(
      error(field, {
        value,
        message: `leads to ${apex} by the rule ${rule}, but to others as well`,
        fix: `let the rule have one service, ${apex}`,
      }),
    );
  }
  if (syntax === 'v2') {
    found.push(
      error(field, {
        reason: 'UnsupportedMatch',
        value,
        message: `has the rule ${rule} in the syntax of Traefik 2, which names headers in another way`,
        fix: 'write the rule in the syntax of Traefik 3',
      }),
    );
  }
  if (all.some(({ name }) => name === primary || name === canary)) {
    found.push(
      warning(field, {
        value,
        message: `leads to ${primary} by the rule ${rule}, from when weights were moved in it`,
        fix: `let the rule lead to ${apex} again`,
      }),
    );
  }
  return found;
}
