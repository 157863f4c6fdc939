// The normal form of what divides requests: only what we write, order taken out where it has no meaning, weights left out.
import { listOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { isOwnRule, sortedByContent } from '../live.ts';
import type { Dialect } from './dialect.ts';

export function normalSpec({ metadata, spec }: KubeObject, dialect: Dialect): unknown {
  const { meshName, listeners, virtualRouter, routes } = objectOf(spec);
  return {
    meshName,
    virtualRouter: normalRouter(virtualRouter),
    port: normalPort(objectsOf(listeners)[0]),
    routes: objectsOf(routes)
      .filter((route) => isOwnRule(Object.keys(weightsOf(route, dialect)), metadata.name))
      .map((route) => normalRoute(route, dialect)),
  };
}

/** Weight by VirtualNode of one route. */
export function weightsOf(route: JsonObject, { rule, node }: Dialect): Readonly<Record<string, number>> {
  const targets = objectsOf(objectOf(objectOf(route[rule])['action'])['weightedTargets']);
  return Object.fromEntries(targets.map((target) => [node.of(target) ?? '', Number(target['weight'] ?? 0)]));
}

function normalRoute(route: JsonObject, dialect: Dialect): JsonObject {
  const { match, retryPolicy, timeout } = objectOf(route[dialect.rule]);
  return {
    name: route['name'],
    priority: route['priority'],
    match: normalMatch(match),
    retryPolicy: normalRetries(retryPolicy),
    timeout: normalTimeout(timeout),
    nodes: Object.keys(weightsOf(route, dialect)).toSorted(),
  };
}

/** All conditions must hold, so their order means nothing. */
export function normalMatch(match: unknown): JsonObject {
  const { prefix, headers, metadata } = objectOf(match);
  const conditions = objectsOf(headers ?? metadata).map(({ name, match: matcher }) => ({
    name,
    match: objectOf(matcher),
  }));
  return { prefix, conditions: sortedByContent(conditions) };
}

export function normalRetries(policy: unknown): JsonObject | undefined {
  if (policy === undefined) {
    return undefined;
  }
  const { maxRetries, perRetryTimeout, perRetryTimeoutMillis, httpRetryEvents } = objectOf(policy);
  const { unit, value } = objectOf(perRetryTimeout);
  return {
    maxRetries,
    timeout: { unit, value },
    perRetryTimeoutMillis,
    httpRetryEvents: sortedByContent(listOf(httpRetryEvents)),
  };
}

export function normalTimeout(timeout: unknown): JsonObject {
  const { unit, value } = objectOf(objectOf(timeout)['perRequest']);
  return { unit, value };
}

export function normalPort(listener: unknown): JsonObject {
  const { port, protocol } = objectOf(objectOf(listener)['portMapping']);
  return { port, protocol };
}

export function normalRouter(router: unknown): JsonObject {
  const { name, listeners } = objectOf(router);
  return { name: textOf(name), port: normalPort(objectsOf(listeners)[0]) };
}
