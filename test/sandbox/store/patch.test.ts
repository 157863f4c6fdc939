import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { adopt, equalJson, isJson } from '../../../src/sandbox/store/json.ts';
import { applyJsonPatch, applyMergePatch } from '../../../src/sandbox/store/patch.ts';

/** A deep copy by other means, to compare with. */
const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const json = fc
  .jsonValue({ maxDepth: 3 })
  .map(copy)
  // Nothing in the store may be called so, see adopt.
  .filter((value) => !JSON.stringify(value).includes('__proto__'));
const object = fc.dictionary(
  fc.string({ maxLength: 3 }).filter((key) => key !== '__proto__'),
  json,
  { maxKeys: 4, noNullPrototype: true },
);

describe('adopt', () => {
  it('copies deeply, and gives back the old value where nothing differs', () => {
    fc.assert(
      fc.property(json, json, (value, other) => {
        expect(adopt(value)).toEqual(copy(value));
        expect(adopt(copy(value), value)).toBe(value);
        expect(adopt(value, other)).toEqual(copy(value));
      }),
    );
  });

  it('leaves no way into what it copied', () => {
    fc.assert(
      fc.property(object, (value) => {
        const stored = adopt(value);
        const before = copy(stored);
        for (const key of Object.keys(value)) {
          const child = value[key];
          if (Array.isArray(child)) child.push('changed');
          else if (isJson(child)) child['changed'] = true;
        }
        expect(stored).toEqual(before);
      }),
    );
  });

  it('writes what JSON would: no undefined, dates as text', () => {
    const at = new Date(0);
    expect(adopt({ a: undefined, b: [undefined], at })).toStrictEqual({
      b: [null],
      at: '1970-01-01T00:00:00.000Z',
    });
  });
});

describe('equalJson', () => {
  it('agrees with the comparison of the runtime', () => {
    fc.assert(
      fc.property(json, json, (left, right) => {
        expect(equalJson(left, copy(left))).toBe(true);
        expect(equalJson(left, right)).toBe(isDeepStrictEqual(left, right));
      }),
    );
  });
});

describe('applyMergePatch', () => {
  // The examples of RFC 7386, appendix A.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('makes of %j with %j %j', (target, patch, result) => {
    expect(applyMergePatch(target, patch)).toEqual(result);
  });

  it('changes neither argument, and shares what the patch does not name', () => {
    fc.assert(
      fc.property(object, object, (target, patch) => {
        const before = [copy(target), copy(patch)];
        const result = applyMergePatch(target, patch);
        expect([copy(target), copy(patch)]).toEqual(before);
        for (const key of Object.keys(target)) {
          if (!Object.hasOwn(patch, key)) expect(Object(result)[key]).toBe(target[key]);
        }
      }),
    );
  });
});

describe('applyJsonPatch', () => {
  const document = { a: { b: [1, 2, 3], 'c/d': 'e', 'f~g': 'h' } };

  it.each([
    [[{ op: 'add', path: '/a/b/1', value: 9 }], { b: [1, 9, 2, 3] }],
    [[{ op: 'add', path: '/a/b/-', value: 9 }], { b: [1, 2, 3, 9] }],
    [[{ op: 'add', path: '/a/b/3', value: 9 }], { b: [1, 2, 3, 9] }],
    [[{ op: 'remove', path: '/a/b/0' }], { b: [2, 3] }],
    [[{ op: 'replace', path: '/a/b/2', value: null }], { b: [1, 2, null] }],
    [[{ op: 'replace', path: '/a/c~1d', value: 'x' }], { 'c/d': 'x' }],
    [[{ op: 'remove', path: '/a/f~0g' }], { 'f~g': undefined }],
    [[{ op: 'test', path: '/a/b', value: [1, 2, 3] }], {}],
  ] as const)('applies %j', (operations, change) => {
    const changed = copy({ a: { ...document.a, ...change } });
    expect(applyJsonPatch(document, operations)).toEqual(changed);
  });

  it.each([
    { op: 'test', path: '/a/b/0', value: 2 },
    { op: 'add', path: '/a/b/4', value: 9 },
    { op: 'add', path: '/x/y', value: 9 },
    { op: 'remove', path: '/a/x' },
    { op: 'remove', path: '/a/b/3' },
    { op: 'replace', path: '/a/b/3', value: 9 },
    { op: 'replace', path: '/a/b/01', value: 9 },
    { op: 'add', path: 'a/b', value: 9 },
    { op: 'replace', path: '/__proto__/polluted', value: true },
  ] as const)('refuses %j and leaves the document alone', (operation) => {
    const before = copy(document);
    expect(() => applyJsonPatch(document, [{ op: 'add', path: '/z', value: 1 }, operation])).toThrow();
    expect(document).toEqual(before);
    expect(Object(document)['polluted']).toBeUndefined();
  });

  it('undoes an addition by a removal', () => {
    fc.assert(
      fc.property(object, fc.string({ minLength: 1 }), json, (target, key, value) => {
        fc.pre(!Object.hasOwn(target, key) && key !== '__proto__');
        const path = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const added = applyJsonPatch(target, [{ op: 'add', path, value }]);
        expect(Object(added)[key]).toEqual(copy(value));
        expect(applyJsonPatch(added, [{ op: 'remove', path }])).toEqual(target);
      }),
    );
  });
});
