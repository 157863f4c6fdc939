import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/decide/decide.ts';
import { deedsOf, intended, nextRun, settledDecision, stored } from '../fixture/decision.ts';
import {
  NOW_MS,
  V1,
  V2,
  V3,
  ago,
  canary,
  observation,
  running,
  status,
  target,
} from '../fixture/observation.ts';

describe('a target that has not changed and reads otherwise', () => {
  it('D1: starts no run, and is noted once, with no event', () => {
    const seen = observation({ target: target({ hash: V3 }) });
    const decision = intended(seen);

    expect(decision).toMatchObject({ reason: 'Absorbed', notices: [] });
    expect(decision.status).toMatchObject({
      phase: 'Succeeded',
      lastPromotedSpec: V1,
      target: { generation: 1, hash: V3 },
      absorbed: { [V3]: V1 },
    });
    expect(decision.status.run).toBeUndefined();
    expect(settledDecision(stored(seen, decision.status)).decision).toMatchObject({
      kind: 'enact',
      actions: [],
    });
  });

  it('D1: does not restart a run in flight', () => {
    const seen = running({ round: { seq: 3, dueAt: ago(-5) } }, { target: canary({ hash: V3 }) });
    const decision = intended(seen);

    expect(decision).toMatchObject({ reason: 'Absorbed', status: { absorbed: { [V3]: V2 } } });
    expect(nextRun(seen)).toEqual(seen.status.run);
    expect(deedsOf(stored(seen, decision.status))).toEqual([]);
  });

  it('is forgotten with the revision that it stood for', () => {
    const seen = observation({
      status: status({ absorbed: { [V3]: V2 }, target: { uid: 'old', generation: 1, hash: V1 } }),
    });

    expect(intended(seen).status.absorbed).toBeUndefined();
  });
});

describe('what the target is', () => {
  it.each([
    ['another generation, as by scaling', { generation: 2 }],
    ['made again with the same content: no run', { uid: 'uid-again' }],
  ])('is noted at rest when it is %s', (_title, moved) => {
    const seen = observation({ target: target(moved) });
    const decision = intended(seen);

    expect(decision).toMatchObject({ reason: 'Idle', notices: [] });
    expect(decision.status.target).toEqual({ uid: 'uid-target', generation: 1, hash: V1, ...moved });
    expect(decide(stored(seen, decision.status))).toMatchObject({ kind: 'enact', actions: [] });
  });

  it('moves no time that people see', () => {
    const seen = observation();
    const noted = stored(seen, intended(seen).status);
    const later = { ...noted, nowMs: NOW_MS + 60_000, target: target({ generation: 7 }) };

    expect(intended(later).status).toEqual({
      ...noted.status,
      target: { uid: 'uid-target', generation: 7, hash: V1 },
    });
  });

  it('made again with other content starts a run', () => {
    const seen = observation({ target: target({ uid: 'uid-again', revision: V2 }) });

    expect(intended(seen)).toMatchObject({ reason: 'NewRevision', status: { lastAppliedSpec: V2 } });
  });

  it('is not written by itself during a run', () => {
    const seen = running({ round: { seq: 3, dueAt: ago(-5) } }, { target: canary({ generation: 9 }) });

    expect(deedsOf(seen)).toEqual([]);
  });
});
