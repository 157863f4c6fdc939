import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalJson, digest, digestOfText, sameJson } from '../../src/model/hash.ts';
import { isOwnRevision, revisionOf, revisionSuffix } from '../../src/model/revision.ts';

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => shuffled(item));
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, item]) => [key, shuffled(item)]),
      )
    : value;
}

describe('canonical JSON', () => {
  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('sorts keys as text, also those that look like numbers', () => {
    expect(canonicalJson({ b: 1, 9: 2, 10: 3 })).toBe('{"10":3,"9":2,"b":1}');
  });

  it('need not be written to be compared', () => {
    // Close to each other, so that both answers occur.
    const blank = fc.constantFrom(undefined, null, {}, [], 0, 1);
    const leaf = fc.oneof(blank, fc.array(blank, { maxLength: 2 }), fc.record({ x: blank, y: blank }));
    const value = fc.record({ a: leaf, b: leaf }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof(leaf, value), fc.oneof(leaf, value), (one, other) => {
        expect(sameJson(one, other)).toBe(canonicalJson(one) === canonicalJson(other));
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (some) => {
        expect(sameJson(some, shuffled(some))).toBe(true);
      }),
    );
  });

  it('is in canonical form already when it is read back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);

        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(digestOfText(text)).toBe(digest(value));
      }),
    );
  });

  it.each<[string, unknown, unknown]>([
    ['undefined', { a: 1, b: undefined }, { a: 1 }],
    ['null', { a: 1, b: null }, { a: 1 }],
    ['an empty object', { a: 1, b: {} }, { a: 1 }],
    ['an empty list', { a: 1, b: [] }, { a: 1 }],
    ['an object of nothing but those', { a: 1, b: { c: { d: null } } }, { a: 1 }],
  ])('leaves out what API servers spell or do not spell: %s', (_title, spelled, plain) => {
    expect(canonicalJson(spelled)).toBe(canonicalJson(plain));
  });

  it.each<[string, unknown, unknown]>([
    ['elements of a list, whose position has meaning', [null, 1], [1]],
    ['zero', { a: 0 }, {}],
    ['false', { a: false }, {}],
    ['an empty text', { a: '' }, {}],
    ['the order of a list', [1, 2], [2, 1]],
  ])('keeps %s', (_title, one, other) => {
    expect(canonicalJson(one)).not.toBe(canonicalJson(other));
  });
});

describe('a revision', () => {
  it('names its function, and what it was made from', () => {
    expect(revisionOf('template')).toMatch(/^v1:[0-9a-f]{16}$/);
    expect(revisionOf('template', { 'configmap/a': '1' })).not.toBe(revisionOf('template'));
    expect(revisionOf('template', {})).toBe(revisionOf('template'));
  });

  it('never changes from one version of Serin to the next: a known one', () => {
    expect(revisionOf({ spec: { containers: [{ image: 'cart:1' }] } })).toBe('v1:448e898b2415e0ae');
  });

  it.each([
    ['v1:0123456789abcdef', true],
    ['v2:0123456789abcdef', true],
    ['5d8c7f9b6', false],
    ['', false],
    [undefined, false],
  ])('is told from the hashes of others: %j', (text, own) => {
    expect(isOwnRevision(text)).toBe(own);
  });

  it('can be part of a name', () => {
    expect(revisionSuffix('v1:0123456789abcdef')).toBe('v1-0123456789abcdef');
  });
});
