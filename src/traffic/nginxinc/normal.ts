// Reading the routes of a VirtualServer: which upstreams one passes requests to, with which weights, and what of it is ours.
import { numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { Split } from '../../model/split.ts';
import { backendNames, sortedByContent } from '../live.ts';
import { splitTo } from './render.ts';

/** The names of all upstreams that a route passes requests to. */
export function namesIn(route: JsonObject): readonly string[] {
  return [route, ...objectsOf(route['matches'])].flatMap((part) => Object.keys(weightsIn(part)));
}

/** Of a route, or of one of its matches: what gets everything has 100. */
function weightsIn(part: JsonObject): Readonly<Record<string, number>> {
  const splits = objectsOf(part['splits']);
  const all = splits.length === 0 ? [{ weight: 100, action: part['action'] }] : splits;
  return Object.fromEntries(
    all.flatMap(({ weight, action }) => {
      const name = upstreamOf(action);
      return name === undefined ? [] : [[name, numberOf(weight) ?? 0]];
    }),
  );
}

function upstreamOf(action: unknown): string | undefined {
  const { pass, proxy } = objectOf(action);
  return textOf(pass) ?? textOf(objectOf(proxy)['upstream']);
}

/** In an A/B test that of those who may see the canary. undefined: its parts disagree, or it names neither. */
export function splitIn(route: JsonObject, apex: string): Split | undefined {
  const { primary, canary } = backendNames(apex);
  const matches = objectsOf(route['matches']);
  const shares = (matches.length === 0 ? [route] : matches).map(weightsIn);
  const [first] = shares;
  const alike = shares.every((one) => (one[canary] ?? 0) === (first?.[canary] ?? 0));
  const total = (first?.[primary] ?? 0) + (first?.[canary] ?? 0);
  return alike && first !== undefined && total > 0
    ? { primary: first[primary] ?? 0, canary: first[canary] ?? 0 }
    : undefined;
}

/** With another split, and everything else as it was. */
export function withSplit(route: JsonObject, apex: string, split: Split): JsonObject {
  const matches = objectsOf(route['matches']);
  const moved = (part: JsonObject): JsonObject => {
    const { action: _action, splits: _splits, ...rest } = part;
    return withProxying({ ...rest, ...splitTo(apex, split) }, part);
  };
  return matches.length === 0 ? moved(route) : { ...route, matches: matches.map(moved) };
}

/** `route` with the headers and rewrites that `live` has for the requests it passes on: they are the user's. */
export function withProxying(route: JsonObject, live: JsonObject): JsonObject {
  const proxy = [live, ...objectsOf(live['matches'])]
    .flatMap((part) => [part['action'], ...objectsOf(part['splits']).map(({ action }) => action)])
    .map((action) => objectOf(objectOf(action)['proxy']))
    .find((one) => one['upstream'] !== undefined);
  return proxy === undefined ? route : objectOf(proxying(route, proxy));
}

function proxying(value: unknown, proxy: JsonObject): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => proxying(item, proxy));
  }
  const { pass, ...rest } = objectOf(value);
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return typeof pass === 'string'
    ? { ...rest, proxy: { ...proxy, upstream: pass } }
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, proxying(item, proxy)]));
}

/** Without weights: which requests, and what stands behind them. */
export function normalRoute(route: JsonObject): JsonObject {
  return {
    path: route['path'],
    matches: objectsOf(route['matches']).map(({ conditions }) =>
      sortedByContent(
        objectsOf(conditions).map(({ header, cookie, argument, variable, value }) => ({
          header,
          cookie,
          argument,
          variable,
          value,
        })),
      ),
    ),
    // Behind a match: everybody else.
    rest: objectsOf(route['matches']).length === 0 ? undefined : weightsIn(route),
  };
}
