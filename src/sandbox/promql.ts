// Evaluates a query tree at one moment over samples in memory, as Prometheus does, without its extrapolation.
// Neither text (promql-parse.ts) nor HTTP (prometheus.ts) is known here. No I/O, no clock.
import { bucketQuantile } from './bucket-quantile.ts';
import type { Bucket } from './bucket-quantile.ts';
import { anchored } from './promql-parse.ts';
import { QueryError } from './promql-text.ts';
import type { Arithmetic, Expression, Matcher } from './promql-parse.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** One counter over time, oldest point first. */
export interface Series {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

interface VectorSample {
  readonly labels: Labels;
  readonly value: number;
}

export type QueryValue =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'vector'; readonly samples: readonly VectorSample[] };

/** Throws QueryError for combinations that the sandbox does not know. */
export function evaluate(
  expression: Expression,
  seriesOf: (metric: string) => Iterable<Series>,
  atMs: number,
): QueryValue {
  const valueOf = (inner: Expression): QueryValue => evaluate(inner, seriesOf, atMs);
  switch (expression.kind) {
    case 'number':
      return { kind: 'scalar', value: expression.value };
    case 'vector':
      return vector([{ labels: {}, value: scalarOf(valueOf(expression.of)) }]);
    case 'rate': {
      const { fn, metric, matchers, windowMs } = expression;
      const matches = matcherOf(matchers);
      const perSecond = fn === 'rate' ? windowMs / 1000 : 1;
      return vector(
        [...seriesOf(metric)].flatMap(({ labels, points }) => {
          const increase = matches(labels) ? increaseOf(points, atMs - windowMs, atMs) : undefined;
          return increase === undefined ? [] : [{ labels, value: increase / perSecond }];
        }),
      );
    }
    case 'sum':
      return vector(sumBy(samplesOf(valueOf(expression.of)), expression.by));
    case 'quantile':
      return vector(quantiles(scalarOf(valueOf(expression.quantile)), samplesOf(valueOf(expression.of))));
    case 'binary':
      return combine(expression.op, valueOf(expression.left), valueOf(expression.right));
  }
}

/**
 * How much a counter grew in (fromMs, toMs]; a fall is a restart from zero. undefined with fewer than two points in the
 * window, as in Prometheus.
 */
function increaseOf(points: readonly Point[], fromMs: number, toMs: number): number | undefined {
  const inside = points.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
  let increase = 0;
  for (const [i, { value }] of inside.entries()) {
    const before = inside[i - 1]?.value ?? value;
    increase += value >= before ? value - before : value;
  }
  return inside.length < 2 ? undefined : increase;
}

function matcherOf(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ label, op, value }) => {
    const pattern = op === '=~' || op === '!~' ? anchored(value) : undefined;
    const wanted = op === '=' || op === '=~';
    return (labels: Labels): boolean => {
      // A label that is missing is an empty one, as in Prometheus.
      const found = labels[label] ?? '';
      return (pattern === undefined ? found === value : pattern.test(found)) === wanted;
    };
  });
  return (labels) => tests.every((test) => test(labels));
}

function sumBy(samples: readonly VectorSample[], by: readonly string[]): VectorSample[] {
  const groups = new Map<string, VectorSample>();
  for (const { labels, value } of samples) {
    const kept = Object.fromEntries(
      by.flatMap((label) => (label in labels ? [[label, labels[label] ?? '']] : [])),
    );
    const key = keyOf(kept);
    groups.set(key, { labels: kept, value: (groups.get(key)?.value ?? 0) + value });
  }
  return [...groups.values()];
}

function quantiles(quantile: number, samples: readonly VectorSample[]): VectorSample[] {
  const groups = new Map<string, { labels: Labels; buckets: Bucket[] }>();
  for (const { labels, value } of samples) {
    const { le, ...rest } = labels;
    const upTo = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le ?? Number.NaN);
    if (!Number.isNaN(upTo)) {
      const group = groups.get(keyOf(rest)) ?? { labels: rest, buckets: [] };
      group.buckets.push({ upTo, count: value });
      groups.set(keyOf(rest), group);
    }
  }
  return [...groups.values()].map(({ labels, buckets }) => ({
    labels,
    value: bucketQuantile(quantile, buckets),
  }));
}

function combine(op: Arithmetic, left: QueryValue, right: QueryValue): QueryValue {
  if (left.kind === 'scalar') {
    return right.kind === 'scalar'
      ? { kind: 'scalar', value: calculate(op, left.value, right.value) }
      : vector(right.samples.map((sample) => withValue(sample, calculate(op, left.value, sample.value))));
  }
  if (right.kind === 'scalar') {
    return vector(left.samples.map((sample) => withValue(sample, calculate(op, sample.value, right.value))));
  }
  const others = new Map(right.samples.map((sample) => [keyOf(sample.labels), sample.value]));
  return vector(
    left.samples.flatMap((sample) => {
      const other = others.get(keyOf(sample.labels));
      return other === undefined ? [] : [withValue(sample, calculate(op, sample.value, other))];
    }),
  );
}

function calculate(op: Arithmetic, left: number, right: number): number {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
  }
}

function withValue({ labels }: VectorSample, value: number): VectorSample {
  return { labels, value };
}

function vector(samples: readonly VectorSample[]): QueryValue {
  return { kind: 'vector', samples };
}

function samplesOf(value: QueryValue): readonly VectorSample[] {
  if (value.kind === 'scalar') {
    throw new QueryError('expected type instant vector, got scalar');
  }
  return value.samples;
}

function scalarOf(value: QueryValue): number {
  if (value.kind === 'vector') {
    throw new QueryError('expected type scalar, got instant vector');
  }
  return value.value;
}

/** Equal for equal labels, whatever their order. */
export function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
