// The smallest merge patch (RFC 7386) that turns one JSON object into another.
import { isDeepStrictEqual } from 'node:util';

type Json = Readonly<Record<string, unknown>>;

/** undefined where nothing differs. Lists are replaced whole, as the format demands; what `to` lacks becomes null. */
export function mergePatchOf(from: Json, to: Json): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const before = from[key];
    const after = to[key];
    if (after === undefined) {
      if (before !== undefined) {
        patch[key] = null;
      }
    } else if (isObject(before) && isObject(after)) {
      const inner = mergePatchOf(before, after);
      if (inner !== undefined) {
        patch[key] = inner;
      }
    } else if (!isDeepStrictEqual(before, after)) {
      patch[key] = after;
    }
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
