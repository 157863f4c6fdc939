import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { bucketQuantile } from '../../src/sandbox/bucket-quantile.ts';
import { parseQuery } from '../../src/sandbox/promql-parse.ts';
import { QueryError } from '../../src/sandbox/promql-text.ts';
import { evaluate } from '../../src/sandbox/promql.ts';
import type { Labels, QueryValue, Series } from '../../src/sandbox/promql.ts';
import { Samples } from '../../src/sandbox/samples.ts';

const minuteMs = 60_000;

/** A counter with one point every 10 s, the last at 60 s. */
function counter(labels: Labels, values: readonly number[]): Series {
  const firstMs = minuteMs - (values.length - 1) * 10_000;
  return { labels, points: values.map((value, i) => ({ atMs: firstMs + i * 10_000, value })) };
}

const pod = (name: string, status: string): Labels => ({
  kubernetes_namespace: 'shop',
  kubernetes_pod_name: name,
  status,
});

const series: Record<string, Series[]> = {
  http_request_duration_seconds_count: [
    counter(pod('cart-abc-1', '200'), [0, 10, 20, 30, 40, 50, 57]),
    counter(pod('cart-abc-1', '503'), [0, 0, 0, 0, 0, 1, 3]),
    counter(pod('cart-primary-abc-1', '200'), [0, 100, 200, 300, 400, 500, 600]),
    counter(pod('cart-abc-2', '404'), [0, 0, 0, 0, 0, 0, 0]),
  ],
  http_request_duration_seconds_bucket: ['0.1', '0.5', '1', '+Inf'].map((le, i) =>
    counter({ ...pod('cart-abc-1', '200'), le }, [0, [50, 90, 100, 100][i] ?? 0]),
  ),
  reset: [counter({ a: '1' }, [100, 110, 5, 10])],
  lonely: [counter({ a: '1' }, [7])],
};

function ask(query: string, atMs = minuteMs): QueryValue {
  return evaluate(parseQuery(query), (metric) => series[metric] ?? [], atMs);
}

function numbers(value: QueryValue): number[] {
  return value.kind === 'scalar' ? [value.value] : value.samples.map((sample) => sample.value);
}

const count = 'http_request_duration_seconds_count';

describe('a query', () => {
  it.each([
    ['a number', '42', 42],
    ['precedence', '1 + 2 * 3 - 4 / 2', 5],
    ['from left to right', '10 - 4 - 3', 3],
    ['parentheses', '(1 + 2) * 3', 9],
    ['a negative number', '-2 * 3', -6],
    ['exponents', '1e3 + .5', 1000.5],
    ['infinity', '-Inf', Number.NEGATIVE_INFINITY],
    ['a scalar as a vector', 'vector(1)', 1],
    ['a rate is per second', `sum(rate(${count}{kubernetes_pod_name="cart-primary-abc-1"}[30s]))`, 200 / 30],
    ['an increase is not', `sum(increase(${count}{kubernetes_pod_name="cart-primary-abc-1"}[30s]))`, 200],
    ['equality', `sum(increase(${count}{status="503"}[1m]))`, 3],
    ['inequality', `sum(increase(${count}{status!="503"}[2m]))`, 657],
    [
      'a pattern fits the whole label',
      `sum(increase(${count}{kubernetes_pod_name=~"cart-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"}[2m]))`,
      60,
    ],
    [
      'a negated pattern',
      `sum(increase(${count}{kubernetes_pod_name=~"cart-abc-.*", status!~"5.*"}[2m]))`,
      57,
    ],
    ['a missing label is an empty one', `sum(increase(${count}{nothing="", status="503"}[2m]))`, 3],
    [
      'single quotes and back ticks',
      `sum(increase(${count}{status='503',kubernetes_namespace=\`shop\`,}[2m]))`,
      3,
    ],
    ['escapes in strings', `sum(increase(${count}{status=~"\\\\d03"}[2m]))`, 3],
    ['a counter that restarts', 'sum(increase(reset[1m]))', 20],
    ['comments and line breaks', 'sum( # all\n increase(reset[1m])\n)\n', 20],
    ['compound durations', 'sum(increase(reset[1m30s]))', 20],
    [
      'the built-in success rate',
      `sum(rate(${count}{kubernetes_namespace="shop",kubernetes_pod_name=~"cart-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)",status!~"5.*"}[2m]))
       / sum(rate(${count}{kubernetes_namespace="shop",kubernetes_pod_name=~"cart-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"}[2m])) * 100`,
      95,
    ],
    [
      'the built-in duration, with by behind',
      'histogram_quantile(0.99, sum(rate(http_request_duration_seconds_bucket{kubernetes_namespace="shop"}[1m])) by (le)) * 1000',
      950,
    ],
    [
      'the same, with by in front',
      'histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[1m])))',
      0.1,
    ],
  ])('knows %s', (_title, query, expected) => {
    const found = numbers(ask(query));
    expect(found).toHaveLength(1);
    expect(found[0]).toBeCloseTo(expected, 10);
  });

  it('keeps the labels it sums by, and matches both sides of an operator by them', () => {
    const query = `sum by (status) (increase(${count}{status=~"200|503"}[2m])) / sum by (status) (increase(${count}[2m]))`;
    expect(ask(query)).toEqual({
      kind: 'vector',
      samples: [
        { labels: { status: '200' }, value: 1 },
        { labels: { status: '503' }, value: 1 },
      ],
    });
  });

  it.each([
    ['an unknown metric', 'sum(rate(unknown[1m]))'],
    ['a series with one point in the window', 'sum(rate(lonely[1m]))'],
    ['a window before the first point', 'sum(rate(reset[10s]))'],
    ['no series that match', `sum(rate(${count}{status="418"}[1m])) / sum(rate(${count}[1m]))`],
  ])('answers nothing for %s', (title, query) => {
    expect(ask(query, title.startsWith('a window') ? 20_000 : minuteMs)).toEqual({
      kind: 'vector',
      samples: [],
    });
  });

  it('answers NaN for no requests out of no requests, so that silence is no verdict', () => {
    expect(
      numbers(ask(`sum(rate(${count}{status="404"}[1m])) / sum(rate(${count}{status="404"}[1m])) * 100`)),
    ).toEqual([Number.NaN]);
  });

  it.each([
    ['nothing', ''],
    ['an unknown function', 'avg(rate(x[1m]))'],
    ['an instant selector', 'up'],
    ['a rate without a window', 'rate(x)'],
    ['a comparison', '1 > 0'],
    ['a set operator', 'vector(1) or vector(2)'],
    ['an offset', 'sum(rate(x[1m] offset 5m))'],
    ['a subquery', 'sum(rate(x[1m:10s]))'],
    ['an open parenthesis', 'sum(rate(x[1m])'],
    ['something behind the end', 'vector(1) 2'],
    ['an open string', 'sum(rate(x{a="b}[1m]))'],
    ['a broken pattern', 'sum(rate(x{a=~"("}[1m]))'],
    ['a matcher without a string', 'sum(rate(x{a=b}[1m]))'],
    ['a window without a unit', 'sum(rate(x[60]))'],
    ['a template left in', 'sum(rate(x{a="b"}[{{ interval }}]))'],
    ['a sum of a number', 'sum(1)'],
    ['a quantile that is no number', 'histogram_quantile(vector(1), vector(1))'],
  ])('is refused when it is %s', (_title, query) => {
    expect(() => ask(query)).toThrow(QueryError);
  });

  it('is refused with the place of the first word that does not fit', () => {
    expect(() => ask('sum(avg(x))')).toThrow(/^1:5: parse error: unexpected "avg"/);
  });

  it('never fails in any other way, and always ends', () => {
    const words = [
      'sum',
      'rate',
      'by',
      '(',
      ')',
      '{',
      '}',
      '[1m]',
      'x',
      '=',
      '"a"',
      ',',
      '*',
      '/',
      '1',
      '-',
      'vector',
      '$',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 12 }), (query) => {
        try {
          ask(query.join(' '));
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('bucketQuantile', () => {
  const buckets = [
    { upTo: 10, count: 10 },
    { upTo: 20, count: 30 },
    { upTo: Number.POSITIVE_INFINITY, count: 40 },
  ];

  it.each([
    [0.25, 10],
    [0.5, 15],
    [0.75, 20],
    [0.99, 20],
    [-1, Number.NEGATIVE_INFINITY],
    [2, Number.POSITIVE_INFINITY],
  ])('interpolates: %d', (quantile, expected) => {
    expect(bucketQuantile(quantile, buckets.toReversed())).toBe(expected);
  });

  it.each([
    ['no buckets', []],
    ['no +Inf bucket', buckets.slice(0, 2)],
    ['no observations', buckets.map(({ upTo }) => ({ upTo, count: 0 }))],
  ])('is NaN with %s', (_title, given) => {
    expect(bucketQuantile(0.5, given)).toBeNaN();
  });
});

function total(samples: Samples, query: string, atMs: number): number[] {
  return numbers(evaluate(parseQuery(query), (metric) => samples.seriesOf(metric), atMs));
}

describe('Samples', () => {
  it('counts the first requests of a new series too', () => {
    const samples = new Samples(0);
    samples.scrape(1000);
    samples.add('requests', { pod: 'a' }, 5);
    samples.scrape(2000);
    expect(total(samples, 'sum(increase(requests[10s]))', 2000)).toEqual([5]);
  });

  it('keeps histograms as Prometheus spells them', () => {
    const samples = new Samples(0);
    for (const seconds of [0.05, 0.2, 3]) {
      samples.observe('took', { pod: 'a' }, seconds, [0.1, 1]);
    }
    samples.scrape(1000);
    const buckets = ['0.1', '1', '+Inf'].map((le) =>
      total(samples, `sum(increase(took_bucket{le="${le}"}[10s]))`, 1000),
    );
    expect(buckets).toEqual([[1], [2], [3]]);
    expect(total(samples, 'sum(increase(took_count[10s]))', 1000)).toEqual([3]);
    expect(total(samples, 'sum(increase(took_sum[10s]))', 1000)[0]).toBeCloseTo(3.25);
  });

  it('forgets points, and counters that no longer move', () => {
    const samples = new Samples(0, 5000);
    samples.add('requests', { pod: 'gone' });
    for (let second = 1; second <= 20; second++) {
      samples.add('requests', { pod: 'busy' });
      samples.scrape(second * 1000);
    }
    const kept = [...samples.seriesOf('requests')];
    expect(kept.map(({ labels }) => labels)).toEqual([{ pod: 'busy' }]);
    expect(kept[0]?.points.map(({ atMs }) => atMs)).toEqual([15_000, 16_000, 17_000, 18_000, 19_000, 20_000]);
  });
});
