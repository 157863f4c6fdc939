import { describe, expect, it } from '@jest/globals';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import { conditionOf, deedsOf, intended, saidIn, settledDecision, stored } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  ago,
  canary,
  notYet,
  observation,
  primary,
  route,
  running,
  spec,
  target,
} from '../fixture/observation.ts';

const reverting = spec({ revertOnDeletion: true });
const giveBack = ['restoreService', 'restoreRoute keeping'];
const DRAIN_MS = 10_000;

/** What is done once everything noted on the way is stored. */
function inTheEnd(seen: Observation): readonly string[] {
  let now = seen;
  for (let turn = 0; turn < 6; turn += 1) {
    const decision = decide(now);
    if (decision.kind !== 'intend') {
      return deedsOf(now);
    }
    now = stored(now, decision.status);
  }
  throw new Error('does not come to rest');
}

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

  it('gives nothing back before the target has been seen to serve for a while', () => {
    const serving = terminating({ target: canary() });
    const seen = stored(serving, intended(serving).status);

    expect(inTheEnd({ ...seen, nowMs: NOW_MS + DRAIN_MS - 1 })).toEqual([]);
    expect(inTheEnd({ ...seen, nowMs: NOW_MS + DRAIN_MS })).toEqual(giveBack);
  });

  it('begins to look anew when the target stops serving', () => {
    const serving = terminating({ target: canary() });
    const seen = stored(serving, intended(serving).status);
    const stopped = { ...seen, target: canary({ readiness: notYet }) };

    expect(intended(stopped).status.reverting).toEqual({});
  });

  it.each<[string, Partial<Observation>]>([
    ['serves', { target: canary() }],
    ['never will', { target: canary({ readiness: { kind: 'failed', message: 'crashes' } }) }],
    ['is gone (D13)', { target: undefined }],
  ])('gives everything back when the target %s, and lets go when that is in effect', (_title, override) => {
    const seen = terminating(override);
    const status = { ...seen.status, reverting: { servingSince: ago(20), restoredAt: ago(0) } };

    expect(
      intended({
        ...seen,
        nowMs: NOW_MS + DRAIN_MS,
        status: { ...status, reverting: { servingSince: ago(0) } },
      }).status.reverting?.restoredAt,
    ).toBeDefined();
    expect(deedsOf({ ...seen, status })).toEqual(giveBack);
    expect(deedsOf({ ...seen, status, nowMs: NOW_MS + DRAIN_MS })).toEqual(['setFinalizer false']);
  });

  it('keeps the primary while the gateway has not taken the restored route', () => {
    const seen = terminating({ target: canary(), route: route(0, { acceptance: 'pending', taken: true }) });
    const status = { ...seen.status, reverting: { servingSince: ago(60), restoredAt: ago(30) } };

    expect(deedsOf({ ...seen, status })).toEqual(giveBack);
    expect(deedsOf({ ...seen, status, nowMs: NOW_MS + DEADLINE_MS + DRAIN_MS })).toEqual(['restoreRoute']);
    expect(deedsOf({ ...seen, status, nowMs: NOW_MS + DEADLINE_MS + 2 * DRAIN_MS })).toEqual([
      'setFinalizer false',
    ]);
  });

  it('D13: lets go of a Canary whose spec cannot be read', () => {
    const unreadable = terminating({ target: undefined, spec: undefined, plan: undefined });

    expect(deedsOf(unreadable)).toEqual(['setFinalizer false']);
  });

  it('has a deadline', () => {
    const seen = terminating({ target: target({ replicas: 2, readiness: notYet }) });

    expect(inTheEnd({ ...seen, nowMs: NOW_MS + DEADLINE_MS })).toEqual(giveBack);
    expect(inTheEnd({ ...seen, nowMs: NOW_MS + DEADLINE_MS - 1 })).toEqual([]);
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

    expect(inTheEnd({ ...seen, nowMs: NOW_MS + DEADLINE_MS })).toEqual(giveBack);
  });

  it('D13: goes on in spite of revertOnDeletion being taken back', () => {
    const seen = { ...terminating({ target: canary() }), spec: spec() };
    const status = { ...seen.status, reverting: { restoredAt: ago(0) } };

    expect(deedsOf({ ...seen, status })).toEqual(giveBack);
  });

  it('D13: of an invalid Canary is not held up', () => {
    const problem = {
      severity: 'error',
      reason: 'InvalidSpec',
      field: 'spec',
      message: 'is wrong',
      fix: 'mend it',
    } as const;
    const seen = terminating({ problems: [problem], target: canary() });

    expect(decide(seen)).toMatchObject({ kind: 'intend', reason: 'Terminating' });
  });
});
