// Lays our ApisixRoute over a live one, and what is compared of it. Our fields are all those that the user's route has, so
// the object says which they were: a field that goes there goes here, and one that somebody else added stays.
import { objectOf, objectsOf, overlay, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { isCountedField } from '../../model/metadata.ts';
import { amongForeign, byServiceName, isOwnRule, predecessors, sortedByContent } from '../live.ts';
import type { RuleReader } from '../live.ts';
import { servicesOf } from './rule.ts';

/** A part of the spec: what stands before the names of its fields, and which of them it always has. */
interface Part {
  readonly before: string;
  readonly always: readonly string[];
}

const top: Part = { before: '', always: ['http'] };
const inRule: Part = { before: 'http.', always: ['match', 'priority', 'backends'] };
const inBackend: Part = {
  before: 'http.backends.',
  always: ['serviceName', 'servicePort', 'weight'],
};

const reader: RuleReader = {
  backends: servicesOf,
  matches: ({ match }) => match,
  unique: ['name'],
};

/** The names of our fields beside those that are always there: `ingressClassName`, `http.plugins`. */
export function fieldsOf(spec: unknown): readonly string[] {
  const rules = objectsOf(objectOf(spec)['http']);
  const backends = rules.flatMap((rule) => objectsOf(rule['backends']));
  return [
    ...names(top, objectOf(spec)),
    ...rules.flatMap((rule) => names(inRule, rule)),
    ...backends.flatMap((backend) => names(inBackend, backend)),
  ];
}

function names({ before, always }: Part, object: JsonObject): readonly string[] {
  return Object.keys(object)
    .filter((key) => !always.includes(key))
    .map((key) => `${before}${key}`);
}

export function mergeSpec(live: KubeObject, wanted: KubeObject): JsonObject {
  const apex = wanted.metadata.name;
  const before = objectOf(live['spec']);
  const after = objectOf(wanted['spec']);
  const standing = objectsOf(before['http']);
  const rules = objectsOf(after['http']);
  const from = predecessors(standing, rules, apex, reader);
  const isOurs = (rule: JsonObject): boolean => isOwnRule(servicesOf(rule), apex);
  const ours = rules.map((rule, index) => mergeRule(live, from[index] ?? {}, rule));
  return lay(live, top, before, { ...after, http: amongForeign(standing, ours, isOurs) });
}

function mergeRule(route: KubeObject, live: JsonObject, wanted: JsonObject): JsonObject {
  const standing = objectsOf(live['backends']);
  const backends = objectsOf(wanted['backends']).map((backend) =>
    lay(
      route,
      inBackend,
      standing.find((one) => byServiceName.of(one) === byServiceName.of(backend)) ?? {},
      backend,
    ),
  );
  return lay(route, inRule, live, { ...wanted, backends });
}

/** `wanted` over `live`, without what was ours in it and is wanted no more. */
function lay(route: KubeObject, part: Part, live: JsonObject, wanted: JsonObject): JsonObject {
  return overlay(live, wanted, [...Object.keys(wanted), ...Object.keys(counted(route, part, live))]);
}

export function normalSpec(route: KubeObject): unknown {
  const { http, ...around } = objectOf(route['spec']);
  return {
    around: counted(route, top, around),
    rules: objectsOf(http)
      .filter((rule) => isOwnRule(servicesOf(rule), route.metadata.name))
      .map((rule) => ({
        ...counted(route, inRule, rule),
        backends: sortedByContent(
          objectsOf(rule['backends']).map((backend) =>
            counted(route, inBackend, { ...backend, weight: undefined }),
          ),
        ),
      })),
  };
}

/** What is ours of one part of a route. One of Flagger's, which keeps no record, is ours whole. */
function counted(route: KubeObject, { before, always }: Part, object: JsonObject): JsonObject {
  const ours = Object.keys(object).filter(
    (key) => always.includes(key) || isCountedField(route, `${before}${key}`),
  );
  return overlay({}, object, ours);
}
