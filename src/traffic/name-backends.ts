// Routes on the way from one set of Services to another. A gateway may follow a route sooner than it knows where the pods
// of a Service are, and answers errors in between; so a Service is named without weight before it gets requests.
import { objectOf, objectsOf, textOf, type JsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import { backendNames, type RuleKeys } from './live.ts';

export interface RuleAccess {
  readonly keys: RuleKeys;
  readonly weightsOf: (rule: JsonObject) => Readonly<Record<string, number>>;
}

/** The Services that a spec sends to, with or without weight. */
export function namedBackends(spec: unknown, keys: RuleKeys): readonly string[] {
  return [...new Set(backendsIn(spec, keys).map(nameOf))].toSorted();
}

/** `live`, with what `other` sends to named beside its own in its first rule, without any weight. */
export function naming(live: KubeObject, other: unknown, { keys, weightsOf }: RuleAccess): KubeObject {
  const spec = objectOf(live['spec']);
  const known = namedBackends(spec, keys);
  const fresh = backendsIn(other, keys)
    .filter((backend, index, all) => all.findIndex((one) => nameOf(one) === nameOf(backend)) === index)
    .filter((backend) => !known.includes(nameOf(backend)))
    .map((backend) => ({ ...backend, weight: 0 }));
  const rules = objectsOf(spec[keys.rules]);
  const host = rules.findIndex((rule) => objectsOf(rule[keys.backends]).length > 0);
  const widened = rules.map((rule, index) =>
    index === host
      ? { ...rule, [keys.backends]: [...weighed(rule, objectsOf(rule[keys.backends]), weightsOf), ...fresh] }
      : rule,
  );
  return { ...live, spec: { ...spec, [keys.rules]: widened } };
}

/** With an unweighted backend beside one of weight 0, some APIs would give nothing to either. */
function weighed(
  rule: JsonObject,
  backends: readonly JsonObject[],
  weightsOf: RuleAccess['weightsOf'],
): readonly JsonObject[] {
  const weights = weightsOf(rule);
  return backends.length === 1
    ? backends.map((backend) => ({ ...backend, weight: 100 }))
    : backends.map((backend) => ({ ...backend, weight: weights[nameOf(backend)] ?? 0 }));
}

/** `live` with everything that goes to the primary or the canary going to the apex Service: what is left without a Canary. */
export function leadingToApex(live: KubeObject, apex: string, keys: RuleKeys): KubeObject {
  const { primary, canary } = backendNames(apex);
  const spec = objectOf(live['spec']);
  const rules = objectsOf(spec[keys.rules]).map((rule) => {
    const backends = objectsOf(rule[keys.backends]);
    const ours = backends.find((backend) => nameOf(backend) === primary);
    const others = backends.filter((backend) => ![apex, primary, canary].includes(nameOf(backend)));
    return ours === undefined
      ? rule
      : { ...rule, [keys.backends]: [{ ...renamed(ours, primary, apex), weight: 100 }, ...others] };
  });
  return { ...live, spec: { ...spec, [keys.rules]: rules } };
}

/** Also where a header of the backend says its name. */
function renamed(backend: JsonObject, from: string, to: string): JsonObject {
  return objectOf(JSON.parse(JSON.stringify(backend).replaceAll(`"${from}`, `"${to}`)));
}

function backendsIn(spec: unknown, { rules, backends }: RuleKeys): readonly JsonObject[] {
  return objectsOf(objectOf(spec)[rules]).flatMap((rule) => objectsOf(rule[backends]));
}

function nameOf(backend: JsonObject): string {
  return textOf(backend['name']) ?? '';
}
