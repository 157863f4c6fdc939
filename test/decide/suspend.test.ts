import { describe, expect, it } from '@jest/globals';
import { Stage } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
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
  NOW_MS,
  V2,
  ago,
  canary,
  measured,
  notYet,
  observation,
  primary,
  route,
  run,
  running,
  spec,
  target,
} from '../fixture/observation.ts';

const suspended = spec({ suspend: true });

describe('suspend', () => {
  it('stops the clock of a run, and is said once', () => {
    const seen = running({}, { spec: suspended, answers: measured('fail') });
    const decision = intended(seen);

    expect(decision.status.run).toEqual({ ...run(), suspendedAt: ago(0) });
    expect(saidIn(decision)).toEqual(['Normal Suspended']);
    const after = { ...stored(seen, decision.status), nowMs: NOW_MS + 86_400_000 };
    expect(settledDecision(after).decision).toEqual({ kind: 'enact', reason: 'Suspended', actions: [] });
  });

  it('shows that nothing happens, and why', () => {
    const { seen } = settledDecision(running({ suspendedAt: ago(60) }, { spec: suspended }));

    expect(seen.status).toMatchObject({ phase: 'Progressing', canaryWeight: 20 });
    expect(conditionOf(seen.status, 'Ready')).toMatchObject({
      reason: 'Suspended',
      message: 'suspended: spec.suspend is true',
    });
  });

  it.each<[string, Observation]>([
    ['a new revision', observation({ spec: suspended, target: target({ revision: V2 }) })],
    ['a deleted primary', observation({ spec: suspended, primary: undefined })],
    [
      'a deleted Service',
      observation({ spec: suspended, services: { apex: 'missing', primary: 'inPlace', canary: 'inPlace' } }),
    ],
    ['an edited route', observation({ spec: suspended, route: route(50) })],
    ['a Canary that is new', observation({ spec: suspended, status: {}, primary: undefined })],
    ['a finalizer that is asked for', observation({ spec: spec({ suspend: true, revertOnDeletion: true }) })],
    [
      'a canary that fails',
      running({ suspendedAt: ago(6000) }, { spec: suspended, target: canary({ readiness: notYet }) }),
    ],
    ['a spec that is invalid', observation({ spec: suspended, target: undefined })],
  ])('writes nothing but status: %s', (_title, seen) => {
    expect(deedsOf(seen)).toEqual([]);
    expect(decide(seen).kind).not.toBe('ask');
  });

  it.each(Stage.options)('holds a run in stage %s', (stage) => {
    const seen = running(
      { stage, suspendedAt: ago(60) },
      { spec: suspended, route: route(77), primary: primary({ drifted: true }) },
    );

    expect(settledDecision(seen).decision).toEqual({ kind: 'enact', reason: 'Suspended', actions: [] });
  });

  it('does not hold up deletion', () => {
    const seen = observation({ spec: suspended, deleting: true, hasFinalizer: true });

    expect(intended(seen).reason).toBe('Terminating');
  });
});

describe('resuming', () => {
  it('shifts every moment that a deadline is counted from by the time that did not count', () => {
    const of = {
      suspendedAt: ago(100),
      stageSince: ago(300),
      splitSince: ago(200),
      settledAt: ago(190),
      heldSince: ago(150),
      gate: { type: 'confirm-promotion', closedSince: ago(400) },
      round: { seq: 3, dueAt: ago(95) },
    };
    const decision = intended(running(of));

    expect(decision.reason).toBe('Resumed');
    expect(decision.status.run).toEqual({
      ...run(of),
      stageSince: ago(200),
      splitSince: ago(100),
      settledAt: ago(90),
      heldSince: ago(50),
      gate: { type: 'confirm-promotion', closedSince: ago(300) },
      round: { seq: 3, dueAt: ago(-5) },
      suspendedAt: undefined,
    });
    expect(saidIn(decision)).toEqual(['Normal Resumed']);
  });

  it('never shifts backwards where the clock has jumped', () => {
    expect(nextRun(running({ suspendedAt: ago(-100) })).stageSince).toBe(ago(60));
  });

  it('finds a change that was made in between', () => {
    const seen = running({ suspendedAt: ago(100) }, { target: canary({ revision: 'v1:0123456789abcdef' }) });

    expect(intended(stored(seen, intended(seen).status)).reason).toBe('RunRestarted');
  });

  it('at rest says nothing', () => {
    expect(decide(observation({ status: intended(observation()).status }))).toMatchObject({ reason: 'Idle' });
  });
});
