import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import { conditionOf, deedsOf, intended, nextRun, saidIn, settledDecision } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V1,
  V2,
  ago,
  canary,
  hooks,
  noRoute,
  notYet,
  plan,
  primary,
  route,
  run,
  running,
  spec,
  status,
  without,
} from '../fixture/observation.ts';

const succeeded = { phase: 'Succeeded', reason: 'Succeeded', message: 'cart.shop is promoted' } as const;
const rolledBack = { phase: 'Failed', reason: 'ThresholdReached', message: 'too slow' } as const;

function after(
  stage: 'return' | 'scale-down',
  outcome: NonNullable<Run['outcome']>,
  { of = {}, override = {} }: { of?: Partial<Run>; override?: Partial<Observation> } = {},
): Observation {
  const live = outcome.phase === 'Succeeded' ? V2 : V1;
  const ended = without(run({ stage, split: splitToward(0), outcome }), 'settledAt');
  const seen = running({}, { primary: primary({ revision: live }), route: route(0), ...override });
  return {
    ...seen,
    status: { ...seen.status, phase: 'Promoting', lastPromotedSpec: live, run: { ...ended, ...of } },
  };
}

const gone = canary({ replicas: 0, available: 0 });

describe.each([succeeded, rolledBack])('traffic goes home after $reason', (outcome) => {
  it('by the route first', () => {
    expect(deedsOf(after('return', outcome, { override: { route: route(60) } }))).toEqual(['writeRoute 0']);
  });

  it('then waits for the gateway', () => {
    const seen = after('return', outcome, { override: { route: route(0, { acceptance: 'pending' }) } });

    expect(deedsOf(seen)).toEqual([]);
    expect(settledDecision(seen).decision.reason).toBe('ReturningTraffic');
  });

  it('then gives requests in flight their time', () => {
    const seen = after('return', outcome);

    expect(nextRun(seen)).toMatchObject({ stage: 'return', settledAt: ago(0) });
    const draining = after('return', outcome, { of: { settledAt: ago(4) } });
    expect(settledDecision(draining).decision).toMatchObject({
      kind: 'enact',
      reason: 'Draining',
      actions: [],
      wakeAtMs: NOW_MS + 6000,
    });
  });

  it('then the canary goes', () => {
    expect(nextRun(after('return', outcome, { of: { settledAt: ago(10) } })).stage).toBe('scale-down');
    expect(deedsOf(after('scale-down', outcome))).toEqual(['scaleTarget 0']);
  });

  it('never towards a primary without pods while the canary has some', () => {
    const lost = primary({ revision: outcome === succeeded ? V2 : V1, available: 0, readiness: notYet });
    const seen = after('return', outcome, { override: { route: route(60), primary: lost } });

    expect(deedsOf(seen)).toEqual([]);
    const { seen: said } = settledDecision(seen);
    expect(conditionOf(said.status, 'Ready')?.message).toBe(
      'returning traffic to cart-primary.shop: cart-primary.shop has no available pods and the canary has (since 07:59:40Z, until 08:09:40Z)',
    );
    const late = settledDecision({ ...seen, nowMs: NOW_MS + DEADLINE_MS }).seen;
    expect(conditionOf(late.status, 'Ready')?.message).toMatch(/the canary has \(overdue\)$/);
    expect(conditionOf(late.status, 'Stalled')?.status).toBe('True');
    expect(deedsOf(after('scale-down', outcome, { override: { primary: lost } }))).toEqual([]);
  });

  it('and comes back to the route where somebody moves it while the canary goes', () => {
    expect(deedsOf(after('scale-down', outcome, { override: { route: route(30) } }))).toEqual([
      'writeRoute 0',
    ]);
  });

  it('works the same without a route', () => {
    const seen = after('return', outcome, { override: { route: noRoute } });

    expect(nextRun(seen).settledAt).toBe(ago(0));
  });
});

describe('phases on the way', () => {
  it.each<[string, Observation, string]>([
    ['a promotion', after('scale-down', succeeded, { override: { target: canary() }, of: {} }), 'Finalising'],
    ['the end of a promotion', after('return', succeeded, { of: { settledAt: ago(10) } }), 'Finalising'],
  ])('of %s', (_title, seen, phase) => {
    const next = settledDecision(seen);
    const shown = next.decision.kind === 'intend' ? next.decision.status.phase : next.seen.status.phase;

    expect(shown === 'Promoting' ? phase : shown).toBe(phase);
  });

  it('shows the failure only when it is over', () => {
    const seen = after('return', rolledBack, { of: { settledAt: ago(10) } });
    const before = { ...seen, status: { ...seen.status, phase: 'Progressing' as const } };

    expect(intended(before).status.phase).toBe('Progressing');
    expect(intended(after('scale-down', rolledBack, { override: { target: gone } })).status.phase).toBe(
      'Failed',
    );
  });
});

describe('stepWeightPromotion', () => {
  const stepped = spec({ analysis: { stepWeightPromotion: 25 } });
  const at = (weight: number, of: Partial<Run>): Observation =>
    after('return', succeeded, {
      of: { split: splitToward(weight), plan: plan(stepped), ...of },
      override: { spec: stepped, route: route(weight) },
    });

  it.each([
    [60, 35],
    [35, 10],
    [10, 0],
  ])('takes the weight from %i to %i, one step an interval', (weight, next) => {
    expect(nextRun(at(weight, { settledAt: ago(10) })).split.canary).toBe(next);
    expect(settledDecision(at(weight, { settledAt: ago(9) })).decision).toMatchObject({
      kind: 'enact',
      wakeAtMs: NOW_MS + 1000,
    });
  });

  it('is said as a step of the primary', () => {
    expect(intended(at(60, { settledAt: ago(10) })).notices[0]?.message).toBe(
      'Advance cart-primary.shop primary weight 65',
    );
  });

  it('still ends where the plan has lost its step meanwhile', () => {
    const seen = after('return', succeeded, {
      of: { split: splitToward(1), settledAt: ago(10) },
      override: { route: route(1) },
    });

    expect(nextRun(seen).split.canary).toBe(0);
  });
});

describe('the end of a run', () => {
  it('after a promotion is Succeeded, and counted', () => {
    const decision = intended(after('scale-down', succeeded, { override: { target: gone } }));

    expect(decision.status).toMatchObject({
      phase: 'Succeeded',
      canaryWeight: 0,
      iterations: 0,
      lastPromotedSpec: V2,
    });
    expect(decision.status.run).toBeUndefined();
    expect(decision.tally).toEqual({ result: 'success', strategy: 'canary', analysis: 'completed' });
    expect(saidIn(decision)).toEqual(['Normal Succeeded']);
    expect(conditionOf(decision.status, 'Promoted')).toMatchObject({ status: 'True', reason: 'Succeeded' });
  });

  it('without an analysis is counted as skipped', () => {
    const seen = after('scale-down', succeeded, { override: { target: gone } });
    const skipped = without(seen.status.run ?? run(), 'prepared');

    expect(intended({ ...seen, status: { ...seen.status, run: skipped } }).tally).toMatchObject({
      analysis: 'skipped',
    });
  });

  it('after a rollback is Failed, with the reason and what was wrong', () => {
    const decision = intended(after('scale-down', rolledBack, { override: { target: gone } }));

    expect(decision.status).toMatchObject({
      phase: 'Failed',
      canaryWeight: 0,
      failedChecks: 0,
      lastPromotedSpec: V1,
    });
    expect(decision.status.runs).toMatchObject([
      {
        id: 'r1',
        revision: V2,
        endedAt: ago(0),
        phase: 'Failed',
        reason: 'ThresholdReached',
        message: 'too slow',
      },
    ]);
    expect(decision.tally).toEqual({ result: 'failure', strategy: 'canary', analysis: 'completed' });
    expect(saidIn(decision)).toEqual(['Warning Failed']);
    expect(conditionOf(decision.status, 'Ready')).toMatchObject({ status: 'False', message: 'too slow' });
  });

  it('keeps the last ten runs, the newest first', () => {
    const seen = after('scale-down', succeeded, { override: { target: gone } });
    const past = {
      revision: V1,
      startedAt: ago(9),
      endedAt: ago(8),
      phase: 'Succeeded' as const,
      reason: 'Succeeded',
    };
    const runs = Array.from({ length: 10 }, (_, index) => ({ ...past, id: `old-${index}` }));

    expect(intended({ ...seen, status: { ...seen.status, runs } }).status.runs?.map(({ id }) => id)).toEqual([
      'r1',
      ...Array.from({ length: 9 }, (_, index) => `old-${index}`),
    ]);
  });

  it.each([succeeded, rolledBack])(
    'calls the post-rollout hooks after the outcome is stored: $reason (D29)',
    (outcome) => {
      const hooked = spec({ analysis: { webhooks: hooks('post-rollout') } });
      const decision = intended(after('scale-down', outcome, { override: { target: gone, spec: hooked } }));

      expect(decision.status).toMatchObject({
        phase: outcome.phase,
        run: { stage: 'closing', round: { seq: 4 } },
      });
      expect(decision.tally?.result).toBe(outcome === succeeded ? 'success' : 'failure');
      expect(conditionOf(decision.status, 'Ready')?.status).toBe(outcome === succeeded ? 'True' : 'False');
    },
  );

  it('where the target is gone does not wait for it', () => {
    const seen = after('scale-down', rolledBack, { override: { target: gone } });

    expect(intended({ ...seen, target: undefined }).status.phase).toBe('Failed');
    expect(status().phase).toBe('Succeeded');
  });
});
