import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { mergePatchOf } from '../../src/act/merge-patch.ts';
import { applyMergePatch } from '../../src/sandbox/store/patch.ts';

/** Anything an API server stores: JSON without null, which a merge patch cannot say. */
const { value } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.string({ maxLength: 3 }),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
}));
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, {
  maxKeys: 4,
  noNullPrototype: true,
});

describe('a merge patch', () => {
  it('turns the one into the other, as the API server applies it', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        const patch = mergePatchOf(from, to);

        expect(patch === undefined ? from : applyMergePatch(from, patch)).toEqual(to);
      }),
    );
  });

  it('is undefined exactly where nothing differs', () => {
    fc.assert(
      fc.property(object, (same) => {
        const copy: Record<string, unknown> = JSON.parse(JSON.stringify(same));
        expect(mergePatchOf(same, copy)).toBeUndefined();
      }),
    );
  });

  it('names nothing that is the same', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        for (const key of Object.keys(mergePatchOf(from, to) ?? {})) {
          expect(to[key]).not.toEqual(from[key]);
        }
      }),
    );
  });

  it.each([
    ['a changed field', { a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
    ['a field that is gone', { a: 1, b: 2 }, { a: 1 }, { b: null }],
    ['a nested field', { a: { b: 1, c: 1 } }, { a: { b: 2, c: 1 } }, { a: { b: 2 } }],
    ['a list, whole', { a: [1, 2] }, { a: [1, 3] }, { a: [1, 3] }],
    ['a field that is undefined for one that is not there', { a: 1 }, { a: 1, b: undefined }, undefined],
  ])('is as small as it can be: %s', (_title, from, to, patch) => {
    expect(mergePatchOf(from, to)).toEqual(patch);
  });
});
