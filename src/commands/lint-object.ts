// What is wrong with one object: what the API server refuses is an error; what it drops, and what the controller would
// refuse, adjust or ignore, is a warning.
import type { Canary, CanarySpec } from '../api/canary.ts';
import { checkCanary } from '../api/check.ts';
import { customResourceDefinitions } from '../api/crd.ts';
import { providerOf } from '../api/defaults.ts';
import { parseAlertProvider, parseCanary, parseMetricTemplate } from '../api/parse.ts';
import { type Path, type Problem, errorAt, formatPath, parsePath, warningAt } from '../api/problem.ts';
import type { StructuralSchema } from '../api/structural-schema.ts';
import { fixForType, messageForType } from '../api/wording.ts';
import { measureProblems } from '../measure/problems.ts';
import { admit } from '../sandbox/crd-schema.ts';
import { routerFor } from '../traffic/routers.ts';
import { routingProblems } from '../traffic/routing-problems.ts';
import { adviceFor } from './lint-advice.ts';

/** The one version that is served of each group, and its kinds. */
interface Served {
  readonly apiVersion: string;
  readonly kinds: Map<string, StructuralSchema>;
}

const groups = new Map<string, Served>();
for (const { spec } of customResourceDefinitions()) {
  const { group, names, versions } = spec;
  for (const { name, schema } of versions) {
    const served = groups.get(group) ?? { apiVersion: `${group}/${name}`, kinds: new Map() };
    served.kinds.set(names.kind, schema.openAPIV3Schema);
    groups.set(group, served);
  }
}

type Json = Readonly<Record<string, unknown>>;

/** A problem, whoever found it. */
export type Remark = Omit<Problem, 'reason'>;

export interface LintedObject {
  /** Where the object is in its document: empty, or within a List. */
  readonly at: Path;
  /** undefined for an object of somebody else. */
  readonly problems: readonly Remark[] | undefined;
}

/** The objects in a document: itself, or the items of a List. */
export function lintObjects(object: unknown): LintedObject[] {
  if (isJson(object) && object['kind'] === 'List' && Array.isArray(object['items'])) {
    return object['items'].map((item: unknown, index) => {
      const at = ['items', index];
      return { at, problems: lintObject(item)?.map((problem) => within(at, problem)) };
    });
  }
  return [{ at: [], problems: lintObject(object) }];
}

function within(at: Path, problem: Remark): Remark {
  return { ...problem, field: formatPath([...at, ...parsePath(problem.field)]) };
}

function lintObject(object: unknown): Remark[] | undefined {
  if (!isJson(object) || typeof object['apiVersion'] !== 'string') {
    return undefined;
  }
  const { apiVersion, kind } = object;
  const [group = ''] = apiVersion.split('/');
  const found = groups.get(group);
  if (found === undefined) {
    return undefined;
  }
  const { apiVersion: served, kinds } = found;
  if (apiVersion !== served) {
    const message = `is ${apiVersion}: version not served`;
    return [errorAt(['apiVersion'], { value: apiVersion, message, fix: `use ${served}` })];
  }
  const schema = kinds.get(String(kind));
  if (schema === undefined) {
    const fix = `use one of ${[...kinds.keys()].join(', ')}`;
    const message =
      kind === undefined ? 'is missing' : `is ${JSON.stringify(kind)}, which is no kind of ${served}`;
    return [errorAt(['kind'], { value: kind, message, fix })];
  }
  return [...metadataProblems(object['metadata']), ...schemaProblems(schema, object)];
}

const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function metadataProblems(metadata: unknown): Remark[] {
  const { name, generateName, namespace, labels, annotations } = isJson(metadata) ? metadata : {};
  const found: Remark[] = [];
  if ((name === undefined || name === null || name === '') && typeof generateName !== 'string') {
    found.push(errorAt(['metadata', 'name'], { message: 'is missing', fix: 'add it' }));
  }
  for (const [field, value] of Object.entries({ name, namespace })) {
    if (value === undefined || value === null || value === '') {
      continue;
    }
    if (typeof value !== 'string' || !DNS_NAME.test(value) || value.length > 253) {
      const message = `is ${JSON.stringify(value)}, which is not allowed`;
      const fix = 'write text of lower-case letters, digits and dashes';
      found.push(errorAt(['metadata', field], { value, message, fix }));
    }
  }
  return [...found, ...textMapProblems('labels', labels), ...textMapProblems('annotations', annotations)];
}

function textMapProblems(field: 'labels' | 'annotations', map: unknown): Remark[] {
  return Object.entries(isJson(map) ? map : {}).flatMap(([key, value]) => {
    if (value === null || typeof value === 'string') {
      return [];
    }
    const message = messageForType('string', value);
    return errorAt(['metadata', field, key], { value, message, fix: fixForType('string', value) });
  });
}

function schemaProblems(schema: StructuralSchema, object: Json): Remark[] {
  const { object: stored, removed, problems } = admit(schema, object);
  const dropped = removed.map((path) =>
    warningAt(path, { reason: 'IgnoredField', ...adviceFor(schema, path) }),
  );
  const refused = problems.map(({ segments, value, message, fix }) =>
    errorAt(segments, { ...(value === undefined ? {} : { value }), message, fix }),
  );
  // What the API server refuses never reaches the controller.
  const later = refused.length === 0 ? controllerProblems(stored) : [];
  return [...refused, ...dropped, ...later.map((problem) => ({ ...problem, severity: 'warning' as const }))];
}

function controllerProblems(stored: unknown): readonly Remark[] {
  const named = isJson(stored) ? withName(stored) : {};
  switch (named['kind']) {
    case 'Canary': {
      const parsed = parseCanary(named);
      return parsed.ok ? canaryProblems(parsed.canary) : parsed.problems;
    }
    case 'MetricTemplate': {
      const parsed = parseMetricTemplate(named);
      return parsed.ok ? [] : parsed.problems;
    }
    default: {
      const parsed = parseAlertProvider(named);
      return parsed.ok ? [] : parsed.problems;
    }
  }
}

/** Where the rules for all providers and those of the router speak of the same field, the first is enough. */
function canaryProblems(canary: Canary): readonly Remark[] {
  const general = checkCanary(canary);
  const fields = new Set(general.map(({ field }) => field));
  return [...general, ...providerProblems(canary.spec).filter(({ field }) => !fields.has(field))];
}

/** Without a provider, nobody can say what routes the traffic, or what counts it. */
function providerProblems(spec: CanarySpec): readonly Remark[] {
  if (spec.provider === undefined && (spec.routes ?? []).length === 0) {
    return [];
  }
  const provider = providerOf(spec, '');
  const unmeasured = routerFor(provider) === undefined ? [] : measureProblems(spec, provider);
  return [...routingProblems(spec, ''), ...unmeasured];
}

/** A manifest's status is dropped by the API server; metadata has been looked at already. */
function withName(object: Json): Json {
  const { name, namespace } = isJson(object['metadata']) ? object['metadata'] : {};
  return {
    ...object,
    status: undefined,
    metadata: {
      name: typeof name === 'string' ? name : 'unnamed',
      namespace: typeof namespace === 'string' ? namespace : 'default',
    },
  };
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
