// From the tokens of a Go text/template to its tree. Not supported, because a query has no use for them: define,
// template, block, and complex numbers.
import { Cursor, describe, markOf, numberOf } from './go-template-cursor.ts';
import type { Token } from './go-template-lex.ts';
import { TemplateError, tokensOf } from './go-template-lex.ts';
import type { Value } from './go-value.ts';

export type Operand =
  | { readonly kind: 'function'; readonly name: string; readonly at: number }
  | { readonly kind: 'dot'; readonly at: number }
  | { readonly kind: 'variable'; readonly name: string; readonly at: number }
  | { readonly kind: 'literal'; readonly value: Value; readonly at: number }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly at: number }
  | { readonly kind: 'field'; readonly of: Operand; readonly name: string; readonly at: number };

/** The first operand, applied to the others. */
export type Command = readonly [Operand, ...Operand[]];

export interface Pipe {
  readonly at: number;
  /** Variables that take the value; two only in `range`. */
  readonly variables: readonly string[];
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

export type Node =
  | { readonly kind: 'text'; readonly text: string; readonly at: number }
  | { readonly kind: 'action'; readonly pipe: Pipe; readonly at: number }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly at: number;
    }
  | { readonly kind: 'break' | 'continue'; readonly at: number };

const MAX_DEPTH = 50;
const unsupported = ['define', 'template', 'block'];
const constants: Readonly<Record<string, Value>> = { true: true, false: false, nil: undefined };

/** Throws TemplateError; `isFunction` says which words may be called. */
export function parseTemplate(template: string, isFunction: (name: string) => boolean): readonly Node[] {
  const parser = new Parser(new Cursor(tokensOf(template), template.length), isFunction);
  const nodes = parser.readNodes([]);
  parser.expectEnd();
  return nodes;
}

class Parser {
  readonly #cursor: Cursor;
  readonly #isFunction: (name: string) => boolean;
  #depth = 0;
  #loops = 0;

  constructor(cursor: Cursor, isFunction: (name: string) => boolean) {
    this.#cursor = cursor;
    this.#isFunction = isFunction;
  }

  /** Up to an action that begins with one of `stops`, which is left unread. */
  readNodes(stops: readonly string[]): readonly Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#cursor.peek();
      if (token === undefined || (token.kind === 'open' && stops.includes(this.#cursor.keyword()))) {
        return nodes;
      }
      this.#cursor.skip(1);
      nodes.push(
        token.kind === 'text' ? { kind: 'text', text: token.text, at: token.at } : this.#readAction(token.at),
      );
    }
  }

  expectEnd(): void {
    const token = this.#cursor.peek();
    if (token !== undefined) {
      throw new TemplateError(token.at, `unexpected {{${this.#cursor.keyword()}}}`);
    }
  }

  #readAction(at: number): Node {
    const word = this.#cursor.peek();
    const name = word?.kind === 'word' ? word.text : '';
    if (unsupported.includes(name)) {
      throw new TemplateError(at, `${name} is not supported in a query`);
    }
    if (name === 'if' || name === 'with' || name === 'range') {
      this.#cursor.skip(1);
      return this.#nested(at, () => this.#readBlock(name, at));
    }
    if (name === 'break' || name === 'continue') {
      if (this.#loops === 0) {
        throw new TemplateError(at, `${name} outside of range`);
      }
      this.#cursor.skip(1);
      this.#cursor.expect('close');
      return { kind: name, at };
    }
    if (name === 'end' || name === 'else') {
      throw new TemplateError(at, `unexpected {{${name}}}`);
    }
    const pipe = this.#readPipe(1);
    this.#cursor.expect('close');
    return { kind: 'action', pipe, at };
  }

  #readBlock(kind: 'if' | 'with' | 'range', at: number): Node {
    const pipe = this.#readPipe(kind === 'range' ? 2 : 1);
    this.#cursor.expect('close');
    this.#loops += kind === 'range' ? 1 : 0;
    const body = this.readNodes(['else', 'end']);
    this.#loops -= kind === 'range' ? 1 : 0;
    const stop = this.#cursor.keyword();
    if (stop === '') {
      throw new TemplateError(at, `{{${kind}}} is not closed: {{end}} is missing`);
    }
    this.#cursor.skip(2);
    if (stop === 'end') {
      this.#cursor.expect('close');
      return { kind, pipe, body, otherwise: [], at };
    }
    const chained = this.#cursor.peek();
    if (chained?.kind === 'word' && chained.text === kind && kind !== 'range') {
      this.#cursor.skip(1);
      const inner = this.#nested(at, () => this.#readBlock(kind, chained.at));
      return { kind, pipe, body, otherwise: [inner], at };
    }
    this.#cursor.expect('close');
    const otherwise = this.readNodes(['end']);
    if (this.#cursor.keyword() !== 'end') {
      throw new TemplateError(at, `{{${kind}}} is not closed: {{end}} is missing`);
    }
    this.#cursor.skip(2);
    this.#cursor.expect('close');
    return { kind, pipe, body, otherwise, at };
  }

  #readPipe(maxVariables: number): Pipe {
    const at = this.#cursor.at();
    const { variables, declares } = this.#readVariables(maxVariables);
    const commands: Command[] = [];
    do {
      commands.push(this.#readCommand());
    } while (this.#cursor.acceptMark('|'));
    return { at, variables, declares, commands };
  }

  #readVariables(maxVariables: number): { variables: readonly string[]; declares: boolean } {
    const start = this.#cursor.position;
    const variables: string[] = [];
    while (this.#cursor.peek()?.kind === 'variable' && variables.length < maxVariables) {
      variables.push(this.#cursor.peek()?.text ?? '');
      this.#cursor.skip(1);
      if (!this.#cursor.acceptMark(',')) {
        break;
      }
    }
    if (variables.length > 0) {
      const declares = this.#cursor.acceptMark(':=');
      if (declares || this.#cursor.acceptMark('=')) {
        return { variables, declares };
      }
    }
    this.#cursor.position = start;
    return { variables: [], declares: false };
  }

  #readCommand(): Command {
    const first = this.#readOperand();
    const rest: Operand[] = [];
    for (;;) {
      const token = this.#cursor.peek();
      const ends = token === undefined || token.kind === 'close' || ['|', ')'].includes(markOf(token));
      if (ends) {
        return [first, ...rest];
      }
      if (!token.spaced) {
        throw new TemplateError(token.at, `unexpected ${describe(token)}: arguments are parted by spaces`);
      }
      rest.push(this.#readOperand());
    }
  }

  #readOperand(): Operand {
    let operand = this.#readTerm();
    for (;;) {
      const token = this.#cursor.peek();
      if (token?.kind !== 'field' || token.spaced) {
        return operand;
      }
      this.#cursor.skip(1);
      operand = { kind: 'field', of: operand, name: token.text, at: token.at };
    }
  }

  #readTerm(): Operand {
    const token = this.#cursor.peek();
    const at = this.#cursor.at();
    if (token === undefined || token.kind === 'close') {
      throw new TemplateError(at, 'a value is missing');
    }
    this.#cursor.skip(1);
    switch (token.kind) {
      case 'word':
        return this.#readWord(token);
      case 'string':
        return { kind: 'literal', value: token.text, at };
      case 'rune':
        return { kind: 'literal', value: BigInt(token.text.codePointAt(0) ?? 0), at };
      case 'number':
        return { kind: 'literal', value: numberOf(token), at };
      case 'variable':
        return { kind: 'variable', name: token.text, at };
      case 'field':
        return { kind: 'field', of: { kind: 'dot', at }, name: token.text, at };
      case 'mark':
      case 'open':
      case 'text':
        return this.#readMark(token);
    }
  }

  #readMark(token: Token): Operand {
    const { at } = token;
    if (markOf(token) === '.') {
      return { kind: 'dot', at };
    }
    if (markOf(token) !== '(') {
      throw new TemplateError(at, `unexpected ${describe(token)}`);
    }
    const pipe = this.#nested(at, () => this.#readPipe(1));
    if (!this.#cursor.acceptMark(')')) {
      throw new TemplateError(at, 'the parenthesis is not closed');
    }
    return { kind: 'pipe', pipe, at };
  }

  #readWord({ text, at }: Token): Operand {
    if (Object.hasOwn(constants, text)) {
      return { kind: 'literal', value: constants[text], at };
    }
    if (!this.#isFunction(text)) {
      throw new TemplateError(at, `function ${JSON.stringify(text)} is not known`);
    }
    return { kind: 'function', name: text, at };
  }

  #nested<Result>(at: number, read: () => Result): Result {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      throw new TemplateError(at, `nested deeper than ${MAX_DEPTH} levels`);
    }
    const result = read();
    this.#depth -= 1;
    return result;
  }
}
