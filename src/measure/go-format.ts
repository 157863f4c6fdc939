// printf of Go's text/template. Verbs: https://pkg.go.dev/fmt (Printing).
import type { Value } from './go-value.ts';
import { ValueError, twoDigitExponent, typeName, write, writeFloat } from './go-value.ts';

// A width or precision beyond this has no use in a query, and would let a short template write megabytes.
const MAX_WIDTH = 1000;
const VERB = /%([-+# 0]*)(\d*)(?:\.(\d*))?(.)/gsu;

interface Directive {
  readonly flags: string;
  readonly precision: number | undefined;
  readonly verb: string;
}

/** As fmt.Sprintf, except that what Go writes as `%!d(string=…)` is an error here: no query means that. */
export function format(pattern: string, values: readonly Value[]): string {
  let used = 0;
  let end = 0;
  let text = '';
  for (const found of pattern.matchAll(VERB)) {
    const [directive, flags = '', width = '', precision, verb = ''] = found;
    text += pattern.slice(end, found.index);
    end = found.index + directive.length;
    if (verb === '%') {
      text += '%';
      continue;
    }
    if (used >= values.length) {
      throw new ValueError(`no argument for ${directive}`);
    }
    const wanted = precision === undefined ? undefined : Number(precision);
    if (Math.max(Number(width), wanted ?? 0) > MAX_WIDTH) {
      throw new ValueError(`${directive} is wider than ${MAX_WIDTH}`);
    }
    const written = convert(values[used], { flags, precision: wanted, verb });
    text += pad(written, Number(width), { flags, numeric: typeof values[used] !== 'string' });
    used += 1;
  }
  const tail = pattern.slice(end);
  if (tail.includes('%')) {
    throw new ValueError('the format ends within a directive');
  }
  if (used < values.length) {
    throw new ValueError(`${values.length - used} more argument(s) than the format has directives`);
  }
  return text + tail;
}

function pad(text: string, width: number, { flags, numeric }: { flags: string; numeric: boolean }): string {
  const missing = Math.max(0, width - Array.from(text).length);
  if (flags.includes('-')) {
    return text + ' '.repeat(missing);
  }
  if (flags.includes('0') && numeric) {
    const sign = /^[+-]/.exec(text)?.[0] ?? '';
    return sign + '0'.repeat(missing) + text.slice(sign.length);
  }
  return ' '.repeat(missing) + text;
}

function convert(value: Value, directive: Directive): string {
  const { verb, precision } = directive;
  if (verb === 'v') {
    return value === undefined ? '<nil>' : write(value);
  }
  const converted = convertTyped(value, directive);
  if (converted === undefined) {
    throw new ValueError(`%${verb} does not fit ${typeName(value)}`);
  }
  return verb === 's' && precision !== undefined
    ? Array.from(converted).slice(0, precision).join('')
    : converted;
}

function convertTyped(value: Value, { flags, precision, verb }: Directive): string | undefined {
  if (typeof value === 'string') {
    return convertText(value, verb);
  }
  if (typeof value === 'bigint') {
    return withSign(convertInteger(value, verb), flags);
  }
  if (typeof value === 'number') {
    return withSign(convertFloat(value, verb, precision), flags);
  }
  return typeof value === 'boolean' && verb === 't' ? String(value) : undefined;
}

function withSign(text: string | undefined, flags: string): string | undefined {
  if (text === undefined || text.startsWith('-') || text.startsWith('+')) {
    return text;
  }
  const sign = ['+', ' '].find((each) => flags.includes(each)) ?? '';
  return `${sign}${text}`;
}

function convertText(value: string, verb: string): string | undefined {
  switch (verb) {
    case 's':
      return value;
    case 'q':
      return quote(value);
    case 'x':
      return Buffer.from(value).toString('hex');
    case 'X':
      return Buffer.from(value).toString('hex').toUpperCase();
    default:
      return undefined;
  }
}

const radixes: Readonly<Record<string, number>> = { d: 10, x: 16, X: 16, o: 8, b: 2 };

function convertInteger(value: bigint, verb: string): string | undefined {
  const radix = Object.hasOwn(radixes, verb) ? radixes[verb] : undefined;
  if (radix !== undefined) {
    const digits = value.toString(radix);
    return verb === 'X' ? digits.toUpperCase() : digits;
  }
  const isCharacter = (verb === 'c' || verb === 'q') && value >= 0n && value <= 0x10_ff_ffn;
  if (!isCharacter) {
    return undefined;
  }
  const character = String.fromCodePoint(Number(value));
  return verb === 'c' ? character : `'${character}'`;
}

function convertFloat(value: number, verb: string, precision: number | undefined): string | undefined {
  if (!Number.isFinite(value)) {
    return writeFloat(value, 21);
  }
  switch (verb) {
    case 'f':
    case 'F':
      return value.toFixed(Math.min(precision ?? 6, 100));
    case 'e':
      return twoDigitExponent(value.toExponential(Math.min(precision ?? 6, 100)));
    case 'g':
      return precision === undefined
        ? writeFloat(value, 21)
        : writeFloat(
            Number(value.toPrecision(Math.min(Math.max(precision, 1), 100))),
            Math.max(precision, 1),
          );
    default:
      return undefined;
  }
}

const short: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** As strconv.Quote; also how PromQL writes a string. */
export function quote(text: string): string {
  const body = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\\"]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (short[character] !== undefined) {
      return short[character];
    }
    if (code < 0x80) {
      return `\\x${code.toString(16).padStart(2, '0')}`;
    }
    return code > 0xff_ff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${body}"`;
}
