// JSON values that are never changed in place: copying, comparing and filling them, sharing whatever did not change.

export type Json = Record<string, unknown>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJson(value) && Object.keys(value).length === 0;
}

/** The object at `field`, or an empty one. */
export function objectAt(parent: Json, field: string): Json {
  const value = parent[field];
  return isJson(value) ? value : {};
}

export function listAt(parent: Json, field: string): readonly unknown[] {
  const value = parent[field];
  return Array.isArray(value) ? value : [];
}

/**
 * A copy that the caller of the store cannot reach, or `previous` itself where nothing differs. Like JSON it drops
 * undefined properties and writes dates as strings. `value` may contain parts of `previous`.
 */
export function adopt(value: unknown, previous?: unknown): unknown {
  if (value === previous || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return adoptList(value, Array.isArray(previous) ? previous : undefined);
  if (value instanceof Date) return value.toJSON();
  return adoptObject({ ...value }, isJson(previous) ? previous : undefined);
}

export function adoptObject(value: Json, previous?: Json): Json {
  const copy: Json = {};
  let same = previous !== undefined;
  let count = 0;
  for (const key in value) {
    const field = value[key];
    // Assigning to `__proto__` sets no field; nobody needs one of that name.
    if (field === undefined || key === '__proto__') continue;
    const old = previous === undefined ? undefined : previous[key];
    const adopted = adopt(field, old);
    copy[key] = adopted;
    count++;
    same &&= adopted === old;
  }
  return same && previous !== undefined && Object.keys(previous).length === count ? previous : copy;
}

function adoptList(value: readonly unknown[], previous: readonly unknown[] | undefined): readonly unknown[] {
  const copy = value.map((item, index) => adopt(item ?? null, previous?.[index]));
  const same = previous?.length === copy.length && copy.every((item, index) => item === previous[index]);
  return same ? previous : copy;
}

export function equalJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => equalJson(item, right[index]))
    );
  }
  if (!isJson(left) || !isJson(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key], right[key]))
  );
}

/** Adds the fields that are missing; the same object where none is. */
export function fill(object: Json, defaults: Json): Json {
  for (const key in defaults) {
    if (object[key] === undefined) return { ...defaults, ...withoutUndefined(object) };
  }
  return object;
}

function withoutUndefined(object: Json): Json {
  return Object.values(object).includes(undefined)
    ? Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
    : object;
}

/** Changes the object at `field`, where there is one. */
export function within(parent: Json, field: string, change: (value: Json) => Json): Json {
  const value = parent[field];
  if (!isJson(value)) return parent;
  const changed = change(value);
  return changed === value ? parent : { ...parent, [field]: changed };
}

/** Changes every object of the list at `field`, where there is one. */
export function each(parent: Json, field: string, change: (value: Json) => Json): Json {
  const list = parent[field];
  if (!Array.isArray(list)) return parent;
  const items: readonly unknown[] = list;
  const changed = items.map((item) => (isJson(item) ? change(item) : item));
  return changed.every((item, index) => item === items[index]) ? parent : { ...parent, [field]: changed };
}

/** Makes a writer of a stored object fail at once; parts that are frozen already are shared and were done before. */
export function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const child of Object.values(value)) freezeDeep(child);
}
