import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Metric } from '../../src/api/analysis.ts';
import { judgeHook, judgeMetric } from '../../src/judge/threshold.ts';
import type { Measurement, Outcome } from '../../src/model/measurement.ts';
import { unavailable } from '../../src/model/measurement.ts';

const value = (number: number): Measurement => ({ kind: 'value', value: number });
const rate = (limits: Partial<Metric> = {}): Metric => ({ name: 'request-success-rate', ...limits });
const duration = (limits: Partial<Metric> = {}): Metric => ({ name: 'request-duration', ...limits });
const inline = (limits: Partial<Metric> = {}): Metric => ({ name: 'errors', query: 'up', ...limits });
const template = (limits: Partial<Metric> = {}): Metric => ({
  name: 'request-duration',
  templateRef: { name: 'latency' },
  ...limits,
});
const silent: Measurement = { kind: 'noData', reason: 'NoSeries', message: 'nothing matched' };

describe('the limits of a metric', () => {
  it.each<[string, Metric, number, Outcome, string | undefined]>([
    ['a rate below its minimum', rate({ thresholdRange: { min: 99 } }), 97.2, 'fail', 'min 99'],
    ['a rate at its minimum', rate({ thresholdRange: { min: 99 } }), 99, 'pass', 'min 99'],
    ['a rate above its maximum', rate({ thresholdRange: { max: 50 } }), 50.1, 'fail', 'max 50'],
    ['both limits', rate({ thresholdRange: { min: 1, max: 5 } }), 5, 'pass', 'min 1, max 5'],
    ['an empty range', rate({ thresholdRange: {} }), -1e9, 'pass', undefined],
    ['a rate and the deprecated threshold', rate({ threshold: 99 }), 98.9, 'fail', 'min 99'],
    ['a rate without limits', rate(), 0, 'pass', 'min 0'],
    [
      'the range wins over the threshold',
      rate({ threshold: 99, thresholdRange: { min: 1 } }),
      2,
      'pass',
      'min 1',
    ],
    ['a duration above its maximum', duration({ thresholdRange: { max: 500 } }), 501, 'fail', 'max 500'],
    ['fractions of a millisecond', duration({ thresholdRange: { max: 500 } }), 500.9, 'pass', 'max 500'],
    ['fractions in the limit', duration({ thresholdRange: { max: 0.5 } }), 1, 'fail', 'max 0'],
    ['a duration and the deprecated threshold', duration({ threshold: 500 }), 500, 'pass', 'max 500'],
    ['a duration without limits', duration(), 1, 'fail', 'max 0'],
    ['a duration of nothing without limits', duration(), 0.9, 'pass', 'max 0'],
    ['an inline query at its threshold', inline({ threshold: 5 }), 5, 'pass', 'max 5'],
    ['an inline query above its threshold', inline({ threshold: 5 }), 5.01, 'fail', 'max 5'],
    ['an inline query without limits', inline(), 0.001, 'fail', 'max 0'],
    [
      'a template keeps fractions whatever its name',
      template({ thresholdRange: { max: 0.5 } }),
      0.4,
      'pass',
      'max 0.5',
    ],
    ['a threshold of zero', inline({ threshold: 0 }), 0, 'pass', 'max 0'],
  ])('%s', (...row) => {
    const [, metric, number, outcome, threshold] = row;
    const verdict = judgeMetric(metric, value(number));
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.threshold).toBe(threshold);
  });

  it('say what a person wants to know', () => {
    expect(judgeMetric(rate({ thresholdRange: { min: 99 } }), value(97.2))).toEqual({
      name: 'request-success-rate',
      outcome: 'fail',
      reason: 'BelowMinimum',
      value: 97.2,
      threshold: 'min 99',
      message: '97.2 % is below min 99 %',
    });
    expect(judgeMetric(duration({ threshold: 500 }), value(612.7))).toMatchObject({
      reason: 'AboveMaximum',
      value: 612,
      message: '612 ms is above max 500 ms',
    });
  });

  it.each([
    [98.999_99, 99, 98.999_99],
    [98.123_456, 99, 98.12],
    [99.000_000_001, 99, 99.000_000_001],
    [98.999_999_999_999_9, 99, 99],
  ])('show %d against %d as %d, never on the wrong side', (number, min, shown) => {
    expect(judgeMetric(rate({ thresholdRange: { min } }), value(number)).value).toBe(shown);
  });

  it('never show a value on the other side of its limit', () => {
    const thousandths = fc.integer({ min: -1e9, max: 1e9 });
    const near = fc
      .tuple(thousandths, fc.integer({ min: -2, max: 2 }))
      .map(([a, by]) => [a, a + by] as const);
    fc.assert(
      fc.property(fc.oneof(near, fc.tuple(thousandths, thousandths)), ([max, measured]) => {
        const verdict = judgeMetric(inline({ thresholdRange: { max: max / 1000 } }), value(measured / 1000));
        const fails = measured > max;
        expect(verdict.outcome).toBe(fails ? 'fail' : 'pass');
        expect((verdict.value ?? Number.NaN) > max / 1000).toBe(fails);
      }),
    );
  });

  it('do not fail on the noise of binary fractions', () => {
    expect(judgeMetric(rate({ thresholdRange: { min: 90 } }), value(89.999_999_999_999_99)).outcome).toBe(
      'pass',
    );
    expect(judgeMetric(inline({ thresholdRange: { max: 0.3 } }), value(0.1 + 0.2)).outcome).toBe('pass');
  });

  it('fail a value that cannot be compared', () => {
    expect(judgeMetric(inline({ threshold: 5 }), value(Number.NaN)).outcome).toBe('fail');
  });
});

describe('a metric without a value', () => {
  it.each<[Measurement, Outcome]>([
    [silent, 'noData'],
    [{ kind: 'inconclusive', reason: 'TooManySeries', message: '3 series' }, 'inconclusive'],
    [unavailable('ConnectionFailed', 'refused'), 'unavailable'],
  ])('%j is no failure of the canary', (measurement, outcome) => {
    const verdict = judgeMetric(rate({ thresholdRange: { min: 99 } }), measurement);
    expect(verdict).toMatchObject({ outcome, threshold: 'min 99' });
    expect(verdict.value).toBeUndefined();
    expect(verdict.message).not.toBe('');
  });

  it.each<[Metric['onNoData'], Outcome]>([
    ['hold', 'noData'],
    ['pass', 'pass'],
    ['fail', 'fail'],
  ])('onNoData %s makes silence %s', (onNoData, outcome) => {
    expect(judgeMetric(rate({ onNoData: onNoData ?? 'hold' }), silent)).toMatchObject({
      outcome,
      reason: 'NoSeries',
    });
  });

  it('onNoData says nothing about a provider that cannot be reached', () => {
    expect(judgeMetric(rate({ onNoData: 'pass' }), unavailable('TimedOut', '')).outcome).toBe('unavailable');
  });

  it('only tells what a dry run would have been', () => {
    expect(judgeMetric(rate({ dryRun: true, threshold: 99 }), value(1))).toMatchObject({
      outcome: 'pass',
      value: 1,
      message: 'dry run, would be fail: 1 % is below min 99 %',
    });
  });
});

describe('the answer of a hook', () => {
  it.each([
    ['passed', 'HookPassed', 'pass'],
    ['denied', 'HookDenied', 'fail'],
    ['unreachable', 'HookUnreachable', 'unavailable'],
  ] as const)('%s counts as %s', (outcome, reason, verdict) => {
    expect(judgeHook('gate', { kind: 'hook', outcome, reason, message: 'said' })).toEqual({
      name: 'gate',
      outcome: verdict,
      reason,
      message: 'said',
    });
  });
});
