// What decoding into typed fields does to an object of a built-in kind: fields that say nothing are left out.
import { isEmpty, isJson, type Json } from './json.ts';

/** Maps that are left out when they are empty; empty lists always are. Other empty objects mean something. */
const maps = new Set([
  'data',
  'binaryData',
  'labels',
  'annotations',
  'matchLabels',
  'nodeSelector',
  'selector',
  'limits',
  'requests',
]);

/** Left out when they are false or zero, as everybody takes them for that. Others, like replicas, are kept. */
const plain = new Set([
  'paused',
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'readOnly',
  'stdin',
  'stdinOnce',
  'tty',
  'publishNotReadyAddresses',
  'unschedulable',
  'minReadySeconds',
  'initialDelaySeconds',
  'hostPort',
  'nodePort',
]);

export interface TypedFields {
  /** What the kind has beside its metadata. */
  readonly body: readonly string[];
  /** Kept as sent. */
  readonly raw: readonly string[];
  /** Numbers of the status that are left out when they are zero. */
  readonly counts: readonly string[];
}

/** Parts shared with `previous` are known to be typed. */
export function typed(object: Json, { body, raw, counts }: TypedFields, previous: Json = {}): Json {
  const result: Json = {};
  for (const [key, value] of Object.entries(object)) {
    if (raw.includes(key)) result[key] = value;
    else if (body.includes(key)) keep(result, key, clean(value, previous[key]));
  }
  const status = result['status'];
  if (isJson(status) && counts.some((name) => status[name] === 0)) {
    const kept = Object.entries(status).filter(([name, value]) => value !== 0 || !counts.includes(name));
    result['status'] = Object.fromEntries(kept);
  }
  return result;
}

function keep(target: Json, key: string, value: unknown): void {
  const unsaid = (value === false || value === 0) && plain.has(key);
  const omitted = unsaid || value === null || (isEmpty(value) && (Array.isArray(value) || maps.has(key)));
  if (!omitted) target[key] = value;
}

function clean(value: unknown, previous: unknown): unknown {
  if (value === previous) return value;
  if (Array.isArray(value)) {
    const old: readonly unknown[] = Array.isArray(previous) ? previous : [];
    return value.map((item: unknown, index) => clean(item, old[index]));
  }
  if (!isJson(value)) return value;
  const result: Json = {};
  for (const key in value) keep(result, key, clean(value[key], isJson(previous) ? previous[key] : undefined));
  return result;
}
