// Canonical JSON and the digest over it: how revisions, field sets and copies are compared.
import { createHash } from 'node:crypto';

/**
 * JSON with keys sorted bytewise; undefined, null, empty objects and empty lists inside objects are left out, because API
 * servers and clients differ in whether they spell them. List elements are kept, because their position has meaning.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(canonical(value)) ?? 'null';
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => canonical(item) ?? null);
  }
  if (typeof value !== 'object' || value === null) {
    return value ?? undefined;
  }
  const entries = Object.entries(value)
    .map(([key, item]): [string, unknown] => [key, canonical(item)])
    .filter(([, item]) => item !== undefined && !isEmpty(item))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** 64 bits of SHA-256 over the canonical JSON, in lower-case hex: 16 characters. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}

/** The same 64 bits over a text that is in canonical form already. */
export function digestOfText(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
