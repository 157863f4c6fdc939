import { describe, expect, it } from '@jest/globals';
import { leadingToApex, namedBackends, naming, withoutLingering } from '../../src/traffic/name-backends.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { contour } from '../../src/traffic/contour.ts';
import { gatewayApiV1 } from '../../src/traffic/gateway-api.ts';
import { splitToward } from '../../src/model/split.ts';
import { specOf, wishOf } from './wish.ts';

const keys = { rules: ['routes'], backends: 'services' };
const weightsOf = (rule: JsonObject): Record<string, number> =>
  Object.fromEntries(
    (Array.isArray(rule['services']) ? rule['services'] : []).map(({ name, weight = 0 }) => [name, weight]),
  );

function route(...rules: readonly unknown[]): KubeObject {
  return {
    apiVersion: 'projectcontour.io/v1',
    kind: 'HTTPProxy',
    metadata: { namespace: 'shop', name: 'cart' },
    spec: { routes: rules },
  };
}

const to = (...services: readonly (readonly [string, number?])[]): unknown => ({
  services: services.map(([name, weight]) => ({
    name,
    port: 80,
    ...(weight === undefined ? {} : { weight }),
  })),
});

const header = (value: string): unknown => ({ set: [{ name: 'l5d-dst-override', value }] });

describe('naming Services before they get requests', () => {
  const theirs = route(to(['cart']), to(['cart']));
  const ours = route(to(['cart-primary', 100], ['cart-canary', 0]));

  it('leaves all requests where they go', () => {
    const named = naming(theirs, ours['spec'], { keys, weightsOf });

    expect(named['spec']).toEqual({
      routes: [to(['cart', 100], ['cart-primary', 0], ['cart-canary', 0]), to(['cart'])],
    });
  });

  it('keeps the shares of several', () => {
    const shared = route(to(['cart', 80], ['cart-next', 20]));

    expect(naming(shared, ours['spec'], { keys, weightsOf })['spec']).toEqual({
      routes: [to(['cart', 80], ['cart-next', 20], ['cart-primary', 0], ['cart-canary', 0])],
    });
  });

  it('adds nothing to a rule that sends nowhere', () => {
    const redirect = { redirect: 'elsewhere' };
    const named = naming(route(redirect, to(['cart'])), ours['spec'], { keys, weightsOf });

    expect(namedBackends(named['spec'], keys)).toEqual(['cart', 'cart-canary', 'cart-primary']);
    expect(named['spec']).toMatchObject({ routes: [redirect, {}] });
    expect(naming(route(redirect), ours['spec'], { keys, weightsOf })).toEqual(route(redirect));
  });

  it.each([contour, gatewayApiV1])('reads as a route without a split, with $provider', (router) => {
    const shape = router.route;
    const spec = specOf({
      provider: router.provider,
      service: { port: 80, gatewayRefs: [{ name: 'public' }], hosts: ['cart.example.com'] },
    });
    const rendered = shape?.render(wishOf(spec, { split: splitToward(0) }));
    const rule = { backendRefs: [{ name: 'cart', port: 80 }], services: [{ name: 'cart', port: 80 }] };
    const live: KubeObject = { ...theirs, spec: { rules: [rule], routes: [rule] } };
    const view = shape?.view(shape.naming?.(live, rendered?.['spec'], 'cart') ?? live);

    expect(view?.backends).toEqual(['cart', 'cart-canary', 'cart-primary']);
    expect(view?.weights).toEqual({ cart: 100, 'cart-primary': 0, 'cart-canary': 0 });
  });
});

describe('Services that a route still names', () => {
  it('are those without weight that are neither primary nor canary', () => {
    const settled = route(to(['cart-primary', 100], ['cart-canary', 0]), to(['other', 0]))['spec'];
    const lingering = route(to(['cart-primary', 100], ['cart-canary', 0], ['cart', 0]), to(['other', 0]))[
      'spec'
    ];
    const shared = route(to(['cart-primary', 60], ['cart-canary', 0], ['audit', 40]))['spec'];

    expect(withoutLingering(lingering, 'cart', { keys, weightsOf })).toEqual(settled);
    for (const spec of [settled, shared])
      expect(withoutLingering(spec, 'cart', { keys, weightsOf })).toBe(spec);
  });

  it.each([contour, gatewayApiV1])(
    'make no difference to what $provider holds',
    ({ provider, route: shape }) => {
      const spec = specOf({ provider, service: { port: 80, gatewayRefs: [{ name: 'public' }] } });
      const rendered = shape?.render(wishOf(spec, { split: splitToward(30) }));
      const rule = { backendRefs: [{ name: 'cart', port: 80 }], services: [{ name: 'cart', port: 80 }] };
      if (shape === undefined || rendered === undefined) throw new Error('no route');
      const named = shape.naming?.(rendered, { rules: [rule], routes: [rule] }, 'cart') ?? rendered;

      expect(named).not.toEqual(rendered);
      expect(shape.fingerprint(named)).toBe(shape.fingerprint(rendered));
      expect(shape.view(named)).toMatchObject({
        weights: { 'cart-primary': 70, 'cart-canary': 30 },
        lingers: true,
      });
    },
  );
});

describe('a route that is left', () => {
  it('leads to the apex Service, wherever it led to ours', () => {
    const primary = { name: 'cart-primary', port: 80, weight: 70, policy: header('cart-primary.shop:80') };
    const mine = { services: [primary, { name: 'cart-canary', port: 80, weight: 30 }, { name: 'audit' }] };

    expect(leadingToApex(route(mine, to(['other'])), 'cart', keys)['spec']).toEqual({
      routes: [
        {
          services: [
            { name: 'cart', port: 80, weight: 100, policy: header('cart.shop:80') },
            { name: 'audit' },
          ],
        },
        to(['other']),
      ],
    });
  });
});
