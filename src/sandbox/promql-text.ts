// The words and literals of PromQL. What they mean together is not known here (promql-parse.ts). Imports nothing.

/** The query is not PromQL, or a part of PromQL that the sandbox does not speak. */
export class QueryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QueryError';
  }
}

interface Token {
  readonly kind: 'number' | 'name' | 'string' | 'duration' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const shapes: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /(?:\s+|#[^\n]*)+/y],
  ['duration', /(?:\d+(?:ms|[smhdwy]))+(?![\w.])/y],
  ['number', /(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|(?:[iI]nf|[nN]a[nN])(?!\w))/y],
  ['name', /[a-zA-Z_:][\w:]*/y],
  ['string', /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y],
  ['sign', /=~|!~|!=|[=(){}[\],+\-*/]/y],
];

/** The words of a query, read one after the other. */
export class Tokens {
  private readonly tokens: Token[] = [];
  private next = 0;

  constructor(query: string) {
    for (let at = 0; at < query.length;) {
      const token = tokenAt(query, at);
      if (token === undefined) {
        throw new QueryError(`1:${at + 1}: parse error: unexpected character: ${JSON.stringify(query[at])}`);
      }
      at += token.text.length;
      if (token.kind !== 'space') {
        this.tokens.push({ kind: token.kind, text: token.text, at: at - token.text.length });
      }
    }
    this.tokens.push({ kind: 'end', text: 'end of input', at: query.length });
  }

  peek(): Token {
    // The last token is the end and is never passed.
    return this.tokens[Math.min(this.next, this.tokens.length - 1)] ?? { kind: 'end', text: '', at: 0 };
  }

  take(): Token {
    const token = this.peek();
    this.next += 1;
    return token;
  }

  /** Takes the next token if it is this sign or word. */
  accept(text: string): boolean {
    const { kind, text: found } = this.peek();
    const fits = (kind === 'sign' || kind === 'name') && found === text;
    this.next += fits ? 1 : 0;
    return fits;
  }

  expect(text: string): void {
    if (!this.accept(text)) {
      throw this.unexpected(JSON.stringify(text));
    }
  }

  expectKind(kind: Token['kind'], wanted: string): string {
    if (this.peek().kind !== kind) {
      throw this.unexpected(wanted);
    }
    return this.take().text;
  }

  expectEnd(): void {
    if (this.peek().kind !== 'end') {
      throw this.unexpected('the end');
    }
  }

  unexpected(wanted: string): QueryError {
    const { text, at } = this.peek();
    return new QueryError(
      `1:${at + 1}: parse error: unexpected ${JSON.stringify(text)}, expected ${wanted} (the sandbox speaks only the PromQL of the built-in queries)`,
    );
  }
}

function tokenAt(query: string, at: number): { kind: Token['kind'] | 'space'; text: string } | undefined {
  for (const [kind, shape] of shapes) {
    shape.lastIndex = at;
    const text = shape.exec(query)?.[0];
    if (text !== undefined) {
      return { kind, text };
    }
  }
  return undefined;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

export function stringOf(literal: string): string {
  const inner = literal.slice(1, -1);
  return literal.startsWith('`')
    ? inner
    : inner.replaceAll(/\\(.)/gs, (_all, char: string) => escapes[char] ?? char);
}

export function numberOf(literal: string): number {
  return /^inf$/i.test(literal) ? Number.POSITIVE_INFINITY : Number(literal);
}

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

export function durationMs(literal: string): number {
  return [...literal.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, count = '0', unit = 's']) => sum + Number(count) * (unitsMs[unit] ?? 0),
    0,
  );
}
