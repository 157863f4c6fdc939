// Lays our VirtualService over a live one. Rules that send elsewhere stay where they are; unknown keys of a rule of ours
// (fault, delegate, exportTo …) stay too.
import { objectOf, objectsOf, overlay, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import {
  amongForeign,
  isOwnRule,
  keepIfSame,
  predecessors,
  sortedByContent,
  type RuleReader,
} from '../live.ts';
import { httpKeys, normalMatches, normalValue, serviceKey, weightsOf } from './normal.ts';

const reader: RuleReader = {
  backends: (rule) => Object.keys(weightsOf(rule)),
  matches: (rule) => normalMatches(rule['match']),
  unique: ['name'],
};

export function mergeSpec(live: KubeObject, wanted: KubeObject): JsonObject {
  const before = objectOf(live['spec']);
  const after = objectOf(wanted['spec']);
  const rulesOf = (key: string): unknown => {
    const merged = mergeRules(objectsOf(before[key]), objectsOf(after[key]), wanted.metadata.name);
    return merged.length === 0 ? undefined : merged;
  };
  const same = (key: string): unknown => keepIfSame(before[key], after[key], normalSet);
  return overlay(
    before,
    { hosts: same('hosts'), gateways: same('gateways'), http: rulesOf('http'), tcp: rulesOf('tcp') },
    ['hosts', 'gateways', 'http', 'tcp'],
  );
}

function normalSet(list: unknown): unknown {
  return Array.isArray(list) ? sortedByContent(list) : list;
}

function mergeRules(
  live: readonly JsonObject[],
  wanted: readonly JsonObject[],
  apex: string,
): readonly JsonObject[] {
  const from = predecessors(live, wanted, apex, reader);
  const ours = wanted.map((rule, index) => mergeRule(from[index] ?? {}, rule));
  return amongForeign(live, ours, (rule) => isOwnRule(reader.backends(rule), apex));
}

function mergeRule(live: JsonObject, wanted: JsonObject): JsonObject {
  const merged = Object.fromEntries(
    httpKeys.map((key) => [
      key,
      keepIfSame(live[key], wanted[key], key === 'match' ? normalMatches : normalValue),
    ]),
  );
  const route = objectsOf(wanted['route']).map((backend) => mergeBackend(live, backend));
  return overlay(live, { ...merged, route }, httpKeys);
}

function mergeBackend(rule: JsonObject, wanted: JsonObject): JsonObject {
  const live = objectsOf(rule['route']).find((one) => serviceKey.of(one) === serviceKey.of(wanted)) ?? {};
  return overlay(live, { ...wanted, headers: keepIfSame(live['headers'], wanted['headers'], normalValue) }, [
    'destination',
    'weight',
    'headers',
  ]);
}
