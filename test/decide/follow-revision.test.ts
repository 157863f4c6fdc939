import { describe, expect, it } from '@jest/globals';
import type { Stage } from '../../src/api/status.ts';
import { deedsOf, intended, saidIn, stored } from '../fixture/decision.ts';
import { V1, V2, V3, ago, canary, measured, plan, route, running, spec } from '../fixture/observation.ts';

const pushed = running({}, { target: canary({ revision: V3 }) });

describe('a new revision during a run', () => {
  it.each<Stage>(['scale-up', 'analysis'])('starts the run anew from weight 0 in stage %s', (stage) => {
    const decision = intended(running({ stage }, { target: canary({ revision: V3 }) }));

    expect(decision.reason).toBe('RunRestarted');
    expect(decision.status).toMatchObject({
      phase: 'Progressing',
      canaryWeight: 0,
      lastAppliedSpec: V3,
      lastPromotedSpec: V1,
      rounds: [],
    });
    expect(decision.status.run).toMatchObject({
      id: 'r2',
      revision: V3,
      stage: 'scale-up',
      stageSince: ago(0),
      split: { primary: 100, canary: 0 },
      iteration: 0,
      counts: { fail: 0, inconclusive: 0, noData: 0, unavailable: 0 },
    });
    expect(decision.status.run?.prepared).toBeUndefined();
    expect(saidIn(decision)).toEqual(['Normal RunRestarted']);
  });

  it('moves the route home first, and stores the new revision', () => {
    expect(deedsOf(stored(pushed, intended(pushed).status))).toEqual([`storeRevision ${V3}`, 'writeRoute 0']);
  });

  it('goes by the plan that the spec means now', () => {
    const faster = spec({ analysis: { stepWeight: 50 } });

    expect(intended({ ...pushed, spec: faster, plan: plan(faster) }).status.run?.plan.weights).toEqual([
      50, 100,
    ]);
  });

  it('also when only the configuration has changed', () => {
    const configs = { 'configmap/cart': 'new' };

    expect(intended({ ...pushed, configs }).status.trackedConfigs).toEqual(configs);
  });

  it('D6: goes before everything that is known of the old one: it never slips through', () => {
    const seen = { ...pushed, answers: measured('pass') };

    expect(intended({ ...seen, answers: measured('fail') }).reason).toBe('RunRestarted');
    expect(intended(seen).reason).toBe('RunRestarted');
  });

  it.each<Stage>(['promote', 'yield', 'restore', 'return', 'scale-down', 'closing'])(
    'in stage %s is left for the run after this one',
    (stage) => {
      const outcome = { phase: 'Succeeded', reason: 'Succeeded', message: 'ok' } as const;
      const seen = running({ stage, outcome }, { target: canary({ revision: V3 }) });
      const next = deedsOf(seen).length > 0 ? seen.status.run : intended(seen).status.run;

      expect([undefined, V2]).toContain(next?.revision);
    },
  );
});

describe('the live revision during a run (D5)', () => {
  const reverted = running({}, { target: canary({ revision: V1 }) });

  it('cancels it: traffic goes home, nothing is analysed any more', () => {
    const decision = intended(reverted);

    expect(decision).toMatchObject({
      reason: 'RunCancelled',
      status: {
        run: {
          stage: 'return',
          split: { primary: 100, canary: 0 },
          outcome: { phase: 'Succeeded', reason: 'RunCancelled' },
        },
      },
    });
    expect(saidIn(decision)).toEqual(['Normal RunCancelled']);
  });

  it('ends as Succeeded without counting a success, and forgets the discarded revision', () => {
    const seen = running(
      {
        stage: 'scale-down',
        split: { primary: 100, canary: 0 },
        outcome: { phase: 'Succeeded', reason: 'RunCancelled', message: 'back' },
      },
      { target: canary({ revision: V1, replicas: 0, available: 0 }) },
    );
    const decision = intended(seen);

    expect(decision.tally).toBeUndefined();
    expect(decision.status).toMatchObject({ phase: 'Succeeded', lastAppliedSpec: V1, lastPromotedSpec: V1 });
    expect(decision.status.runs?.[0]).toMatchObject({ reason: 'RunCancelled', revision: V2 });
    const again = { ...stored(seen, decision.status), target: canary({ revision: V2 }) };
    expect(intended(again).reason).toBe('NewRevision');
  });

  it('is never said to have been a promotion', () => {
    const outcome = { phase: 'Succeeded', reason: 'RunCancelled', message: 'back' } as const;
    const seen = running(
      { stage: 'return', split: { primary: 100, canary: 0 }, settledAt: ago(10), outcome },
      { target: canary({ revision: V1 }), route: route(0) },
    );

    expect(intended(seen)).toMatchObject({ reason: 'ScalingDown', notices: [] });
  });

  it('calls no post-rollout hooks', () => {
    const hooked = spec({
      analysis: { webhooks: [{ name: 'done', type: 'post-rollout', url: 'http://h.example.com' }] },
    });
    const seen = running(
      {
        stage: 'scale-down',
        split: { primary: 100, canary: 0 },
        outcome: { phase: 'Succeeded', reason: 'RunCancelled', message: '' },
      },
      { spec: hooked, target: canary({ revision: V1, replicas: 0 }) },
    );

    expect(intended(seen).status.run).toBeUndefined();
  });
});
