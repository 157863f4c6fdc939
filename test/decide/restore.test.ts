import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import { conditionOf, deedsOf, intended, nextRun, settledDecision, stored } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V1,
  V2,
  ago,
  canary,
  failed,
  noRoute,
  notYet,
  primary,
  route,
  running,
} from '../fixture/observation.ts';

const outcome = { phase: 'Failed', reason: 'PromotionFailed', message: 'primary not ready' } as const;
const broken = primary({ revision: V2, available: 0, readiness: failed });

function after(stage: Run['stage'], of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  const seen = running({ stage, split: splitToward(100), outcome, ...of }, { primary: broken, ...override });
  return { ...seen, status: { ...seen.status, phase: 'Promoting' } };
}

describe('yielding to the canary', () => {
  it('moves all traffic, and touches the primary only when that is in effect', () => {
    expect(deedsOf(after('yield', {}, { route: route(60) }))).toEqual(['writeRoute 100']);
    expect(nextRun(after('yield')).stage).toBe('restore');
  });

  it('waits for the route to be accepted, until the deadline', () => {
    const seen = after('yield', {}, { route: route(100, { acceptance: 'pending' }) });
    const { decision, seen: said } = settledDecision(seen);

    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS - 60_000 + DEADLINE_MS });
    expect(conditionOf(said.status, 'Ready')?.message).toContain(
      'moving all traffic to the canary: the route is pending',
    );
    expect(
      nextRun(after('yield', { stageSince: ago(600) }, { route: route(60, { acceptance: 'pending' }) }))
        .stage,
    ).toBe('restore');
  });

  it('is given up where the canary has no pods either', () => {
    expect(nextRun(after('yield', {}, { target: canary({ available: 0 }), route: route(60) })).stage).toBe(
      'restore',
    );
  });
});

describe('restoring the primary', () => {
  it('gives it the proven revision back, in the size it has', () => {
    expect(deedsOf(after('restore'))).toEqual([`writePrimary ${V1}`]);
  });

  it('makes it again where it is gone', () => {
    expect(deedsOf(after('restore', {}, { primary: undefined }))).toEqual([`writePrimary ${V1} x2`]);
  });

  it('waits until it serves; the canary keeps the traffic meanwhile', () => {
    const seen = after('restore', {}, { primary: primary({ available: 0, readiness: notYet }) });
    const { decision } = settledDecision(seen);

    expect(decision).toMatchObject({ kind: 'enact', actions: [] });
    expect(deedsOf({ ...seen, route: route(60) })).toEqual(['writeRoute 100']);
  });

  it('returns traffic when it serves, and the run fails', () => {
    const next = nextRun(after('restore', {}, { primary: primary() }));

    expect(next).toMatchObject({ stage: 'return', split: splitToward(0), outcome: { phase: 'Failed' } });
  });

  it('works the same where there is no route', () => {
    const seen = after('restore', { split: splitToward(0) }, { route: noRoute });

    expect(deedsOf(seen)).toEqual([`writePrimary ${V1}`]);
  });

  it('past its deadline says that it is overdue, and keeps on serving from the canary', () => {
    const late = after(
      'restore',
      { stageSince: ago(601) },
      { primary: primary({ available: 0, readiness: notYet }) },
    );
    const { decision, seen } = settledDecision(late);

    expect(decision).toMatchObject({ kind: 'enact', actions: [] });
    expect(conditionOf(seen.status, 'Ready')).toMatchObject({
      status: 'False',
      message: 'restoring cart-primary.shop: 0 of 2 pods available (overdue: the canary serves meanwhile)',
    });
    expect(conditionOf(seen.status, 'Stalled')?.status).toBe('True');
  });

  it('ends as Failed with the old revision live: the failed one is not retried, the old one starts nothing (D10)', () => {
    const seen = running(
      { stage: 'scale-down', split: splitToward(0), outcome },
      { primary: primary(), target: canary({ replicas: 0, available: 0 }) },
    );
    const { status } = intended(seen);

    expect(status).toMatchObject({
      phase: 'Failed',
      lastAppliedSpec: V2,
      lastPromotedSpec: V1,
      canaryWeight: 0,
    });
    expect(settledDecision(stored(seen, status)).decision.reason).toBe('CollectingRevisions');
    expect(settledDecision({ ...stored(seen, status), stored: [V1] }).decision.reason).toBe('Failed');
  });
});
