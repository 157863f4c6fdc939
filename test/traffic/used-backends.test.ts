import { describe, expect, it } from '@jest/globals';
import { valueAt } from '../../src/model/json.ts';
import { splitToward } from '../../src/model/split.ts';
import { splitOf } from '../../src/traffic/router.ts';
import { traefik } from '../../src/traffic/traefik.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

describe('a TraefikService with a name of its own, as one of several routes', () => {
  const shape = routeOf(traefik);
  const spec = specOf({ provider: 'traefik' });

  it.each([
    [0, ['cart-primary']],
    [30, ['cart-primary', 'cart-canary']],
    [100, ['cart-canary']],
  ])('names at %i only what gets requests, and reads that back', (canary, names) => {
    const wish = wishOf(spec, { name: 'cart-inside', split: splitToward(canary) });
    const made = frozen(shape.render(wish));
    expect(made.metadata.name).toBe('cart-inside');
    expect(valueAt(made['spec'], 'weighted.services')).toMatchObject(names.map((name) => ({ name })));
    expect(splitOf(shape.view(made), 'cart')).toEqual(splitToward(canary));
    expect(shape.fingerprint(made)).toBe(
      shape.fingerprint(shape.render({ ...wish, split: splitToward(50) })),
    );
    expect(shape.merge(made, made)).toEqual(made);
  });
});
