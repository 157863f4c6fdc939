import { describe, expect, it } from '@jest/globals';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import { conditionOf, deedsOf, intended, settledDecision } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V2,
  V3,
  ago,
  canary,
  notYet,
  observation,
  primary,
  route,
  running,
  target,
} from '../fixture/observation.ts';

const dead = primary({ available: 0, readiness: notYet });
const failed = { phase: 'Failed', reason: 'ThresholdReached', message: 'too slow' } as const;
const succeeded = { phase: 'Succeeded', reason: 'Succeeded', message: '' } as const;

const scaled = (state: 'missing' | 'drifted' | 'inPlace' | 'foreign'): Partial<Observation> => ({
  autoscaler: { state, targetMinReplicas: 3 },
});

describe('the autoscaler of the primary', () => {
  it.each([
    ['missing', ['writeAutoscaler']],
    ['drifted', []],
    ['inPlace', []],
    ['foreign', []],
  ] as const)('at rest that is %s leads to %j', (state, deeds) => {
    expect(deedsOf(observation(scaled(state)))).toEqual(deeds);
  });

  it('waits for its primary', () => {
    expect(deedsOf(observation({ ...scaled('missing'), primary: undefined }))).not.toContain(
      'writeAutoscaler',
    );
  });

  it('follows the one of the target with a promotion, and not with a rollback (12.1)', () => {
    const after = (outcome: typeof failed | typeof succeeded): Observation => {
      const seen = running({ stage: 'return', split: splitToward(0), outcome }, scaled('drifted'));
      const live = outcome === succeeded ? V2 : seen.status.lastPromotedSpec;
      return {
        ...seen,
        primary: primary({ revision: live }),
        status: { ...seen.status, ...(live === undefined ? {} : { lastPromotedSpec: live }) },
      };
    };

    expect(deedsOf(after(succeeded))).toEqual(['writeAutoscaler']);
    expect(deedsOf(after(failed))).toEqual([]);
  });

  it('says how many pods a canary starts with', () => {
    const seen = running({}, { ...scaled('inPlace'), target: target({ revision: V2 }) });

    expect(deedsOf(seen)).toEqual(['scaleTarget 3']);
  });
});

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

  it('makes way for a newer revision, which may be the fix (D35)', () => {
    const fixed = { ...stranded, target: canary({ revision: V3 }) };

    expect(intended(fixed)).toMatchObject({
      reason: 'RunRestarted',
      status: { run: { revision: V3, stage: 'scale-up' } },
    });
    expect(settledDecision({ ...fixed, primary: primary() }).decision.reason).not.toBe('RunRestarted');
  });
});
