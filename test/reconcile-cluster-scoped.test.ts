// Routes that no Canary can own, because they are scoped to the cluster: whose they are, and what becomes of them.
import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../src/cluster/cluster.ts';
import { objectOf, objectsOf } from '../src/model/json.ts';
import { resources } from '../src/model/kube.ts';
import type { KubeObject, PresenceOf } from '../src/model/kube.ts';
import { routerOf } from '../src/traffic/routers.ts';
import { conditionOf } from './fixture/decision.ts';
import { canaryObject, deploymentObject, lab } from './fixture/lab.ts';
import type { Lab } from './fixture/lab.ts';
import { start, until } from './fixture/passes.ts';
import type { Run } from './fixture/passes.ts';
import { routeOf, specOf } from './traffic/wish.ts';

const { canaries, deployments } = resources;
/** A release of Kuma that has no MeshHTTPRoute. */
const presenceOf: PresenceOf = ({ kind }) => (kind === 'MeshHTTPRoute' ? 'missing' : 'served');
const spec = { provider: 'kuma', service: { port: 80 } };
const trafficRoutes = routeOf(routerOf(specOf(spec), 'kuma', presenceOf)).resource;
const shop = { namespace: 'shop', name: 'cart' };

const routeIn = (of: Lab): KubeObject | undefined => of.store.find(trafficRoutes, { name: 'cart' });
const entriesIn = (of: Lab): unknown =>
  objectsOf(objectOf(objectOf(routeIn(of)?.['spec'])['conf'])['split']).map(({ weight, destination }) => [
    objectOf(destination)['kuma.io/service'],
    weight,
  ]);
const allPrimary = [
  ['cart-primary_shop_svc_80', 100],
  ['cart-canary_shop_svc_80', 0],
];

/** As Flagger leaves it: nothing says whose it is but where it leads. */
function flaggers(namespace: string): KubeObject {
  const service = (name: string): object => ({ 'kuma.io/service': `${name}_${namespace}_svc_80` });
  return {
    apiVersion: 'kuma.io/v1alpha1',
    kind: 'TrafficRoute',
    mesh: 'default',
    metadata: {
      name: 'cart',
      annotations: {
        'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
        'helm.toolkit.fluxcd.io/driftDetection': 'disabled',
      },
    },
    spec: {
      sources: [{ match: { 'kuma.io/service': '*' } }],
      destinations: [{ match: service('cart') }],
      conf: {
        split: [
          { weight: 100, destination: service('cart-primary') },
          { weight: 0, destination: service('cart-canary') },
        ],
      },
    },
  };
}

function world(extra: Readonly<Record<string, unknown>> = {}): Run {
  const of = lab([
    [canaries, canaryObject({ ...spec, ...extra })],
    [deployments, deploymentObject()],
  ]);
  return start(of, { presenceOf });
}

async function settledWorld(extra: Readonly<Record<string, unknown>> = {}): Promise<Run> {
  const run = world(extra);
  await until(run, 'Initialized');
  return run;
}

describe('a route that is scoped to the cluster', () => {
  it('says whose it is, as it has no owner', async () => {
    const { of } = await settledWorld();
    const { metadata } = routeIn(of) ?? flaggers('shop');
    expect(metadata.annotations).toMatchObject({ 'serin.dev/canary': 'shop/cart' });
    expect([metadata.namespace, metadata.ownerReferences]).toEqual([undefined, undefined]);
    expect(entriesIn(of)).toEqual(allPrimary);
  });

  it('D33: goes when its Canary has gone', async () => {
    const { of, pass } = await settledWorld();
    of.store.delete(canaries, shop);
    await pass();
    expect(routeIn(of)).toBeUndefined();
    of.writes();
    await pass();
    expect(of.writes()).toEqual([]);
  });

  it('D33: goes after its Canary has been reverted, and not before', async () => {
    const { of, pass } = await settledWorld({ revertOnDeletion: true });
    await pass();
    of.store.delete(canaries, shop);
    for (let step = 0; step < 30 && of.store.find(canaries, shop) !== undefined; step += 1) {
      expect(entriesIn(of)).toEqual(allPrimary);
      await pass();
      of.nowMs += 60_000;
    }
    expect(of.store.find(canaries, shop)).toBeUndefined();
    await pass();
    expect(routeIn(of)).toBeUndefined();
  });

  it('stays while its Canary is there, watched or not', async () => {
    const { of, pass } = await settledWorld();
    // As in a cluster where this namespace is somebody else's to watch.
    const hidden = of.caches.canaries.sink('shop');
    hidden.begin().commit('999999');
    await pass();
    expect(routeIn(of)).toBeDefined();
    of.refuse = ({ resource }) =>
      resource === canaries ? new ApiError(403, 'Forbidden', 'not yours') : undefined;
    expect(await pass()).toBeUndefined();
    expect(routeIn(of)).toBeDefined();
  });

  it('is tried again later where its deletion is refused', async () => {
    const { of, pass } = await settledWorld();
    of.store.delete(canaries, shop);
    of.refuse = ({ verb }) => (verb === 'delete' ? new ApiError(403, 'Forbidden', 'no') : undefined);
    expect(await pass()).toBe(of.nowMs + 30_000);
    of.refuse = () => undefined;
    await pass();
    expect(routeIn(of)).toBeUndefined();
  });

  it('is taken over from Flagger, and goes like any other', async () => {
    const run = world();
    const { of, pass } = run;
    of.store.create(trafficRoutes, flaggers('shop'));
    await until(run, 'Initialized');
    const { annotations = {} } = routeIn(of)?.metadata ?? {};
    expect(annotations['serin.dev/canary']).toBe('shop/cart');
    // Given back to nobody: it was never the user's.
    expect(Object.keys(annotations)).not.toContain('serin.dev/original');
    of.store.delete(canaries, shop);
    await pass();
    expect(routeIn(of)).toBeUndefined();
  });

  it.each<[string, KubeObject, string]>([
    ['Flagger’s for another namespace', flaggers('north'), 'belongs to Service north/cart'],
    ['somebody’s own', { ...flaggers('shop'), spec: { conf: {} } }, 'belongs to somebody else'],
    [
      'one of another Canary',
      {
        ...flaggers('shop'),
        metadata: { name: 'cart', annotations: { 'serin.dev/canary': 'north/cart' } },
      },
      'belongs to Canary north/cart',
    ],
  ])('is refused before anything is written where it is %s', async (_whose, object, words) => {
    const { of, pass } = world();
    of.store.create(trafficRoutes, object);
    const before = routeIn(of);
    of.writes();
    for (let step = 0; step < 5; step += 1) {
      await pass();
      of.nowMs += 10_000;
    }
    expect(conditionOf(of.view().status, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ServiceConflict',
      message: expect.stringContaining(words),
    });
    expect(of.writes().filter((call) => !call.startsWith('patch canaries'))).toEqual([]);
    expect(routeIn(of)).toEqual(before);
  });

  it('is the first one’s where two Canaries of one name want it, and then the other’s', async () => {
    const { of, pass } = await settledWorld();
    const north = { namespace: 'north' };
    const { metadata, ...target } = deploymentObject();
    of.store.create(deployments, { ...target, metadata: { ...metadata, ...north } });
    of.store.create(canaries, canaryObject(spec, { ...north }));
    await pass('north/cart');
    expect(conditionOf(of.caches.canaries.get('north/cart')?.status ?? {}, 'Ready')).toMatchObject({
      message: expect.stringContaining('belongs to Canary shop/cart'),
    });
    of.writes();
    await pass();
    expect(of.writes()).toEqual([]);
    of.store.delete(canaries, shop);
    await pass();
    await pass('north/cart');
    expect(of.caches.canaries.get('north/cart')?.status.run).toMatchObject({ kind: 'initialise' });
  });
});
