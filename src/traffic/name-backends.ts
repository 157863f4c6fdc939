// Routes on the way from one set of Services to another. A gateway may follow a route sooner than it knows where the pods
// of a Service are, and answers errors in between; so a Service is named without weight before it gets requests, and for a
// while after it got its last.
import { objectOf, type JsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import { backendNames, backendsOf, byName, mapRules, rulesIn, withBackends, type RuleKeys } from './live.ts';

export interface RuleAccess {
  readonly keys: RuleKeys;
  readonly weightsOf: (rule: JsonObject) => Readonly<Record<string, number>>;
}

/** The Services that a spec sends to, with or without weight. */
export function namedBackends(spec: unknown, keys: RuleKeys): readonly string[] {
  return [...new Set(backendsIn(spec, keys).map((backend) => nameOf(backend, keys)))].toSorted();
}

/** Base name of the Services that a route sends to: its own name, unless it only sends to those of another one. */
export function apexOf({ metadata, spec }: KubeObject, keys: RuleKeys): string {
  const names = namedBackends(spec, keys);
  const [other] = names.flatMap((name) => {
    const base = name.endsWith('-primary') ? name.slice(0, -'-primary'.length) : undefined;
    return base !== undefined && names.includes(backendNames(base).canary) ? [base] : [];
  });
  return names.includes(backendNames(metadata.name).primary) ? metadata.name : (other ?? metadata.name);
}

/** `live`, with what `other` sends to named beside its own in its first rule, without any weight. */
export function naming(live: KubeObject, other: unknown, { keys, weightsOf }: RuleAccess): KubeObject {
  const spec = objectOf(live['spec']);
  const known = namedBackends(spec, keys);
  const names = backendsIn(other, keys).map((backend) => nameOf(backend, keys));
  const fresh = backendsIn(other, keys)
    .filter((backend, index) => names.indexOf(nameOf(backend, keys)) === index)
    .filter((backend) => !known.includes(nameOf(backend, keys)))
    .map((backend) => ({ ...backend, weight: 0 }));
  if (fresh.length === 0) {
    return live;
  }
  const host = rulesIn(spec, keys).find((rule) => backendsOf(rule, keys).length > 0);
  const widen = (rule: JsonObject): JsonObject => {
    const weights = weightsOf(rule);
    const own = backendsOf(rule, keys).map((backend, _index, all) => ({
      ...backend,
      // With an unweighted backend beside one of weight 0, some APIs would give nothing to either.
      weight: all.length === 1 ? 100 : (weights[nameOf(backend, keys)] ?? 0),
    }));
    return withBackends(rule, keys, [...own, ...fresh]);
  };
  return { ...live, spec: mapRules(spec, keys, (rule) => (rule === host ? widen(rule) : rule)) };
}

/**
 * A spec without the Services that it only still names: without weight, in rules of ours, and neither primary nor canary.
 * The same spec where there are none.
 */
export function withoutLingering(spec: unknown, apex: string, { keys, weightsOf }: RuleAccess): unknown {
  const { primary, canary } = backendNames(apex);
  const isOurs = (backend: JsonObject): boolean => [primary, canary].includes(nameOf(backend, keys));
  let found = false;
  const settle = (rule: JsonObject): JsonObject => {
    const backends = backendsOf(rule, keys);
    const weights = weightsOf(rule);
    const kept = backends.filter((backend) => isOurs(backend) || weights[nameOf(backend, keys)] !== 0);
    if (!backends.some(isOurs) || kept.length === backends.length) {
      return rule;
    }
    found = true;
    return withBackends(rule, keys, kept);
  };
  const settled = mapRules(objectOf(spec), keys, settle);
  return found ? settled : spec;
}

/** `live` with everything that goes to the primary or the canary going to the apex Service: what is left without a Canary. */
export function leadingToApex(live: KubeObject, apex: string, keys: RuleKeys): KubeObject {
  const { primary, canary } = backendNames(apex);
  const lead = (rule: JsonObject): JsonObject => {
    const backends = backendsOf(rule, keys);
    const ours = backends.find((backend) => nameOf(backend, keys) === primary);
    const others = backends.filter((backend) => ![apex, primary, canary].includes(nameOf(backend, keys)));
    return ours === undefined
      ? rule
      : withBackends(rule, keys, [{ ...toApex(ours), weight: 100 }, ...others]);
  };
  const toApex = (backend: JsonObject): JsonObject => {
    const text = renamed(backend, primary, apex);
    return nameOf(text, keys) === apex ? text : (keys.service ?? byName).set(text, apex);
  };
  return { ...live, spec: mapRules(objectOf(live['spec']), keys, lead) };
}

/** Also where a header of the backend says its name. */
function renamed(backend: JsonObject, from: string, to: string): JsonObject {
  return objectOf(JSON.parse(JSON.stringify(backend).replaceAll(`"${from}`, `"${to}`)));
}

function backendsIn(spec: unknown, keys: RuleKeys): readonly JsonObject[] {
  return rulesIn(spec, keys).flatMap((rule) => backendsOf(rule, keys));
}

function nameOf(backend: JsonObject, { service = byName }: RuleKeys): string {
  return service.of(backend) ?? '';
}
