// What every route of the user's must get from Serin, whatever its kind: that its weights move, and nothing else. A kind
// joins with one line in test/traffic/borrowed-route.test.ts and two golden files.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { notedWeights } from '../../src/model/original.ts';
import { allPrimary, splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import {
  backendsOf,
  byName,
  mapRules,
  rulesIn,
  withBackends,
  type RuleKeys,
} from '../../src/traffic/live.ts';
import { routerOf } from '../../src/traffic/routers.ts';
import { splitOf, viewFor, type RouteShape, type RouteView } from '../../src/traffic/router.ts';
import { frozen, routeOf, specOf, wishOf } from '../traffic/wish.ts';

export interface BorrowedExample {
  readonly provider: string;
  readonly kind: string;
  /** Folder of the golden files, below test/traffic. */
  readonly golden: string;
  readonly keys: RuleKeys;
  /** A backend that leads to this Service of the namespace `shop`, by port 80. */
  readonly backend: (service: string) => JsonObject;
  /** A rule, beside its backends, of this number. */
  readonly rule: (index: number) => JsonObject;
  /** A spec of these rules, with whatever stands around them. */
  readonly spec: (rules: readonly JsonObject[]) => JsonObject;
  /** A kind that can have but one rule. */
  readonly single?: true;
  /** A backend without weight is left out. */
  readonly namesOnlyUsed?: true;
}

const percent = fc.integer({ min: 0, max: 100 });
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const foreign = fc.constantFrom<JsonObject>({}, { 'x-kept': { by: ['them', 1] } }, { 'x-kept': '' });

interface WrittenBackend {
  readonly service: string;
  readonly weight: number | undefined;
  readonly extra: JsonObject;
}

const alone = (service: fc.Arbitrary<string>): fc.Arbitrary<readonly WrittenBackend[]> =>
  fc.tuple(fc.record({ service, weight: some(fc.integer({ min: 1, max: 1000 })), extra: foreign }));

/** Several in one rule: each but the last with enough to be divided. */
const shared = fc
  .record({
    services: fc.shuffledSubarray(['cart', 'till', 'audit', 'reviews'], { minLength: 2 }),
    weights: fc.array(fc.integer({ min: 100, max: 5000 }), { minLength: 4, maxLength: 4 }),
    idle: fc.boolean(),
    extra: foreign,
  })
  .map(({ services, weights, idle, extra }): readonly WrittenBackend[] =>
    services.map((service, index) => ({
      service,
      weight: idle && service === 'reviews' ? 0 : weights[index],
      extra,
    })),
  );

const rules = fc.array(
  fc.oneof(
    alone(fc.constant('cart')),
    alone(fc.constantFrom('till', 'audit')),
    shared,
    fc.constant<readonly WrittenBackend[]>([]),
  ),
  { minLength: 1, maxLength: 5 },
);

export function itBorrows(example: BorrowedExample): void {
  const world = new Borrowed(example);
  describe(`${example.kind} of the user's, with ${example.provider}`, () => {
    describeGolden(world, example);
    describeMoving(world);
    describeSharing(world);
    describeGivingBack(world);
    describeFaults(world, example);
  });
}

function laterEdited(backend: JsonObject): JsonObject {
  return { ...backend, 'x-later': true };
}

class Borrowed {
  readonly shape: RouteShape;
  readonly #example: BorrowedExample;

  constructor(example: BorrowedExample) {
    const { provider, kind } = example;
    const routeRef = { apiVersion: 'x/v1', kind, name: 'storefront' };
    this.shape = routeOf(routerOf(specOf({ provider, routeRef }), provider));
    this.#example = example;
  }

  spec(analysis: object = {}, service: object = {}): CanarySpec {
    const { provider, kind } = this.#example;
    return specOf({
      provider,
      analysis,
      service,
      routeRef: { apiVersion: 'x/v1', kind, name: 'storefront' },
    });
  }

  /** The user's, with these rules. */
  live(written: readonly (readonly WrittenBackend[])[]): KubeObject {
    const { keys, backend, rule, spec, single } = this.#example;
    const lists = (single === true ? written.slice(0, 1) : written).map((backends, index) =>
      withBackends(
        rule(index),
        keys,
        backends.map(({ service, weight, extra }) => ({
          ...backend(service),
          ...extra,
          ...(weight === undefined ? {} : { weight }),
        })),
      ),
    );
    return frozen({
      apiVersion: 'x/v1',
      kind: this.#example.kind,
      metadata: { name: 'storefront', namespace: 'shop', uid: 'route-1', labels: { team: 'shop' } },
      spec: spec(lists),
    });
  }

  /** One rule for each list of `[service, weight]`. */
  of(...lists: readonly (readonly (readonly [string, number?])[])[]): KubeObject {
    return this.live(lists.map((list) => list.map(([service, weight]) => ({ service, weight, extra: {} }))));
  }

  written(live: KubeObject, canary: number, apex = 'cart'): KubeObject {
    const wanted = this.shape.render(wishOf(this.spec(), { apex, split: splitToward(canary) }));
    return frozen(this.shape.merge(live, wanted));
  }

  back(live: KubeObject, apex = 'cart'): KubeObject {
    return frozen(this.shape.givenBack?.(live, apex) ?? live);
  }

  view(live: KubeObject, apex = 'cart'): RouteView {
    const view = viewFor(this.shape.view(live), apex);
    if (view === undefined) {
      throw new Error('no view');
    }
    return view;
  }

  /** Whether anything leads to the apex. */
  leads(live: KubeObject, apex = 'cart'): boolean {
    return this.shape.view(live).shared?.has(apex) === true;
  }

  fingerprint(apex = 'cart'): string {
    return this.shape.fingerprint(this.shape.render(wishOf(this.spec(), { apex })));
  }

  /** `[service, weight]` of every rule. */
  weights(live: KubeObject): unknown {
    const { keys } = this.#example;
    return rulesIn(live['spec'], keys).map((rule) =>
      backendsOf(rule, keys).map((backend) => [this.service(backend), backend['weight']]),
    );
  }

  /** Every backend that leads nowhere near this apex, with its rule. */
  others(live: KubeObject, apex = 'cart'): unknown {
    const { keys } = this.#example;
    const own = [apex, `${apex}-primary`, `${apex}-canary`];
    return rulesIn(live['spec'], keys).map((rule) => ({
      ...withBackends(rule, keys, []),
      others: backendsOf(rule, keys).filter((backend) => !own.includes(this.service(backend))),
    }));
  }

  /** The same object, with one rule as `from` has it. */
  withRuleOf(live: KubeObject, from: KubeObject, index: number): KubeObject {
    const { keys, spec } = this.#example;
    const theirs = rulesIn(from['spec'], keys);
    const list = rulesIn(live['spec'], keys).map((rule, at) => (at === index ? (theirs[at] ?? rule) : rule));
    return frozen({ ...live, spec: spec(list) });
  }

  /** With something new in every backend. */
  edited(live: KubeObject): KubeObject {
    const { keys } = this.#example;
    const changed = (rule: JsonObject): JsonObject =>
      withBackends(rule, keys, backendsOf(rule, keys).map(laterEdited));
    return frozen({ ...live, spec: mapRules(objectOf(live['spec']), keys, changed) });
  }

  /** All rules but one. */
  withoutRule(live: KubeObject, index: number): unknown {
    return rulesIn(live['spec'], this.#example.keys).filter((_rule, at) => at !== index);
  }

  service(backend: JsonObject): string {
    return (this.#example.keys.service ?? byName).of(backend) ?? '';
  }

  get namesOnlyUsed(): boolean {
    return this.#example.namesOnlyUsed === true;
  }
}

function describeGolden(world: Borrowed, { golden }: BorrowedExample): void {
  const read = (name: string): KubeObject => {
    const object: unknown = parse(readFileSync(`test/traffic/${golden}/${name}.yaml`, 'utf8'));
    const { apiVersion, kind, metadata, ...rest } = objectOf(object);
    return {
      ...rest,
      apiVersion: String(apiVersion),
      kind: String(kind),
      metadata: { name: '', ...objectOf(metadata) },
    };
  };

  it('looks as the golden file shows, and as before when it is given back', () => {
    const before = frozen(read('before'));
    const taken = world.written(before, 30);
    expect(taken).toEqual(read('weighted-30'));
    expect(world.back(taken)).toEqual(before);
  });
}

function describeMoving(world: Borrowed): void {
  it('reads back any split over any other, and changes nothing the second time', () => {
    fc.assert(
      fc.property(rules, percent, percent, (written, first, second) => {
        const live = world.live(written);
        fc.pre(world.leads(live));
        const taken = world.written(world.written(live, first), second);
        expect(splitOf(world.view(taken), 'cart')).toEqual(splitToward(second));
        expect(world.view(taken).fingerprint).toBe(world.fingerprint());
        expect(world.shape.problems?.(world.spec(), world.view(taken))).toEqual([]);
        expect(world.written(taken, second)).toEqual(taken);
        expect(world.shape.reweigh(taken, splitToward(first), 'cart')).toEqual(world.written(taken, first));
      }),
    );
  });

  it('changes no other rule, no other backend and nothing around them', () => {
    fc.assert(
      fc.property(rules, percent, (written, canary) => {
        const live = world.live(written);
        const taken = world.written(live, canary);
        expect(world.others(taken)).toEqual(world.others(live));
        expect(taken.metadata.labels).toEqual(live.metadata.labels);
        expect(Object.keys(taken.metadata.annotations ?? {})).toEqual(
          world.leads(live) ? ['cart.serin.dev/original'] : [],
        );
      }),
    );
  });

  it('leaves the others in a rule exactly the share that they had', () => {
    fc.assert(
      fc.property(shared, percent, (written, canary) => {
        fc.pre(written.some(({ service, weight }) => service !== 'cart' && weight !== 0));
        const live = world.live([written]);
        fc.pre(world.leads(live));
        const had = written.find(({ service }) => service === 'cart')?.weight;
        const now = JSON.stringify(world.weights(world.written(live, canary)));
        const [primary = 0, canaries = 0] = ['cart-primary', 'cart-canary'].map((name) =>
          Number(new RegExp(`"${name}",(\\d+)`).exec(now)?.[1] ?? 0),
        );
        expect(primary + canaries).toBe(had);
      }),
    );
  });

  it('sends nothing to what has no weight, and says so with a number', () => {
    const live = world.of([['cart']]);
    const [all, none] = [world.written(live, 100), world.written(live, 0)];
    expect([world.weights(all), world.weights(none)]).toEqual(
      world.namesOnlyUsed
        ? [[[['cart-canary', 100]]], [[['cart-primary', 100]]]]
        : [
            [
              [
                ['cart-primary', 0],
                ['cart-canary', 100],
              ],
            ],
            [
              [
                ['cart-primary', 100],
                ['cart-canary', 0],
              ],
            ],
          ],
    );
  });

  it('heals what Git applies anew, at the split that is asked for', () => {
    fc.assert(
      fc.property(rules, percent, fc.nat(4), (written, canary, index) => {
        const live = world.live(written);
        fc.pre(world.leads(live));
        const taken = world.written(live, canary);
        const applied = world.withRuleOf(taken, live, index);
        expect(world.written(applied, canary)).toEqual(taken);
        const reset = frozen({ ...taken, spec: live['spec'] });
        expect(world.view(reset).fingerprint).not.toBe(world.fingerprint());
        expect(splitOf(world.view(reset), 'cart')).toBeUndefined();
        expect(world.written(reset, canary)).toEqual(taken);
      }),
    );
  });

  it('does not go by the name of the object', () => {
    const live = world.of([['cart']]);
    const renamed = frozen({ ...live, metadata: { ...live.metadata, name: 'cart' } });
    expect(world.written(renamed, 30)['spec']).toEqual(world.written(live, 30)['spec']);
  });

  it('leaves a rule alone that leads to primary or canary by the hand of its author', () => {
    const live = world.of([['cart-canary']], [['cart']], [['cart-primary']]);
    const taken = world.written(live, 30);
    expect(world.withoutRule(taken, 1)).toEqual(world.withoutRule(live, 1));
  });

  it('keeps everybody on the primary where it would have to choose users', () => {
    const spec = world.spec({ match: [{ headers: { 'x-cohort': { exact: 'beta' } } }], iterations: 5 });
    const wanted = world.shape.render(wishOf(spec, { split: splitToward(100) }));
    const taken = world.shape.merge(world.of([['cart']]), wanted);
    expect(splitOf(world.view(taken), 'cart')).toEqual(allPrimary);
  });
}

function describeSharing(world: Borrowed): void {
  it('never touches what it holds of another Canary', () => {
    fc.assert(
      fc.property(rules, percent, percent, percent, (written, mine, theirs, later) => {
        const live = world.live(written);
        fc.pre(world.leads(live) && world.leads(live, 'till'));
        const both = world.written(world.written(live, mine), theirs, 'till');
        expect(both).toEqual(world.written(world.written(live, theirs, 'till'), mine));
        const moved = world.written(both, later);
        expect(world.view(moved, 'till')).toMatchObject({
          fingerprint: world.fingerprint('till'),
          weights: { 'till-primary': 100 - theirs, 'till-canary': theirs },
        });
        expect(world.back(moved)).toEqual(world.written(live, theirs, 'till'));
        expect(world.back(world.back(moved), 'till')).toEqual(live);
      }),
    );
  });

  it('has a fingerprint for each of them', () => {
    const live = world.of([
      ['cart', 200],
      ['till', 300],
    ]);
    const taken = world.written(live, 10);
    expect(world.view(taken).fingerprint).toBe(world.fingerprint());
    expect(world.view(taken, 'till').fingerprint).not.toBe(world.fingerprint('till'));
    expect(world.fingerprint('till')).not.toBe(world.fingerprint());
  });
}

function describeGivingBack(world: Borrowed): void {
  it('R7: is as it was before, whatever it was', () => {
    fc.assert(
      fc.property(rules, fc.array(percent, { maxLength: 3 }), (written, splits) => {
        const live = world.live(written);
        const taken = splits.reduce((object, canary) => world.written(object, canary), live);
        expect(world.back(taken)).toEqual(live);
        expect(world.back(world.back(taken))).toEqual(live);
      }),
    );
  });

  it('notes once what was before, and never what it wrote itself', () => {
    const taken = world.written(world.of([['cart', 7]], [['cart']]), 30);
    const note = notedWeights(taken, 'cart');
    expect([[7], [7, null]]).toContainEqual(note);
    expect(notedWeights(world.written(taken, 60), 'cart')).toEqual(note);
  });

  it('keeps what was edited meanwhile', () => {
    fc.assert(
      fc.property(percent, (canary) => {
        const taken = world.written(world.of([['cart']]), canary);
        expect(world.back(world.edited(taken))).toEqual(world.edited(world.of([['cart']])));
      }),
    );
  });

  it('names both sets of Services on the way, where its gateway needs that', () => {
    const { naming } = world.shape;
    if (naming === undefined) {
      expect(world.view(world.of([['cart']])).backends).toBeUndefined();
      return;
    }
    const live = world.of([['cart']]);
    const wanted = world.shape.render(wishOf(world.spec()));
    const announced = frozen(naming(live, wanted['spec'], 'cart'));
    expect(world.weights(announced)).toEqual([
      [
        ['cart', 100],
        ['cart-primary', 0],
        ['cart-canary', 0],
      ],
    ]);
    expect(world.view(announced)).toMatchObject({
      weights: undefined,
      backends: ['cart', 'cart-primary', 'cart-canary'],
      originalBackends: ['cart'],
    });
    expect(world.shape.problems?.(world.spec(), world.view(announced))).toEqual([]);
    expect(world.written(announced, 0)).toEqual(world.written(live, 0));
    const keeping = frozen(naming(world.written(announced, 0), announced['spec'], 'cart'));
    expect(world.weights(keeping)).toEqual([
      [
        ['cart-primary', 100],
        ['cart-canary', 0],
        ['cart', 0],
      ],
    ]);
    expect(world.view(keeping)).toMatchObject({ lingers: true, fingerprint: world.fingerprint() });
    expect(world.written(keeping, 0)).toEqual(world.written(live, 0));
    expect(world.view(world.written(keeping, 0)).lingers).toBe(false);
    for (const each of [announced, keeping]) {
      expect(world.back(each)).toEqual(live);
    }
  });
}

function describeFaults(world: Borrowed, { provider, kind }: BorrowedExample): void {
  const said = (live: KubeObject | undefined): readonly string[] =>
    (world.shape.problems?.(world.spec(), live && world.view(live)) ?? []).map(
      ({ severity, reason, field, message, fix }) => `${severity} ${reason} ${field} ${message}; ${fix}`,
    );

  it('has to exist, and to lead to the apex', () => {
    expect(said(undefined)).toEqual([
      `error MissingReference spec.routeRef.name names ${kind} storefront, which does not exist in this namespace; create it, or name another one`,
    ]);
    expect(said(world.of([['till']]))).toEqual([
      `error InvalidSpec spec.routeRef.name names ${kind} storefront, which has no rule that sends to the Service cart; let one of its rules send to cart, or name another one`,
    ]);
    expect(said(world.of([['cart']]))).toEqual([]);
    expect(said(world.written(world.of([['cart']]), 100))).toEqual([]);
  });

  it('has to give the apex a weight that can be divided, where others stand beside it', () => {
    const fix = 'multiply all weights of that rule, so that cart has 100 or more';
    expect(
      said(
        world.of([
          ['cart', 90],
          ['audit', 10],
        ]),
      ),
    ).toEqual([
      `error InvalidSpec spec.routeRef.name names ${kind} storefront, which gives cart a weight of 90 beside other Services, which cannot be divided into hundredths; ${fix}`,
    ]);
    expect(
      said(
        world.of([
          ['cart', 900],
          ['audit', 100],
        ]),
      ),
    ).toEqual([]);
    expect(
      said(
        world.of([
          ['cart', 1],
          ['audit', 0],
        ]),
      ),
    ).toEqual([]);
  });

  it('has to name the apex once, and alone', () => {
    expect(
      said(
        world.of([
          ['cart', 200],
          ['cart', 300],
        ]),
      ).join(),
    ).toContain('names cart twice in one rule');
    expect(
      said(
        world.of([
          ['cart', 200],
          ['cart-primary', 300],
        ]),
      ).join(),
    ).toContain('beside cart in one rule');
  });

  it('cannot choose users or keep them, and says who could', () => {
    const router = routerOf(world.spec(), provider);
    const problems = (analysis: object, service: object = {}): readonly string[] =>
      router === undefined
        ? []
        : routerProblems(router, world.spec(analysis, service)).map(
            ({ severity, reason, field, fix }) => `${severity} ${reason} ${field}; ${fix}`,
          );
    const fix = 'remove it, or leave routeRef out, so that Serin writes a route of its own';
    const match = [{ headers: { 'x-cohort': { exact: 'beta' } } }];
    expect(problems({})).toEqual([]);
    expect(problems({ match, iterations: 5 })).toEqual([
      `error UnsupportedMatch spec.analysis.match; ${fix}`,
    ]);
    expect(problems({ sessionAffinity: { cookieName: 'cart' } })).toEqual([
      `error UnsupportedAffinity spec.analysis.sessionAffinity; ${fix}`,
    ]);
    expect(problems({ mirror: true })).toEqual([`warning IgnoredField spec.analysis.mirror; ${fix}`]);
    expect(problems({}, { hosts: ['cart.example.com'], timeout: '3s' })).toEqual([
      `warning IgnoredField spec.service.timeout; ${fix}`,
      `warning IgnoredField spec.service.hosts; ${fix}`,
    ]);
  });
}
