// What Serin relies on when it writes routes, for every router, on anything that claims to be an API server: that what it
// writes is stored as it was sent, is written once, leaves alone what others wrote, and can be given back.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { isJsonObject, objectOf } from '../../src/model/json.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { clusterResources } from '../../src/sandbox/store/built-in.ts';
import { mapRules, rulesIn, type RuleKeys } from '../../src/traffic/live.ts';
import { PRIMARY_REVISION } from '../../src/workload/knative.ts';
import { wishOf } from '../traffic/wish.ts';
import type { RouterCase } from './routes/cases.ts';
import { keyIn, RoutedCanary, type Beside, type CanaryParts } from './routes/routed-canary.ts';
import { added, defaults, lost } from './routes/stored.ts';

export interface RouteSite {
  readonly cluster: Cluster;
  /** Rejects where the server would refuse the object, or knows a field of it not. Left out where it has no such mode. */
  readonly strictly?: (resource: Resource, object: KubeObject) => Promise<unknown>;
  close(): Promise<void>;
}

const inRun: Beside = { affinity: { canary: 'cart-track=QwErTyUiOp', primary: 'cart-home=AsDfGhJkLz' } };
const afterRun: Beside = { affinity: { previous: 'cart-track=QwErTyUiOp' } };
const cohort = { match: [{ headers: { 'x-cohort': { exact: 'beta' } } }], iterations: 10 };
const sticky = {
  sessionAffinity: { cookieName: 'cart-track', primaryCookieName: 'cart-home', maxAge: 3600 },
};
const OPT_OUT = 'kustomize.toolkit.fluxcd.io/reconcile';

export interface Attempt {
  readonly name: string;
  readonly cases: readonly RouterCase[];
  /** Of these nothing but the moments of a run: the rest of them has been tried elsewhere. */
  readonly inBrief?: readonly RouterCase[];
  /** A cluster that serves what the cases need, with Serin's own kinds. */
  readonly makeSite: () => Promise<RouteSite>;
}

export function itWritesRoutes({ name, cases, inBrief = [], makeSite }: Attempt): void {
  describe(name, () => {
    const world = new World();
    beforeAll(async () => {
      world.use(await makeSite());
    }, 300_000);
    afterEach(() => world.endCanaries());
    afterAll(() => world.close());

    describe.each(cases)('$label', (found) => {
      describeMoments(world, found);
      if (inBrief.includes(found)) {
        return;
      }
      describeOthers(world, found);
      describeTakingOver(world, found);
      describeNames(world, found);
    });
  });
}

/** The cluster, and what tests have made on it. */
class World {
  #site: RouteSite | undefined;
  readonly #prefix = `routes-${randomUUID().slice(0, 8)}`;
  readonly #namespaces: string[] = [];
  #canaries: RoutedCanary[] = [];

  use(site: RouteSite): void {
    this.#site = site;
  }

  get #under(): RouteSite {
    if (this.#site === undefined) {
      throw new Error('the cluster was not made');
    }
    return this.#site;
  }

  /** Each in a namespace of its own, of which there are as many as a test needs at once. */
  async canary(found: RouterCase, parts: Omit<CanaryParts, 'namespace'> = {}): Promise<RoutedCanary> {
    const { cluster } = this.#under;
    const namespace = `${this.#prefix}-${this.#canaries.length}`;
    if (!this.#namespaces.includes(namespace)) {
      this.#namespaces.push(namespace);
      const metadata = { name: namespace };
      await cluster.create(clusterResources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata });
    }
    const made = await RoutedCanary.create({ ...found, cluster }, { ...parts, namespace });
    this.#canaries.push(made);
    return made;
  }

  async strictly(resource: Resource, object: KubeObject): Promise<void> {
    await this.#under.strictly?.(resource, object);
  }

  async endCanaries(): Promise<void> {
    const made = this.#canaries;
    this.#canaries = [];
    await Promise.all(made.map((canary) => canary.end()));
  }

  async close(): Promise<void> {
    for (const name of this.#namespaces) {
      await this.#under.cluster.delete(clusterResources.namespaces, { name });
    }
    await this.#site?.close();
  }
}

/** What two ends may order differently, or fill in: several headers and parameters, CORS without an age, a match without a path. */
const rich = {
  timeout: '10s',
  backendTimeout: '4s',
  match: [
    { headers: { 'x-b': { exact: '1' }, 'x-a': { exact: '2' } } },
    { uri: { prefix: '/cart' }, queryParams: { q: { exact: '1' }, p: { exact: '2' } } },
  ],
  rewrite: { authority: 'cart.internal' },
  retries: { attempts: 2, retryOn: 'gateway-error' },
  headers: {
    request: { set: { 'x-shop': 'cart', 'x-at': 'shop' } },
    response: { remove: ['x-powered-by', 'server'] },
  },
  corsPolicy: { allowOrigin: ['https://example.com', 'https://shop.example.com'] },
  trafficPolicy: { loadBalancer: { simple: 'RANDOM' } },
  backends: ['payments', 'audit'],
};

/** As much of it as reaches the route, and labels and annotations. */
function richService({ router, example }: RouterCase): object {
  const { serviceFields, match } = router.capabilities;
  const byQuery = (match?.queryParams ?? []).length > 0;
  const said = Object.entries(rich).filter(
    ([field]) => serviceFields.some((known) => known === field) && !(field in example.service),
  );
  const fields = Object.fromEntries(said);
  const apex = { labels: { team: 'till', tier: 'web' }, annotations: { 'example.com/owner': 'till' } };
  return {
    ...fields,
    apex,
    ...('match' in fields && !byQuery ? { match: rich.match.slice(0, 1) } : {}),
  };
}

type Moment = readonly [canary: number, beside?: Beside];

function describeMoments(world: World, found: RouterCase): void {
  const { mirror, affinity, match } = found.router.capabilities;
  const copies: readonly Moment[] = [
    [0],
    [0, { mirrorPercent: 100 }],
    ...(mirror === 'percent' ? [[0, { mirrorPercent: 25 }] as const] : []),
    [30],
  ];
  const runs: readonly (readonly [string, object, readonly Moment[], object?])[] = [
    ['a weighted run', {}, [[0], [30], [70], [100], [0]]],
    ['with much to say', {}, [[0], [30]], richService(found)],
    ...(match === undefined ? [] : [['an A/B test', cohort, [[0], [100], [0]]] as const]),
    ...(mirror === undefined ? [] : [['copies', { mirror: true }, copies] as const]),
    ...(affinity === undefined
      ? []
      : [['cookies', sticky, [[0], [30, inRun], [70, inRun], [0, afterRun], [0]]] as const]),
  ];

  it.each(runs)(
    'R3: is stored as it was sent, reads back, and is written once: %s',
    async (_run, analysis, moments, service = {}) => {
      const canary = await world.canary(found, { analysis, service });
      expect(canary.router).toBe(found.router);
      expect(canary.errors()).toEqual([]);
      for (const [weight, beside] of moments) {
        await canary.write(weight, beside);
        expect(canary.seen()).toMatchObject({ state: 'inPlace', split: splitToward(weight) });
        await expectStored(world, canary, weight);
        expect(await canary.write(weight, beside)).toEqual([]);
      }
    },
  );
}

/** What is stored is what was rendered and the defaults of its kind; a route of the user's holds the weights. */
async function expectStored(world: World, canary: RoutedCanary, weight: number): Promise<void> {
  for (const [resource, wanted] of canary.rendered(weight)) {
    const stored = await canary.stored(resource, keyIn(wanted.metadata));
    const isTheirs = canary.shape.givenBack !== undefined && resource === canary.shape.resource;
    if (!isTheirs) {
      const known = defaults[resource.kind] ?? [];
      expect(lost(wanted, stored)).toEqual([]);
      expect(added(bare(wanted), bare(stored)).filter((one) => !known.includes(one))).toEqual([]);
    }
    await world.strictly(resource, asNew(isTheirs ? stored : wanted));
  }
}

function bare({ metadata: _metadata, ...rest }: KubeObject): unknown {
  return rest;
}

/** The same under a name that is free. */
function asNew({ apiVersion, kind, metadata, spec }: KubeObject): KubeObject {
  const { name, namespace, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name: `${name}-strict`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec,
  };
}

function describeOthers(world: World, found: RouterCase): void {
  const isTheirs = found.router.route?.givenBack !== undefined;

  it('R2: leaves alone what others wrote, through steps and repairs, which keep the weight', async () => {
    const canary = await world.canary(found);
    const theirs = new Theirs(found, canary);
    await canary.write(30);
    await canary.edit((live) => theirs.added(live));
    expect(canary.seen()).toMatchObject({ state: 'inPlace', split: splitToward(30) });
    await canary.write(70);
    theirs.expectIn(await canary.stored());
    if (!isTheirs) {
      await canary.edit(withoutOptOut);
      expect(canary.seen()).toMatchObject({ state: 'drifted', split: splitToward(70) });
      await canary.write(70);
    }
    expect(canary.seen()).toMatchObject({ state: 'inPlace', split: splitToward(70) });
    theirs.expectIn(await canary.stored());
  });

  it('R1: puts back a weight that somebody else wrote', async () => {
    const canary = await world.canary(found);
    await canary.write(70);
    await canary.edit((live) => canary.shape.reweigh(live, splitToward(50), 'cart'));
    expect(canary.seen().split).toEqual(splitToward(50));
    await canary.write(70);
    expect(canary.seen()).toMatchObject({ state: 'inPlace', split: splitToward(70) });
  });
}

function withoutOptOut({ metadata, ...rest }: KubeObject): KubeObject {
  const { [OPT_OUT]: _ours, ...annotations } = metadata.annotations ?? {};
  return { ...rest, metadata: { ...metadata, annotations } };
}

/** What a user adds to a route: metadata, a field of a rule, a rule, status. */
class Theirs {
  readonly #found: RouterCase;
  readonly #keys: RuleKeys | undefined;
  readonly #rules: readonly object[];

  constructor(found: RouterCase, canary: RoutedCanary) {
    const { example } = found;
    const isTheirs = canary.shape.givenBack !== undefined;
    this.#found = found;
    this.#keys = isTheirs ? undefined : example.keys;
    this.#rules =
      this.#keys === undefined || !hasList(canary, this.#keys, example.oneRule)
        ? []
        : foreignRules(canary, this.#keys);
  }

  added(live: KubeObject): KubeObject {
    const { metadata } = live;
    const keys = this.#keys;
    const { foreign = {}, status } = this.#found.example;
    const spec = objectOf(live['spec']);
    return {
      ...live,
      metadata: {
        ...metadata,
        labels: { ...metadata.labels, zone: 'theirs' },
        annotations: { ...metadata.annotations, 'example.com/theirs': 'kept' },
      },
      spec:
        keys === undefined
          ? spec
          : withList(
              mapRules(spec, keys, (rule) => ({ ...rule, ...foreign })),
              keys,
              this.#rules,
            ),
      ...(status === undefined ? {} : { status }),
    };
  }

  expectIn(stored: KubeObject): void {
    const { foreign, status } = this.#found.example;
    expect(stored.metadata).toMatchObject({
      labels: { zone: 'theirs' },
      annotations: { 'example.com/theirs': 'kept' },
    });
    if (status !== undefined) {
      expect(stored['status']).toEqual(status);
    }
    if (this.#keys === undefined) {
      return;
    }
    const rules = rulesIn(stored['spec'], this.#keys);
    for (const rule of [...(foreign === undefined ? [] : [foreign]), ...this.#rules]) {
      expect(rules.some((one) => lost(rule, one).length === 0)).toBe(true);
    }
  }
}

function hasList(canary: RoutedCanary, { rules: [path = ''] }: RuleKeys, oneRule = false): boolean {
  const [, route] = canary.rendered(0).at(-1) ?? [];
  return !oneRule && !path.includes('.') && Array.isArray(objectOf(route?.['spec'])[path]);
}

/** To a Service that is none of ours. */
function foreignRules(canary: RoutedCanary, keys: RuleKeys): readonly object[] {
  const { spec } = canary.shape.render(wishOf(canary.scene.spec, { apex: 'till' }));
  return rulesIn(spec, keys);
}

function withList(
  spec: Readonly<Record<string, unknown>>,
  { rules: [path = ''] }: RuleKeys,
  more: readonly object[],
): unknown {
  const list = spec[path];
  return Array.isArray(list) ? { ...spec, [path]: [...list.filter(isJsonObject), ...more] } : spec;
}

function describeTakingOver(world: World, found: RouterCase): void {
  // What is in no namespace is some Canary's, and never was the user's.
  if (found.router.route?.resource.namespaced === false) {
    return;
  }

  it('R7: takes over what is there, and gives it back as it was', async () => {
    const canary = await world.canary(found);
    const isTheirs = canary.shape.givenBack !== undefined;
    const theirs = new Theirs(found, canary);
    const rendered = canary.rendered(0);
    const before: (readonly [Resource, KubeObject])[] = [];
    for (const [index, [resource, object]] of rendered.entries()) {
      const users = asTheUsers(canary, resource, object);
      const isRoute = index === rendered.length - 1;
      if (isRoute && isTheirs) {
        before.push([resource, await canary.stored()]);
      } else {
        const stored = await canary.provide(resource, isRoute ? theirs.added(users) : users);
        before.push([resource, stored]);
      }
    }
    expect(['drifted', 'inPlace']).toContain(canary.seen().state);
    await canary.enact({ kind: 'announceRoute', to: 'ours' });
    await canary.write(0);
    await canary.write(30);
    expect(canary.seen()).toMatchObject({ state: 'inPlace', split: splitToward(30) });
    if (!isTheirs) {
      theirs.expectIn(await canary.stored());
    }
    for (const [resource, { metadata }] of before) {
      expect((await canary.stored(resource, metadata)).metadata.ownerReferences).toBeUndefined();
    }
    await canary.enact({ kind: 'announceRoute', to: 'theirs' });
    await canary.enact({ kind: 'restoreRoute' });
    for (const [resource, object] of before) {
      const { metadata, spec } = await canary.stored(resource, object.metadata);
      expect(spec).toEqual(object['spec']);
      expect(metadata.labels).toEqual(object.metadata.labels);
      expect({ ...metadata.annotations }).toEqual(withoutRevision(object.metadata.annotations));
    }
  });
}

/** A Knative Service has it from a run, and has no more use for it. */
function withoutRevision({
  [PRIMARY_REVISION]: _ours,
  ...rest
}: Readonly<Record<string, string>> = {}): object {
  return rest;
}

/** As somebody may have written it before there was a Canary. */
function asTheUsers(canary: RoutedCanary, resource: Resource, object: KubeObject): KubeObject {
  const { leadingToApex } = canary.shape;
  const { name, namespace } = object.metadata;
  const isRoute = resource === canary.shape.resource;
  const { spec } = (isRoute ? leadingToApex?.(object, 'cart') : undefined) ?? object;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { team: 'theirs' },
      annotations: { 'example.com/theirs': 'kept', [OPT_OUT]: 'enabled' },
    },
    spec,
  };
}

function describeNames(world: World, found: RouterCase): void {
  if (found.example.namedByTarget !== true) {
    it('goes by the name of the Services, not of the target', async () => {
      const canary = await world.canary(found, { apex: 'till' });
      await canary.write(30);
      expect(canary.seen()).toMatchObject({ state: 'inPlace', split: splitToward(30) });
      const written = JSON.stringify(await canary.stored());
      expect(written).toContain('till-');
      expect(written).not.toContain('cart-');
    });
  }

  it('is one for each of two Canaries of one name in two namespaces', async () => {
    const one = await world.canary(found);
    const other = await world.canary(found);
    await one.write(30);
    await other.look();
    if (one.shape.resource.namespaced) {
      await other.write(70);
      expect([one.seen().split, other.seen().split]).toEqual([splitToward(30), splitToward(70)]);
      expect(await one.write(30)).toEqual([]);
    } else {
      expect(other.seen().state).toBe('foreign');
      expect(await other.write(70)).toEqual([]);
    }
  });
}
