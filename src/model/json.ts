// Reading JSON whose shape nobody has checked, such as a live object of a kind that others extend. Total: what is not
// there, or is something else, reads as empty.

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function objectsOf(value: unknown): readonly JsonObject[] {
  return listOf(value).filter(isJsonObject);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** `live` with exactly the keys in `owned` as `wanted` has them: absent there, absent in the result. */
export function overlay(live: JsonObject, wanted: JsonObject, owned: readonly string[]): JsonObject {
  const foreign = Object.entries(live).filter(([key]) => !owned.includes(key));
  const ours = Object.entries(wanted).filter(([key, value]) => owned.includes(key) && value !== undefined);
  return Object.fromEntries([...foreign, ...ours]);
}

/** What stands at a path such as `routeAction.multi`; the value itself for the empty path. */
export function valueAt(value: unknown, path: string): unknown {
  return path === '' ? value : path.split('.').reduce((inner, key) => objectOf(inner)[key], value);
}

/** `object` with another value at the path; what is not an object on the way becomes one. */
export function withValueAt(object: JsonObject, path: string, value: unknown): JsonObject {
  const dot = path.indexOf('.');
  const key = dot === -1 ? path : path.slice(0, dot);
  return {
    ...object,
    [key]: dot === -1 ? value : withValueAt(objectOf(object[key]), path.slice(dot + 1), value),
  };
}
