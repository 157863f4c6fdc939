import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation, SeenAutoscaler } from '../../src/model/observation.ts';
import { allPrimary, splitToward } from '../../src/model/split.ts';
import { deedsOf, settledDecision } from '../fixture/decision.ts';
import {
  NOW_MS,
  DEADLINE_MS,
  V1,
  V2,
  ago,
  canary,
  notYet,
  observation,
  primary,
  route,
  running,
  spec,
  status,
  target,
} from '../fixture/observation.ts';

const failed = { phase: 'Failed', reason: 'ThresholdReached', message: 'too slow' } as const;
const succeeded = { phase: 'Succeeded', reason: 'Succeeded', message: '' } as const;
const initialized = { phase: 'Initialized', reason: 'Initialized', message: '' } as const;

const scaled = (
  state: SeenAutoscaler['state'],
  more: Partial<SeenAutoscaler> = {},
): Partial<Observation> => ({
  autoscaler: { state, targetMinReplicas: 3, ...more },
});
const keda = (paused: boolean, more: Partial<SeenAutoscaler> = {}): Partial<Observation> =>
  scaled('inPlace', { paused, ...more });

describe('the autoscaler of the primary', () => {
  it.each([
    ['missing', ['writeAutoscaler']],
    ['drifted', ['writeAutoscaler']],
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

  it.each([
    [
      'after a failure, while the target has another revision',
      { lastAppliedSpec: V2, phase: 'Failed' },
      V2,
      [],
    ],
    ['after a failure that was taken back', { phase: 'Failed' }, V1, ['writeAutoscaler']],
  ] as const)('%s: %j', (_title, of, revision, deeds) => {
    const seen = observation({ ...scaled('drifted'), status: status(of), target: target({ revision }) });
    expect(deedsOf(seen)).toEqual(deeds);
  });

  it('never shrinks what serves during a run, and follows the one of the target with the promotion (12.1)', () => {
    const after = (outcome: typeof failed | typeof succeeded, weight = 0): Observation => {
      const seen = running({ stage: 'return', split: splitToward(weight), outcome }, scaled('drifted'));
      const live = outcome === succeeded ? V2 : V1;
      return {
        ...seen,
        primary: primary({ revision: live }),
        status: { ...seen.status, lastPromotedSpec: live },
      };
    };

    expect(deedsOf(running({}, scaled('drifted')))).toEqual([]);
    expect(deedsOf(after(succeeded, 20))).toEqual([]);
    expect(deedsOf(after(succeeded))).toEqual(['writeAutoscaler']);
    expect(deedsOf(after(failed))).toEqual([]);
  });

  it.each(['scale-up', 'analysis', 'promote', 'return', 'restore'] as const)(
    'may let the primary grow at any moment: %s',
    (stage) => {
      expect(deedsOf(at(stage, scaled('drifted', { growing: true })))).toContain('writeAutoscaler');
    },
  );

  it('leaves the size of the primary alone, but gives one that is made enough pods to begin with', () => {
    const lost = { ...scaled('inPlace', { primaryMinReplicas: 5 }), stored: [V1] };
    expect(deedsOf(observation({ ...lost, primary: primary({ drifted: true }) }))).toContain(
      `writePrimary ${V1}`,
    );
    expect(deedsOf(observation({ ...lost, primary: undefined }))).toContain(`writePrimary ${V1} x5`);
    const wanted = spec({ autoscalerRef: { apiVersion: 'v2', kind: 'HorizontalPodAutoscaler', name: 'a' } });
    const promoting = running(
      { stage: 'promote' },
      { spec: wanted, target: canary({ replicas: 3, available: 3 }) },
    );
    expect(deedsOf(promoting)).toContain(`writePrimary ${V2}`);
  });

  it('goes where the spec names it no more, and nothing else of the primary changes', () => {
    const retired = [{ kind: 'ScaledObject', name: 'cart-primary' } as const];
    expect(deedsOf(observation({ retired }))).toEqual(['removeAutoscaler ScaledObject cart-primary']);
    expect(deedsOf(observation({ retired, ...scaled('missing') }))).toEqual([
      'removeAutoscaler ScaledObject cart-primary',
      'writeAutoscaler',
    ]);
  });
});

/** In the middle of a stage: what it waits for has not come yet. */
function at(stage: Run['stage'], seen: Partial<Observation>): Observation {
  const outcome = stage === 'scale-up' || stage === 'analysis' ? {} : { outcome: failed };
  return running(
    { stage, ...outcome },
    {
      ...seen,
      ...(stage === 'yield' ? { route: route(20, { acceptance: 'pending' }) } : {}),
      ...(stage === 'restore' ? { primary: primary({ readiness: notYet }) } : {}),
    },
  );
}

const drained = (stage: Run['stage'], settledAt: string): Observation =>
  running({ stage, split: allPrimary, splitSince: ago(60), settledAt, outcome: failed }, keda(false));

const setUp = (stage: Run['stage'], paused: boolean): Observation =>
  observation({
    ...keda(paused),
    status: {
      phase: 'Initializing',
      run: {
        ...(running().status.run ?? fail()),
        kind: 'initialise',
        revision: V1,
        stage,
        split: allPrimary,
        ...(stage === 'provision' ? {} : { outcome: initialized }),
      },
    },
    target: target({ replicas: 2, available: 2 }),
    primary: primary(stage === 'provision' ? { readiness: notYet } : {}),
  });

const deleted = (more: Partial<Observation>): Observation =>
  observation({
    ...keda(true),
    deleting: true,
    hasFinalizer: true,
    status: status({ phase: 'Terminating', lastTransitionTime: ago(5) }),
    ...more,
  });

describe('the autoscaler of the target', () => {
  it('says how many pods a canary starts with', () => {
    const seen = running({}, { ...scaled('inPlace'), target: target({ revision: V2 }) });
    expect(deedsOf(seen)).toEqual(['scaleTarget 3']);
  });

  it('is left alone where a target without pods makes it inactive', () => {
    expect(deedsOf(observation(scaled('inPlace')))).toEqual([]);
    const leaving = running({ stage: 'scale-down', split: allPrimary, outcome: failed }, scaled('inPlace'));
    expect(deedsOf(leaving)).toEqual(['scaleTarget 0']);
  });

  it('is paused at rest, and somebody who resumes it is corrected', () => {
    expect(deedsOf(observation(keda(false)))).toEqual(['pauseAutoscaler']);
    expect(deedsOf(observation({ ...keda(false), target: target({ replicas: 2, available: 2 }) }))).toEqual([
      'pauseAutoscaler',
    ]);
    expect(deedsOf(observation(keda(true)))).toEqual([]);
  });

  it.each([
    ['the primary has no pods', { primary: primary({ available: 0, readiness: notYet }) }],
    ['the canary still has traffic', { route: route(20, { acceptance: 'pending' }) }],
  ] as const)('is not paused while %s', (_title, seen) => {
    const serving = { ...keda(false), target: target({ replicas: 2, available: 2 }) };
    expect(deedsOf(observation({ ...serving, ...seen }))).not.toContain('pauseAutoscaler');
  });

  it('is paused while a gate keeps the run waiting, and resumed before the canary gets its pods', () => {
    const gated = running({ stage: 'confirm-rollout', split: allPrimary }, keda(true));
    expect(deedsOf({ ...gated, target: target({ revision: V2 }) })).toEqual([]);
    const starting = running({ stage: 'scale-up', split: allPrimary }, keda(true));
    expect(deedsOf({ ...starting, target: target({ revision: V2 }) })).toEqual([
      'resumeAutoscaler',
      'scaleTarget 3',
    ]);
  });

  it.each(['scale-up', 'analysis', 'promote', 'yield', 'restore', 'return'] as const)(
    'is resumed while the canary shall have pods: %s',
    (stage) => {
      expect(deedsOf(at(stage, keda(true)))).toContain('resumeAutoscaler');
    },
  );

  it('is paused before the canary is scaled to zero, and not before requests have left it', () => {
    expect(deedsOf(drained('return', ago(1)))).toEqual([]);
    expect(deedsOf(drained('scale-down', ago(60)))).toEqual(['pauseAutoscaler', 'scaleTarget 0']);
    const idle = { ...drained('scale-down', ago(60)), target: target({ revision: V2 }) };
    expect(deedsOf(idle)).toEqual(['pauseAutoscaler']);
  });

  it('is not paused where the primary has lost its pods', () => {
    const leaving = running(
      { stage: 'scale-down', split: allPrimary, outcome: failed },
      { ...keda(false), primary: primary({ available: 0, readiness: notYet }) },
    );
    expect(deedsOf(leaving)).toEqual([]);
  });

  it('is paused while pods with old configuration are replaced', () => {
    const recycling = running(
      { stage: 'scale-up', recycle: true, split: allPrimary, settledAt: ago(60) },
      keda(false),
    );
    expect(deedsOf(recycling)).toEqual(['pauseAutoscaler', 'scaleTarget 0']);
  });

  it('is not paused in the first set-up before the target is scaled down', () => {
    expect(deedsOf(setUp('provision', true))).toEqual(['resumeAutoscaler']);
    expect(deedsOf(setUp('provision', false))).toEqual([]);
    expect(deedsOf(setUp('return', true))).toContain('resumeAutoscaler');
    expect(deedsOf(setUp('scale-down', false))).toEqual(['pauseAutoscaler', 'scaleTarget 0']);
  });

  it('is resumed before the target serves again for a Canary that is deleted', () => {
    expect(deedsOf(deleted({}))).toEqual(['resumeAutoscaler', 'scaleTarget 2']);
    expect(deedsOf(deleted({ target: undefined }))).toEqual(['resumeAutoscaler']);
    const late = deleted({ nowMs: NOW_MS + DEADLINE_MS, refusal: 'no' });
    expect(settledDecision(late).decision.reason).not.toBe('ResumingAutoscaler');
  });
});

function fail(): never {
  throw new Error('the fixture has no run');
}
