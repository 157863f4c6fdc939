// The words of a Go text/template: text between actions, and the tokens within them.
// Grammar: https://pkg.go.dev/text/template (Actions, Text and spaces, Arguments).

export type TokenKind =
  'text' | 'open' | 'close' | 'word' | 'field' | 'variable' | 'string' | 'number' | 'rune' | 'mark';

export interface Token {
  readonly kind: TokenKind;
  /** The text as written; of strings and runes what they stand for; of fields and variables the name alone. */
  readonly text: string;
  readonly at: number;
  /** White space stood before it: `a.b` is a field of a, `a .b` is two arguments. */
  readonly spaced: boolean;
}

/** What is wrong with a template, and where. Never leaves the folder: rendering answers with a value. */
export class TemplateError extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.name = 'TemplateError';
    this.at = at;
  }
}

const COMMENT = /\{\{(-\s+)?\/\*/y;
const COMMENT_END = /\*\/(\s+-)?\}\}/y;
const OPEN = /\{\{(-(?=\s))?/y;
const CLOSE = /(\s+-)?\}\}/y;

/** Throws TemplateError. */
export function tokensOf(template: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < template.length) {
    const start = template.indexOf('{{', at);
    const end = start === -1 ? template.length : start;
    const raw = template.slice(at, end);
    const left = trimNext ? raw.trimStart() : raw;
    const trimsBefore = /^\{\{-\s/.test(template.slice(end, end + 4));
    const text = trimsBefore ? left.trimEnd() : left;
    if (text !== '') {
      tokens.push({ kind: 'text', text, at, spaced: false });
    }
    if (start === -1) {
      break;
    }
    const comment = match(COMMENT, template, start);
    const close =
      comment === undefined
        ? readAction(template, start, tokens)
        : skipComment(template, start, start + comment[0].length);
    at = close.end;
    trimNext = close.trims;
  }
  return tokens;
}

interface Close {
  readonly end: number;
  readonly trims: boolean;
}

function skipComment(template: string, start: number, from: number): Close {
  const end = template.indexOf('*/', from);
  if (end === -1) {
    throw new TemplateError(start, 'the comment is not closed');
  }
  const close = match(COMMENT_END, template, end);
  if (close === undefined) {
    throw new TemplateError(end, 'a comment must stand alone between {{ and }}');
  }
  return { end: end + close[0].length, trims: close[1] !== undefined };
}

function readAction(template: string, start: number, tokens: Token[]): Close {
  const open = match(OPEN, template, start)?.[0] ?? '{{';
  tokens.push({ kind: 'open', text: open, at: start, spaced: false });
  let at = start + open.length;
  for (;;) {
    const close = match(CLOSE, template, at);
    if (close !== undefined) {
      tokens.push({ kind: 'close', text: '}}', at, spaced: false });
      return { end: at + close[0].length, trims: close[1] !== undefined };
    }
    const space = match(/\s+/y, template, at)?.[0] ?? '';
    at += space.length;
    if (space !== '' && match(CLOSE, template, at) !== undefined) {
      continue;
    }
    if (at >= template.length) {
      throw new TemplateError(start, 'the action is not closed: }} is missing');
    }
    const token = readToken(template, at, space !== '');
    tokens.push(token.token);
    at = token.end;
  }
}

// Where a word, field, variable or number ends; anything else right behind it is a mistake, such as `variables.a-b`.
const END = String.raw`(?=[\s.,|:=()]|\}\}|$)`;
const NAME = String.raw`[\p{L}_][\p{L}\p{Nd}_]*`;
const NUMBER_FORM = String.raw`[+-]?(?:0[xX]_?[\da-fA-F][\da-fA-F_]*|0[bB]_?[01][01_]*|0[oO]_?[0-7][0-7_]*|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)`;

const forms: readonly (readonly [TokenKind, RegExp])[] = [
  ['number', new RegExp(`(${NUMBER_FORM})${String.raw`(?=[\s,|:=()]|\}\}|$)`}`, 'uy')],
  ['word', new RegExp(`(${NAME})${END}`, 'uy')],
  ['field', new RegExp(String.raw`\.(${NAME})${END}`, 'uy')],
  ['variable', new RegExp(String.raw`\$((?:${NAME})?)${END}`, 'uy')],
  ['mark', /(:=|[.=|(),])/uy],
];

function readToken(template: string, at: number, spaced: boolean): { token: Token; end: number } {
  const first = template[at];
  if (first === '"' || first === "'") {
    return readQuoted(template, at, spaced);
  }
  if (first === '`') {
    const end = template.indexOf('`', at + 1);
    if (end === -1) {
      throw new TemplateError(at, 'the raw string is not closed');
    }
    return { token: { kind: 'string', text: template.slice(at + 1, end), at, spaced }, end: end + 1 };
  }
  for (const [kind, form] of forms) {
    const found = match(form, template, at);
    if (found !== undefined) {
      return { token: { kind, text: found[1] ?? '', at, spaced }, end: at + found[0].length };
    }
  }
  throw new TemplateError(at, `unexpected ${JSON.stringify(unexpected(template, at))}`);
}

/** The character in the way: behind a name, where a name begins. */
function unexpected(template: string, at: number): string {
  const name = match(/[.$]?[\p{L}\p{Nd}_]+/uy, template, at)?.[0] ?? '';
  const code = template.codePointAt(at + name.length);
  return code === undefined ? name : String.fromCodePoint(code);
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const ESCAPE = /\\(?:([abfnrtv\\'"])|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3}))/y;

function readQuoted(template: string, start: number, spaced: boolean): { token: Token; end: number } {
  const quote = template[start];
  let text = '';
  let at = start + 1;
  while (template[at] !== quote) {
    const character = template[at];
    if (character === undefined || character === '\n') {
      throw new TemplateError(start, 'the string is not closed');
    }
    if (character !== '\\') {
      text += character;
      at += 1;
      continue;
    }
    const escape = match(ESCAPE, template, at);
    if (escape === undefined) {
      throw new TemplateError(at, 'unknown escape in the string');
    }
    text += unescape(escape, at);
    at += escape[0].length;
  }
  if (quote === "'" && Array.from(text).length !== 1) {
    throw new TemplateError(start, 'single quotes hold exactly one character; use double quotes for text');
  }
  return { token: { kind: quote === "'" ? 'rune' : 'string', text, at: start, spaced }, end: at + 1 };
}

function unescape([, simple, byte, short, long, octal]: RegExpExecArray, at: number): string {
  if (simple !== undefined) {
    return escapes[simple] ?? '';
  }
  const code =
    octal === undefined ? Number.parseInt(byte ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8);
  if (code > 0x10_ff_ff || (code >= 0xd8_00 && code <= 0xdf_ff)) {
    throw new TemplateError(at, 'the escape is no Unicode character');
  }
  return String.fromCodePoint(code);
}

function match(sticky: RegExp, text: string, at: number): RegExpExecArray | undefined {
  sticky.lastIndex = at;
  return sticky.exec(text) ?? undefined;
}
