import { describe, expect, it } from '@jest/globals';
import { CanaryStatus } from '../../src/api/status.ts';
import type { Condition, Phase, Run } from '../../src/api/status.ts';
import { project } from '../../src/decide/project.ts';
import type { Saying } from '../../src/decide/project.ts';
import { decide } from '../../src/decide/decide.ts';
import { splitToward } from '../../src/model/split.ts';
import { conditionOf, intended, stored } from '../fixture/decision.ts';
import {
  NOW_MS,
  ago,
  heard,
  hooks,
  measured,
  observation,
  plan,
  run,
  running,
  spec,
  status,
} from '../fixture/observation.ts';

const saying: Saying = { reason: 'AwaitingRound', message: 'weight 20: round 3 at 08:00:07Z' };

function shown(of: Partial<Run>, before: Partial<CanaryStatus> = {}): CanaryStatus {
  return project(observation(), status({ run: run(of), ...before }), saying);
}

const failed = { phase: 'Failed', reason: 'ThresholdReached', message: '' } as const;
const succeeded = { phase: 'Succeeded', reason: 'Succeeded', message: '' } as const;
const cancelled = { phase: 'Succeeded', reason: 'RunCancelled', message: '' } as const;
const gate = (type: string): Partial<Run> => ({ gate: { type, closedSince: ago(1) } });

describe('the phase, for existing readers', () => {
  it.each<[Phase, Partial<Run>, Phase]>([
    ['Initializing', { kind: 'initialise', stage: 'provision' }, ''],
    ['Initializing', { kind: 'initialise', stage: 'return' }, 'Initializing'],
    ['Initializing', { kind: 'initialise', stage: 'scale-down' }, 'Initializing'],
    ['Succeeded', { stage: 'confirm-rollout' }, 'Succeeded'],
    ['Failed', { stage: 'confirm-rollout' }, 'Failed'],
    ['Waiting', { stage: 'confirm-rollout', ...gate('confirm-rollout') }, 'Succeeded'],
    ['Progressing', { stage: 'scale-up' }, 'Waiting'],
    ['Progressing', { stage: 'analysis' }, 'Progressing'],
    ['Progressing', { stage: 'analysis', ...gate('confirm-traffic-increase') }, 'Progressing'],
    ['WaitingPromotion', { stage: 'analysis', ...gate('confirm-promotion') }, 'Progressing'],
    ['Promoting', { stage: 'promote' }, 'Progressing'],
    ['Promoting', { stage: 'return', outcome: succeeded }, 'Promoting'],
    ['Finalising', { stage: 'scale-down', outcome: succeeded }, 'Promoting'],
    ['Succeeded', { stage: 'closing', outcome: succeeded }, 'Finalising'],
    ['Progressing', { stage: 'return', outcome: failed }, 'Progressing'],
    ['Progressing', { stage: 'return', outcome: failed }, 'WaitingPromotion'],
    ['Progressing', { stage: 'scale-down', outcome: failed }, 'Progressing'],
    ['Progressing', { stage: 'return', outcome: cancelled }, 'Progressing'],
    ['Failed', { stage: 'closing', outcome: failed }, 'Progressing'],
    ['Promoting', { stage: 'yield', outcome: failed }, 'Promoting'],
    ['Promoting', { stage: 'restore', outcome: failed }, 'Promoting'],
  ])('is %s for %j', (phase, of, before) => {
    expect(shown(of, { phase: before }).phase).toBe(phase);
  });

  it.each<[Phase, Phase]>([
    ['', 'Initializing'],
    ['Initialized', 'Initialized'],
    ['Succeeded', 'Succeeded'],
    ['Failed', 'Failed'],
    ['Terminating', 'Terminating'],
  ])('without a run "%s" is shown as %s', (phase, expected) => {
    expect(project(observation(), status({ phase }), saying).phase).toBe(expected);
  });
});

describe('the counters, for existing readers', () => {
  it('follow the run', () => {
    const counts = { fail: 1, inconclusive: 1, noData: 1, unavailable: 1 };

    expect(shown({ counts, iteration: 7, split: splitToward(35) })).toMatchObject({
      canaryWeight: 35,
      failedChecks: 4,
      iterations: 7,
    });
  });

  it('show no weight in an A/B test', () => {
    expect(
      shown({ plan: plan(spec(), { strategy: 'ab-testing' }), split: splitToward(100) }).canaryWeight,
    ).toBe(0);
  });

  it('are zero at rest', () => {
    const before = status({ canaryWeight: 60, iterations: 4 });

    expect(project(observation(), before, saying)).toMatchObject({ canaryWeight: 0, iterations: 0 });
  });
});

type Row = readonly [ready: string, reconciling: string | undefined, stalled: string | undefined];

function row(of: CanaryStatus): Row {
  const value = (type: string): string | undefined => conditionOf(of, type)?.status;
  return [value('Ready') ?? '', value('Reconciling'), value('Stalled')];
}

describe('the conditions', () => {
  it.each<[Phase, Row]>([
    ['Initialized', ['True', undefined, undefined]],
    ['Succeeded', ['True', undefined, undefined]],
    ['Initializing', ['Unknown', 'True', undefined]],
    ['Terminating', ['Unknown', 'True', undefined]],
    ['Failed', ['False', undefined, 'True']],
  ])('of phase %s', (phase, expected) => {
    expect(row(project(observation(), status({ phase }), saying))).toEqual(expected);
  });

  it.each<[Phase, Partial<Run>]>([
    ['Waiting', { stage: 'confirm-rollout', ...gate('confirm-rollout') }],
    ['Progressing', {}],
    ['WaitingPromotion', gate('confirm-promotion')],
    ['Promoting', { stage: 'promote' }],
    ['Finalising', { stage: 'scale-down', outcome: succeeded }],
  ])('of phase %s say what is waited for', (phase, of) => {
    const status_ = shown(of);

    expect(status_.phase).toBe(phase);
    expect(row(status_)).toEqual(['Unknown', 'True', undefined]);
    expect(conditionOf(status_, 'Ready')).toMatchObject(saying);
    expect(conditionOf(status_, 'Reconciling')).toMatchObject(saying);
  });

  it('of an outcome that is only owed its hooks are those of the outcome', () => {
    expect(row(shown({ stage: 'closing', outcome: succeeded }))[0]).toBe('True');
    expect(row(shown({ stage: 'closing', outcome: failed }))[0]).toBe('False');
  });

  it('of something that cannot go on', () => {
    expect(row(project(observation(), status(), { ...saying, health: 'stalled' }))).toEqual([
      'False',
      undefined,
      'True',
    ]);
  });

  it.each<[Phase, string]>([
    ['Initializing', 'Unknown'],
    ['Initialized', 'True'],
    ['Succeeded', 'True'],
    ['Failed', 'False'],
    ['Terminating', 'Unknown'],
  ])('Promoted keeps the values that existing readers know: %s is %s', (phase, value) => {
    expect(conditionOf(project(observation(), status({ phase }), saying), 'Promoted')).toMatchObject({
      status: value,
      reason: phase,
    });
  });

  it.each<[Phase, Partial<Run>]>([
    ['Waiting', { stage: 'confirm-rollout', ...gate('confirm-rollout') }],
    ['Progressing', {}],
    ['WaitingPromotion', gate('confirm-promotion')],
    ['Promoting', { stage: 'promote' }],
    ['Finalising', { stage: 'scale-down', outcome: succeeded }],
  ])('Promoted is Unknown while a run is in %s', (phase, of) => {
    expect(conditionOf(shown(of), 'Promoted')).toMatchObject({ status: 'Unknown', reason: phase });
  });

  it('names the generation that was looked at', () => {
    expect(project(observation({ generation: 7 }), status(), saying).observedGeneration).toBe(7);
  });

  it('cuts messages at 256 bytes, at whole characters', () => {
    const long = shown({});
    const cut = project(observation(), long, { reason: 'AwaitingRound', message: 'ä'.repeat(300) });
    const message = conditionOf(cut, 'Ready')?.message ?? '';

    expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(256);
    expect(message).toMatch(/^ä+…$/);
  });
});

describe('times', () => {
  const old: Condition[] = (shown({}).conditions ?? []).map((condition) => ({
    ...condition,
    lastUpdateTime: ago(100),
    lastTransitionTime: ago(200),
  }));
  const again = (next: Saying, of: Partial<Run> = {}): CanaryStatus =>
    project(
      observation({ status: status({ conditions: old }) }),
      status({ run: run(of), conditions: old }),
      next,
    );

  it('stay where nothing has changed', () => {
    expect(again(saying).conditions).toEqual(old);
  });

  it('of an update move with reason and message, the transition only with the value', () => {
    expect(conditionOf(again({ ...saying, message: 'other' }), 'Ready')).toMatchObject({
      lastUpdateTime: ago(0),
      lastTransitionTime: ago(200),
    });
    expect(conditionOf(again(saying, { stage: 'closing', outcome: failed }), 'Ready')).toMatchObject({
      status: 'False',
      lastUpdateTime: ago(0),
      lastTransitionTime: ago(0),
    });
  });

  it('of the whole status move with each write', () => {
    expect(intended(running({}, { answers: measured('pass') })).status.lastTransitionTime).toBe(ago(0));
  });

  it('do not make a write by themselves', () => {
    const waiting = running({ round: { seq: 3, dueAt: ago(-3600) } });
    const said = stored(waiting, intended(waiting).status);

    for (const laterMs of [0, 1, 1000, 3_599_000]) {
      expect(decide({ ...said, nowMs: NOW_MS + laterMs }).kind).toBe('enact');
    }
  });
});

describe('what is persisted', () => {
  it.each([
    ['a step', running({}, { answers: measured('pass') })],
    ['a failed round', running({}, { answers: measured('fail') })],
    ['an ended run', running({ stage: 'closing', outcome: failed })],
    [
      'a closed gate',
      running(
        {},
        {
          spec: spec({ analysis: { webhooks: hooks('confirm-traffic-increase') } }),
          answers: { ...measured('pass'), ...heard({ 'confirm-traffic-increase': 'denied' }) },
        },
      ),
    ],
    ['a suspended run', running({}, { spec: spec({ suspend: true }) })],
  ])('of %s is what the schema keeps: nothing is lost on the way through the API', (_title, seen) => {
    const { status: written } = intended(seen);

    expect(CanaryStatus.parse(JSON.parse(JSON.stringify(written)))).toEqual(
      JSON.parse(JSON.stringify(written)),
    );
  });
});
