// The functions of Go's text/template that a query can use; those of a scope (target, interval, …) are added to them.
// `and` and `or` are not here: they stop early, so the evaluator has them.
import { format } from './go-format.ts';
import type { Value } from './go-value.ts';
import { ValueError, isTrue, typeName, write, writeAll } from './go-value.ts';

export interface TemplateFunction {
  readonly minArguments: number;
  readonly maxArguments: number;
  readonly call: (args: readonly Value[]) => Value;
}

const any = Number.POSITIVE_INFINITY;

function define(
  minArguments: number,
  maxArguments: number,
  call: (...args: Value[]) => Value,
): TemplateFunction {
  return { minArguments, maxArguments, call: (args) => call(...args) };
}

export const builtinFunctions: ReadonlyMap<string, TemplateFunction> = new Map([
  ['print', define(0, any, (...args) => writeAll(args))],
  ['println', define(0, any, (...args) => `${args.map((value) => write(value)).join(' ')}\n`)],
  ['printf', define(1, any, (pattern, ...args) => format(textOf('printf', pattern), args))],
  ['urlquery', define(0, any, (...args) => urlQuery(writeAll(args)))],
  ['html', define(0, any, (...args) => html(writeAll(args)))],
  ['js', define(0, any, (...args) => js(writeAll(args)))],
  ['len', define(1, 1, lengthOf)],
  ['index', define(1, any, (of, ...keys) => keys.reduce(elementOf, of))],
  ['slice', define(1, 3, sliceOf)],
  ['not', define(1, 1, (value) => !isTrue(value))],
  ['eq', define(2, any, (first, ...others) => others.some((other) => equal(first, other)))],
  ['ne', define(2, 2, (a, b) => !equal(a, b))],
  ['lt', define(2, 2, (a, b) => order(a, b) < 0)],
  ['le', define(2, 2, (a, b) => order(a, b) <= 0)],
  ['gt', define(2, 2, (a, b) => order(a, b) > 0)],
  ['ge', define(2, 2, (a, b) => order(a, b) >= 0)],
]);

function textOf(name: string, value: Value): string {
  if (typeof value !== 'string') {
    throw new ValueError(`${name} needs text first, not ${typeName(value)}`);
  }
  return value;
}

function lengthOf(value: Value): bigint {
  if (typeof value === 'string') {
    return BigInt(Buffer.byteLength(value));
  }
  if (typeof value === 'object') {
    return BigInt(value.size);
  }
  throw new ValueError(`${typeName(value)} has no length`);
}

/** A key that a map lacks is the empty text: that is how keys that may be absent are read. */
function elementOf(of: Value, key: Value): Value {
  if (typeof of === 'object' && typeof key === 'string') {
    return of.get(key) ?? '';
  }
  if (typeof of === 'string' && typeof key === 'bigint') {
    const byte = Buffer.from(of)[Number(key)];
    if (byte === undefined) {
      throw new ValueError(`index ${key} is out of range`);
    }
    return BigInt(byte);
  }
  throw new ValueError(`${typeName(of)} cannot be indexed with ${typeName(key)}`);
}

function sliceOf(of: Value, from: Value = 0n, to?: Value): string {
  const bytes = Buffer.from(textOf('slice', of));
  const end = to ?? BigInt(bytes.length);
  if (typeof from !== 'bigint' || typeof end !== 'bigint') {
    throw new ValueError('slice needs integers');
  }
  if (from < 0n || from > end || end > bytes.length) {
    throw new ValueError(`slice ${from} to ${end} is out of range`);
  }
  return bytes.subarray(Number(from), Number(end)).toString();
}

function equal(a: Value, b: Value): boolean {
  if (a === undefined || b === undefined) {
    return a === b;
  }
  if (typeof a === 'object' || typeof b === 'object') {
    throw new ValueError('maps cannot be compared');
  }
  mustMatch(a, b);
  return a === b;
}

function order(a: Value, b: Value): number {
  mustMatch(a, b);
  if (typeof a === 'string' && typeof b === 'string') {
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  if ((typeof a === 'bigint' || typeof a === 'number') && (typeof b === 'bigint' || typeof b === 'number')) {
    return a < b ? -1 : Number(a > b);
  }
  throw new ValueError(`${typeName(a)} has no order`);
}

function mustMatch(a: Value, b: Value): void {
  if (typeof a !== typeof b) {
    throw new ValueError(`${typeName(a)} cannot be compared with ${typeName(b)}`);
  }
}

function urlQuery(text: string): string {
  const encoded = new URLSearchParams([['', text]]).toString().slice(1);
  return encoded.replaceAll('*', '%2A').replaceAll('%7E', '~');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\0': '\uFFFD',
};

function html(text: string): string {
  return text.replaceAll(/[&<>"'\0]/g, (character) => entities[character] ?? '');
}

function js(text: string): string {
  return text.replaceAll(/[\\'"<>&=\p{Cc}]/gu, (character) => {
    if (/[\\'"]/.test(character)) {
      return `\\${character}`;
    }
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return `\\u${code.padStart(4, '0')}`;
  });
}
