import { describe, expect, it } from '@jest/globals';
import { overlay } from '../../src/model/json.ts';
import { apiVersionOf, isControlledBy, keyOf, resources } from '../../src/model/kube.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../../src/model/time.ts';

describe('names of objects', () => {
  it.each([
    [{ namespace: 'shop', name: 'cart' }, 'shop/cart'],
    [{ name: 'cart' }, 'cart'],
  ])('key %j', (key, text) => {
    expect(keyOf(key)).toBe(text);
  });

  it('of versions leave out the core group', () => {
    expect(apiVersionOf(resources.services)).toBe('v1');
    expect(apiVersionOf(resources.canaries)).toBe('flagger.app/v1beta1');
  });
});

describe('the owner of an object', () => {
  const owner = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'cart', uid: 'u' };

  it('is the one that controls it, by UID', () => {
    expect(isControlledBy({ name: 'x', ownerReferences: [{ ...owner, controller: true }] }, 'u')).toBe(true);
    expect(isControlledBy({ name: 'x', ownerReferences: [owner] }, 'u')).toBe(false);
    expect(
      isControlledBy({ name: 'x', ownerReferences: [{ ...owner, uid: 'other', controller: true }] }, 'u'),
    ).toBe(false);
    expect(isControlledBy({ name: 'x' }, 'u')).toBe(false);
  });
});

describe('times', () => {
  it('are read and written without loss', () => {
    expect(isoFromMs(msFromIso('2027-01-15T08:00:00.123Z'))).toBe('2027-01-15T08:00:00.123Z');
    expect(msFromIso('2027-01-15T09:00:00+01:00')).toBe(msFromIso('2027-01-15T08:00:00Z'));
  });

  it('that cannot be read are long past, so that nothing waits for ever', () => {
    expect(msFromIso('soon')).toBe(0);
  });

  it('are named by the clock', () => {
    expect(clockFromIso('2027-01-15T08:09:10.123Z')).toBe('08:09:10Z');
  });
});

describe('laying our keys over a live object', () => {
  it('replaces them, takes away what is wanted no more, and leaves the others', () => {
    expect(overlay({ a: 1, b: 1, c: 1 }, { a: 2, d: 2 }, ['a', 'b'])).toEqual({ a: 2, c: 1 });
  });
});
