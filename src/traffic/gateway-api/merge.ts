// Lays our route over a live one. Rules that send elsewhere stay where they are; what others added inside a rule that ours
// continues stays too: unknown keys, filters of types we do not write.
import { listOf, objectOf, objectsOf, overlay, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import {
  amongForeign,
  isOwnRule,
  keepIfSame,
  predecessors,
  sortedByContent,
  type RuleReader,
} from '../live.ts';
import { mergeRetry, ownsRetry } from './retry.ts';
import {
  isOwnFilter,
  normalFilters,
  normalMatches,
  normalParents,
  normalSet,
  normalTimeouts,
  setsCookie,
  weightsOf,
} from './normal.ts';

const reader: RuleReader = {
  backends: (rule) => Object.keys(weightsOf(rule)),
  matches: (rule) => normalMatches(rule['matches']),
  unique: ['name'],
};

/** A route of the kinds that have one rule alone is ours as a whole. */
export function mergeOnlyRule(live: KubeObject, wanted: KubeObject): JsonObject {
  const { metadata, spec } = live;
  const own = objectsOf(objectOf(spec)['rules']).filter((rule) => isOwn(rule, metadata.name));
  return mergeSpec({ ...live, spec: { ...objectOf(spec), rules: own.slice(0, 1) } }, wanted);
}

export function mergeSpec(live: KubeObject, wanted: KubeObject): JsonObject {
  const before = objectOf(live['spec']);
  const after = objectOf(wanted['spec']);
  const rules = objectsOf(after['rules']);
  const standing = objectsOf(before['rules']);
  const from = predecessors(standing, rules, wanted.metadata.name, reader);
  const own = ownsRetry(live, wanted) ? [...ruleKeys, 'retry'] : ruleKeys;
  const ours = rules.map((rule, index) => mergeRule(from[index] ?? {}, rule, own));
  const same = (key: string, normal: (value: unknown) => unknown): unknown =>
    keepIfSame(before[key], after[key], normal);
  return overlay(
    before,
    {
      parentRefs: same('parentRefs', normalParents(wanted.metadata.namespace)),
      hostnames: same('hostnames', normalSet),
      rules: amongForeign(standing, ours, (rule) => isOwn(rule, wanted.metadata.name)),
    },
    ['parentRefs', 'hostnames', 'rules'],
  );
}

function isOwn(rule: JsonObject, apex: string): boolean {
  return isOwnRule(reader.backends(rule), apex);
}

/** Of a rule, what is ours whatever it says. */
const ruleKeys: readonly string[] = ['matches', 'filters', 'timeouts', 'backendRefs'];

function mergeRule(live: JsonObject, wanted: JsonObject, own: readonly string[]): JsonObject {
  return overlay(
    live,
    {
      matches: keepIfSame(live['matches'], wanted['matches'], normalMatches),
      filters: mergeFilters(live['filters'], wanted['filters']),
      timeouts: keepIfSame(live['timeouts'], wanted['timeouts'], normalTimeouts),
      retry: mergeRetry(live['retry'], wanted['retry']),
      backendRefs: objectsOf(wanted['backendRefs']).map((ref) => mergeBackend(live, ref)),
    },
    own,
  );
}

function mergeFilters(live: unknown, wanted: unknown): unknown {
  const foreign = objectsOf(live).filter((filter) => !isOwnFilter(filter));
  const merged = keepIfSame(live, [...listOf(wanted), ...foreign], normalFilters);
  return listOf(merged).length === 0 ? undefined : merged;
}

function mergeBackend(rule: JsonObject, wanted: JsonObject): JsonObject {
  const live = objectsOf(rule['backendRefs']).find(({ name }) => name === wanted['name']);
  return overlay(
    live ?? {},
    { ...wanted, filters: mergeBackendFilters(objectsOf(live?.['filters']), objectsOf(wanted['filters'])) },
    ['group', 'kind', 'name', 'namespace', 'port', 'weight', 'filters'],
  );
}

/** A backend has one filter of a type at most: what sets our cookie takes the place of what changed other headers. */
function mergeBackendFilters(live: readonly JsonObject[], wanted: readonly JsonObject[]): unknown {
  const types = new Set(wanted.map(({ type }) => type));
  const foreign = live.filter((filter) => !setsCookie(filter) && !types.has(filter['type']));
  const merged = [...wanted, ...foreign];
  return merged.length === 0 ? undefined : keepIfSame(live, merged, sortedFilters);
}

function sortedFilters(list: unknown): unknown {
  return sortedByContent(objectsOf(list));
}
