// Where a field that the API does not have was probably meant to be.
import { type Path, formatPath } from '../api/problem.ts';
import type { StructuralSchema } from '../api/structural-schema.ts';

export interface Advice {
  readonly message: string;
  readonly fix: string;
}

const renamed: ReadonlyMap<string, string> = new Map([['spec.canaryAnalysis', 'spec.analysis']]);

/** More places than this say nothing about where a field was meant to be. */
const MAX_PLACES = 2;

/** In this order: a field that has another name today, one that is misspelt, one that is in the wrong place. */
export function adviceFor(schema: StructuralSchema, path: Path): Advice {
  const message = 'is not a field of the API and is dropped';
  const today = renamed.get(formatPath(path));
  if (today !== undefined) {
    return { message, fix: `rename it to ${today}` };
  }
  const key = String(path.at(-1));
  const neighbours = Object.keys(schemaAt(schema, path.slice(0, -1))?.properties ?? {});
  const similar = neighbours.find((name) => isSimilar(name, key));
  if (similar !== undefined) {
    return { message, fix: `write ${similar} if that is meant, or remove it` };
  }
  const places = placesOf(schema, key, []).map((place) => formatPath(place).replaceAll('[0]', '[]'));
  return places.length > 0 && places.length <= MAX_PLACES
    ? { message, fix: `move it to ${places.join(' or ')}, or remove it` }
    : { message, fix: 'remove it' };
}

function schemaAt(schema: StructuralSchema, path: Path): StructuralSchema | undefined {
  let at: StructuralSchema | undefined = schema;
  for (const part of path) {
    if (typeof part === 'number') {
      at = at?.items;
    } else {
      const others: StructuralSchema | boolean | undefined = at?.additionalProperties;
      at = at?.properties?.[part] ?? (typeof others === 'object' ? others : undefined);
    }
  }
  return at;
}

/** All places in the spec that have a field of this name; lists are entered at index 0. */
function placesOf(schema: StructuralSchema, key: string, path: Path): Path[] {
  if (path[0] === 'status') {
    return [];
  }
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    placesOf(child, key, [...path, name]),
  );
  const items = schema.items === undefined ? [] : placesOf(schema.items, key, [...path, 0]);
  const here = path.length > 0 && schema.properties?.[key] !== undefined ? [[...path, key]] : [];
  return [...here, ...inner, ...items];
}

/** Equal but for case, dashes and a plural; in a longer word, but for one letter or two that changed places. */
function isSimilar(name: string, key: string): boolean {
  return (
    bareWord(name) === bareWord(key) ||
    (name.length >= 5 && isOneEditApart(name.toLowerCase(), key.toLowerCase()))
  );
}

function bareWord(text: string): string {
  return text.toLowerCase().replaceAll(/[-_]/g, '').replace(/s$/, '');
}

function isOneEditApart(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (long.length - short.length > 1) {
    return false;
  }
  let start = 0;
  while (start < short.length && short[start] === long[start]) {
    start += 1;
  }
  if (short.length < long.length) {
    return short.slice(start) === long.slice(start + 1);
  }
  const swapped = short[start] === long[start + 1] && short[start + 1] === long[start];
  const length = swapped ? 2 : 1;
  return short.slice(start + length) === long.slice(start + length);
}
