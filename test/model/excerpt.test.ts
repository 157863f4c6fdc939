import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { cutBytes, excerpt } from '../../src/model/excerpt.ts';

const bytes = (text: string): number => new TextEncoder().encode(text).length;
/** Any Unicode text, of every width in UTF-8. */
const text = fc.string({ unit: 'grapheme', maxLength: 60 });

describe('cutting text', () => {
  it('never makes it longer than allowed, and leaves what fits as it is', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 80 }), (whole, limit) => {
        const cut = cutBytes(whole, limit);
        const fits = bytes(whole) <= limit;

        expect(bytes(cut)).toBeLessThanOrEqual(limit);
        expect(fits ? cut : cut.slice(0, -1)).toBe(fits ? whole : whole.slice(0, cut.length - 1));
        expect(fits || cut.endsWith('…')).toBe(true);
      }),
    );
  });

  it('never cuts a character in two', () => {
    expect(cutBytes('a😀😀', 8)).toBe('a😀…');
  });
});

describe('an excerpt', () => {
  it('is one line without what could forge or hide what people read', () => {
    expect(excerpt('  first\r\nsecond\u0000\u202Ethird\u2028 ', 256)).toBe('first second third');
  });

  it('is bounded', () => {
    fc.assert(
      fc.property(text, (whole) => {
        expect(bytes(excerpt(whole, 16))).toBeLessThanOrEqual(16);
        expect(excerpt(whole, 16)).not.toMatch(/[\n\r\u202E]/);
      }),
    );
  });
});
