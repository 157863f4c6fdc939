import { describe, expect, it } from '@jest/globals';
import type { Observation } from '../../src/model/observation.ts';
import {
  conditionOf,
  deedsOf,
  intended,
  nextRun,
  saidIn,
  settledDecision,
  stored,
} from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V1,
  ago,
  canary,
  failed,
  measured,
  notYet,
  primary,
  route,
  running,
  target,
} from '../fixture/observation.ts';

const few = canary({ available: 1, readiness: { kind: 'notYet', message: '1 of 2 pods available' } });
const none = canary({ available: 0, readiness: notYet });

describe('a canary short of ready pods', () => {
  it('holds the run: no round is judged, whatever the answers are', () => {
    const seen = running({}, { target: few, answers: measured('fail') });
    const decision = intended(seen);

    expect(decision.reason).toBe('CanaryNotReady');
    expect(decision.status.run).toMatchObject({
      heldSince: ago(0),
      split: { canary: 20 },
      counts: { fail: 0 },
    });
    const { decision: after, seen: said } = settledDecision(stored(seen, decision.status));
    expect(after).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS + DEADLINE_MS });
    expect(conditionOf(said.status, 'Ready')?.message).toBe(
      'holds at weight 20: cart.shop 1 of 2 pods available (since 08:00:00Z, until 08:10:00Z)',
    );
  });

  it('keeps the world as it shall be meanwhile', () => {
    const seen = running({ heldSince: ago(10) }, { target: few, route: route(0) });

    expect(deedsOf(seen)).toEqual(['writeRoute 20']);
    expect(deedsOf({ ...seen, route: route(20), primary: undefined })).toEqual([`writePrimary ${V1} x2`]);
  });

  it('goes on at the same weight when it is ready, an interval later', () => {
    const seen = running({ heldSince: ago(30) });
    const next = nextRun(seen);

    expect(next.heldSince).toBeUndefined();
    expect(next).toMatchObject({ split: { canary: 20 }, round: { seq: 4, dueAt: ago(-10) } });
  });

  it.each<[string, Observation]>([
    ['our deadline', running({ heldSince: ago(600) }, { target: few })],
    ['its own', running({}, { target: canary({ available: 1, readiness: failed }) })],
  ])('is rolled back at %s', (_title, seen) => {
    expect(intended(seen)).toMatchObject({
      reason: 'ProgressDeadlineExceeded',
      status: { run: { stage: 'return', split: { canary: 0 }, outcome: { phase: 'Failed' } } },
    });
  });
});

describe('a canary without any pod', () => {
  it('loses its traffic to the primary at once', () => {
    const seen = running({}, { target: none });
    const decision = intended(seen);

    expect(decision.reason).toBe('CanaryLost');
    expect(decision.status.run).toMatchObject({
      split: { primary: 100, canary: 0 },
      resumeWeight: 20,
      heldSince: ago(0),
    });
    expect(decision.status.canaryWeight).toBe(0);
    expect(saidIn(decision)).toEqual(['Warning CanaryLost']);
    expect(deedsOf(stored(seen, decision.status))).toEqual(['writeRoute 0']);
  });

  it('also after the run had been held for too few pods', () => {
    const seen = running({ heldSince: ago(100) }, { target: none });

    expect(nextRun(seen)).toMatchObject({ split: { canary: 0 }, heldSince: ago(100), resumeWeight: 20 });
  });

  it('keeps its traffic where the primary has no pods either', () => {
    const seen = running({}, { target: none, primary: primary({ available: 0, readiness: notYet }) });

    expect(intended(seen)).toMatchObject({
      reason: 'CanaryNotReady',
      status: { run: { split: { canary: 20 } } },
    });
  });

  it('resumes at the weight it had when it is back, and the step counts from then', () => {
    const seen = running(
      { split: { primary: 100, canary: 0 }, heldSince: ago(30), resumeWeight: 20 },
      { route: route(0) },
    );
    const decision = intended(seen);

    expect(decision).toMatchObject({ reason: 'CanaryRecovered', status: { run: { split: { canary: 20 } } } });
    expect(decision.status.run?.settledAt).toBeUndefined();
    expect(decision.status.run?.resumeWeight).toBeUndefined();
    expect(saidIn(decision)).toEqual(['Normal CanaryRecovered']);
  });

  it('is rolled back at the deadline, counted from the first loss', () => {
    const seen = running(
      { split: { primary: 100, canary: 0 }, heldSince: ago(600), resumeWeight: 20 },
      { target: none, route: route(0) },
    );

    expect(intended(seen).reason).toBe('ProgressDeadlineExceeded');
  });

  it('that somebody scaled to zero gets its pods again', () => {
    const scaled = target({ revision: canary().revision, replicas: 0, available: 0 });

    expect(deedsOf(running({}, { target: scaled }))).toEqual(['scaleTarget 2']);
  });
});
