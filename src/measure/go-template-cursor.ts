// Walks over the tokens of a query template; go-template-parse.ts decides what they mean.
import type { Token, TokenKind } from './go-template-lex.ts';
import { TemplateError } from './go-template-lex.ts';
import type { Value } from './go-value.ts';

export class Cursor {
  position = 0;
  readonly #tokens: readonly Token[];
  readonly #end: number;

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens;
    this.#end = end;
  }

  peek(): Token | undefined {
    return this.#tokens[this.position];
  }

  skip(count: number): void {
    this.position += count;
  }

  /** Where the next token is; behind the last character at the end. */
  at(): number {
    return this.peek()?.at ?? this.#end;
  }

  /** The word that begins the action ahead; empty where there is none. */
  keyword(): string {
    const word = this.#tokens[this.position + 1];
    return this.peek()?.kind === 'open' && word?.kind === 'word' ? word.text : '';
  }

  acceptMark(mark: string): boolean {
    const accepted = markOf(this.peek()) === mark;
    this.position += accepted ? 1 : 0;
    return accepted;
  }

  expect(kind: TokenKind): void {
    const token = this.peek();
    if (token?.kind !== kind) {
      throw new TemplateError(this.at(), `unexpected ${token === undefined ? 'end' : describe(token)}`);
    }
    this.position += 1;
  }
}

export function markOf(token: Token | undefined): string {
  return token?.kind === 'mark' ? token.text : '';
}

export function describe({ kind, text }: Token): string {
  return kind === 'close' ? 'end of the action' : JSON.stringify(text);
}

const MAX_INT = 2n ** 63n - 1n;

/** Throws TemplateError. */
export function numberOf({ text, at }: Token): Value {
  const digits = text.replaceAll('_', '');
  const isHex = /^[+-]?0x/i.test(digits);
  if (!isHex && /[.e]/i.test(digits)) {
    return Number(digits);
  }
  const negative = digits.startsWith('-');
  // A leading zero means octal, as in Go.
  const magnitude = digits.replace(/^[+-]/, '').replace(/^0(?=\d)/, '0o');
  const value = /^0o.*[89]/.test(magnitude) ? MAX_INT + 1n : BigInt(magnitude);
  if (value > MAX_INT) {
    throw new TemplateError(at, `${text} is no integer of 64 bits`);
  }
  return negative ? -value : value;
}
