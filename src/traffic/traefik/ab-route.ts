// A/B tests with Traefik: an IngressRoute of ours beside the user's, made from those of its routes that lead to the apex. It
// takes the requests of those who are chosen, before theirs; everybody else stays with the user's route, whose Service is the
// primary's. What gets nothing is not named, as one Service without pods would take the whole route away (Traefik 3.7).
import type { CanarySpec } from '../../api/canary.ts';
import { apexName } from '../../api/defaults.ts';
import { canonicalJson, digest } from '../../model/hash.ts';
import { numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import { apiVersionOf, type KubeObject } from '../../model/kube.ts';
import { countedMetadata, mergeMetadata, ownMetadata } from '../../model/metadata.ts';
import type { Split } from '../../model/split.ts';
import { copiedMetadata } from '../copied-metadata.ts';
import { agreedWeights, apexOfBackend, backendNames, keepIfSame } from '../live.ts';
import { objectView } from '../router.ts';
import type { RouteShape, RouteWish } from '../router.ts';
import { chosenRule } from './ab-match.ts';
import { ingressRoutes, leadsTo, routesTo } from './ingress-route.ts';

function nameOf(spec: CanarySpec): string {
  return `${spec.routeRef?.name ?? ''}-${apexName(spec)}-canary`;
}

export const abRoute: RouteShape = {
  resource: ingressRoutes,
  nameOf,
  render: (wish) => ({
    apiVersion: apiVersionOf(ingressRoutes),
    kind: ingressRoutes.kind,
    metadata: ownMetadata({
      name: nameOf(wish.spec),
      namespace: wish.namespace,
      owner: wish.owner,
      ...copiedMetadata(wish.source),
    }),
    spec: specOf(wish),
  }),
  merge: (live, wanted) => ({
    ...live,
    metadata: mergeMetadata(live.metadata, wanted.metadata),
    spec: keepIfSame(live['spec'], wanted['spec'], (one) => one),
  }),
  fingerprint,
  view: (live) => ({
    ...objectView(live, fingerprint(live)),
    weights: weightsIn(live),
    acceptance: { state: 'unknown', message: '' },
  }),
  reweigh: (live, split) => {
    const routes = routesIn(live).map((route) => ({
      ...route,
      services: objectsOf(route['services'])
        .slice(0, 1)
        .flatMap((one) => pairOf(one, apexOf(one), split)),
    }));
    return { ...live, spec: { ...objectOf(live['spec']), routes } };
  },
};

function routesIn({ spec }: KubeObject): readonly JsonObject[] {
  return objectsOf(objectOf(spec)['routes']);
}

function specOf({ apex, spec, split, source }: RouteWish): JsonObject {
  const { routes: _theirs, ...around } = objectOf(source?.['spec']);
  const chosen = chosenRule(spec);
  const routes = routesTo(apex, source).map((route) => {
    const match = textOf(route['match']) ?? '';
    const entry = objectsOf(route['services']).find((one) => leadsTo(one, apex, source?.metadata.namespace));
    return {
      ...route,
      match: `(${match}) && (${chosen ?? ''})`,
      priority: priorityOf(route) + 1,
      services: entry === undefined ? [] : pairOf(asService(entry, spec), apex, split),
    };
  });
  // Without anybody to choose, the rule would take everybody.
  return { ...around, routes: chosen === undefined ? [] : routes };
}

/** What Traefik goes by where none is said: the length of the rule, in bytes. */
function priorityOf({ priority, match }: JsonObject): number {
  const said = numberOf(priority) ?? 0;
  return said === 0 ? new TextEncoder().encode(textOf(match) ?? '').length : said;
}

/** A route may also lead to a TraefikService called like the apex, which knows the port. */
function asService(entry: JsonObject, { service }: CanarySpec): JsonObject {
  return entry['kind'] === 'TraefikService' ? { port: service?.port } : entry;
}

function pairOf(like: JsonObject, apex: string, split: Split): readonly JsonObject[] {
  const { primary, canary } = backendNames(apex);
  const sides = [
    { name: primary, weight: split.primary },
    { name: canary, weight: split.canary },
  ];
  return sides.filter(({ weight }) => weight > 0).map((side) => ({ ...like, ...side }));
}

function apexOf({ name }: JsonObject): string {
  return apexOfBackend(textOf(name) ?? '');
}

function weightsIn(live: KubeObject): Readonly<Record<string, number>> | undefined {
  const rules = routesIn(live).map((route) => objectsOf(route['services']));
  const apex = apexOf(rules[0]?.[0] ?? {});
  const { primary, canary } = backendNames(apex);
  const weights = rules.map((services) => ({
    ...(services.some(({ name }) => name === primary || name === canary)
      ? { [primary]: 0, [canary]: 0 }
      : {}),
    ...Object.fromEntries(services.map(({ name, weight }) => [textOf(name) ?? '', numberOf(weight) ?? 1])),
  }));
  return agreedWeights(weights, apex);
}

/** Primary and canary differ in name and weight alone: without those, a route has one Service, whatever the split. */
function fingerprint(live: KubeObject): string {
  const { routes: _all, ...around } = objectOf(live['spec']);
  const routes = routesIn(live).map(({ services, ...route }) => ({
    ...route,
    services: [
      ...new Set(
        objectsOf(services).map(({ weight: _split, ...one }) => canonicalJson({ ...one, name: apexOf(one) })),
      ),
    ],
  }));
  return digest({ metadata: countedMetadata(live), spec: { ...around, routes } });
}
