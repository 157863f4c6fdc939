// What kubectl prints: tables by a kind's printer columns.
import type { KubeObject } from '../../model/kube.ts';
import { isJson } from '../store/json.ts';
import type { Kind, PrinterColumn } from '../store/kind.ts';

const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

export function tableOf(
  kind: Kind,
  objects: readonly KubeObject[],
  metadata: Record<string, unknown>,
): unknown {
  const columns = kind.columns.length === 0 ? [age] : kind.columns;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: [
      { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 },
      ...columns.map(({ name, type, description = '', priority = 0 }) => ({
        name,
        type,
        format: '',
        description,
        priority,
      })),
    ],
    rows: objects.map((object) => ({
      cells: [object.metadata.name, ...columns.map((column) => cellOf(object, column))],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}

function cellOf(object: KubeObject, { jsonPath, type }: PrinterColumn): unknown {
  const value = valueAt(object, jsonPath);
  if (type === 'date') return typeof value === 'string' ? since(value) : '<unknown>';
  if (typeof value !== 'object' || value === null) return value ?? '';
  return JSON.stringify(value);
}

/** `.a.b`, `.a['b.c']`, `.a[0]`, `.a[?(@.type=="Ready")].message`: what printer columns are written with. */
const step = /\.([^.[\]]+)|\['([^']+)'\]|\[(\d+)\]|\[\?\(@\.(\w+)\s*==\s*["']([^"']*)["']\)\]/gy;

export function valueAt(object: KubeObject, path: string): unknown {
  let value: unknown = object;
  for (const [, field, quoted, index, filter, wanted] of path.matchAll(step)) {
    const name = field ?? quoted;
    if (name !== undefined) value = isJson(value) ? value[name] : undefined;
    else if (index !== undefined) value = Array.isArray(value) ? value[Number(index)] : undefined;
    else if (filter !== undefined && Array.isArray(value)) {
      value = value.find((item: unknown) => isJson(item) && item[filter] === wanted);
    } else value = undefined;
  }
  return value;
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

/** `5s`, `3m`, `2h`, `7d`: the largest unit of which there are two, roughly as kubectl shows ages. */
function since(time: string): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 1000));
  if (Number.isNaN(seconds)) return '<invalid>';
  const unit = units.find(([, size]) => seconds >= 2 * size);
  return unit === undefined ? `${seconds}s` : `${Math.floor(seconds / unit[1])}${unit[0]}`;
}
