// Commands through the whole pass: from the object that somebody creates to the answer in its status.
import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../src/cluster/cluster.ts';
import { Retry } from '../src/model/errors.ts';
import { objectOf } from '../src/model/json.ts';
import { resources } from '../src/model/kube.ts';
import { acceptRoute, canaryObject, lab, roll } from './fixture/lab.ts';
import type { Lab } from './fixture/lab.ts';
import { NOW_MS } from './fixture/observation.ts';
import { start } from './fixture/passes.ts';
import type { Run } from './fixture/passes.ts';

const { canaryCommands, canaries } = resources;

function give(of: Lab, name: string, spec: Readonly<Record<string, unknown>>): void {
  of.store.create(canaryCommands, {
    apiVersion: 'serin.dev/v1alpha1',
    kind: 'CanaryCommand',
    metadata: { name, namespace: 'shop' },
    spec: { canary: 'cart', ...spec },
  });
}

const statusOf = (of: Lab, name: string): unknown => of.find(canaryCommands, name)?.['status'];
const runOf = (of: Lab): Readonly<Record<string, unknown>> =>
  objectOf(objectOf(of.find(canaries, 'cart')?.['status'])['run']);

/** In the analysis of a second revision. */
async function inAnalysis(of: Lab, pass: Run['pass']): Promise<void> {
  const advance = async (until: () => boolean): Promise<void> => {
    for (let step = 0; step < 30 && !until(); step += 1) {
      await pass();
      roll(of);
      acceptRoute(of);
      of.nowMs += 10_000;
    }
  };
  await advance(() => of.view().status.phase === 'Initialized');
  const spec = { template: { spec: { containers: [{ name: 'app', image: 'cart:2' }] } } };
  of.store.patch(
    resources.deployments,
    { namespace: 'shop', name: 'cart' },
    { kind: 'merge', body: { spec } },
  );
  await advance(() => runOf(of)['stage'] === 'analysis');
}

describe('a command', () => {
  it('is carried out and answered in the same pass', async () => {
    const of = lab();
    const { pass } = start(of);
    await inAnalysis(of, pass);
    give(of, 'hold', { verb: 'pause', reason: 'lunch', author: 'eve' });
    await pass();
    expect(statusOf(of, 'hold')).toMatchObject({
      result: 'Done',
      author: 'unknown',
      run: runOf(of)['id'],
      message: expect.stringContaining('holds at weight'),
    });
    expect(runOf(of)).toMatchObject({ paused: { by: 'unknown', reason: 'lunch' } });
  });

  it('that was carried out before a crash is only answered after it', async () => {
    const of = lab();
    const { pass } = start(of);
    await inAnalysis(of, pass);
    give(of, 'hold', { verb: 'pause' });
    of.refuse = ({ resource, verb }) =>
      resource === canaryCommands && verb === 'patch' ? new Error('the process dies') : undefined;
    await expect(pass()).rejects.toThrow(Retry);
    expect(runOf(of)['paused']).toBeDefined();
    expect(statusOf(of, 'hold')).toBeUndefined();
    const { paused } = runOf(of);
    of.refuse = () => undefined;
    of.nowMs += 60_000;
    await start(of).pass();
    expect(runOf(of)['paused']).toEqual(paused);
    expect(statusOf(of, 'hold')).toMatchObject({ result: 'Done' });
  });

  it('that is deleted before its answer is forgotten', async () => {
    const of = lab();
    const { pass } = start(of);
    await inAnalysis(of, pass);
    give(of, 'hold', { verb: 'pause' });
    of.refuse = ({ resource, verb }) =>
      resource === canaryCommands && verb === 'patch' ? new ApiError(404, 'NotFound', 'gone') : undefined;
    await pass();
    of.store.delete(canaryCommands, { namespace: 'shop', name: 'hold' });
    of.refuse = () => undefined;
    await pass();
    expect(runOf(of)['paused']).toBeDefined();
  });

  it.each(['a spec that works', 'a spec that cannot be read'])(
    'that nobody may answer holds nothing up, with %s',
    async (what) => {
      const of = lab();
      const { pass } = start(of);
      await inAnalysis(of, pass);
      if (what === 'a spec that cannot be read') {
        const body = { spec: { analysis: { threshold: 'many' } } };
        of.store.patch(canaries, { namespace: 'shop', name: 'cart' }, { kind: 'merge', body });
      }
      give(of, 'stop', { verb: 'abort' });
      of.refuse = ({ resource, verb }) =>
        resource === canaryCommands && verb === 'patch' ? new ApiError(403, 'Forbidden', 'no') : undefined;
      expect(await pass()).toBeDefined();
      const { run, runs = [] } = of.view().status;
      expect(run?.outcome?.reason ?? runs[0]?.reason).toBe('AbortRequested');
      expect(statusOf(of, 'stop')).toBeUndefined();
      of.refuse = () => undefined;
      await pass();
      expect(statusOf(of, 'stop')).toMatchObject({ result: 'Done' });
      expect(of.view().status.commands).toHaveLength(1);
    },
  );

  it('to abort works while the spec cannot be read, and is answered', async () => {
    const of = lab();
    const { pass } = start(of);
    await inAnalysis(of, pass);
    const body = { spec: { analysis: { threshold: 'many' } } };
    of.store.patch(canaries, { namespace: 'shop', name: 'cart' }, { kind: 'merge', body });
    give(of, 'stop', { verb: 'abort' });
    await pass();
    expect(runOf(of)).toMatchObject({ stage: 'return', outcome: { reason: 'AbortRequested' } });
    expect(statusOf(of, 'stop')).toMatchObject({ result: 'Done' });
  });

  it('is deleted a day after its answer', async () => {
    const of = lab();
    const { pass } = start(of);
    await inAnalysis(of, pass);
    give(of, 'stop', { verb: 'abort' });
    for (let step = 0; step < 10; step += 1) {
      await pass();
      roll(of);
      of.nowMs += 10_000;
    }
    const wakeAtMs = (await pass()) ?? 0;
    expect(of.find(canaryCommands, 'stop')).toBeDefined();
    of.nowMs = wakeAtMs;
    await pass();
    expect(of.find(canaryCommands, 'stop')).toBeUndefined();
  });
});

describe('a command without a Canary', () => {
  it('waits, expires, says so and goes', async () => {
    const of = lab([]);
    const { pass } = start(of);
    give(of, 'hold', { verb: 'pause', expiresAfter: '60s' });
    expect(await pass()).toBe(NOW_MS + 60_000);
    expect(statusOf(of, 'hold')).toBeUndefined();
    of.nowMs += 60_000;
    await pass();
    expect(statusOf(of, 'hold')).toMatchObject({
      result: 'Expired',
      message: 'there is no Canary cart: nothing was done',
    });
    of.nowMs += 86_400_000;
    await pass();
    expect(of.find(canaryCommands, 'hold')).toBeUndefined();
    expect(await pass()).toBeUndefined();
  });

  it('that nobody may answer is tried again later', async () => {
    const of = lab([]);
    const { pass } = start(of);
    give(of, 'hold', { verb: 'pause', expiresAfter: '60s' });
    of.nowMs += 60_000;
    of.refuse = ({ verb }) => (verb === 'patch' ? new ApiError(403, 'Forbidden', 'no') : undefined);
    expect(await pass()).toBe(of.nowMs + 30_000);
    of.refuse = () => undefined;
    await pass();
    expect(statusOf(of, 'hold')).toMatchObject({ result: 'Expired' });
  });

  it('from before its Canary is refused by it', async () => {
    const of = lab([]);
    give(of, 'hold', { verb: 'pause' });
    of.nowMs += 1_000;
    of.store.create(canaries, canaryObject());
    await start(of).pass();
    expect(statusOf(of, 'hold')).toMatchObject({
      result: 'Refused',
      message: expect.stringContaining('before this Canary'),
    });
  });
});
