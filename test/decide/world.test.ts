import { describe, expect, it } from '@jest/globals';
import { isUnsafe } from '../../src/decide/world.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import { conditionOf, intended, settledDecision } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V3,
  ago,
  canary,
  notYet,
  primary,
  route,
  running,
} from '../fixture/observation.ts';

const dead = primary({ available: 0, readiness: notYet });
const failed = { phase: 'Failed', reason: 'ThresholdReached', message: 'too slow' } as const;

describe('a primary that is dead', () => {
  const stranded = running(
    { stage: 'return', split: splitToward(0), splitSince: ago(20), outcome: failed },
    { primary: dead, route: route(60) },
  );

  it('gets no traffic back while the canary serves; that is said, with a deadline', () => {
    const { decision, seen } = settledDecision(stranded);

    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS - 20_000 + DEADLINE_MS });
    expect(conditionOf(seen.status, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'PrimaryNotReady' });
  });

  it('past the deadline is said to be overdue; the canary goes on serving', () => {
    const late = { ...stranded, nowMs: NOW_MS + DEADLINE_MS };
    const { decision, seen } = settledDecision(late);

    expect(decision).toMatchObject({ kind: 'enact', actions: [] });
    expect(conditionOf(seen.status, 'Stalled')).toMatchObject({ status: 'True', reason: 'PrimaryNotReady' });
    expect(conditionOf(seen.status, 'Ready')?.message).toContain('overdue');
  });

  it('D35: makes way for a newer revision, which may be the fix', () => {
    const fixed = { ...stranded, target: canary({ revision: V3 }) };

    expect(intended(fixed)).toMatchObject({
      reason: 'RunRestarted',
      status: { run: { revision: V3, stage: 'scale-up' } },
    });
    expect(settledDecision({ ...fixed, primary: primary() }).decision.reason).not.toBe('RunRestarted');
  });
});

/** One of them is at the canary, another may be at the primary. */
const routesOf = (divided: boolean, primaryPods: number, canaryPods: number): Observation => ({
  ...running(),
  primary: primary({ available: primaryPods }),
  target: canary({ available: canaryPods }),
  route: route(100, { state: 'drifted', ...(divided ? { divided } : {}) }),
});

describe('several routes that disagree', () => {
  const [all, none] = [splitToward(100), splitToward(0)];
  it('give no more to a side without pods than each of them does', () => {
    expect(isUnsafe(routesOf(true, 0, 3), none)).toBe(true);
    expect(isUnsafe(routesOf(true, 3, 0), all)).toBe(true);
    expect(isUnsafe(routesOf(false, 3, 0), all)).toBe(false);
  });

  it('go where there are pods', () => {
    expect([isUnsafe(routesOf(true, 3, 0), none), isUnsafe(routesOf(true, 0, 3), all)]).toEqual([
      false,
      false,
    ]);
    expect(isUnsafe(routesOf(true, 3, 3), splitToward(50))).toBe(false);
  });
});
