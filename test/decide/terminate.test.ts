import { describe, expect, it } from '@jest/globals';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import { conditionOf, deedsOf, intended, saidIn, settledDecision, stored } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  canary,
  notYet,
  observation,
  primary,
  running,
  spec,
  target,
} from '../fixture/observation.ts';

const reverting = spec({ revertOnDeletion: true });
const giveBack = ['restoreService', 'restoreRoute', 'setFinalizer false'];

/** Deleted, with the finalizer, and past the first status write. */
function terminating(override: Partial<Observation> = {}): Observation {
  const seen = observation({ spec: reverting, deleting: true, hasFinalizer: true, ...override });
  return stored(seen, intended(seen).status);
}

describe('the finalizer', () => {
  it.each([
    ['is set where revertOnDeletion asks for it', true, false, ['setFinalizer true']],
    ['is taken away where it no longer does', false, true, ['setFinalizer false']],
    ['stays', true, true, []],
    ['is not there otherwise', false, false, []],
  ] as const)('%s', (_title, revertOnDeletion, hasFinalizer, deeds) => {
    const seen = observation({ spec: spec({ revertOnDeletion }), hasFinalizer });

    expect(deedsOf(seen)).toEqual(deeds);
  });

  it('is set before anything that would have to be reverted', () => {
    const seen = observation({ spec: reverting, status: {}, primary: undefined });

    expect(deedsOf(seen)).toEqual(['setFinalizer true']);
  });
});

describe('deletion', () => {
  it('without the finalizer is none of our business', () => {
    expect(deedsOf(observation({ deleting: true }))).toEqual([]);
  });

  it('ends a run, and says so', () => {
    const decision = intended(running({}, { spec: reverting, deleting: true, hasFinalizer: true }));

    expect(decision.status).toMatchObject({ phase: 'Terminating', canaryWeight: 0, iterations: 0 });
    expect(decision.status.run).toBeUndefined();
    expect(saidIn(decision)).toEqual(['Normal Terminating']);
  });

  it('gives the target as many pods as the primary has', () => {
    expect(deedsOf(terminating({ primary: primary({ replicas: 3 }) }))).toEqual(['scaleTarget 3']);
  });

  it.each<[string, Partial<Observation>, string]>([
    ['what the primary had, where it is gone', { primary: undefined }, 'scaleTarget 2'],
    ['one where the primary has none', { primary: primary({ replicas: 0 }) }, 'scaleTarget 1'],
  ])('or %s', (_title, override, deed) => {
    expect(deedsOf(terminating(override))).toEqual([deed]);
  });

  it('waits for the target to serve, and takes nothing away before', () => {
    const seen = terminating({ target: target({ replicas: 2, readiness: notYet }) });
    const { decision, seen: said } = settledDecision(seen);

    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS + DEADLINE_MS });
    expect(conditionOf(said.status, 'Ready')?.message).toBe(
      'waits for the target: 0 of 2 pods available (until 08:10:00Z)',
    );
  });

  it.each<[string, Partial<Observation>]>([
    ['serves', { target: canary() }],
    ['never will', { target: canary({ readiness: { kind: 'failed', message: 'crashes' } }) }],
    ['is gone (D13)', { target: undefined }],
  ])('gives everything back and lets go when the target %s', (_title, override) => {
    expect(deedsOf(terminating(override))).toEqual(giveBack);
  });

  it('lets go of a Canary whose spec cannot be read (D13)', () => {
    const unreadable = terminating({ target: undefined, spec: undefined, plan: undefined });

    expect(deedsOf(unreadable)).toEqual(['setFinalizer false']);
  });

  it('has a deadline', () => {
    const seen = terminating({ target: target({ replicas: 2, readiness: notYet }) });

    expect(deedsOf({ ...seen, nowMs: NOW_MS + DEADLINE_MS })).toEqual(giveBack);
    expect(deedsOf({ ...seen, nowMs: NOW_MS + DEADLINE_MS - 1 })).toEqual([]);
  });

  it('has one that does not begin anew while what is waited for changes (D36)', () => {
    let seen = terminating({ target: target({ replicas: 2, readiness: notYet }) });
    for (let minute = 0; minute < 9; minute += 1) {
      const message = `${minute % 2} of 2 pods available`;
      seen = {
        ...seen,
        nowMs: seen.nowMs + 60_000,
        target: target({ replicas: 2, readiness: { kind: 'notYet', message } }),
      };
      ({ seen } = settledDecision(seen));
    }

    expect(deedsOf({ ...seen, nowMs: NOW_MS + DEADLINE_MS })).toEqual(giveBack);
  });

  it('goes on in spite of revertOnDeletion being taken back', () => {
    expect(deedsOf({ ...terminating({ target: canary() }), spec: spec() })).toEqual(giveBack);
  });

  it('of an invalid Canary is not held up (D13)', () => {
    const problem = {
      severity: 'error',
      reason: 'InvalidSpec',
      field: 'spec',
      message: 'is wrong',
      fix: 'mend it',
    } as const;
    const seen = terminating({ problems: [problem], target: canary() });

    expect(decide(seen)).toMatchObject({ kind: 'enact', reason: 'Terminated' });
  });
});
