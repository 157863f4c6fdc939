import { describe, expect, it } from '@jest/globals';
import { objectOf } from '../src/model/json.ts';
import { resources } from '../src/model/kube.ts';
import { splitOf } from '../src/traffic/router.ts';
import { routerFor } from '../src/traffic/routers.ts';
import { leaveBehind } from './fixture/flagger-left.ts';
import type { Left } from './fixture/flagger-left.ts';
import { acceptRoute, lab, roll } from './fixture/lab.ts';
import type { Lab } from './fixture/lab.ts';
import { start } from './fixture/passes.ts';

const weighted = { stepWeight: 20, maxWeight: 60 };
const blueGreen = { iterations: 5 };
const abTesting = { iterations: 5, match: [{ headers: { 'x-cohort': { exact: 'beta' } } }] };

const rests: Left = {
  provider: 'gatewayapi:v1',
  phase: 'Succeeded',
  primary: 'app:1',
  target: 'app:1',
  targetReplicas: 0,
  weight: 0,
  analysis: weighted,
  config: { now: 'one', copied: 'one' },
};
const runs: Left = { ...rests, phase: 'Progressing', target: 'app:2', targetReplicas: 2, weight: 40 };

/** Everything that Flagger made is in place, its pods are ready, and Serin has looked once, until nothing was left to do. */
async function takeOver(left: Left): Promise<{ readonly of: Lab; readonly writes: readonly string[] }> {
  const of = lab([]);
  leaveBehind(of.store, left, of.nowMs);
  return { of, writes: await look(of) };
}

async function look(of: Lab): Promise<readonly string[]> {
  roll(of);
  acceptRoute(of);
  acceptProxy(of);
  of.writes();
  await start(of).pass();
  return of.writes();
}

function acceptProxy({ store }: Lab): void {
  const resource = routerFor('contour')?.route?.resource;
  const proxy =
    resource === undefined ? undefined : store.find(resource, { namespace: 'shop', name: 'cart' });
  if (resource !== undefined && proxy !== undefined) {
    const conditions = [
      { type: 'Valid', status: 'True', observedGeneration: 1, reason: 'Valid', message: '' },
    ];
    const status = { currentStatus: 'valid', description: 'Valid HTTPProxy', conditions };
    store.replace(resource, { ...proxy, status }, { subresource: 'status' });
  }
}

/** Statuses and Serin's own records aside: what of the world has been written. */
function worldly(writes: readonly string[]): readonly string[] {
  return [...new Set(writes.filter((write) => !/canaries|controllerrevisions/.test(write)))];
}

function templateOf(of: Lab, name: string): unknown {
  return objectOf(of.find(resources.deployments, name)?.['spec'])['template'];
}

function weightOf(of: Lab, provider: string): number | undefined {
  const shape = routerFor(provider)?.route;
  const route = shape === undefined ? undefined : of.find(shape.resource, 'cart');
  return shape === undefined || route === undefined ? undefined : splitOf(shape.view(route), 'cart')?.canary;
}

const copies = /^create configmaps shop\/settings-primary-[0-9a-f]{8}$/;

describe('what Flagger left at rest', () => {
  it.each(['gatewayapi:v1', 'contour', 'kubernetes'] as const)(
    'is taken over without a write to anything that people see, with %s',
    async (provider) => {
      const analysis = provider === 'kubernetes' ? blueGreen : weighted;
      const { of, writes } = await takeOver({ ...rests, provider, analysis });

      expect(of.view().status).toMatchObject({ phase: 'Succeeded', canaryWeight: 0 });
      expect(of.view().status.run).toBeUndefined();
      // The record of what is live, and a copy of its configuration that no other Canary can overwrite.
      expect(worldly(writes)).toEqual([expect.stringMatching(copies)]);
      expect(writes.filter((write) => write.includes('controllerrevisions'))).toHaveLength(1);
    },
  );

  it('keeps its autoscalers', async () => {
    const autoscalerRef = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'cart' };
    const { writes } = await takeOver({ ...rests, spec: { autoscalerRef } });

    expect(worldly(writes)).toEqual([expect.stringMatching(copies)]);
  });

  it('leaves the copies of Flagger in use', async () => {
    const { of } = await takeOver(rests);

    expect(JSON.stringify(templateOf(of, 'cart-primary'))).toContain('"settings-primary"');
  });

  it('stays refused where it has failed', async () => {
    const { of, writes } = await takeOver({ ...rests, phase: 'Failed', target: 'app:2' });

    expect(of.view().status).toMatchObject({ phase: 'Failed' });
    expect(of.view().status.run).toBeUndefined();
    expect(worldly(writes)).toEqual([]);
  });

  it.each<[string, Partial<Left>]>([
    ['the target has another revision', { target: 'app:2' }],
    ['a revision was pushed after it had failed', { phase: 'Failed', target: 'app:2', pushedMs: 60_000 }],
    ['its configuration has changed since it was copied', { config: { now: 'two', copied: 'one' } }],
  ])('starts a run where %s', async (_title, difference) => {
    const before = await takeOver(rests);
    const { of } = await takeOver({ ...rests, ...difference });

    expect(of.view().status).toMatchObject({ phase: 'Progressing', run: { stage: 'scale-up' } });
    expect(of.view().status.lastPromotedSpec).not.toBe(of.view().status.lastAppliedSpec);
    expect(templateOf(of, 'cart-primary')).toEqual(templateOf(before.of, 'cart-primary'));
  });
});

describe('what Flagger left in a run', () => {
  it.each<[string, Left]>([
    ['HTTPRoutes', runs],
    ['HTTPProxies', { ...runs, provider: 'contour' }],
    ['an A/B test', { ...runs, analysis: abTesting, weight: 100, iterations: 3 }],
    ['blue/green after its switch', { ...runs, analysis: blueGreen, weight: 100, iterations: 6 }],
    [
      'blue/green with Services alone',
      { ...runs, provider: 'kubernetes', analysis: blueGreen, weight: 0, iterations: 3 },
    ],
    ['a gate before its promotion', { ...runs, phase: 'WaitingPromotion', weight: 60, iterations: -1 }],
  ])('goes on from where it was: %s', async (_title, left) => {
    const { of, writes } = await takeOver(left);

    expect(of.view().status).toMatchObject({
      phase: left.phase,
      run: { stage: 'analysis', split: { canary: left.weight } },
    });
    expect(weightOf(of, left.provider) ?? 0).toBe(left.weight);
    expect(worldly(writes)).toEqual([expect.stringMatching(copies)]);
  });

  it('begins anew where the target was pushed again meanwhile', async () => {
    const { of } = await takeOver({ ...runs, target: 'app:3', pushedMs: 60_000 });

    expect(of.view().status).toMatchObject({ phase: 'Progressing', run: { split: { canary: 0 } } });
    expect(of.view().status.run?.prepared).toBeUndefined();
    expect(weightOf(of, 'gatewayapi:v1')).toBe(0);
  });

  it('brings the traffic of a promotion home, and leaves the primary as Flagger wrote it', async () => {
    const left: Left = { ...runs, phase: 'Promoting', primary: 'app:2' };
    const { of } = await takeOver(left);

    expect(of.view().status.run).toMatchObject({ stage: 'return', split: { canary: 0 } });
    expect(JSON.stringify(templateOf(of, 'cart-primary'))).toContain('"settings-primary"');
  });

  it('scales a canary down that has no traffic any more', async () => {
    const { of, writes } = await takeOver({ ...runs, phase: 'Finalising', primary: 'app:2', weight: 0 });

    expect(of.view().status).toMatchObject({ phase: 'Succeeded' });
    expect(worldly(writes)).toEqual([expect.stringMatching(copies), 'patch deployments shop/cart']);
  });
});

describe('what an earlier Canary of Serin left', () => {
  it('is taken over by what the primary holds, where its note has been overtaken', async () => {
    const of = lab([]);
    leaveBehind(of.store, { ...rests, target: 'app:2' }, of.nowMs);
    const annotations = {
      'serin.dev/revision': 'v1:0123456789abcdef',
      'serin.dev/written': 'f1:0123456789abcdef',
    };
    const key = { namespace: 'shop', name: 'cart-primary' };
    of.store.patch(resources.deployments, key, { kind: 'merge', body: { metadata: { annotations } } });
    const canary = of.find(resources.canaries, 'cart');
    of.store.replace(resources.canaries, { ...canary!, status: {} }, { subresource: 'status' });
    await look(of);

    expect(of.view().status).toMatchObject({ phase: 'Progressing', run: { stage: 'scale-up' } });
  });
});
