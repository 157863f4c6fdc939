import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import { conditionOf, deedsOf, intended, nextRun, saidIn, settledDecision } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V1,
  V2,
  ago,
  canary,
  failed,
  notYet,
  plan,
  primary,
  route,
  run,
  running,
  spec,
  target,
  without,
} from '../fixture/observation.ts';

function scaling(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  const started = without(run(), 'settledAt', 'prepared');
  const seen = running({}, override);
  return {
    ...seen,
    status: {
      ...seen.status,
      run: { ...started, stage: 'scale-up', split: { primary: 100, canary: 0 }, ...of },
    },
    route: override.route ?? route(0),
  };
}

describe('the canary gets pods', () => {
  it('as many as the primary has, at weight 0, and its revision is stored', () => {
    const seen = scaling(
      {},
      { target: target({ revision: V2 }), stored: [V1], primary: primary({ replicas: 3 }) },
    );

    expect(deedsOf(seen)).toEqual([`storeRevision ${V2}`, 'scaleTarget 3']);
  });

  it('at least one', () => {
    const seen = scaling({}, { target: target({ revision: V2 }), primary: primary({ replicas: 0 }) });

    expect(deedsOf(seen)).toEqual(['scaleTarget 1']);
  });

  it('keeps the size somebody gave it', () => {
    expect(deedsOf(scaling({}, { target: canary({ replicas: 5, readiness: notYet }) }))).toEqual([]);
  });

  it('takes traffic that is on the canary already back first', () => {
    expect(deedsOf(scaling({}, { route: route(40) }))).toEqual(['writeRoute 0']);
  });

  it('keeps the promoted revision in the primary, restored as big as it was', () => {
    expect(deedsOf(scaling({}, { primary: undefined }))).toEqual([`writePrimary ${V1} x2`]);
  });

  it('is waited for, with a deadline', () => {
    const { decision, seen } = settledDecision(
      scaling({}, { target: canary({ available: 0, readiness: notYet }) }),
    );

    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS - 60_000 + DEADLINE_MS });
    expect(seen.status.phase).toBe('Progressing');
    expect(conditionOf(seen.status, 'Ready')?.message).toBe(
      'waits for cart.shop: 0 of 2 pods available (since 07:59:00Z, until 08:09:00Z)',
    );
  });

  it('does not begin the analysis before the revision is stored', () => {
    const seen = scaling({}, { stored: [V1], target: canary({ revision: V2 }) });

    expect(deedsOf(seen)).toEqual([`storeRevision ${V2}`]);
  });

  it('begins the analysis when it is ready', () => {
    expect(nextRun(scaling())).toMatchObject({
      stage: 'analysis',
      stageSince: ago(0),
      split: { primary: 100, canary: 0 },
    });
  });

  it('is promoted at once where the analysis is skipped (8.1)', () => {
    const skipping = spec({ skipAnalysis: true });
    const decision = intended(scaling({ plan: plan(skipping) }, { spec: skipping }));

    expect(decision).toMatchObject({
      reason: 'Promoting',
      status: { phase: 'Promoting', run: { stage: 'promote' } },
    });
  });

  it('is not promoted unready, even where the analysis is skipped', () => {
    const skipping = spec({ skipAnalysis: true });
    const seen = scaling({ plan: plan(skipping) }, { spec: skipping, target: canary({ readiness: notYet }) });

    expect(settledDecision(seen).decision).toMatchObject({ kind: 'enact', actions: [] });
  });
});

describe('a canary that never gets ready', () => {
  it.each<[string, Partial<Observation>, Partial<Run>]>([
    ['by its own deadline', { target: canary({ available: 0, readiness: failed }) }, {}],
    ['by ours (D36)', { target: canary({ available: 0, readiness: notYet }) }, { stageSince: ago(600) }],
  ])('is rolled back %s', (_title, override, of) => {
    const decision = intended(scaling(of, override));

    expect(decision.reason).toBe('ProgressDeadlineExceeded');
    expect(decision.status.run).toMatchObject({
      stage: 'return',
      split: { primary: 100, canary: 0 },
      outcome: { phase: 'Failed', reason: 'ProgressDeadlineExceeded' },
    });
    expect(saidIn(decision)).toEqual(['Warning ProgressDeadlineExceeded']);
  });

  it('is given until the deadline, to the millisecond', () => {
    const seen = scaling(
      { stageSince: ago(600) },
      { target: canary({ readiness: notYet }), nowMs: NOW_MS - 1 },
    );

    expect(settledDecision(seen).decision).toMatchObject({ kind: 'enact', wakeAtMs: NOW_MS });
  });

  it('is not rolled back after the deadline if it is ready by then', () => {
    expect(decide(scaling({ stageSince: ago(6000) })).reason).toBe('PreRollout');
  });
});
