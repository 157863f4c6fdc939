// How values, types and patterns are called in problems, the same when parsing and when validating.

/** A value as it is quoted in a message: JSON, cut short. */
export function formatValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const article = (noun: string): string => (/^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`);

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  int: 'whole number',
  boolean: 'true or false',
  array: 'list',
  object: 'map',
  record: 'map',
  null: 'nothing',
  undefined: 'nothing',
};

function nounOf(type: string): string {
  const noun = nouns[type] ?? type;
  return ['text', 'true or false', 'nothing'].includes(noun) ? noun : article(noun);
}

function typeOf(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  return Array.isArray(value) ? 'array' : typeof value;
}

/** What to do about a value of the wrong type. */
export function fixForType(expected: string, value: unknown): string {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `put it in quotes: "${String(value)}"`;
  }
  if (
    (expected === 'number' || expected === 'int') &&
    typeof value === 'string' &&
    /^-?\d+(\.\d+)?$/.test(value)
  ) {
    return `write it without quotes: ${value}`;
  }
  return `write ${nounOf(expected)}`;
}

/** What is wrong with a value of the wrong type. */
export function messageForType(expected: string, value: unknown): string {
  if (expected === 'int' && typeof value === 'number') {
    return `is ${value}, which is not a whole number`;
  }
  return `must be ${nounOf(expected)}, not ${nounOf(typeOf(value))}`;
}

/** Allowed values in words. The empty text is allowed in places, but nobody is told to write it. */
export function listOf(values: readonly unknown[]): string {
  const shown = values.filter((value) => value !== '').map(String);
  return shown.length === 1 ? String(shown[0]) : `one of ${shown.join(', ')}`;
}

const patternMeanings: ReadonlyMap<string, string> = new Map([
  [String.raw`^[0-9]+(m|s)`, 'a duration in minutes or seconds, such as 30s or 1m30s'],
  [String.raw`^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$`, 'a duration, such as 30s, 5m or 1h30m'],
  [String.raw`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`, 'lower-case letters, digits and dashes'],
  [String.raw`^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$`, 'a letter, then letters, digits and dashes'],
]);

/** What a pattern asks for, in words. */
export function meaningOfPattern(pattern: string): string {
  return patternMeanings.get(pattern) ?? `text that matches ${pattern}`;
}
