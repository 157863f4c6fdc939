// What every traffic router must do, whatever its mesh. A router joins with one line in router-examples.ts and three
// golden files that a user of that mesh can read.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, valueAt, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import {
  backendsOf,
  byName,
  mapRules,
  rulesIn,
  withBackends,
  type RuleKeys,
} from '../../src/traffic/live.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { splitOf, type RouteShape, type RouteWish, type TrafficRouter } from '../../src/traffic/router.ts';
import { frozen, owner, specOf, wishOf } from '../traffic/wish.ts';

export interface RouterExample {
  /** What this router needs in `spec.service`. */
  readonly service: object;
  /** And beside it. */
  readonly spec?: Partial<Omit<CanarySpec, 'service' | 'analysis'>>;
  /** And in `spec.analysis`. */
  readonly analysis?: object;
  /** The user's object that its route is made from: with a label `team: shop`, and leading to `cart`. */
  readonly source?: KubeObject;
  /** The user's object in which it moves weights. */
  readonly given?: KubeObject;
  /** It is called like the target, whatever the Services are called. */
  readonly namedByTarget?: boolean;
  /** What somebody else may have in a rule. */
  readonly foreign?: JsonObject;
  /** What its controller may have written where a status is no subresource. */
  readonly status?: JsonObject;
  /** What leads to its variants, laid over the rest. */
  readonly variants?: readonly Partial<Omit<RouterExample, 'variants'>>[];
  /** Folder of the golden files, below test/traffic. */
  readonly golden?: string;
  readonly ingressClass?: string;
  /** Where the rules are in the spec, and the backends in a rule. */
  readonly keys?: RuleKeys | undefined;
  /** Its backends are named without a port. */
  readonly portless?: boolean;
  /** It tells requests by the labels of their sender. */
  readonly sourceLabels?: boolean;
  /** Its routes have one rule and no more. */
  readonly oneRule?: boolean;
  /** A backend without weight is left out. */
  readonly namesOnlyUsed?: boolean;
  /** Its object is scoped to the cluster, where nobody owns it and this annotation says whose it is. */
  readonly claim?: Readonly<Record<string, string>>;
  /** Fields of `spec.service` that reach it, where that is not what its provider is known for. */
  readonly honoured?: readonly string[];
  /** Labels that it puts on its object, whatever the Canary says. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a route says beside the split, at the moments of a run. */
type Beside = Pick<RouteWish, 'mirrorPercent' | 'affinity'>;
const sticky = {
  sessionAffinity: { cookieName: 'cart-track', primaryCookieName: 'cart-home', maxAge: 3600 },
};
const inRun: Beside = { affinity: { canary: 'cart-track=QwErTyUiOp', primary: 'cart-home=AsDfGhJkLz' } };
const afterRun: Beside = { affinity: { previous: 'cart-track=QwErTyUiOp' } };

const percent = fc.integer({ min: 0, max: 100 });
const cohort = { match: [{ headers: { 'x-cohort': { exact: 'beta' } } }], iterations: 10 };

/** Values that say something, for every field of `service` that shapes routes. */
const routeFields = {
  timeout: '10s',
  backendTimeout: '4s',
  gateways: ['mesh'],
  gatewayRefs: [{ name: 'public' }],
  hosts: ['cart.example.com'],
  delegation: true,
  trafficPolicy: { loadBalancer: { simple: 'RANDOM' } },
  match: [{ uri: { prefix: '/cart' } }],
  rewrite: { uri: '/', type: 'ReplacePrefixMatch' },
  retries: { attempts: 2, retryOn: '5xx' },
  headers: { request: { set: { 'x-shop': 'cart' } } },
  mirror: [{ backendRef: { name: 'audit', port: 80 } }],
  corsPolicy: { allowOrigin: ['https://example.com'] },
  meshName: 'shop',
  backends: ['payments'],
  ingressClass: 'internal',
  ingressAnnotationsPrefix: 'ingress.example.com',
};

export function itIsATrafficRouter(router: TrafficRouter, example: RouterExample): void {
  const { provider, route } = router;
  const spec = (service: object = {}, analysis: object = {}): CanarySpec => ({
    ...specOf({ provider, service: { ...example.service, ...service }, analysis }),
    ...example.spec,
  });

  describe(`${provider} as a traffic router`, () => {
    describeProblems(router, spec, example);
    if (route !== undefined) {
      const world = new Routes({ ...router, route }, example, spec);
      describeGolden(world, router, example.golden ?? provider);
      describeSplits(world);
      describeMirroring(world, router);
      describeAffinity(world, router);
      describeMerging(world);
      describeFingerprint(world);
    }
  });
}

type SpecOf = (service?: object, analysis?: object) => CanarySpec;

/** Renders routes of one router and reaches into them. */
class Routes {
  readonly shape: RouteShape;
  readonly spec: SpecOf;
  readonly keys: RuleKeys;
  /** Specs that differ in their strategy: of routers that cannot choose users, only the plain one. */
  readonly strategies: readonly CanarySpec[];
  /** Whether it tells requests by their query parameters. */
  readonly byQuery: boolean;
  readonly #example: RouterExample;
  readonly #provider: string;

  constructor(
    { provider, route, capabilities }: TrafficRouter & { readonly route: RouteShape },
    example: RouterExample,
    spec: SpecOf,
  ) {
    this.shape = route;
    this.#provider = provider;
    this.keys = example.keys ?? { rules: ['rules'], backends: 'backendRefs' };
    this.#example = example;
    this.spec = spec;
    this.strategies = [spec(), ...(capabilities.match !== undefined ? [spec({}, cohort)] : [])];
    this.byQuery = capabilities.match?.queryParams.length !== 0;
  }

  render(canary: number, spec: CanarySpec = this.spec(), beside: Beside = {}): KubeObject {
    const { ingressClass = '' } = this.#example;
    return this.make(wishOf(spec, { split: splitToward(canary), ingressClass, ...beside }));
  }

  make(wish: RouteWish): KubeObject {
    const { source } = this.#example;
    const leading: KubeObject | undefined =
      source && JSON.parse(JSON.stringify(source).replaceAll('"cart"', `"${wish.apex}"`));
    return frozen(this.shape.render({ ...wish, source: leading }));
  }

  /** As the server gives it back: an identity, and no shared references. */
  stored(object: KubeObject): KubeObject {
    const { metadata, ...rest } = structuredClone(object);
    return { ...rest, metadata: { ...metadata, uid: 'route-1', resourceVersion: '7', generation: 1 } };
  }

  rules(object: KubeObject): readonly JsonObject[] {
    return rulesIn(object['spec'], this.keys);
  }

  /** The object with every rule, and every backend in it, changed. */
  mapRules(object: KubeObject, rule: (rule: JsonObject) => JsonObject, backend = rule): KubeObject {
    const change = (each: JsonObject): JsonObject =>
      rule(withBackends(each, this.keys, backendsOf(each, this.keys).map(backend)));
    return { ...object, spec: mapRules(objectOf(object['spec']), this.keys, change) };
  }

  withRules(object: KubeObject, list: readonly JsonObject[]): KubeObject {
    const [path = ''] = this.keys.rules;
    return { ...object, spec: withListAt(objectOf(object['spec']), path.split('.'), list) };
  }

  get claim(): Readonly<Record<string, string>> | undefined {
    return this.#example.claim;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#example.labels ?? {};
  }

  /** Labels and annotations are those of the user's object, and who is not chosen in an A/B test stays with it. */
  get isMade(): boolean {
    return this.#example.source !== undefined;
  }

  get namesOnlyUsed(): boolean {
    return this.#example.namesOnlyUsed === true;
  }

  /** What the change is about reaches the route. */
  honours(service: object, analysis: object): boolean {
    if ('port' in service && this.#example.portless === true) {
      return false;
    }
    const fields = Object.keys(service).filter((name) => name in routeFields);
    const honoured = this.#example.honoured ?? honouredFields[this.#provider] ?? [];
    return (
      fields.every((name) => honoured.includes(name)) &&
      !('apex' in service && this.isMade) &&
      (Object.keys(analysis).length === 0 || this.strategies.length > 1)
    );
  }

  /** It may hold rules that are none of ours. */
  get hasList(): boolean {
    const [path = ''] = this.keys.rules;
    const { spec } = this.render(0);
    return this.#example.oneRule !== true && (path.includes('.') || Array.isArray(valueAt(spec, path)));
  }

  /** Of the user's: to a Service that is none of ours. */
  foreignRules(): readonly JsonObject[] {
    const { spec } = this.make(wishOf(this.spec(), { apex: 'till' }));
    return rulesIn(spec, this.keys);
  }

  service(backend: JsonObject): string | undefined {
    return (this.keys.service ?? byName).of(backend);
  }

  weights(object: KubeObject): unknown {
    return this.rules(object).map((rule) =>
      Object.fromEntries(backendsOf(rule, this.keys).map((each) => [this.service(each), each['weight']])),
    );
  }
}

const byLabels: readonly [string, readonly object[]][] = [
  ['looks at labels alone', [{ sourceLabels: { app: 'till' } }]],
  ['looks at labels too', [{ headers: { 'x-cohort': { exact: 'beta' } }, sourceLabels: { app: 'till' } }]],
];

function describeProblems(router: TrafficRouter, spec: SpecOf, example: RouterExample): void {
  const { provider, capabilities } = router;

  const found = (of: CanarySpec, severity: string): string[] =>
    routerProblems(router, of).flatMap((problem) => (problem.severity === severity ? [problem.reason] : []));

  it('has nothing to say about a plain canary but that it may be none', () => {
    expect(found(spec(), 'error')).toEqual([]);
    expect(found(spec(), 'warning')).toEqual(capabilities.weighted ? [] : ['AdjustedValue']);
  });

  it('refuses session affinity where it has none', () => {
    const pinned = spec({}, { sessionAffinity: { cookieName: 'cart' } });
    expect(found(pinned, 'error')).toEqual(
      capabilities.affinity !== undefined ? [] : ['UnsupportedAffinity'],
    );
  });

  it('warns of mirroring where it has none', () => {
    const mirrored = found(spec({}, { mirror: true }), 'warning');
    expect(mirrored.filter((reason) => reason === 'IgnoredField')).toEqual(
      capabilities.mirror !== undefined ? [] : ['IgnoredField'],
    );
  });

  it.each<[string, readonly object[]]>([
    ['takes every request', [{}]],
    ['has no conditions', [{ headers: {} }]],
    ...(example.sourceLabels === true ? [] : byLabels),
    ['has one bad entry', [{ headers: { 'x-cohort': { exact: 'beta' } } }, {}]],
  ])('refuses an A/B match that %s, or never matches at all', (_what, match) => {
    // Without a route nobody is sent to the canary, so that a match left out changes nothing.
    const refused = router.route !== undefined;
    const words = found(spec({}, { match, iterations: 10 }), refused ? 'error' : 'warning');
    expect(new Set(words)).toEqual(new Set([refused ? 'UnsupportedMatch' : 'IgnoredField']));
  });

  it.each(Object.entries(routeFields))('R5: either honours service.%s or warns of it', (name, value) => {
    const warned = routerProblems(router, spec({ [name]: value })).some(
      ({ severity, field }) => severity === 'warning' && field === `spec.service.${name}`,
    );
    const honoured = example.honoured ?? honouredFields[provider] ?? [];
    expect(warned).toBe(!honoured.includes(name));
  });

  it('says what is needed where the service is missing', () => {
    const { service: _service, ...rest } = spec();
    const missing = routerProblems(router, rest).map(({ severity, field }) => `${severity} ${field}`);
    expect(missing).toContain('error spec.service');
  });
}

/** Row by row as in the table of capabilities; what is not here must be warned of. */
const httpRouteFields = [
  'timeout',
  'backendTimeout',
  'gatewayRefs',
  'hosts',
  'match',
  'rewrite',
  'headers',
  'mirror',
  'corsPolicy',
];
const honouredFields: Readonly<Record<string, readonly string[]>> = {
  kubernetes: [],
  'gatewayapi:v1': httpRouteFields,
  'gatewayapi:v1beta1': httpRouteFields,
  'gatewayapi:v1:grpc': ['gatewayRefs', 'hosts', 'match', 'headers', 'mirror'],
  'gatewayapi:v1:tls': ['gatewayRefs', 'hosts'],
  'gatewayapi:v1:tcp': ['gatewayRefs'],
  'gatewayapi:v1:udp': ['gatewayRefs'],
  contour: ['timeout', 'match', 'rewrite', 'retries', 'headers', 'ingressClass'],
  traefik: [],
  gloo: [],
  kuma: ['match', 'rewrite', 'headers'],
  apisix: [],
  appmesh: ['hosts', 'match', 'retries', 'meshName', 'backends'],
  'appmesh:v1beta2': ['timeout', 'hosts', 'match', 'retries', 'backends'],
  ...Object.fromEntries(
    ['smi:v1alpha1', 'smi:v1alpha2', 'smi:v1alpha3', 'linkerd', 'osm'].map((name) => [name, ['hosts']]),
  ),
  istio: [
    'timeout',
    'gateways',
    'hosts',
    'delegation',
    'trafficPolicy',
    'match',
    'rewrite',
    'retries',
    'headers',
    'corsPolicy',
  ],
};

function describeGolden(world: Routes, { capabilities }: TrafficRouter, folder: string): void {
  const plain: [string, number, CanarySpec, Beside][] = [
    ['initial', 0, world.spec(), {}],
    ['weighted-30', 30, world.spec(), {}],
  ];
  const ab: typeof plain = [['ab', 100, world.spec({}, cohort), {}]];
  const mirroring: typeof plain = [['mirror', 0, world.spec({}, { mirror: true }), { mirrorPercent: 25 }]];
  const cookies: typeof plain = [
    ['affinity', 30, world.spec({}, sticky), inRun],
    ['affinity-after', 0, world.spec({}, sticky), afterRun],
  ];
  it.each([
    ...plain,
    ...(capabilities.match !== undefined ? ab : []),
    ...(capabilities.mirror !== undefined ? mirroring : []),
    ...(capabilities.affinity !== undefined ? cookies : []),
  ])('renders %s as the golden file shows', (name, canary, spec, beside) => {
    const golden = readFileSync(`test/traffic/${folder}/${name}.yaml`, 'utf8');
    expect(world.render(canary, spec, beside)).toEqual(parse(golden));
  });
}

function describeMirroring(world: Routes, { capabilities }: TrafficRouter): void {
  const { shape } = world;
  const spec = world.spec({}, { mirror: true });

  if (capabilities.mirror === undefined) {
    it('says nothing of copies, as it can make none', () => {
      expect(world.render(0, spec, { mirrorPercent: 100 })).toEqual(world.render(0, spec));
    });
    return;
  }

  it('sees copies come and go by the fingerprint, and their share, and never in the split', () => {
    const said = [undefined, 100, 50, 1].map((mirrorPercent) =>
      world.render(0, spec, mirrorPercent === undefined ? {} : { mirrorPercent }),
    );
    expect(new Set(said.map((route) => shape.fingerprint(route))).size).toBe(said.length);
    expect(said.map((route) => splitOf(shape.view(route), 'cart'))).toEqual(said.map(() => splitToward(0)));
  });

  it('turns copies on and off in place, at any split', () => {
    fc.assert(
      fc.property(percent, fc.integer({ min: 1, max: 100 }), (canary, mirrorPercent) => {
        const without = world.stored(world.render(canary, spec));
        const turnedOn = shape.merge(without, world.render(canary, spec, { mirrorPercent }));
        expect(turnedOn).toEqual(world.stored(world.render(canary, spec, { mirrorPercent })));
        expect(shape.merge(turnedOn, world.render(canary, spec))).toEqual(without);
      }),
    );
  });
}

function describeAffinity(world: Routes, { capabilities }: TrafficRouter): void {
  const { shape } = world;
  const spec = world.spec({}, sticky);

  if (capabilities.affinity === undefined) {
    it('says nothing of cookies, as it has none', () => {
      expect(world.render(30, spec, inRun)).toEqual(world.render(30, spec));
    });
    return;
  }

  it('says no cookie but those of status', () => {
    expect(world.render(30, spec)).toEqual(world.render(30));
    expect(JSON.stringify(world.render(30, spec, inRun))).toContain('QwErTyUiOp');
    // Cookies of a run whose spec no longer has any.
    expect(world.render(30, world.spec(), inRun)).toEqual(world.render(30));
  });

  it('reads back the split past the rules for cookies, whatever was written before', () => {
    const moments = fc.constantFrom<Beside[]>({}, inRun, afterRun);
    fc.assert(
      fc.property(percent, percent, moments, moments, (before, after, old, next) => {
        const live = frozen(world.stored(world.render(before, spec, old)));
        const wanted = world.render(after, spec, next);
        const merged = shape.merge(live, wanted);
        expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(after));
        expect(shape.fingerprint(merged)).toBe(shape.fingerprint(wanted));
        expect(merged['spec']).toEqual(wanted['spec']);
        expect(shape.merge(merged, wanted)).toEqual(merged);
      }),
    );
  });

  it('sees by the fingerprint whose cookies a route carries', () => {
    const another: Beside = { affinity: { ...inRun.affinity, canary: 'cart-track=AnOtHeRoNe' } };
    const said = [{}, inRun, afterRun, another].map((beside) => world.render(30, spec, beside));
    expect(new Set(said.map((route) => shape.fingerprint(route))).size).toBe(said.length);
    const longer = world.spec({}, { sessionAffinity: { ...sticky.sessionAffinity, maxAge: 60 } });
    expect(shape.fingerprint(world.render(30, longer, inRun))).not.toBe(
      shape.fingerprint(world.render(30, spec, inRun)),
    );
  });

  it('leaves nobody at the canary, cookie or not, where weights alone can be moved', () => {
    const home = shape.reweigh(frozen(world.stored(world.render(30, spec, inRun))), splitToward(0));
    const toCanary = world
      .rules(home)
      .flatMap((rule) => backendsOf(rule, world.keys))
      .filter((each) => world.service(each) === 'cart-canary' && each['weight'] !== 0);
    expect(toCanary).toEqual([]);
  });
}

function describeSplits(world: Routes): void {
  const { shape } = world;

  it('reads back any split it wrote, over any split before it', () => {
    fc.assert(
      fc.property(percent, percent, fc.constantFrom(...world.strategies), (before, after, spec) => {
        const live = frozen(world.stored(world.render(before, spec)));
        const merged = shape.merge(live, world.render(after, spec));
        expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(after));
        expect(world.weights(merged)).toEqual(world.weights(world.render(after, spec)));
      }),
    );
  });

  if (world.namesOnlyUsed) {
    it('names nothing that has no weight, and reads that back', () => {
      expect(world.weights(world.render(0))).toEqual([{ 'cart-primary': 100 }]);
      expect(world.weights(world.render(100))).toEqual([{ 'cart-canary': 100 }]);
      expect(shape.view(world.render(100)).weights).toEqual({ 'cart-primary': 0, 'cart-canary': 100 });
      expect(shape.view(world.render(100)).backends).toContain('cart-primary');
    });

    it('gives what comes back the unknown fields of the one that stayed', () => {
      const live = world.mapRules(
        world.stored(world.render(0)),
        (rule) => rule,
        (backend) => ({ ...backend, scheme: 'h2c' }),
      );
      const merged = shape.merge(frozen(live), world.render(40));
      expect(world.rules(merged).flatMap((rule) => backendsOf(rule, world.keys))).toEqual([
        expect.objectContaining({ name: 'cart-primary', scheme: 'h2c', weight: 60 }),
        expect.objectContaining({ name: 'cart-canary', scheme: 'h2c', weight: 40 }),
      ]);
    });
  } else {
    it('sends nothing to the primary at 0/100, and says so with a number', () => {
      const [rule] = world.rules(world.render(100));
      expect(JSON.stringify(rule)).toContain('"weight":0');
      expect(world.weights(world.render(100))).toEqual([{ 'cart-primary': 0, 'cart-canary': 100 }]);
    });
  }

  if (world.strategies.length > 1) {
    const everybodyElse = world.isMade ? [] : [{ 'cart-primary': 100 }];

    it('keeps everybody else on the primary in an A/B test', () => {
      const spec = world.spec({}, cohort);
      for (const canary of [0, 100]) {
        expect(world.weights(world.render(canary, spec))).toEqual([
          { 'cart-primary': 100 - canary, 'cart-canary': canary },
          ...everybodyElse,
        ]);
      }
    });

    it('never widens an A/B match that it cannot express', () => {
      const spec = world.spec({}, { match: [{ headers: {} }, {}], iterations: 10 });
      expect(world.weights(world.render(100, spec))).toEqual(everybodyElse);
    });
  } else {
    it('keeps everybody on the primary in an A/B test, as it cannot choose users', () => {
      const spec = world.spec({}, cohort);
      expect(splitOf(shape.view(world.render(100, spec)), 'cart')).toEqual(splitToward(0));
    });
  }

  it('sees no split where rules disagree or a backend is missing', () => {
    const live = world.stored(world.render(30));
    const [rule = {}] = world.rules(live);
    const [other = {}] = world.rules(world.render(70));
    if (world.hasList) {
      expect(shape.view(world.withRules(live, [rule, other])).weights).toBeUndefined();
    }
    const enough = world.namesOnlyUsed ? 1 : 2;
    const lone = withBackends(rule, world.keys, backendsOf(rule, world.keys).slice(0, enough - 1));
    const damaged = { ...live, spec: mapRules(objectOf(live['spec']), world.keys, () => lone) };
    expect(splitOf(shape.view(damaged), 'cart')).toBeUndefined();
    expect(shape.view({ ...live, spec: {} }).weights).toBeUndefined();
    expect(shape.view({ ...live, spec: 'damaged' }).weights).toBeUndefined();
  });

  it('moves weights alone where the spec cannot be used', () => {
    fc.assert(
      fc.property(percent, percent, fc.constantFrom(...world.strategies), (before, after, spec) => {
        const live = frozen(world.stored(world.render(before, spec)));
        const expected = world.stored(world.render(after, spec));
        expect(shape.reweigh(live, splitToward(after))).toEqual(expected);
      }),
    );
  });

  it('names routes by the apex and keeps namespaces apart', () => {
    const spec = world.spec();
    const till = world.make(wishOf(spec, { apex: 'till', namespace: 'north' }));
    expect(till.metadata).toMatchObject({
      name: world.shape.qualified === true ? 'till.north' : (shape.nameOf?.(spec) ?? 'till'),
      ...(world.claim === undefined ? { namespace: 'north' } : {}),
    });
    expect(shape.view(till).weights).toEqual({ 'till-primary': 100, 'till-canary': 0 });
  });

  it('does not know whether a route nobody has looked at is accepted', () => {
    const view = shape.view(world.stored(world.render(0)));
    expect(['pending', 'unknown']).toContain(view.acceptance.state);
    const ownerUids = world.claim === undefined ? [owner.uid] : [];
    expect(view).toMatchObject({ uid: 'route-1', resourceVersion: '7', ownerUids });
  });
}

function describeMerging(world: Routes): void {
  const { shape } = world;
  const foreignKey = fc.constantFrom('example.com/team', 'zone', 'cost-centre');

  it('changes nothing that already is as wanted', () => {
    fc.assert(
      fc.property(percent, fc.constantFrom(...world.strategies), (canary, spec) => {
        const live = world.stored(world.render(canary, spec));
        expect(shape.merge(live, world.render(canary, spec))).toEqual(live);
      }),
    );
  });

  it('does the same the second time', () => {
    const before = world.stored(world.render(10, world.strategies.at(-1)));
    const wanted = world.render(40, world.spec({ timeout: '3s', apex: { labels: { team: 'shop' } } }));
    const once = shape.merge(before, wanted);
    expect(shape.merge(once, wanted)).toEqual(once);
    expect(shape.fingerprint(once)).toBe(shape.fingerprint(wanted));
  });

  it('keeps unknown fields wherever somebody put them', () => {
    fc.assert(
      fc.property(percent, percent, foreignKey, (before, after, key) => {
        const mark = (object: JsonObject): JsonObject => ({ ...object, [`x-${key}`]: { kept: [1, 2] } });
        const marked = world.mapRules(world.stored(world.render(before)), mark);
        const live: KubeObject = {
          ...marked,
          spec: mark(objectOf(marked['spec'])),
          status: { seen: true },
          metadata: {
            ...marked.metadata,
            finalizers: ['example.com/guard'],
            labels: { ...marked.metadata.labels, [key]: 'theirs' },
            annotations: { ...marked.metadata.annotations, [key]: 'theirs' },
          },
        };
        const expected = world.mapRules(
          live,
          (rule) => rule,
          (backend) => backend,
        );
        const merged = shape.merge(frozen(live), world.render(after));
        expect(shape.merge(merged, world.render(before))).toEqual(expected);
        expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(after));
      }),
    );
  });

  if (world.hasList) {
    it('leaves rules alone that send elsewhere, wherever they stand', () => {
      fc.assert(
        fc.property(percent, percent, fc.constantFrom(...world.strategies), (before, after, spec) => {
          const live = world.stored(world.render(before, spec));
          const theirs = world.foreignRules();
          const mixed = world.withRules(live, [...theirs, ...world.rules(live), ...theirs]);
          const merged = shape.merge(frozen(mixed), world.render(after, spec));
          expect(world.rules(merged).slice(0, theirs.length)).toEqual(theirs);
          expect(world.rules(merged).slice(-theirs.length)).toEqual(theirs);
          expect(world.rules(merged).slice(theirs.length, -theirs.length)).toEqual(
            world.rules(shape.merge(live, world.render(after, spec))),
          );
          expect(shape.fingerprint(merged)).toBe(shape.fingerprint(live));
          expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(after));
        }),
      );
    });
  }

  const itHasLabels = world.isMade ? it.skip : it;
  itHasLabels('adds and removes only labels and annotations of its own', () => {
    const written = { labels: { team: 'shop', tier: 'web' }, annotations: { 'example.com/owner': 'shop' } };
    const { metadata, ...rest } = world.stored(world.render(0, world.spec({ apex: written })));
    const live = { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, zone: 'theirs' } } };
    const merged = shape.merge(live, world.render(0, world.spec({ apex: { labels: { team: 'till' } } })));
    expect(merged.metadata.labels).toEqual({ ...world.labels, team: 'till', zone: 'theirs' });
    expect(merged.metadata.annotations).toEqual({
      'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
      'helm.toolkit.fluxcd.io/driftDetection': 'disabled',
      ...world.claim,
      'serin.dev/managed-metadata': [
        `labels=${[...Object.keys(world.labels), 'team'].join(',')}`,
        ...Object.keys(world.claim ?? {}).map((key) => `annotations=${key}`),
      ].join(';'),
    });
  });

  if (world.claim === undefined) {
    it('takes over an object without becoming its owner', () => {
      const { metadata, ...rest } = world.stored(world.render(0));
      const { ownerReferences: _owners, ...bare } = metadata;
      const live = { ...rest, spec: {}, metadata: { ...bare, annotations: {} } };
      const merged = shape.merge(frozen(live), world.render(20));
      expect(merged.metadata.ownerReferences).toBeUndefined();
      expect(merged['spec']).toEqual(world.render(20)['spec']);
      expect(shape.fingerprint(merged)).toBe(shape.fingerprint(world.render(0)));
    });
  }
}

function describeFingerprint(world: Routes): void {
  const { shape } = world;

  it('D8: has nothing to do with weights or foreign metadata', () => {
    fc.assert(
      fc.property(percent, fc.dictionary(fc.string(), fc.string()), (canary, foreign) => {
        const { metadata, ...rest } = world.stored(world.render(canary));
        const labels = { ...foreign, ...metadata.labels };
        const annotations = { ...foreign, ...metadata.annotations };
        const live = { ...rest, metadata: { ...metadata, labels, annotations } };
        expect(shape.fingerprint(live)).toBe(shape.fingerprint(world.render(0)));
      }),
    );
  });

  it('does not depend on the order in which things without an order are written', () => {
    const names = ['x-b', 'x-a', 'x-c'];
    const spec = (order: readonly string[]): CanarySpec =>
      world.spec(
        {
          match: [
            {
              uri: { prefix: '/' },
              headers: matchers(order),
              ...(world.byQuery ? { queryParams: matchers(order) } : {}),
            },
          ],
          headers: { request: { set: Object.fromEntries(order.map((name) => [name, name])) } },
        },
        world.strategies.length > 1 ? { match: [{ headers: matchers(order) }], iterations: 3 } : {},
      );
    const first = world.render(30, spec(names));
    expect(world.render(30, spec(names.toReversed()))).toEqual(first);
    const reversed = structuredClone(first);
    reverseLists(
      reversed['spec'],
      new Set(['headers', 'queryParams', 'set', 'conditions', lastOf(world.keys.backends)]),
    );
    expect(reversed).not.toEqual(first);
    expect(shape.fingerprint(reversed)).toBe(shape.fingerprint(first));
  });

  const changes: readonly (readonly [string, object, object])[] = [
    ['a time-out', { timeout: '11s' }, {}],
    ['a match', { match: [{ uri: { prefix: '/till' } }] }, {}],
    ['the port', { port: 81 }, {}],
    ['a label of ours', { apex: { labels: { team: 'shop' } } }, {}],
    ['the strategy', {}, cohort],
  ];
  it.each(changes.filter(([, service, analysis]) => world.honours(service, analysis)))(
    'changes with %s',
    (_what, service, analysis) => {
      const other = world.render(0, world.spec(service, analysis));
      expect(shape.fingerprint(other)).not.toBe(shape.fingerprint(world.render(0)));
    },
  );

  it('changes when somebody takes away a backend, the opt-out or a label of ours', () => {
    const wanted = world.render(0, world.spec({ apex: { labels: { team: 'shop' } } }));
    const { metadata, ...rest } = wanted;
    const { annotations = {} } = metadata;
    const { 'kustomize.toolkit.fluxcd.io/reconcile': _out, ...others } = annotations;
    const damaged = [
      { ...rest, metadata: { ...metadata, labels: {} } },
      { ...rest, metadata: { ...metadata, labels: { team: 'till' } } },
      { ...rest, metadata: { ...metadata, annotations: others } },
      world.mapRules(
        wanted,
        (rule) => rule,
        (backend) => (world.keys.service ?? byName).set(backend, 'elsewhere'),
      ),
    ];
    expect(damaged.map((object) => shape.fingerprint(object))).not.toContain(shape.fingerprint(wanted));
  });

  if (world.claim === undefined) {
    it('is the same for a route that Flagger wrote, without our record, with its stray label', () => {
      const wanted = world.render(0, world.spec({ apex: { labels: { team: 'shop' } } }));
      const { annotations = {} } = wanted.metadata;
      const { 'serin.dev/managed-metadata': _record, ...theirs } = annotations;
      const metadata = {
        ...wanted.metadata,
        annotations: theirs,
        labels: { ...world.labels, team: 'shop', app: 'cart' },
      };
      expect(shape.fingerprint({ ...wanted, metadata })).toBe(shape.fingerprint(wanted));
    });
  }
}

/** Where the path leads through a list, in the first of it. */
function withListAt(
  object: JsonObject,
  [key = '', ...rest]: readonly string[],
  list: readonly JsonObject[],
): JsonObject {
  const inner = object[key];
  if (rest.length === 0) {
    return { ...object, [key]: list };
  }
  return {
    ...object,
    [key]: Array.isArray(inner)
      ? inner.map((one, index) => (index === 0 ? withListAt(objectOf(one), rest, list) : one))
      : withListAt(objectOf(inner), rest, list),
  };
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function matchers(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, { exact: name }]));
}

function reverseLists(value: unknown, keys: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (Array.isArray(item) && keys.has(key)) {
      item.reverse();
    }
    reverseLists(item, keys);
  }
}
