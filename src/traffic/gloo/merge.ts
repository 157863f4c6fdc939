// Lays our RouteTable over a live one. Routes that lead elsewhere stay where they are, and so do unknown keys of a route of
// ours or of a destination in it, such as options, and all of the spec beside the routes.
import { objectOf, objectsOf, overlay, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { amongForeign, isOwnRule, keepIfSame, predecessors, type RuleReader } from '../live.ts';
import { actions, normalMatchers, serviceKey, servicesOf } from './normal.ts';

export function mergeSpec(live: KubeObject, wanted: KubeObject): JsonObject {
  const { name, namespace = '' } = wanted.metadata;
  const before = objectOf(live['spec']);
  const routes = objectsOf(objectOf(wanted['spec'])['routes']);
  const standing = objectsOf(before['routes']);
  const reader: RuleReader = {
    backends: (route) => servicesOf(route, namespace),
    matches: (route) => normalMatchers(route['matchers']),
    unique: ['name'],
  };
  const from = predecessors(standing, routes, name, reader);
  const ours = routes.map((route, index) => mergeRoute(from[index] ?? {}, route));
  const isOurs = (route: JsonObject): boolean => isOwnRule(reader.backends(route), name);
  return { ...before, routes: amongForeign(standing, ours, isOurs) };
}

function mergeRoute(live: JsonObject, wanted: JsonObject): JsonObject {
  const before = objectOf(live['routeAction']);
  const after = objectOf(wanted['routeAction']);
  const multi = overlay(
    objectOf(before['multi']),
    { destinations: mergeDestinations(before['multi'], after['multi']) },
    ['destinations'],
  );
  return overlay(
    live,
    {
      ...wanted,
      matchers: keepIfSame(live['matchers'], wanted['matchers'], normalMatchers),
      routeAction: overlay(before, { multi }, ['multi', ...actions]),
    },
    ['matchers', 'inheritablePathMatchers', 'routeAction'],
  );
}

function mergeDestinations(before: unknown, after: unknown): readonly JsonObject[] {
  const standing = objectsOf(objectOf(before)['destinations']);
  return objectsOf(objectOf(after)['destinations']).map((wanted) => {
    const live = standing.find((one) => serviceKey.of(one) === serviceKey.of(wanted)) ?? {};
    const was = objectOf(live['destination']);
    const upstream = overlay(
      objectOf(was['upstream']),
      objectOf(objectOf(wanted['destination'])['upstream']),
      ['name', 'namespace'],
    );
    const destination = overlay(was, { upstream }, ['upstream', 'kube', 'consul']);
    return overlay(live, { ...wanted, destination }, ['destination', 'weight']);
  });
}
