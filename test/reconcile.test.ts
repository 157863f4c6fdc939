import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../src/cluster/cluster.ts';
import type { Cluster } from '../src/cluster/cluster.ts';
import { Retry } from '../src/model/errors.ts';
import { objectOf } from '../src/model/json.ts';
import { resources } from '../src/model/kube.ts';
import { FINALIZER } from '../src/observe/canary-view.ts';
import { conditionOf } from './fixture/decision.ts';
import { answer, initialised, phaseOf, push, start, until } from './fixture/passes.ts';
import {
  acceptRoute,
  basics,
  canaryObject,
  deploymentObject,
  httpRoutes,
  lab,
  roll,
  settings,
  weightsIn,
} from './fixture/lab.ts';

const { canaries, deployments, services } = resources;

describe('a pass', () => {
  it('sets a Canary up in a few steps', async () => {
    const run = start();
    const { of } = run;
    await run.pass();
    expect(phaseOf(of)).toBe('Initializing');
    expect(of.find(services, 'cart')).toBeUndefined();

    await until(run, 'Initialized');
    roll(of);
    await run.pass();
    expect(objectOf(of.find(deployments, 'cart')?.['spec'])['replicas']).toBe(0);
    expect(objectOf(of.find(deployments, 'cart-primary')?.['spec'])['replicas']).toBe(2);
    expect(weightsIn(of)).toEqual({ 'cart-primary': 100, 'cart-canary': 0 });
    expect(conditionOf(of.view().status, 'Ready')).toMatchObject({ status: 'True' });
  });

  it('tries its first writes before it does any', async () => {
    const run = start();
    await run.pass();
    const writes = run.of.writes().filter((call) => !call.includes('status'));
    const lastTried = writes.findLastIndex((call) => call.endsWith('dry'));

    expect(lastTried).toBeGreaterThanOrEqual(3);
    expect(writes.slice(0, lastTried + 1).every((call) => call.endsWith('dry'))).toBe(true);
  });

  it('D28: over an idle Canary makes no request at all', async () => {
    const run = await initialised();
    run.of.calls.length = 0;
    for (let turn = 0; turn < 5; turn += 1) {
      run.of.nowMs += 3_600_000;
      expect(await run.pass()).toBeUndefined();
    }

    expect(run.of.calls).toEqual([]);
  });

  it('promotes a revision that passes, and rolls one back that does not', async () => {
    const run = await initialised();
    const { of } = run;
    push(of, 'cart:2');
    for (let step = 0; step < 30 && phaseOf(of) !== 'Succeeded'; step += 1) {
      roll(of);
      acceptRoute(of);
      await run.pass();
      answer(run, 100);
      of.nowMs += 10_000;
    }
    expect(phaseOf(of)).toBe('Succeeded');
    expect(JSON.stringify(of.find(deployments, 'cart-primary'))).toContain('cart:2');

    push(of, 'cart:3');
    for (let step = 0; step < 30 && phaseOf(of) !== 'Failed'; step += 1) {
      roll(of);
      acceptRoute(of);
      await run.pass();
      answer(run, 1);
      of.nowMs += 10_000;
    }
    expect(phaseOf(of)).toBe('Failed');
    expect(JSON.stringify(of.find(deployments, 'cart-primary'))).toContain('cart:2');
    expect(weightsIn(of)).toEqual({ 'cart-primary': 100, 'cart-canary': 0 });
    expect(of.view().status.runs?.map(({ reason }) => reason)).toEqual([
      'ThresholdReached',
      'Succeeded',
      'Initialized',
    ]);
  });

  it('asks, and goes on when the answer is there', async () => {
    const run = await initialised();
    push(run.of, 'cart:2');
    for (let step = 0; step < 20 && run.asked.length === 0; step += 1) {
      roll(run.of);
      acceptRoute(run.of);
      await run.pass();
      run.of.nowMs += 10_000;
    }
    const before = run.of.view().resourceVersion;
    await run.pass();
    expect(run.of.view().resourceVersion).toBe(before);

    answer(run, 1);
    await run.pass();
    expect(run.of.view().status.failedChecks).toBe(1);
  });

  it('repairs what somebody deletes', async () => {
    const run = await initialised();
    const { of } = run;
    for (const [resource, name] of [
      [services, 'cart'],
      [deployments, 'cart-primary'],
      [httpRoutes, 'cart'],
    ] as const) {
      of.store.delete(resource, { namespace: 'shop', name });
      await run.pass();
      expect(of.find(resource, name)).toBeDefined();
    }
    expect(objectOf(of.find(deployments, 'cart-primary')?.['spec'])['replicas']).toBe(2);
  });

  it('leaves Canaries alone that are not ours, and those that are gone', async () => {
    const foreign = start(lab(), { isOurs: () => false });
    expect(await foreign.pass()).toBeUndefined();
    const gone = start(lab([]));
    expect(await gone.pass()).toBeUndefined();

    expect([...foreign.of.calls, ...gone.of.calls]).toEqual([]);
  });

  it('says what is wrong with a spec, and writes nothing else', async () => {
    const of = lab([
      [canaries, canaryObject({ provider: undefined })],
      [deployments, deploymentObject()],
    ]);
    const run = start(of, { settings: { ...settings, meshProvider: 'crossover' } });
    expect(await run.pass()).toBeUndefined();

    expect(of.writes()).toEqual(['patch canaries shop/cart status']);
    expect(conditionOf(of.view().status, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'UnknownProvider',
    });
  });

  it('waits for a kind that the cluster does not serve', async () => {
    const run = start(lab(), { presenceOf: () => 'missing' as const });
    await run.pass();

    expect(conditionOf(run.of.view().status, 'Ready')?.reason).toBe('KindNotInstalled');
  });

  it('lets a deleted Canary go when everything is given back', async () => {
    const of = lab([[canaries, canaryObject({ revertOnDeletion: true })], ...basics().slice(1)]);
    const run = await initialised(of);
    expect(of.view().finalizers).toContain(FINALIZER);
    of.store.delete(canaries, { namespace: 'shop', name: 'cart' });
    for (let step = 0; step < 5 && of.find(canaries, 'cart') !== undefined; step += 1) {
      await run.pass();
      of.nowMs += 10_000;
      roll(of);
    }

    expect(of.find(canaries, 'cart')).toBeUndefined();
    expect(objectOf(of.find(deployments, 'cart')?.['spec'])['replicas']).toBe(2);
  });
});

describe('a spec that cannot be read', () => {
  it('D13: does not hold up deletion', async () => {
    const of = lab([
      [canaries, canaryObject({ targetRef: { name: 7 } }, { finalizers: [FINALIZER] })],
      ...basics().slice(1),
    ]);
    of.store.delete(canaries, { namespace: 'shop', name: 'cart' });
    await start(of).pass();

    expect(of.find(canaries, 'cart')).toBeUndefined();
  });
});

describe('what stands in the way of a pass', () => {
  it('that the server refuses for good is a condition before anything has changed, and is tried again later', async () => {
    const run = start();
    const { of } = run;
    of.refuse = ({ verb, resource }) =>
      verb === 'create' && resource.plural === 'httproutes'
        ? new ApiError(422, 'Invalid', 'spec: is wrong')
        : undefined;
    const wakeAtMs = await run.pass();

    expect(wakeAtMs).toBe(of.nowMs + 30_000);
    expect(conditionOf(of.view().status, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'RefusedByServer',
    });
    expect(conditionOf(of.view().status, 'Ready')?.message).toContain('spec: is wrong');
    expect(of.find(deployments, 'cart-primary')).toBeUndefined();
    expect(of.find(services, 'cart-primary')).toBeUndefined();

    of.refuse = () => undefined;
    await until(run, 'Initialized');
  });

  it('refused again changes nothing and writes no status again', async () => {
    const run = start();
    const { of } = run;
    of.refuse = ({ verb, resource }) =>
      verb === 'create' && resource.plural === 'httproutes'
        ? new ApiError(422, 'Invalid', 'spec: is wrong')
        : undefined;
    await run.pass();
    const before = of.view().resourceVersion;
    of.nowMs += 30_000;
    await run.pass();

    expect(of.view().resourceVersion).toBe(before);
  });

  it.each<[string, Error]>([
    ['a conflict', new ApiError(409, 'Conflict', 'the object has been modified')],
    ['no answer', new Error('socket hang up')],
  ])('for now is thrown as Retry: %s', async (_title, error) => {
    const run = start();
    run.of.refuse = ({ verb }) => (verb === 'patch' || verb === 'create' ? error : undefined);

    await expect(run.pass()).rejects.toBeInstanceOf(Retry);
    run.of.refuse = () => undefined;
    await until(run, 'Initialized');
  });

  it('is forgotten by the next pass: nothing is remembered but what is stored', async () => {
    const run = start();
    const { of } = run;
    of.refuse = ({ verb, resource }) =>
      verb === 'create' && resource.plural === 'deployments'
        ? new ApiError(403, 'Forbidden', 'no')
        : undefined;
    await run.pass();
    of.refuse = () => undefined;
    const after = start(of);
    await until(after, 'Initialized');
  });

  it('that a write does not show is looked at again soon, not written over and over', async () => {
    const { of } = await initialised();
    const before = of.store.get(services, { namespace: 'shop', name: 'cart' });
    of.store.delete(services, { namespace: 'shop', name: 'cart' });
    // The answer is older than what the cache has heard already.
    const late = answering(of.cluster, { create: () => Promise.resolve(before) });
    of.writes();
    const wakeAtMs = await start(of, { cluster: late }).pass();

    expect(wakeAtMs).toBe(of.nowMs + 5_000);
    expect(of.find(services, 'cart')).toBeUndefined();
  });
});

describe('a pass that does not come to rest', () => {
  it('is a bug that says so: here a server that keeps no status', async () => {
    const of = lab();
    const forgetful = answering(of.cluster, {
      patch: (resource, key) => Promise.resolve(of.store.get(resource, key)),
    });
    const run = start(of, { cluster: forgetful });

    await expect(run.pass()).rejects.toThrow('shop/cart does not come to rest');
    expect(run.reasons).toEqual(['Initializing']);
  });
});

/** The cluster, but for some answers. */
function answering(cluster: Cluster, other: Partial<Cluster>): Cluster {
  return {
    get: (resource, key) => cluster.get(resource, key),
    list: (resource, options) => cluster.list(resource, options),
    watch: (resource, options) => cluster.watch(resource, options),
    create: (resource, object, options) => cluster.create(resource, object, options),
    replace: (resource, object, options) => cluster.replace(resource, object, options),
    patch: (resource, key, patch, options) => cluster.patch(resource, key, patch, options),
    delete: (resource, key, options) => cluster.delete(resource, key, options),
    ...other,
  };
}
