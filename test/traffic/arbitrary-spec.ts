// Specs of Canaries as somebody may write them, for properties of routes.
import * as fc from 'fast-check';
import type { RouteWish } from '../../src/traffic/router.ts';

const names = fc.constantFrom('x-a', 'x-b', 'x-c');
const word = fc.constantFrom('beta', 'on|off', '1');
const pathMatch = fc.constantFrom(
  { prefix: '/' },
  { prefix: '/cart' },
  { exact: '/till' },
  { regex: '/v[0-9]' },
);
const matcher = fc.oneof(
  word.map((exact) => ({ exact })),
  word.map((regex) => ({ regex })),
);
const duration = fc.constantFrom('0s', '1m30s', '250ms', '10s');
const map = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(names, value, { minKeys: 1, noNullPrototype: true });
const operations = fc.record(
  { add: map(word), set: map(word), remove: fc.array(names) },
  { requiredKeys: [] },
);

/** Values for `spec.service`, of which a router may refuse some. */
export const serviceArbitrary = fc.record(
  {
    hosts: fc.subarray(['cart.example.com', '*.example.com']),
    timeout: fc.constant('2m'),
    backendTimeout: duration,
    match: fc.array(
      fc.record(
        {
          uri: pathMatch,
          method: fc.constant({ exact: 'GET' }),
          headers: map(matcher),
          queryParams: map(matcher),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    ),
    headers: fc.record({ request: operations, response: operations }, { requiredKeys: [] }),
    rewrite: fc.record(
      { uri: fc.constant('/v2'), authority: fc.constant('cart.internal') },
      { requiredKeys: [] },
    ),
    retries: fc.record(
      { attempts: fc.nat(4), perTryTimeout: duration, retryOn: fc.constantFrom('', '5xx, reset') },
      { requiredKeys: [] },
    ),
    mirror: fc.constant([{ backendRef: { name: 'audit', port: 81 } }]),
    corsPolicy: fc.record(
      {
        allowOrigin: fc.subarray(['https://a.example.com', 'http://*.example.com']),
        allowMethods: fc.array(fc.constantFrom('GET', 'PUT')),
        allowHeaders: fc.array(names),
        exposeHeaders: fc.array(names),
        allowCredentials: fc.boolean(),
        maxAge: fc.constantFrom('1s', '24h'),
      },
      { requiredKeys: [] },
    ),
    apex: fc.record({ labels: map(word), annotations: map(word) }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
/** Values for `spec.analysis.match`. */
export const matchArbitrary = fc.array(
  fc.oneof(
    fc.record({ headers: map(matcher) }),
    fc.record({ headers: map(matcher), queryParams: map(matcher) }),
  ),
  { minLength: 1, maxLength: 3 },
);

/** What a route says beside the split, with the part of the analysis that belongs to it. */
export const moments = fc.constantFrom<{ analysis: object; parts: Partial<RouteWish> }[]>(
  { analysis: {}, parts: {} },
  { analysis: { mirror: true }, parts: { mirrorPercent: 100 } },
  { analysis: { mirror: true }, parts: { mirrorPercent: 20 } },
  ...[
    { canary: 'cart-track=QwErTyUiOp', primary: 'cart-home=AsDfGhJkLz' },
    { previous: 'cart-track=QwErTyUiOp' },
  ].map((affinity) => ({
    analysis: { sessionAffinity: { cookieName: 'cart-track', primaryCookieName: 'cart-home' } },
    parts: { affinity },
  })),
);
