import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { judgeShare, strayRequests } from '../../src/judge/share.ts';
import type { ShareVerdict } from '../../src/judge/share.ts';
import { unavailable } from '../../src/model/measurement.ts';
import type { Measurement } from '../../src/model/measurement.ts';

const value = (number: number): Measurement => ({ kind: 'value', value: number });
const silent: Measurement = { kind: 'noData', reason: 'NoSeries', message: 'nothing matched' };
const down = unavailable('ConnectionFailed', 'connection refused');
const several: Measurement = { kind: 'inconclusive', reason: 'TooManySeries', message: '2 series' };

function judge(
  canary: Measurement,
  primary: Measurement,
  percent: number,
  tolerancePercent = 5,
): ShareVerdict {
  return judgeShare({ canary, primary }, { percent, tolerancePercent });
}

describe('the share of the canary', () => {
  it.each<[string, number, number, number, ShareVerdict['outcome'], string]>([
    ['what was wanted', 200, 800, 20, 'agrees', 'the canary got 20% of 1000 requests'],
    ['a little less', 170, 830, 20, 'agrees', 'the canary got 17% of 1000 requests'],
    ['at the limit of 10.06 points', 100, 900, 20, 'agrees', 'the canary got 10% of 1000 requests'],
    ['beyond it', 99, 901, 20, 'disagrees', 'the canary got 9.9% of 1000 requests, which does not fit 20%'],
    [
      'nothing at all',
      0,
      1000,
      20,
      'disagrees',
      'the canary got 0% of 1000 requests, which does not fit 20%',
    ],
    ['everything', 1000, 0, 20, 'disagrees', 'the canary got 100% of 1000 requests, which does not fit 20%'],
    [
      'the sides swapped',
      800,
      200,
      20,
      'disagrees',
      'the canary got 80% of 1000 requests, which does not fit 20%',
    ],
    ['few requests', 0, 113, 20, 'tooFew', '113 requests are too few to tell'],
    [
      'as many as it takes to notice',
      0,
      114,
      20,
      'disagrees',
      'the canary got 0% of 114 requests, which does not fit 20%',
    ],
    ['half and half, of few', 15, 15, 50, 'agrees', 'the canary got 50% of 30 requests'],
    ['half and half, of fewer', 15, 14, 50, 'tooFew', '29 requests are too few to tell'],
    ['all to the canary', 30, 0, 100, 'agrees', 'the canary got 100% of 30 requests'],
    ['nearly all', 96, 4, 100, 'agrees', 'the canary got 96% of 100 requests'],
    ['not all', 94, 6, 100, 'disagrees', 'the canary got 94% of 100 requests, which does not fit 100%'],
    [
      'a small weight, by nothing',
      0,
      10_000,
      4,
      'disagrees',
      'the canary got 0% of 10000 requests, which does not fit 4%',
    ],
    ['no requests', 0, 0, 20, 'tooFew', '0 requests are too few to tell'],
    ['fractions, as rates have them', 203.4, 812.2, 20, 'agrees', 'the canary got 20% of 1016 requests'],
  ])('%s', (_title, ...[canary, primary, percent, outcome, message]) => {
    expect(judge(value(canary), value(primary), percent)).toEqual({ outcome, message });
  });

  it('is held to another tolerance', () => {
    expect(judge(value(3000), value(7000), 20).outcome).toBe('disagrees');
    expect(judge(value(3000), value(7000), 20, 10).outcome).toBe('agrees');
    expect(judge(value(1841), value(8159), 20, 0).outcome).toBe('agrees');
    expect(judge(value(1839), value(8161), 20, 0).outcome).toBe('disagrees');
  });

  it.each<[string, Measurement, Measurement, number, ShareVerdict['outcome'], string]>([
    [
      'a canary that was never sent anything',
      silent,
      value(1000),
      20,
      'disagrees',
      'the canary got 0% of 1000',
    ],
    [
      'a primary that is not counted',
      value(1000),
      silent,
      20,
      'tooFew',
      'no requests of the primary are counted',
    ],
    ['a primary that shall get nothing', value(1000), silent, 100, 'agrees', 'the canary got 100% of 1000'],
    ['neither', silent, silent, 100, 'tooFew', '0 requests are too few to tell'],
    ['no connection', down, value(1000), 20, 'tooFew', 'of the canary cannot be counted: connection refused'],
    [
      'no connection any more',
      value(1000),
      down,
      20,
      'tooFew',
      'of the primary cannot be counted: connection',
    ],
    ['more than one answer', several, value(1000), 20, 'tooFew', 'of the canary cannot be counted: 2 series'],
  ])('without figures: %s', (_title, ...[canary, primary, percent, outcome, message]) => {
    const verdict = judge(canary, primary, percent);

    expect(verdict.outcome).toBe(outcome);
    expect(verdict.message).toContain(message);
  });

  const requests = fc.integer({ min: 0, max: 1_000_000 });
  const percents = fc.integer({ min: 1, max: 99 });
  const tolerances = fc.integer({ min: 0, max: 100 });

  it('is never proven by a side that gets nothing', () => {
    fc.assert(
      fc.property(requests, percents, tolerances, (all, percent, tolerance) => {
        expect(judge(value(0), value(all), percent, tolerance).outcome).not.toBe('agrees');
        expect(judge(value(all), value(0), percent, tolerance).outcome).not.toBe('agrees');
      }),
    );
  });

  it('is never found wrong by chance alone', () => {
    const luck = fc.double({ min: -3.9, max: 3.9, noNaN: true });
    fc.assert(
      fc.property(requests, percents, tolerances, luck, (all, percent, tolerance, deviations) => {
        const wanted = percent / 100;
        const canary = all * wanted + deviations * Math.sqrt(all * wanted * (1 - wanted));
        fc.pre(canary >= 0 && canary <= all);

        expect(judge(value(canary), value(all - canary), percent, tolerance).outcome).not.toBe('disagrees');
      }),
    );
  });
});

describe('requests to a canary without weight', () => {
  it.each<[string, Measurement, number | undefined]>([
    ['none', value(0), undefined],
    ['some', value(12.4), 12],
    ['part of one, as rates have them', value(0.3), 1],
    ['nothing counted', silent, undefined],
    ['no answer', down, undefined],
  ])('%s', (_title, counted, stray) => {
    expect(strayRequests(counted)).toBe(stray);
  });
});
