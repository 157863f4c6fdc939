// Which fields of an object a write changes, as people read them: one path a field, with the value before and after.
import { sameJson } from '../model/hash.ts';
import { isJsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';

export interface Change {
  /** `spec.selector.app`; keys with dots in brackets. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What the server keeps for itself. */
const BOOKKEEPING = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp'];

/** Nothing for an object that is made or deleted as a whole. Lists are compared as one value. */
export function changesOf(before: KubeObject | undefined, after: KubeObject | undefined): readonly Change[] {
  if (before === undefined || after === undefined) {
    return [];
  }
  return compare('', withoutBookkeeping(before), withoutBookkeeping(after));
}

function withoutBookkeeping({ metadata, status: _status, ...object }: KubeObject): unknown {
  const kept = Object.entries(metadata).filter(([key]) => !BOOKKEEPING.includes(key));
  return { ...object, metadata: Object.fromEntries(kept) };
}

function compare(path: string, before: unknown, after: unknown): Change[] {
  if (sameJson(before, after)) {
    return [];
  }
  if (!isJsonObject(before) || !isJsonObject(after)) {
    return [
      {
        path,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      },
    ];
  }
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.flatMap((key) => compare(join(path, key), before[key], after[key]));
}

function join(path: string, key: string): string {
  if (/[./]/.test(key)) {
    return `${path}[${key}]`;
  }
  return path === '' ? key : `${path}.${key}`;
}
