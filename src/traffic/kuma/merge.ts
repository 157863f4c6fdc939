// Lays our MeshHTTPRoute over a live one. What it says of other Services, and rules that send elsewhere, stay where they are; so
// does what others added inside a rule that ours continues.
import { listOf, objectOf, objectsOf, overlay, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { normalMatches } from '../gateway-api/normal.ts';
import { amongForeign, isOwnRule, keepIfSame, predecessors, type RuleReader } from '../live.ts';
import { isOwnFilter, normalRef, ownFilters, weightsOf } from './normal.ts';

const reader: RuleReader = {
  backends: (rule) => Object.keys(weightsOf(rule)),
  matches: (rule) => normalMatches(rule['matches']),
  unique: [],
};
const refKeys = ['kind', 'name', 'namespace', 'sectionName', 'port'];

export function mergeSpec(live: KubeObject, wanted: KubeObject): JsonObject {
  const before = objectOf(live['spec']);
  const standing = objectsOf(before['to']);
  const [own = {}] = objectsOf(objectOf(wanted['spec'])['to']);
  const { name: apex } = wanted.metadata;
  const ours = (one: JsonObject): boolean =>
    objectsOf(one['rules']).some((rule) => isOwnRule(reader.backends(rule), apex));
  const index = standing.findIndex(ours);
  const merged = mergeTarget(standing[index] ?? {}, own, apex);
  const to = index === -1 ? [...standing, merged] : standing.with(index, merged);
  return { ...before, to };
}

function mergeTarget(live: JsonObject, wanted: JsonObject, apex: string): JsonObject {
  const rules = objectsOf(wanted['rules']);
  const standing = objectsOf(live['rules']);
  const from = predecessors(standing, rules, apex, reader);
  const ours = rules.map((rule, index) => mergeRule(from[index] ?? {}, rule, apex));
  return overlay(
    live,
    {
      targetRef: keepIfSame(live['targetRef'], wanted['targetRef'], (ref) => normalRef(objectOf(ref))),
      rules: amongForeign(standing, ours, (rule) => isOwnRule(reader.backends(rule), apex)),
    },
    ['targetRef', 'rules'],
  );
}

function mergeRule(live: JsonObject, wanted: JsonObject, apex: string): JsonObject {
  const before = objectOf(live['default']);
  const after = objectOf(wanted['default']);
  const standing = objectsOf(before['backendRefs']);
  const backendRefs = objectsOf(after['backendRefs']).map((ref) =>
    overlay(standing.find(({ name }) => name === ref['name']) ?? {}, ref, [...refKeys, 'weight']),
  );
  const filters = mergeFilters(before['filters'], after['filters'], apex);
  return overlay(
    live,
    {
      matches: keepIfSame(live['matches'], wanted['matches'], normalMatches),
      default: overlay(before, { filters, backendRefs }, ['filters', 'backendRefs']),
    },
    ['matches', 'default'],
  );
}

function mergeFilters(live: unknown, wanted: unknown, apex: string): unknown {
  const foreign = objectsOf(live).filter((filter) => !isOwnFilter(filter, apex));
  const merged = keepIfSame(live, [...listOf(wanted), ...foreign], ownFilters(apex));
  return listOf(merged).length === 0 ? undefined : merged;
}
