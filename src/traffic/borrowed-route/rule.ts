// One rule of a route that is the user's: where it sends to the apex Service, primary and canary take that place with
// everything that stood there, and the apex takes it back. Backends beside it are never changed, and keep their share: what
// the apex had of the requests is what primary and canary have together.
import { objectOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Split } from '../../model/split.ts';
import { backendNames, backendsOf, mapRules, rulesIn, withBackends } from '../live.ts';
import type { RuleKeys, ServiceKey } from '../live.ts';
import type { RouteFault } from '../router.ts';

/** How rules of one kind of route are read, for the route's namespace. */
export interface RuleWords {
  readonly keys: RuleKeys;
  /** `of` is undefined for a backend that is no Service of this namespace. */
  readonly service: ServiceKey;
  /** What a backend counts among all of its rule; a lone one that gets everything counts more than 0. */
  readonly weightOf: (backend: JsonObject, all: readonly JsonObject[]) => number;
  /** Of primary and canary only what gets requests is named: see used-backends.ts. */
  readonly namesOnlyUsed: boolean;
  /** Why primary and canary cannot stand where this backend stands. */
  readonly unfit: (backend: JsonObject) => RouteFault | undefined;
}

export interface PairWords {
  readonly apex: string;
  readonly words: RuleWords;
}

/** What a rule holds of one apex. */
export interface Place {
  readonly all: readonly JsonObject[];
  readonly apex: JsonObject | undefined;
  readonly primary: JsonObject | undefined;
  readonly canary: JsonObject | undefined;
  /** Those of the three that are there. */
  readonly own: readonly JsonObject[];
  /** Primary and canary stand here already, with or without the apex. */
  readonly isTaken: boolean;
  /** Others get requests by this rule too. */
  readonly isShared: boolean;
  /** What the three of them count together. */
  readonly total: number;
}

/** Enough to give a hundredth of it away. */
const DIVISIBLE = 100;

/** undefined for a rule that sends nothing to the apex: of others, or of the user's to primary or canary alone. */
function placeIn(rule: JsonObject, apexName: string, words: RuleWords): Place | undefined {
  const { keys, service, weightOf, namesOnlyUsed } = words;
  const all = backendsOf(rule, keys);
  const names = backendNames(apexName);
  const named = (name: string): JsonObject | undefined => all.find((one) => service.of(one) === name);
  const [apex, primary, canary] = [named(apexName), named(names.primary), named(names.canary)];
  const own = [apex, primary, canary].filter((one) => one !== undefined);
  // Where one of the two is left out, an entry of ours is known by the weight that it states though nothing is weighed.
  const isTaken = namesOnlyUsed
    ? [primary, canary].some((one) => one?.['weight'] !== undefined)
    : primary !== undefined && canary !== undefined;
  if (!isTaken && (apex === undefined || weightOf(apex, all) === 0)) {
    return undefined;
  }
  return {
    all,
    apex,
    primary,
    canary,
    own,
    isTaken,
    isShared: all.some((one) => !own.includes(one) && weightOf(one, all) > 0),
    total: own.reduce((sum, one) => sum + weightOf(one, all), 0),
  };
}

export function placesIn({ spec }: KubeObject, apex: string, words: RuleWords): readonly Place[] {
  return rulesIn(spec, words.keys).flatMap((rule) => placeIn(rule, apex, words) ?? []);
}

/** The route with every rule changed that has a place for the apex; the same object where none has. */
export function mapPlaces(
  route: KubeObject,
  { apex, words }: PairWords,
  change: (rule: JsonObject, place: Place) => JsonObject,
): KubeObject {
  if (placesIn(route, apex, words).length === 0) {
    return route;
  }
  const changed = (rule: JsonObject): JsonObject => {
    const place = placeIn(rule, apex, words);
    return place === undefined ? rule : change(rule, place);
  };
  return { ...route, spec: mapRules(objectOf(route['spec']), words.keys, changed) };
}

/** The Services of this namespace that a spec names, each as often as it does. */
export function namesIn(spec: unknown, { keys, service }: RuleWords): readonly string[] {
  return rulesIn(spec, keys).flatMap((rule) =>
    backendsOf(rule, keys).flatMap((one) => service.of(one) ?? []),
  );
}

/** The canary's percent of what both get; undefined where they get nothing, or the apex gets something. */
export function percentIn(
  { all, apex, primary, canary }: Place,
  { weightOf }: RuleWords,
): number | undefined {
  const weight = (one: JsonObject | undefined): number => (one === undefined ? 0 : weightOf(one, all));
  const both = weight(primary) + weight(canary);
  return both === 0 || weight(apex) > 0 ? undefined : Math.round((weight(canary) * 100) / both);
}

/** The rule with primary and canary where the apex was. */
export function withPair(
  rule: JsonObject,
  place: Place,
  { apex, split, words }: PairWords & { readonly split: Split },
): JsonObject {
  const { keys, service, namesOnlyUsed } = words;
  const names = backendNames(apex);
  const total = place.isShared ? place.total : 100;
  const canary = Math.round((total * split.canary) / 100);
  const weights = { primary: total - canary, canary };
  const entry = (side: 'primary' | 'canary', like: JsonObject): readonly JsonObject[] =>
    namesOnlyUsed && weights[side] === 0
      ? []
      : [{ ...service.set(place[side] ?? like, names[side]), weight: weights[side] }];
  return withBackends(
    rule,
    keys,
    instead(place, (one) => [...entry('primary', one), ...entry('canary', one)]),
  );
}

/** The rule with the apex where primary and canary were. @param before what it said of its weight; null: nothing */
export function withApex(
  rule: JsonObject,
  place: Place,
  { apex, before, words }: PairWords & { readonly before: number | null },
): JsonObject {
  const like = place.apex ?? place.primary ?? place.canary ?? {};
  const { weight: _ours, ...rest } = words.service.set(like, apex);
  const weight = place.isShared ? place.total : before;
  const entry = weight === null ? rest : { ...rest, weight };
  return withBackends(
    rule,
    words.keys,
    instead(place, () => [entry]),
  );
}

/** Its backends with others where the first of ours stands, and nowhere else. */
function instead(
  { all, own }: Place,
  ours: (first: JsonObject) => readonly JsonObject[],
): readonly JsonObject[] {
  const first = all.find((one) => own.includes(one));
  return all.flatMap((one) => {
    if (one === first) {
      return ours(one);
    }
    return own.includes(one) ? [] : [one];
  });
}

/** The rule naming these Services too, of apex, primary and canary, without weight. */
export function withNamed(
  rule: JsonObject,
  { all, own, isShared }: Place,
  { names, words }: { readonly names: readonly string[]; readonly words: RuleWords },
): JsonObject {
  const { keys, service } = words;
  const [like] = own;
  const known = own.map((one) => service.of(one));
  const fresh = names.filter((name) => !known.includes(name));
  if (like === undefined || fresh.length === 0) {
    return rule;
  }
  const last = all.findLast((one) => own.includes(one));
  const list = all.flatMap((one) => {
    // With an unweighted backend beside one of weight 0, some APIs would give nothing to either.
    const kept = own.length === 1 && one === like && !isShared ? { ...one, weight: 100 } : one;
    const named = fresh.map((name) => ({ ...service.set(like, name), weight: 0 }));
    return one === last ? [kept, ...named] : [kept];
  });
  return withBackends(rule, keys, list);
}

/** Why the place cannot be divided between primary and canary. */
export function faultIn(place: Place, { apex, words }: PairWords): RouteFault | undefined {
  const { all, primary, canary, isShared, total } = place;
  const { primary: primaryName, canary: canaryName } = backendNames(apex);
  const { service, weightOf } = words;
  const own = all.filter((one) => isOneOf(service.of(one), [apex, primaryName, canaryName]));
  if (new Set(own.map((one) => service.of(one))).size < own.length) {
    return { message: `names ${apex} twice in one rule`, fix: 'name it once' };
  }
  const halves = [primary, canary].filter((one) => one !== undefined);
  const isMixed = halves.length === 1 || halves.some((one) => weightOf(one, all) > 0);
  if (place.apex !== undefined && weightOf(place.apex, all) > 0 && isMixed) {
    return {
      message: `sends to ${primaryName} or ${canaryName} beside ${apex} in one rule`,
      fix: `let the rule name ${apex} alone`,
    };
  }
  if (isShared && total < DIVISIBLE) {
    return {
      message: `gives ${apex} a weight of ${total} beside other Services, which cannot be divided into hundredths`,
      fix: `multiply all weights of that rule, so that ${apex} has ${DIVISIBLE} or more`,
    };
  }
  return own.map((one) => words.unfit(one)).find((fault) => fault !== undefined);
}

function isOneOf(name: string | undefined, names: readonly string[]): boolean {
  return name !== undefined && names.includes(name);
}
