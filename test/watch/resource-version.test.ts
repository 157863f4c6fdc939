import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { compareVersions, newest } from '../../src/watch/resource-version.ts';

describe('resource versions', () => {
  it('are ordered as numbers of any length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (a, b) => {
        const sign = a < b ? -1 : a > b ? 1 : 0;
        expect(Math.sign(compareVersions(String(a), String(b)) ?? Number.NaN)).toBe(sign);
        expect(newest(String(a), String(b))).toBe(String(a < b ? b : a));
      }),
    );
  });

  it.each([
    ['', '1'],
    ['1', 'abc'],
    ['-1', '2'],
    ['1.5', '2'],
  ])('%p and %p have no order', (a, b) => {
    expect(compareVersions(a, b)).toBeUndefined();
  });
});
