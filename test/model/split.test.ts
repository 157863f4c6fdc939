import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { allCanary, allPrimary, sameSplit, splitToward } from '../../src/model/split.ts';

describe('a split', () => {
  it('is whole, whatever is asked for', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (percent) => {
        const { primary, canary } = splitToward(percent);

        expect(primary + canary).toBe(100);
        expect(Number.isInteger(canary) && canary >= 0 && canary <= 100).toBe(true);
      }),
    );
  });

  it.each([
    [0, allPrimary],
    [-5, allPrimary],
    [100, allCanary],
    [120, allCanary],
    [29.5, { primary: 70, canary: 30 }],
  ])('toward %d', (percent, split) => {
    expect(splitToward(percent)).toEqual(split);
  });

  it('is compared by its shares', () => {
    expect(sameSplit(splitToward(30), { primary: 70, canary: 30 })).toBe(true);
    expect(sameSplit(splitToward(30), splitToward(31))).toBe(false);
    expect(sameSplit(undefined, allPrimary)).toBe(false);
    expect(sameSplit(undefined, undefined)).toBe(true);
  });
});
