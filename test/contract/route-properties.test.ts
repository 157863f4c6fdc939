// What holds of every router for any weights, any spec and whatever stood there before. Routes that are the user's have a
// contract of their own, borrowed-route.ts.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { isMatched } from '../../src/traffic/matches.ts';
import { splitOf, type RouteShape, type RouteWish } from '../../src/traffic/router.ts';
import { matchArbitrary, moments, serviceArbitrary } from '../traffic/arbitrary-spec.ts';
import { frozen, specOf, wishOf } from '../traffic/wish.ts';
import { routerCases, type RouterCase } from './routes/cases.ts';

interface Said {
  readonly service: object;
  readonly match: readonly object[] | undefined;
  readonly moment: { readonly analysis: object; readonly parts: Partial<RouteWish> };
  readonly canary: number;
}

const plain: Said['moment'] = { analysis: {}, parts: {} };

const said: fc.Arbitrary<Said> = fc.record({
  service: serviceArbitrary,
  match: fc.option(matchArbitrary, { nil: undefined }),
  moment: moments,
  canary: fc.nat(100),
});

/** How a route came to be what it is. One in no namespace is some Canary's, or left alone. */
interface Before {
  readonly origin: 'of ours' | 'of the user' | 'empty' | 'junk';
  readonly rules: readonly object[];
}

const junk = fc.array(
  fc.dictionary(fc.constantFrom('name', 'x-theirs', 'matches'), fc.jsonValue({ maxDepth: 2 }), {
    noNullPrototype: true,
  }),
  { maxLength: 3 },
);

const anyBefore: fc.Arbitrary<Before> = fc.record({
  origin: fc.constantFrom('of ours', 'of the user', 'empty', 'junk'),
  rules: junk,
});
const oursBefore: fc.Arbitrary<Before> = fc.constant({ origin: 'of ours', rules: [] });

/** What the route shall say: as much of it as the router takes. */
function wishFor({ router, provider, example }: RouterCase, all: Said): RouteWish {
  const attempts: readonly Said[] = [
    all,
    { ...all, moment: plain },
    { ...all, match: undefined },
    { ...all, moment: plain, match: undefined },
    { ...all, moment: plain, match: undefined, service: {} },
  ];
  const specs = attempts.map(({ service, match, moment }): [CanarySpec, Said['moment']] => {
    const analysis = { ...moment.analysis, ...(match === undefined ? {} : { match }), ...example.analysis };
    const whole = specOf({ provider, service: { ...service, ...example.service }, analysis });
    return [{ ...whole, ...example.spec }, moment];
  });
  const found = specs.find(([spec]) =>
    routerProblems(router, spec).every(({ severity }) => severity !== 'error'),
  );
  if (found === undefined) {
    throw new Error(`${provider} refuses its own example`);
  }
  const [spec, { parts }] = found;
  // In an A/B test those who are chosen see the canary, or nobody does.
  const ab = all.canary < 50 ? 0 : 100;
  const split = splitToward(isMatched(spec) ? ab : all.canary);
  return wishOf(spec, { ...parts, split, source: example.source, ingressClass: 'own' });
}

/** As somebody has it. */
function liveRoute(shape: RouteShape, wish: RouteWish, { origin, rules }: Before, list: string): KubeObject {
  const ours = shape.render(wish);
  const spec: JsonObject = {
    'of ours': objectOf(ours['spec']),
    'of the user': objectOf((shape.leadingToApex?.(ours, wish.apex) ?? ours)['spec']),
    empty: {},
    junk: list === '' || list.includes('.') ? {} : { [list]: rules },
  }[origin];
  const { name, namespace, ownerReferences } = ours.metadata;
  return frozen({
    ...ours,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: 'route-1',
      resourceVersion: '7',
      labels: { ...(origin === 'of ours' ? ours.metadata.labels : {}), zone: 'theirs' },
      annotations: {
        ...(origin === 'of ours' ? ours.metadata.annotations : {}),
        'example.com/theirs': 'kept',
      },
      finalizers: ['example.com/guard'],
      ...(origin === 'of ours' && ownerReferences !== undefined ? { ownerReferences } : {}),
    },
    spec: { ...spec, 'x-theirs': { kept: true } },
    status: { seen: true },
  });
}

const ours = routerCases.filter(({ router }) => router.route?.givenBack === undefined);

describe('for any weights, any spec and whatever stood there before', () => {
  it.each(ours)('$label reads what it wrote, writes it once, and keeps what it does not know', (found) => {
    const shape = found.router.route;
    if (shape === undefined) {
      throw new Error(`${found.label} has no route`);
    }
    fc.assert(
      fc.property(said, said, shape.resource.namespaced ? anyBefore : oursBefore, (past, after, before) => {
        const [old, next] = [wishFor(found, past), wishFor(found, after)];
        const live = liveRoute(shape, old, before, found.example.keys?.rules[0] ?? '');
        const wanted = frozen(shape.render(next));
        const merged = frozen(shape.merge(live, wanted));
        expect(splitOf(shape.view(merged), 'cart')).toEqual(next.split);
        expect(shape.fingerprint(merged)).toBe(shape.fingerprint(wanted));
        expect(shape.merge(merged, wanted)).toEqual(merged);
        expect(merged).toMatchObject({
          metadata: {
            uid: 'route-1',
            finalizers: ['example.com/guard'],
            labels: { zone: 'theirs' },
            annotations: { 'example.com/theirs': 'kept' },
          },
          status: { seen: true },
          ...(found.example.keys === undefined ? {} : { spec: { 'x-theirs': { kept: true } } }),
        });
      }),
      { numRuns: 60 },
    );
  });
});
