// Routes that are one list of weighted Services and nothing else: no matches, no cookies, no copies. A mesh adds where the
// list is, how one of its entries is written, and what stands around it.
import { objectOf, overlay, type JsonObject } from '../model/json.ts';
import type { KubeObject, ObjectMeta, Resource } from '../model/kube.ts';
import { allPrimary } from '../model/split.ts';
import {
  backendNames,
  backendsOf,
  byName,
  isOwnRule,
  keepIfSame,
  rulesIn,
  sortedByContent,
  withBackends,
} from './live.ts';
import type { RuleKeys } from './live.ts';
import { isMatched } from './matches.ts';
import { routeShape } from './route-shape.ts';
import type { Acceptance, RouteShape, RouteWish } from './router.ts';

export interface SplitList {
  readonly resource: Resource;
  /** One rule, which stands alone. */
  readonly keys: RuleKeys;
  /** The spec without its list. */
  readonly around: (wish: RouteWish) => JsonObject;
  /** One entry, with its weight. */
  readonly entry: (wish: RouteWish, service: string, weight: number) => JsonObject;
  /** Keys of an entry that are ours. */
  readonly entryKeys: readonly string[];
  /** In which order the two are written. */
  readonly order: 'primary first' | 'canary first';
  /** What an entry without a weight counts. */
  readonly missingWeight: number;
  /** Left out: labels and annotations of `service.apex`. */
  readonly metadataOf?: (wish: RouteWish) => ObjectMeta;
}

const silent: Acceptance = { state: 'unknown', message: '' };

export function splitListShape(list: SplitList): RouteShape {
  const { keys, entryKeys } = list;
  const { service = byName } = keys;
  const weightsOf = (rule: JsonObject): Readonly<Record<string, number>> =>
    Object.fromEntries(
      backendsOf(rule, keys).map((one) => [
        service.of(one) ?? '',
        one['weight'] === undefined ? list.missingWeight : Number(one['weight']),
      ]),
    );
  return routeShape({
    resource: list.resource,
    keys,
    weightsOf,
    acceptanceOf: () => silent,
    specOf: (wish) => specOf(wish, list),
    ...(list.metadataOf === undefined ? {} : { metadataOf: list.metadataOf }),
    mergeSpec: (live, wanted) => mergeSpec(live, wanted, list),
    normalSpec: ({ metadata, spec }) => {
      const own = rulesIn(spec, keys).filter((rule) =>
        isOwnRule(Object.keys(weightsOf(rule)), metadata.name),
      );
      const entries = own.map((rule) =>
        sortedByContent(
          backendsOf(rule, keys).map((one) => overlay({}, { ...one, weight: undefined }, entryKeys)),
        ),
      );
      return { around: normalAround(spec, list), entries };
    },
  });
}

function specOf(wish: RouteWish, { keys, around, entry, order }: SplitList): JsonObject {
  const names = backendNames(wish.apex);
  // It cannot choose users: problems() refuses a match, and here nobody must see the canary because of it.
  const split = isMatched(wish.spec) ? allPrimary : wish.split;
  const primary = entry(wish, names.primary, split.primary);
  const canary = entry(wish, names.canary, split.canary);
  return putList(around(wish), keys, order === 'primary first' ? [primary, canary] : [canary, primary]);
}

function putList(spec: JsonObject, keys: RuleKeys, entries: readonly JsonObject[]): JsonObject {
  const path = [...keys.rules, keys.backends].filter((part) => part !== '').join('.');
  return withBackends(spec, { ...keys, backends: path }, entries);
}

/** Everything of the wanted spec but its list, as the live one has it: what others add does not count. */
function normalAround(spec: unknown, { keys }: SplitList): unknown {
  const [rules = ''] = keys.rules;
  const top = (rules === '' ? keys.backends : rules).split('.')[0] ?? '';
  return Object.fromEntries(Object.entries(objectOf(spec)).filter(([key]) => key !== top && ownTop.has(key)));
}

/** Names of fields around the list that some mesh of ours writes. */
const ownTop = new Set(['service', 'sources', 'destinations']);

function mergeSpec(live: KubeObject, wanted: KubeObject, { keys, entryKeys }: SplitList): JsonObject {
  const { service = byName } = keys;
  const before = objectOf(live['spec']);
  const after = objectOf(wanted['spec']);
  const standing = rulesIn(before, keys).flatMap((rule) => backendsOf(rule, keys));
  const entries = rulesIn(after, keys)
    .flatMap((rule) => backendsOf(rule, keys))
    .map((one) =>
      overlay(standing.find((other) => service.of(other) === service.of(one)) ?? {}, one, entryKeys),
    );
  const around = Object.fromEntries(
    Object.entries(after)
      .filter(([key]) => ownTop.has(key))
      .map(([key, value]) => [key, keepIfSame(before[key], value, (one) => one)]),
  );
  return putList({ ...before, ...around }, keys, entries);
}
