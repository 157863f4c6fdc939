// The values of a query template and how Go writes them. Integers are bigint, floats are number, nil is undefined.

export type Value = string | bigint | number | boolean | undefined | ReadonlyMap<string, string>;

/** What stops a function; the evaluator adds where. */
export class ValueError extends Error {}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  bigint: 'an integer',
  number: 'a decimal number',
  boolean: 'a boolean',
  undefined: 'nil',
  object: 'a map',
};

export function typeName(value: Value): string {
  return typeNames[typeof value] ?? 'nothing';
}

/** Empty values are false: "", 0, false, nil, a map without keys. */
export function isTrue(value: Value): boolean {
  return typeof value === 'object' ? value.size > 0 : Boolean(value);
}

/** As `%v` writes it, and an action that ends in it. */
export function write(value: Value): string {
  if (typeof value === 'number') {
    return writeFloat(value, 21);
  }
  if (typeof value === 'object') {
    const pairs = sortedKeys(value).map((key) => `${key}:${value.get(key) ?? ''}`);
    return `map[${pairs.join(' ')}]`;
  }
  return value === undefined ? '<no value>' : String(value);
}

export function sortedKeys(map: ReadonlyMap<string, string>): string[] {
  return [...map.keys()].sort((a, b) => (a < b ? -1 : 1));
}

/** As fmt.Sprint: a space between two operands where neither is text. */
export function writeAll(values: readonly Value[]): string {
  return values
    .map((value, index) => {
      const spaced = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string';
      return `${spaced ? ' ' : ''}${write(value)}`;
    })
    .join('');
}

/** Shortest digits; with an exponent below 1e-4 and from 10^`limit`. */
export function writeFloat(value: number, limit: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'NaN' : `${value > 0 ? '+' : '-'}Inf`;
  }
  if (value === 0) {
    return Object.is(value, -0) ? '-0' : '0';
  }
  const exponent = Number(value.toExponential().split('e')[1]);
  return exponent < -4 || exponent >= limit ? twoDigitExponent(value.toExponential()) : plainDigits(value);
}

function plainDigits(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text;
}

export function twoDigitExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
