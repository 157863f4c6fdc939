// Runs the tree of a query template. Bounded in steps and in size, so that every template ends.
import type { TemplateFunction } from './go-template-functions.ts';
import { TemplateError } from './go-template-lex.ts';
import type { Command, Node, Operand, Pipe } from './go-template-parse.ts';
import type { Value } from './go-value.ts';
import { ValueError, isTrue, sortedKeys, typeName, write } from './go-value.ts';

/** Of a template, and of what it renders to. */
export const MAX_CHARACTERS = 65_536;
const MAX_STEPS = 20_000;

/** Throws TemplateError. */
export function evaluate(nodes: readonly Node[], functions: ReadonlyMap<string, TemplateFunction>): string {
  const evaluator = new Evaluator(functions);
  evaluator.run(nodes, undefined);
  return evaluator.text;
}

/** `and` and `or` do not evaluate what comes after the argument that decides. */
export function isLazy(name: string): boolean {
  return lazy.has(name);
}

/** Which truth decides; the value is the argument that has it, or else the last. */
const lazy: ReadonlyMap<string, boolean> = new Map([
  ['and', false],
  ['or', true],
]);

type Flow = 'next' | 'break' | 'continue';

class Evaluator {
  text = '';
  readonly #functions: ReadonlyMap<string, TemplateFunction>;
  readonly #variables: { readonly name: string; value: Value }[] = [{ name: '', value: undefined }];
  #steps = 0;

  constructor(functions: ReadonlyMap<string, TemplateFunction>) {
    this.#functions = functions;
  }

  run(nodes: readonly Node[], dot: Value): Flow {
    const depth = this.#variables.length;
    for (const node of nodes) {
      const flow = this.#runNode(node, dot);
      if (flow !== 'next') {
        this.#variables.length = depth;
        return flow;
      }
    }
    this.#variables.length = depth;
    return 'next';
  }

  #runNode(node: Node, dot: Value): Flow {
    this.#step(node.at);
    switch (node.kind) {
      case 'text':
        this.#write(node.text, node.at);
        return 'next';
      case 'action': {
        const value = this.#evaluate(node.pipe, dot);
        this.#write(node.pipe.variables.length > 0 ? '' : write(value), node.at);
        return 'next';
      }
      case 'if':
      case 'with':
      case 'range':
        return this.#runBlock(node, dot);
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  #runBlock(node: Extract<Node, { body: unknown }>, dot: Value): Flow {
    const depth = this.#variables.length;
    const flow = node.kind === 'range' ? this.#runRange(node, dot) : this.#runBranch(node, dot);
    this.#variables.length = depth;
    return flow;
  }

  #runBranch(node: Extract<Node, { body: unknown }>, dot: Value): Flow {
    const value = this.#evaluate(node.pipe, dot);
    if (!isTrue(value)) {
      return this.run(node.otherwise, dot);
    }
    return this.run(node.body, node.kind === 'with' ? value : dot);
  }

  #runRange({ pipe, body, otherwise, at }: Extract<Node, { body: unknown }>, dot: Value): Flow {
    const of = this.#evaluate({ ...pipe, variables: [] }, dot);
    const depth = this.#variables.length;
    let empty = true;
    for (const [key, value] of elements(of, at)) {
      empty = false;
      this.#step(at);
      const taken = pipe.variables.length === 2 ? [key, value] : [value];
      for (const [index, name] of pipe.variables.entries()) {
        this.#assign(name, taken[index], pipe);
      }
      const flow = this.run(body, value);
      this.#variables.length = depth;
      if (flow === 'break') {
        break;
      }
    }
    return empty ? this.run(otherwise, dot) : 'next';
  }

  #evaluate(pipe: Pipe, dot: Value): Value {
    let piped: readonly Value[] = [];
    for (const command of pipe.commands) {
      piped = [this.#apply(command, dot, piped)];
    }
    for (const name of pipe.variables) {
      this.#assign(name, piped[0], pipe);
    }
    return piped[0];
  }

  #apply([first, ...others]: Command, dot: Value, piped: readonly Value[]): Value {
    this.#step(first.at);
    if (first.kind === 'function') {
      return this.#call(first, others, { dot, piped });
    }
    const extra = others[0]?.at ?? (piped.length > 0 ? first.at : undefined);
    if (extra !== undefined) {
      throw new TemplateError(extra, 'only functions take arguments');
    }
    return this.#valueOf(first, dot);
  }

  #call(
    { name, at }: Extract<Operand, { kind: 'function' }>,
    operands: readonly Operand[],
    { dot, piped }: { readonly dot: Value; readonly piped: readonly Value[] },
  ): Value {
    const decisive = lazy.get(name);
    if (decisive !== undefined) {
      return this.#choose(operands, { at, dot, piped, decisive });
    }
    const called = this.#functions.get(name);
    const args = [...operands.map((operand) => this.#valueOf(operand, dot)), ...piped];
    if (called === undefined || args.length < called.minArguments || args.length > called.maxArguments) {
      throw new TemplateError(at, `${name} cannot take ${args.length} argument(s)`);
    }
    try {
      return called.call(args);
    } catch (error) {
      throw error instanceof ValueError ? new TemplateError(at, `${name}: ${error.message}`) : error;
    }
  }

  #choose(
    operands: readonly Operand[],
    given: {
      readonly at: number;
      readonly dot: Value;
      readonly piped: readonly Value[];
      readonly decisive: boolean;
    },
  ): Value {
    let value: Value;
    for (const operand of operands) {
      value = this.#valueOf(operand, given.dot);
      if (isTrue(value) === given.decisive) {
        return value;
      }
    }
    if (operands.length + given.piped.length === 0) {
      throw new TemplateError(given.at, 'and and or need an argument');
    }
    return given.piped.length > 0 ? given.piped[0] : value;
  }

  #valueOf(operand: Operand, dot: Value): Value {
    this.#step(operand.at);
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'dot':
        return dot;
      case 'function':
        return this.#call(operand, [], { dot, piped: [] });
      case 'pipe':
        return this.#evaluate(operand.pipe, dot);
      case 'variable':
        return this.#variable(operand.name, operand.at).value;
      case 'field':
        return fieldOf(this.#valueOf(operand.of, dot), operand);
    }
  }

  #variable(name: string, at: number): { value: Value } {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (found === undefined) {
      throw new TemplateError(at, `variable $${name} is not defined`);
    }
    return found;
  }

  #assign(name: string, value: Value, pipe: Pipe): void {
    if (pipe.declares) {
      this.#variables.push({ name, value });
    } else {
      this.#variable(name, pipe.at).value = value;
    }
  }

  #write(text: string, at: number): void {
    this.text += text;
    if (this.text.length > MAX_CHARACTERS) {
      throw new TemplateError(at, `the rendered query is longer than ${MAX_CHARACTERS} characters`);
    }
  }

  #step(at: number): void {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) {
      throw new TemplateError(at, `the template takes more than ${MAX_STEPS} steps`);
    }
  }
}

function fieldOf(value: Value, { of, name, at }: Extract<Operand, { kind: 'field' }>): Value {
  if (typeof value === 'object') {
    const found = value.get(name);
    if (found === undefined) {
      throw new TemplateError(at, `there is no variable ${JSON.stringify(name)} in templateVariables`);
    }
    return found;
  }
  if (of.kind === 'dot' && value === undefined) {
    throw new TemplateError(at, `there is no data to take .${name} from; names have no leading dot here`);
  }
  throw new TemplateError(at, `${typeName(value)} has no field ${JSON.stringify(name)}`);
}

function* elements(of: Value, at: number): Generator<readonly [Value, Value]> {
  if (typeof of === 'object') {
    for (const key of sortedKeys(of)) {
      yield [key, of.get(key)];
    }
  } else if (typeof of === 'bigint') {
    for (let index = 0n; index < of; index += 1n) {
      yield [index, index];
    }
  } else if (of !== undefined) {
    throw new TemplateError(at, `range cannot go over ${typeName(of)}`);
  }
}
