// Merge patch (RFC 7386) and JSON patch (RFC 6902) as functions from object to object; unchanged parts are shared.
import type { JsonPatchOperation } from '../../cluster/cluster.ts';
import { adopt, equalJson, isJson, type Json } from './json.ts';

export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) return adopt(patch.map(withoutNulls));
  if (!isJson(patch)) return adopt(patch);
  const result: Json = isJson(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined || key === '__proto__') continue;
    if (value === null) delete result[key];
    else result[key] = applyMergePatch(result[key], value);
  }
  return result;
}

/** The server's library removes nulls from the objects in a list too, which the RFC does not ask for. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJson(value)) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutNulls(field)]));
}

/** An operation that does not fit the document: a failed test, or a path that is not there. */
export class PatchMismatch extends Error {}

export function applyJsonPatch(target: unknown, operations: readonly JsonPatchOperation[]): unknown {
  let result = target;
  for (const operation of operations) result = applyOperation(result, operation);
  return result;
}

function applyOperation(target: unknown, operation: JsonPatchOperation): unknown {
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case 'test':
      if (!equalJson(valueAt(target, path) ?? null, operation.value ?? null)) {
        throw new PatchMismatch(`testing value ${operation.path} failed`);
      }
      return target;
    case 'add':
      return change(target, path, (parent, key) => added(parent, key, adopt(operation.value)));
    case 'replace':
      return change(target, path, (parent, key) => replaced(parent, key, adopt(operation.value)));
    case 'remove':
      return change(target, path, removed);
  }
}

function parsePointer(pointer: string): readonly string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw new PatchMismatch(`bad path ${pointer}`);
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

type Parent = Json | readonly unknown[];

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const isParent = (value: unknown): value is Parent => typeof value === 'object' && value !== null;

function child(parent: unknown, key: string): unknown {
  if (isList(parent)) return parent[indexOf(parent, key)];
  return isJson(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function valueAt(target: unknown, path: readonly string[]): unknown {
  let value = target;
  for (const key of path) {
    if (!isParent(value)) throw new PatchMismatch('missing path');
    value = child(value, key);
  }
  return value;
}

function change(
  target: unknown,
  path: readonly string[],
  edit: (parent: Parent, key: string) => Parent,
): unknown {
  const [key, ...rest] = path;
  if (key === undefined || !isParent(target)) throw new PatchMismatch('missing path');
  if (rest.length === 0) return edit(target, key);
  const next = change(child(target, key), rest, edit);
  return isList(target) ? target.with(indexOf(target, key), next) : { ...target, [key]: next };
}

function indexOf(list: readonly unknown[], key: string): number {
  const index = /^-?(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  const position = index < 0 ? index + list.length : index;
  if (!(position >= 0 && position < list.length)) throw new PatchMismatch(`no index ${key}`);
  return position;
}

function added(parent: Parent, key: string, value: unknown): Parent {
  if (!isList(parent)) return { ...parent, [key]: value };
  return parent.toSpliced(
    key === '-' || key === String(parent.length) ? parent.length : indexOf(parent, key),
    0,
    value,
  );
}

function replaced(parent: Parent, key: string, value: unknown): Parent {
  if (isList(parent)) return parent.with(indexOf(parent, key), value);
  // The server's library takes the replacement of an absent field for an addition.
  return { ...parent, [key]: value };
}

function removed(parent: Parent, key: string): Parent {
  if (isList(parent)) return parent.toSpliced(indexOf(parent, key), 1);
  if (!Object.hasOwn(parent, key)) throw new PatchMismatch(`no field ${key}`);
  const { [key]: _, ...rest } = parent;
  return rest;
}
