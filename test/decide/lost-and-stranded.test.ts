import { describe, expect, it } from '@jest/globals';
import type { Stage } from '../../src/api/status.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Observation } from '../../src/model/observation.ts';
import { intended, saidIn } from '../fixture/decision.ts';
import {
  V1,
  V2,
  V3,
  canary,
  notYet,
  observation,
  primary,
  running,
  status,
  target,
} from '../fixture/observation.ts';

const rolledBack = { phase: 'Failed', reason: 'ThresholdReached', message: 'it failed' } as const;

describe('a live revision that nobody can bring back', () => {
  it.each([
    ['at rest', observation({ primary: undefined, stored: [], target: target({ revision: V2 }) })],
    ['during a run', running({}, { primary: undefined, stored: [V2] })],
    [
      'at the end of the first set-up',
      running({ kind: 'initialise', revision: V1, stage: 'scale-down' }, { primary: undefined, stored: [] }),
    ],
  ])('begins anew with the target %s', (_title, seen) => {
    const decision = intended(seen);

    expect(decision.reason).toBe('LiveRevisionLost');
    expect(decision.status).toMatchObject({ phase: 'Initializing' });
    expect(decision.status.run).toBeUndefined();
    expect(decision.status.lastPromotedSpec).toBeUndefined();
    expect(saidIn(decision)).toEqual(['Warning LiveRevisionLost']);
    expect(intended({ ...seen, status: decision.status }).status.run).toMatchObject({ kind: 'initialise' });
  });

  it.each([
    ['its record is there', { stored: [V1], target: target({ revision: V2 }) }],
    ['the target holds it', { stored: [], target: target({ revision: V1 }) }],
  ])('brings it back as long as %s', (_title, override) => {
    expect(decide(observation({ primary: undefined, ...override })).reason).not.toBe('LiveRevisionLost');
  });

  it('ends a failed promotion with what the primary holds, where the proven revision is nowhere', () => {
    const seen = running(
      { stage: 'restore', outcome: rolledBack },
      { primary: primary({ revision: V2 }), stored: [V2] },
    );

    expect(intended(seen).status.run?.stage).toBe('return');
  });
});

function stranded(stage: Stage, available: number): Observation {
  return running(
    { stage, outcome: rolledBack, split: { primary: 100, canary: 0 } },
    { target: canary({ revision: V3 }), primary: primary({ available, readiness: notYet }) },
  );
}

describe('a rollback with no primary to go back to (D35)', () => {
  it.each<Stage>(['return', 'scale-down'])('makes way for a new revision in stage %s', (stage) => {
    expect(intended(stranded(stage, 0)).reason).toBe('RunRestarted');
  });

  it.each<Stage>(['return', 'scale-down'])('finishes first in stage %s while the primary serves', (stage) => {
    expect(decide(stranded(stage, 2)).reason).not.toBe('RunRestarted');
  });
});

describe('a primary that never served', () => {
  it.each([
    ['is not taken for proven without a status', status({ phase: 'Initializing' }), 'Initializing'],
    [
      'is taken over where its controller had settled',
      status({ phase: 'Succeeded', lastPromotedSpec: '7d9c' }),
      'Adopted',
    ],
  ])('%s', (_title, inherited, reason) => {
    const { lastPromotedSpec, ...unknown } = inherited;
    const foreign = reason === 'Adopted' ? { ...unknown, lastPromotedSpec } : unknown;
    const seen = observation({
      status: foreign,
      primary: primary({ revision: undefined, asTarget: V2, available: 0, readiness: notYet }),
      stored: [],
    });

    expect(intended(seen).reason).toBe(reason);
  });
});
