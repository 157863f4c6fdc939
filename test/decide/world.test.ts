import { describe, expect, it } from '@jest/globals';
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
