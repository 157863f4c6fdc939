// Reads the small part of PromQL that the built-in queries are written in, into a tree. Nothing is evaluated here
// (promql.ts), and words are told apart elsewhere (promql-text.ts). May import its own kind only.
import { durationMs, numberOf, QueryError, stringOf, Tokens } from './promql-text.ts';

export interface Matcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export type Arithmetic = '+' | '-' | '*' | '/';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'vector'; readonly of: Expression }
  | {
      readonly kind: 'rate';
      readonly fn: 'rate' | 'increase';
      readonly metric: string;
      readonly matchers: readonly Matcher[];
      readonly windowMs: number;
    }
  | { readonly kind: 'sum'; readonly of: Expression; readonly by: readonly string[] }
  | { readonly kind: 'quantile'; readonly quantile: Expression; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly op: Arithmetic;
      readonly left: Expression;
      readonly right: Expression;
    };

/** Throws QueryError, naming the place (1-based, as Prometheus counts). */
export function parseQuery(query: string): Expression {
  const tokens = new Tokens(query);
  const expression = readSum(tokens);
  tokens.expectEnd();
  return expression;
}

function readSum(tokens: Tokens): Expression {
  return readChain(tokens, ['+', '-'], readProduct);
}

function readProduct(tokens: Tokens): Expression {
  return readChain(tokens, ['*', '/'], readOperand);
}

function readChain(
  tokens: Tokens,
  signs: readonly Arithmetic[],
  readNext: (tokens: Tokens) => Expression,
): Expression {
  let left = readNext(tokens);
  for (;;) {
    const op = signs.find((sign) => tokens.accept(sign));
    if (op === undefined) {
      return left;
    }
    left = { kind: 'binary', op, left, right: readNext(tokens) };
  }
}

function readOperand(tokens: Tokens): Expression {
  if (tokens.accept('(')) {
    const inner = readSum(tokens);
    tokens.expect(')');
    return inner;
  }
  if (tokens.accept('-')) {
    return { kind: 'binary', op: '-', left: { kind: 'number', value: 0 }, right: readOperand(tokens) };
  }
  if (tokens.peek().kind === 'number') {
    return { kind: 'number', value: numberOf(tokens.take().text) };
  }
  return readCall(tokens);
}

function readCall(tokens: Tokens): Expression {
  if (tokens.accept('sum')) {
    const before = readBy(tokens);
    tokens.expect('(');
    const of = readSum(tokens);
    tokens.expect(')');
    return { kind: 'sum', of, by: before ?? readBy(tokens) ?? [] };
  }
  const fn = (['rate', 'increase'] as const).find((name) => tokens.accept(name));
  if (fn !== undefined) {
    tokens.expect('(');
    const range = readRange(tokens);
    tokens.expect(')');
    return { kind: 'rate', fn, ...range };
  }
  if (tokens.accept('histogram_quantile')) {
    tokens.expect('(');
    const quantile = readSum(tokens);
    tokens.expect(',');
    const of = readSum(tokens);
    tokens.expect(')');
    return { kind: 'quantile', quantile, of };
  }
  if (tokens.accept('vector')) {
    tokens.expect('(');
    const of = readSum(tokens);
    tokens.expect(')');
    return { kind: 'vector', of };
  }
  throw tokens.unexpected('a number, "(", sum, rate, increase, histogram_quantile or vector');
}

function readBy(tokens: Tokens): string[] | undefined {
  if (!tokens.accept('by')) {
    return undefined;
  }
  const labels: string[] = [];
  tokens.expect('(');
  while (!tokens.accept(')')) {
    labels.push(tokens.expectKind('name', 'a label'));
    if (!tokens.accept(',')) {
      tokens.expect(')');
      break;
    }
  }
  return labels;
}

function readRange(tokens: Tokens): { metric: string; matchers: Matcher[]; windowMs: number } {
  const metric = tokens.expectKind('name', 'a metric');
  const matchers: Matcher[] = [];
  if (tokens.accept('{')) {
    while (!tokens.accept('}')) {
      matchers.push(readMatcher(tokens));
      if (!tokens.accept(',')) {
        tokens.expect('}');
        break;
      }
    }
  }
  tokens.expect('[');
  const windowMs = durationMs(tokens.expectKind('duration', 'a duration'));
  tokens.expect(']');
  return { metric, matchers, windowMs };
}

function readMatcher(tokens: Tokens): Matcher {
  const label = tokens.expectKind('name', 'a label');
  const op = (['=~', '!~', '!=', '='] as const).find((sign) => tokens.accept(sign));
  if (op === undefined) {
    throw tokens.unexpected('one of =, !=, =~, !~');
  }
  const value = stringOf(tokens.expectKind('string', 'a string'));
  if (op === '=~' || op === '!~') {
    anchored(value);
  }
  return { label, op, value };
}

/** The pattern as Prometheus takes it: it has to fit the whole label. Throws QueryError for what is no pattern. */
export function anchored(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 's');
  } catch (error) {
    throw new QueryError(`error parsing regexp: ${String(error)}`);
  }
}
