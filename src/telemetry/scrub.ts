// Takes out of what is said what nobody may read: addresses beyond their host, and values under telling names.

const HIDDEN = '[hidden]';
const SECRET_NAME = /(token|password|secret|authorization|cookie|credentials?)$/i;
const ADDRESS = /\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/?#@"'<>]*@)?([^\s/?#"'<>]*)([^\s"'<>]*)/gi;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi;
const DEEPEST = 6;

/** `https://host:1/path?x` becomes `https://host:1/…`: webhooks carry their secret in the path. */
export function scrubText(text: string): string {
  return text
    .replace(ADDRESS, (_, scheme: string, host: string, rest: string) =>
      rest === '' || rest === '/' ? `${scheme}${host}${rest}` : `${scheme}${host}/…`,
    )
    .replace(BEARER, (_, scheme: string) => `${scheme} ${HIDDEN}`);
}

/** The same for all texts within plain data; an Error becomes its message. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') {
    return scrubText(value);
  }
  if (value instanceof Error) {
    return scrubText(value.message);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (depth >= DEEPEST) {
    return '…';
  }
  if (Array.isArray(value)) {
    return value.map((item) => scrub(item, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET_NAME.test(key) && item !== undefined && item !== null ? HIDDEN : scrub(item, depth + 1),
    ]),
  );
}
