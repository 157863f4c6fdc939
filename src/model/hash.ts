// Canonical JSON and the digest over it: how revisions, field sets and copies are compared.
import { createHash } from 'node:crypto';

/**
 * JSON with keys sorted bytewise; undefined, null, empty objects and empty lists inside objects are left out, because API
 * servers and clients differ in whether they spell them. List elements are kept, because their position has meaning.
 */
export function canonicalJson(value: unknown): string {
  return textOf(value) ?? 'null';
}

/** Written straight down, because all that is compared passes through here; undefined for what is left out. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) {
    return value === null ? undefined : JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => textOf(item) ?? 'null').join(',')}]`;
  }
  let text = '';
  for (const [key, item] of Object.entries(value).sort(byKey)) {
    const one = textOf(item);
    if (one !== undefined && one !== '{}' && one !== '[]') {
      text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${one}`;
    }
  }
  return `{${text}}`;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** Whether two values have the same canonical JSON, without writing it. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) {
    return true;
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return (textOf(one) ?? 'null') === (textOf(other) ?? 'null');
  }
  if (Array.isArray(one) || Array.isArray(other)) {
    return (
      Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => sameJson(item, other[index]))
    );
  }
  const left: Readonly<Record<string, unknown>> = { ...one };
  const right: Readonly<Record<string, unknown>> = { ...other };
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => {
    const [a, b] = [left[key], right[key]];
    return a === b || (isLeftOut(a) ? isLeftOut(b) : !isLeftOut(b) && sameJson(a, b));
  });
}

/** As the field of an object. */
function isLeftOut(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) {
    return textOf(value) === undefined;
  }
  return Array.isArray(value) ? value.length === 0 : Object.values(value).every(isLeftOut);
}

/** 64 bits of SHA-256 over the canonical JSON, in lower-case hex: 16 characters. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}

/** The same 64 bits over a text that is in canonical form already. */
export function digestOfText(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
