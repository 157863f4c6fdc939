import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/decide/decide.ts';
import type { Observation } from '../../src/model/observation.ts';
import { conditionOf, deedsOf, intended, stored } from '../fixture/decision.ts';
import { inherited, inheritedRun } from '../fixture/inherited.ts';
import { V2, ago, observation, running, target } from '../fixture/observation.ts';

const writtenAgo = (seconds: number): Pick<Observation, 'foreignWriter'> => ({
  foreignWriter: { manager: 'flagger', at: ago(seconds) },
});

const ours = running();

describe('a Canary that another controller works on', () => {
  it.each<[string, Observation]>([
    ['at rest', inherited({ phase: 'Succeeded' }, writtenAgo(5))],
    [
      'in a run of the other',
      inheritedRun({ phase: 'Progressing', iterations: 2, failedChecks: 1 }, 40, writtenAgo(5)),
    ],
    ['in a run of ours', { ...ours, status: { ...ours.status, canaryWeight: 20 }, ...writtenAgo(5) }],
    ['with a new revision', observation({ target: target({ revision: V2 }), ...writtenAgo(5) })],
    ['being deleted', observation({ deleting: true, hasFinalizer: true, ...writtenAgo(5) })],
  ])('is left alone: %s', (_title, seen) => {
    const { status, notices } = intended(seen);

    expect(conditionOf(status, 'Ready')).toMatchObject({ status: 'False', reason: 'AnotherController' });
    expect(conditionOf(status, 'Stalled')?.message).toMatch(/^flagger wrote this status at .+: stop it, or/);
    expect(notices).toEqual([]);
    // Conditions aside nothing has changed, so that the other finds what it wrote.
    const { conditions: _ours, observedGeneration: _seen, lastTransitionTime: _time, ...kept } = status;
    expect(seen.status).toMatchObject(kept);
    expect(deedsOf(stored(seen, status))).toEqual([]);
    expect(decide(stored(seen, status))).toMatchObject({
      kind: 'enact',
      actions: [],
      wakeAtMs: seen.nowMs + 65_000,
    });
  });

  it('keeps the time of the last write, which is evidence', () => {
    expect(
      intended(inheritedRun({ phase: 'Progressing' }, 40, writtenAgo(5))).status.lastTransitionTime,
    ).toBe(ago(600));
  });

  it('is taken over when the other has been silent for an interval and a minute', () => {
    expect(intended(inheritedRun({ phase: 'Progressing' }, 40, writtenAgo(69))).reason).toBe(
      'AnotherController',
    );
    expect(intended(inheritedRun({ phase: 'Progressing' }, 40, writtenAgo(70))).reason).toBe('Adopted');
  });
});
