// Reading and rewriting live routes as JSON, the same for all routers: metadata of a route, which live rule a wanted one
// continues, and the weights that the rules agree on.
import { canonicalJson } from '../model/hash.ts';
import {
  isJsonObject,
  objectOf,
  objectsOf,
  textOf,
  valueAt,
  withValueAt,
  type JsonObject,
} from '../model/json.ts';
import type { KubeObject, ObjectMeta } from '../model/kube.ts';
import { ownMetadata } from '../model/metadata.ts';
import type { Split } from '../model/split.ts';
import { objectView } from './router.ts';
import type { Acceptance, RouteView, RouteWish } from './router.ts';

export interface ServiceNames {
  readonly primary: string;
  readonly canary: string;
}

export function backendNames(apex: string): ServiceNames {
  return { primary: `${apex}-primary`, canary: `${apex}-canary` };
}

/** The apex that a Service of ours is named after; what is none of ours keeps its name. */
export function apexOfBackend(service: string): string {
  return service.replace(/-(primary|canary)$/, '');
}

/** @param more what the route says by labels and annotations, and optional fields that it has because the Canary says so */
export function routeMetadata(
  { namespace, apex, name = apex, spec, owner }: RouteWish,
  more: Pick<ObjectMeta, 'labels' | 'annotations'> & { readonly fields?: readonly string[] } = {},
): ObjectMeta {
  const { labels, annotations } = spec.service?.apex ?? {};
  return ownMetadata({
    name,
    namespace,
    owner,
    labels: { ...labels, ...more.labels },
    annotations: { ...annotations, ...more.annotations },
    fields: more.fields ?? [],
  });
}

/** How rules are told apart. */
export interface RuleReader {
  /** Names of the Services that the rule sends requests to. */
  backends(rule: JsonObject): readonly string[];
  /** Which requests the rule takes, in normal form. */
  matches(rule: JsonObject): unknown;
  /** Keys that must not be given to a second rule, such as a name. */
  readonly unique: readonly string[];
}

/** A rule that sends to a Service of ours, or to the one whose place they take; all others are somebody else's. */
export function isOwnRule(backends: readonly string[], apex: string): boolean {
  const { primary, canary } = backendNames(apex);
  return backends.some((name) => name === apex || name === primary || name === canary);
}

/** Our rules where the first of them stood; those of others before and behind it, as they were. */
export function amongForeign(
  live: readonly JsonObject[],
  ours: readonly JsonObject[],
  isOurs: (rule: JsonObject) => boolean,
): readonly JsonObject[] {
  const first = live.findIndex(isOurs);
  const before = first === -1 ? live : live.slice(0, first);
  const behind = first === -1 ? [] : live.slice(first).filter((rule) => !isOurs(rule));
  return [...before, ...ours, ...behind];
}

/**
 * For each wanted rule the live one whose foreign fields it keeps: of those that send to the apex, primary or canary
 * Service the one with the same backends and matches, else the same backends, else the next one. A rule that has none
 * takes after the first, so that what guards a route (an authorisation filter, say) guards every rule of ours.
 */
export function predecessors(
  live: readonly JsonObject[],
  wanted: readonly JsonObject[],
  apex: string,
  reader: RuleReader,
): readonly (JsonObject | undefined)[] {
  const free = live.filter((rule) => isOwnRule(reader.backends(rule), apex));
  const first = free[0];
  const heir =
    first && Object.fromEntries(Object.entries(first).filter(([key]) => !reader.unique.includes(key)));
  const found = new Map<JsonObject, JsonObject>();
  const namesOf = (rule: JsonObject): string => canonicalJson(reader.backends(rule).toSorted());
  const identities = [
    (rule: JsonObject): string => canonicalJson([namesOf(rule), reader.matches(rule)]),
    namesOf,
    (): string => '',
  ];
  for (const identity of identities) {
    for (const rule of wanted) {
      const index = free.findIndex((candidate) => identity(candidate) === identity(rule));
      const candidate = free[index];
      if (!found.has(rule) && candidate !== undefined) {
        found.set(rule, candidate);
        free.splice(index, 1);
      }
    }
  }
  return wanted.map((rule) => found.get(rule) ?? heir);
}

/** The live value where it means the same as the wanted one, so that defaults and unknown keys in it stay. */
export function keepIfSame(live: unknown, wanted: unknown, normal: (value: unknown) => unknown): unknown {
  const same = live !== undefined && canonicalJson([normal(live)]) === canonicalJson([normal(wanted)]);
  return same ? live : wanted;
}

/** The weights on which all rules that send to both primary and canary agree. */
export function agreedWeights(
  rules: readonly Readonly<Record<string, number>>[],
  apex: string,
): Readonly<Record<string, number>> | undefined {
  const { primary, canary } = backendNames(apex);
  const carrying = rules.filter((weights) => primary in weights && canary in weights);
  const [first] = carrying;
  return carrying.every((weights) => canonicalJson(weights) === canonicalJson(first)) ? first : undefined;
}

/** Where a kind of route keeps its rules, and a rule its backends; backends have a `weight`. */
export interface RuleKeys {
  /**
   * Paths in the spec: to a list of rules, or to one that stands alone; the empty path is the spec itself. A path may lead
   * through a list, and then stands for all that is in it.
   */
  readonly rules: readonly string[];
  /** Path in a rule. */
  readonly backends: string;
  /** How a backend names its Service: `name` if left out. */
  readonly service?: ServiceKey;
}

export interface ServiceKey {
  readonly of: (backend: JsonObject) => string | undefined;
  readonly set: (backend: JsonObject, name: string) => JsonObject;
}

export const byName: ServiceKey = {
  of: ({ name }) => textOf(name),
  set: (backend, name) => ({ ...backend, name }),
};

export const byServiceName: ServiceKey = {
  of: ({ serviceName }) => textOf(serviceName),
  set: (backend, serviceName) => ({ ...backend, serviceName }),
};

/** All rules of a spec. */
export function rulesIn(spec: unknown, { rules }: RuleKeys): readonly JsonObject[] {
  return rules.flatMap((path) =>
    path
      .split('.')
      .reduce((found, key) => found.flatMap((one) => objectsIn(valueAt(one, key))), objectsIn(spec)),
  );
}

function objectsIn(value: unknown): readonly JsonObject[] {
  return isJsonObject(value) ? [value] : objectsOf(value);
}

export function backendsOf(rule: unknown, { backends }: RuleKeys): readonly JsonObject[] {
  return objectsOf(valueAt(rule, backends));
}

export function withBackends(
  rule: JsonObject,
  { backends }: RuleKeys,
  list: readonly JsonObject[],
): JsonObject {
  return withValueAt(rule, backends, list);
}

/** `spec` with every rule changed. */
export function mapRules(
  spec: JsonObject,
  { rules }: RuleKeys,
  change: (rule: JsonObject) => JsonObject,
): JsonObject {
  return rules.reduce((changed, path) => mapAt(changed, path.split('.'), change), spec);
}

function mapAt(
  object: JsonObject,
  [key = '', ...rest]: readonly string[],
  change: (rule: JsonObject) => JsonObject,
): JsonObject {
  if (key === '') {
    return change(object);
  }
  const found = object[key];
  if (isJsonObject(found)) {
    return { ...object, [key]: mapAt(found, rest, change) };
  }
  return Array.isArray(found)
    ? { ...object, [key]: objectsOf(found).map((one) => mapAt(one, rest, change)) }
    : object;
}

/**
 * `route` with other weights in every rule that sends to both primary and canary. A rule that sends to the canary alone, for
 * a cookie, goes over to the primary with the last percent.
 */
export function reweighed(route: KubeObject, keys: RuleKeys, split: Split): KubeObject {
  const { service = byName } = keys;
  const { primary, canary } = backendNames(route.metadata.name);
  const weights: Readonly<Record<string, number>> = { [primary]: split.primary, [canary]: split.canary };
  const reweighRule = (rule: JsonObject): JsonObject => {
    const all = backendsOf(rule, keys);
    const [toPrimary, toCanary] = [primary, canary].map((name) =>
      all.some((one) => service.of(one) === name),
    );
    if (toCanary !== true || (toPrimary !== true && split.canary > 0)) {
      return rule;
    }
    const changed = all.map((one) => {
      const name = service.of(one) ?? '';
      if (toPrimary !== true) {
        return name === canary ? service.set(one, primary) : one;
      }
      return weights[name] === undefined ? one : { ...one, weight: weights[name] };
    });
    return withBackends(rule, keys, changed);
  };
  return { ...route, spec: mapRules(objectOf(route['spec']), keys, reweighRule) };
}

export interface RouteReading {
  readonly fingerprint: string;
  readonly weights: Readonly<Record<string, number>> | undefined;
  readonly acceptance: Acceptance;
  readonly backends?: readonly string[];
  readonly lingers?: boolean;
  readonly originalBackends?: readonly string[];
}

export function routeView(object: KubeObject, { fingerprint, ...reading }: RouteReading): RouteView {
  return { ...objectView(object, fingerprint), ...reading };
}

/** Sorted by content, for lists whose order has no meaning. */
export function sortedByContent(list: readonly unknown[]): readonly unknown[] {
  return list.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
}
