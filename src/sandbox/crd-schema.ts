// What an API server does to a custom resource on its way in: prune, drop nulls, fill in defaults, validate.
// Pure functions over structural schemas; nothing about storage or HTTP. Imports api/ only.
//
// Not here: CEL in general (only the rules that our own definitions have), and formats that the API server checks on
// no field we know of. Sources: the CustomResourceDefinition documentation and the behaviour of Kubernetes 1.36.
import { type Path, formatPath } from '../api/problem.ts';
import type { StructuralSchema } from '../api/structural-schema.ts';
import { findProblems } from './crd-validation.ts';

export interface SchemaProblem {
  /** As users write it: `spec.analysis.webhooks[0].type`. */
  readonly path: string;
  readonly segments: Path;
  readonly value: unknown;
  /** Reads on after the path. */
  readonly message: string;
  readonly fix: string;
}

type Json = Readonly<Record<string, unknown>>;

/** Of a whole object and of an embedded one, these are not the schema's. */
const METADATA_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** A copy of the object without the fields that the schema does not know; their paths are added to `removed`. */
export function prune(schema: StructuralSchema, object: unknown, removed: Path[] = []): unknown {
  return pruned({ ...schema, 'x-kubernetes-embedded-resource': true }, object, { path: [], removed });
}

interface PruneAt {
  readonly path: Path;
  readonly removed: Path[];
  /** Within a field whose unknown content is kept. */
  readonly keep?: boolean;
}

function pruned(schema: StructuralSchema | undefined, value: unknown, at: PruneAt): unknown {
  const keep = at.keep === true || schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (Array.isArray(value)) {
    return value.map((each: unknown, index) =>
      pruned(schema?.items, each, { removed: at.removed, keep, path: [...at.path, index] }),
    );
  }
  if (!isJson(value)) {
    return value;
  }
  const kept: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    const path = [...at.path, key];
    const child = childSchema(schema, key);
    const isMetadata = schema?.['x-kubernetes-embedded-resource'] === true && METADATA_FIELDS.has(key);
    if (isMetadata || (child === undefined && keep)) {
      kept[key] = each;
    } else if (child === undefined) {
      at.removed.push(path);
    } else {
      // Below a known field, unknown ones are kept only where that field says so itself.
      kept[key] = pruned(child, each, { removed: at.removed, path });
    }
  }
  return kept;
}

/** A copy in which fields that may not be null, and have no default, are absent instead. */
export function dropNulls(schema: StructuralSchema | undefined, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((each: unknown) => dropNulls(schema?.items, each));
  }
  if (!isJson(value)) {
    return value;
  }
  const kept: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    const child = childSchema(schema, key);
    if (child !== undefined && each === null && child.nullable !== true && child.default === undefined) {
      continue;
    }
    kept[key] = child === undefined ? each : dropNulls(child, each);
  }
  return kept;
}

/** A copy with the defaults of the schema; a null counts as absent unless the field may be null. */
export function applyDefaults(schema: StructuralSchema | undefined, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((each: unknown) => applyDefaults(schema?.items, each));
  }
  if (!isJson(value)) {
    return value;
  }
  const filled: Record<string, unknown> = { ...value };
  for (const [key, child] of Object.entries(schema?.properties ?? {})) {
    const absent = filled[key] === undefined || (filled[key] === null && child.nullable !== true);
    if (child.default !== undefined && absent) {
      filled[key] = structuredClone(child.default);
    }
  }
  return Object.fromEntries(
    Object.entries(filled).map(([key, each]) => [key, applyDefaults(childSchema(schema, key), each)]),
  );
}

/** Everything about the object that the schema does not allow. */
export function validate(schema: StructuralSchema, object: unknown): SchemaProblem[] {
  return findProblems(schema, object, []).map((problem) => ({
    ...problem,
    path: formatPath(problem.segments),
  }));
}

export interface Admission {
  /** What would be stored. */
  readonly object: unknown;
  /** Paths that were pruned. */
  readonly removed: readonly Path[];
  /** Why nothing would be stored; empty where it would. */
  readonly problems: readonly SchemaProblem[];
}

/** All of it, in the order of the API server. */
export function admit(schema: StructuralSchema, object: unknown): Admission {
  const removed: Path[] = [];
  const kept = prune(schema, object, removed);
  const stored = applyDefaults(schema, dropNulls(schema, kept));
  return { object: stored, removed, problems: validate(schema, stored) };
}

/** The schema of one key of an object; undefined for one that it does not know. */
function childSchema(schema: StructuralSchema | undefined, key: string): StructuralSchema | undefined {
  const named = schema?.properties;
  if (named !== undefined && Object.hasOwn(named, key)) {
    return named[key];
  }
  const others = schema?.additionalProperties;
  if (others === true) {
    return { 'x-kubernetes-preserve-unknown-fields': true };
  }
  return typeof others === 'object' ? others : undefined;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
