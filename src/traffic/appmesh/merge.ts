// Lays what divides requests over what lives. Names of AWS and the mesh, which App Mesh fills in and never lets anybody change,
// stay; so do routes that lead elsewhere, and what others added inside a route that ours continues.
import { objectOf, objectsOf, overlay, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { amongForeign, backendsOf, isOwnRule, keepIfSame, predecessors, type RuleReader } from '../live.ts';
import type { Dialect } from './dialect.ts';
import { normalMatch, normalPort, normalRetries, normalRouter, normalTimeout, weightsOf } from './normal.ts';

export function mergeSpec(live: KubeObject, wanted: KubeObject, dialect: Dialect): JsonObject {
  const before = objectOf(live['spec']);
  const after = objectOf(wanted['spec']);
  const { name: apex } = wanted.metadata;
  const reader: RuleReader = {
    backends: (route) => Object.keys(weightsOf(route, dialect)),
    matches: (route) => normalMatch(objectOf(route[dialect.rule])['match']),
    unique: ['name', 'priority'],
  };
  const standing = objectsOf(before['routes']);
  const routes = objectsOf(after['routes']);
  const from = predecessors(standing, routes, apex, reader);
  const ours = routes.map((route, index) => mergeRoute(from[index] ?? {}, route, dialect));
  return overlay(
    before,
    {
      meshName: after['meshName'],
      virtualRouter: keepIfSame(before['virtualRouter'], after['virtualRouter'], normalRouter),
      ...(after['listeners'] === undefined
        ? {}
        : { listeners: mergeListeners(before['listeners'], after['listeners']) }),
      routes: amongForeign(standing, ours, (route) => isOwnRule(reader.backends(route), apex)),
    },
    ['meshName', 'virtualRouter', 'listeners', 'routes'],
  );
}

/** The first is ours. */
export function mergeListeners(
  live: unknown,
  wanted: unknown,
  owned: readonly string[] = ['portMapping'],
): readonly JsonObject[] {
  const [first = {}, ...others] = objectsOf(live);
  const [own = {}] = objectsOf(wanted);
  const portMapping = keepIfSame(first['portMapping'], own['portMapping'], (port) =>
    normalPort({ portMapping: port }),
  );
  return [overlay(first, { ...own, portMapping }, owned), ...others];
}

function mergeRoute(live: JsonObject, wanted: JsonObject, { rule, node }: Dialect): JsonObject {
  const before = objectOf(live[rule]);
  const after = objectOf(wanted[rule]);
  const keys = { rules: [], backends: 'action.weightedTargets' };
  const standing = backendsOf(before, keys);
  const weightedTargets = backendsOf(after, keys).map((target) => {
    const found = standing.find((one) => node.of(one) === node.of(target));
    return found === undefined ? target : { ...found, weight: target['weight'] };
  });
  const how = overlay(
    before,
    {
      match: keepIfSame(before['match'], after['match'], normalMatch),
      action: { ...objectOf(before['action']), weightedTargets },
      retryPolicy: keepIfSame(before['retryPolicy'], after['retryPolicy'], normalRetries),
      timeout: mergeTimeout(before['timeout'], after['timeout']),
    },
    ['match', 'action', 'retryPolicy', 'timeout'],
  );
  return overlay(live, { ...wanted, [rule]: how }, ['name', 'priority', rule]);
}

/** How long a route may be idle is none of ours. */
function mergeTimeout(live: unknown, wanted: unknown): unknown {
  if (keepIfSame(live, wanted, normalTimeout) === live) {
    return live;
  }
  const merged = overlay(objectOf(live), objectOf(wanted), ['perRequest']);
  return Object.keys(merged).length === 0 ? undefined : merged;
}
