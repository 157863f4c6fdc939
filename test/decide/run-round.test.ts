import { describe, expect, it } from '@jest/globals';
import type { WebhookType } from '../../src/api/analysis.ts';
import type { CanarySpec } from '../../src/api/canary.ts';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import {
  conditionOf,
  intended,
  nextRun,
  questionsOf,
  saidIn,
  settledDecision,
  stored,
} from '../fixture/decision.ts';
import {
  NOW_MS,
  ago,
  heard,
  hooks,
  measured,
  observation,
  plan,
  route,
  run,
  running,
  spec,
  status,
  without,
} from '../fixture/observation.ts';

const home = { primary: 100, canary: 0 };

/** Before its first step: nothing has been asked yet. */
function first(of: CanarySpec, override: Partial<Observation> = {}, more: Partial<Run> = {}): Observation {
  const unprepared = without(run({ plan: plan(of), split: home }), 'prepared');
  const seen = running({}, { spec: of, route: route(0), ...override });
  return { ...seen, status: { ...seen.status, run: { ...unprepared, ...more } } };
}

const withHooks = (...types: WebhookType[]): CanarySpec => spec({ analysis: { webhooks: hooks(...types) } });

describe('a round', () => {
  it('is waited for until it is due', () => {
    const { decision, seen } = settledDecision(running({ round: { seq: 3, dueAt: ago(-7) } }));

    expect(decision).toEqual({
      kind: 'enact',
      reason: 'AwaitingRound',
      actions: [],
      wakeAtMs: NOW_MS + 7000,
    });
    expect(conditionOf(seen.status, 'Ready')?.message).toBe('weight 20: round 3 at 08:00:07Z');
  });

  it('D14: is due when it was, whatever is edited meanwhile: no change of the interval adds one', () => {
    const edited = spec({ analysis: { interval: '30s' } });
    const waiting = running({ round: { seq: 3, dueAt: ago(-7) } }, { answers: measured('pass') });
    const seen = { ...waiting, spec: edited, plan: plan(edited) };
    const next = nextRun(seen);

    expect(next).toMatchObject({ plan: { intervalMs: 30_000 }, round: { seq: 3, dueAt: ago(-7) } });
    expect(next.split).toEqual(waiting.status.run?.split);
    expect(settledDecision(stored(seen, { ...seen.status, run: next })).decision).toMatchObject({
      reason: 'AwaitingRound',
      wakeAtMs: NOW_MS + 7000,
    });
  });

  it('does not look at answers before that', () => {
    const seen = running({ round: { seq: 3, dueAt: ago(-7) } }, { answers: measured('fail') });

    expect(settledDecision(seen).decision.reason).toBe('AwaitingRound');
  });

  it('asks every metric at once, built-in ones and queries before templates', () => {
    const metrics = [
      { name: 'from-template', templateRef: { name: 'latency' } },
      { name: 'request-success-rate', thresholdRange: { min: 99 } },
      { name: 'from-query', query: 'vector(1)' },
    ];
    const seen = running({}, { spec: spec({ analysis: { metrics } }) });
    const { decision } = settledDecision(seen);

    expect(decision).toMatchObject({
      kind: 'ask',
      reason: 'AwaitingAnswers',
      questions: [
        { key: 'r1/3/metric:0', metric: { name: 'request-success-rate' } },
        { key: 'r1/3/metric:1', metric: { name: 'from-query' } },
        { key: 'r1/3/metric:2', metric: { name: 'from-template' } },
      ],
    });
  });

  it('asks all of them again until each is answered: the same keys are never sent twice', () => {
    const metrics = ['request-success-rate', 'request-duration'].map((name) => ({
      name,
      thresholdRange: { min: 1 },
    }));
    const seen = running({}, { spec: spec({ analysis: { metrics } }), answers: measured('pass') });

    expect(questionsOf(seen)).toEqual(['metric:0', 'metric:1']);
  });

  it('without metrics passes', () => {
    expect(intended(running({}, { spec: spec({ analysis: { metrics: [] } }) })).reason).toBe('StepTaken');
  });

  it('says what it waits for, in a sentence that does not change by itself', () => {
    const { seen } = settledDecision(running());

    expect(conditionOf(seen.status, 'Ready')?.message).toBe('weight 20: asks metrics');
    expect(decide({ ...seen, nowMs: NOW_MS + 60_000 }).kind).toBe('ask');
  });

  it('takes an answer of another kind for none that could pass', () => {
    const answers = {
      'r1/3/metric:0': { kind: 'hook', outcome: 'passed', reason: 'HookPassed', message: '' },
    } as const;

    expect(intended(running({}, { answers }))).toMatchObject({ reason: 'RoundUnavailable' });
  });
});

describe('hooks of a round', () => {
  const all = withHooks('rollout', 'pre-rollout', 'rollback');

  it.each<[string, Record<string, 'passed' | 'denied'>, readonly string[]]>([
    ['first the rollback hooks', {}, ['rollback:0']],
    ['then the rollout hooks', { rollback: 'denied' }, ['rollout:0']],
    ['then the metrics', { rollback: 'denied', rollout: 'passed' }, ['metric:0']],
  ])('come in order: %s', (_title, answers, asked) => {
    expect(questionsOf(running({}, { spec: all, answers: heard(answers) }))).toEqual(asked);
  });

  it('one without a type is a rollout hook', () => {
    const untyped = spec({
      analysis: { webhooks: [{ name: 'load', type: '', url: 'http://h.example.com' }] },
    });

    expect(questionsOf(running({}, { spec: untyped }))).toEqual(['rollout:0']);
  });

  it('a rollout hook that fails ends the round; no metric is asked, and it counts', () => {
    const seen = running({}, { spec: withHooks('rollout'), answers: heard({ rollout: 'denied' }) });
    const decision = intended(seen);

    expect(decision).toMatchObject({
      reason: 'RoundFailed',
      status: { failedChecks: 1, run: { counts: { fail: 1 } } },
    });
    expect(decision.status.rounds?.at(-1)?.checks).toMatchObject([
      { name: 'rollout', outcome: 'fail', reason: 'HookDenied' },
    ]);
  });

  it('one that cannot be reached is no failure of the canary: it is counted apart', () => {
    const seen = running({}, { spec: withHooks('rollout'), answers: heard({ rollout: 'unreachable' }) });

    expect(intended(seen)).toMatchObject({
      reason: 'RoundUnavailable',
      status: { run: { counts: { fail: 0, unavailable: 1 } } },
    });
  });

  it('asks with what existing receivers expect', () => {
    const metadata = { cmd: 'hey' };
    const webhooks = [
      { name: 'load', type: 'rollout', url: 'http://h.example.com', timeout: '5s', retries: 2, metadata },
    ] as const;
    const { decision } = settledDecision(
      running({}, { spec: spec({ analysis: { webhooks: [...webhooks] } }) }),
    );

    expect(decision).toMatchObject({
      questions: [
        {
          kind: 'hook',
          name: 'load',
          type: 'rollout',
          url: 'http://h.example.com',
          timeoutMs: 5000,
          retries: 2,
          disableTls: false,
          payload: { name: 'cart', namespace: 'shop', phase: 'Progressing', metadata },
        },
      ],
    });
  });
});

describe('pre-rollout hooks', () => {
  const prepared = withHooks('pre-rollout');

  it('are all that the first round asks: there is nothing to measure at weight 0', () => {
    expect(questionsOf(first(prepared))).toEqual(['pre-rollout:0']);
    expect(nextRun(first(prepared, { answers: heard({ 'pre-rollout': 'passed' }) }))).toMatchObject({
      prepared: true,
      split: { canary: 20 },
      round: { seq: 4 },
    });
  });

  it('are said to have passed', () => {
    expect(saidIn(intended(first(prepared, { answers: heard({ 'pre-rollout': 'passed' }) })))).toEqual([
      'Normal PreRollout',
      'Normal StepTaken',
    ]);
  });

  it.each([
    ['denied', 'RoundFailed'],
    ['unreachable', 'RoundUnavailable'],
  ] as const)('that are %s count as a round, and are asked again', (outcome, reason) => {
    const seen = first(prepared, { answers: heard({ 'pre-rollout': outcome }) });
    const decision = intended(seen);

    expect(decision).toMatchObject({
      reason,
      status: { failedChecks: 1, run: { split: home, round: { seq: 4 } } },
    });
    const later = { ...stored(seen, decision.status), nowMs: NOW_MS + 10_000 };
    const { decision: again } = settledDecision(later);
    expect(again).toMatchObject({ kind: 'ask', questions: [{ key: 'r1/4/pre-rollout:0' }] });
  });

  it('are asked once a run, also while the traffic gate keeps it at weight 0 (D24)', () => {
    const both = withHooks('pre-rollout', 'confirm-traffic-increase');
    const seen = first(both, {
      answers: heard({ 'pre-rollout': 'passed', 'confirm-traffic-increase': 'denied' }),
    });
    const decision = intended(seen);
    expect(decision.status.run).toMatchObject({ split: home, gate: { type: 'confirm-traffic-increase' } });

    const later = { ...stored(seen, decision.status), nowMs: NOW_MS + 10_000, answers: {} };
    expect(questionsOf(later)).toEqual(['confirm-traffic-increase:0']);
    const opened = { ...later, answers: heard({ 'confirm-traffic-increase': 'passed' }, 4) };
    expect(nextRun(opened)).toMatchObject({ split: { canary: 20 }, prepared: true });
  });

  it('are not asked again after the first step', () => {
    expect(questionsOf(running({}, { spec: prepared }))).toEqual(['metric:0']);
  });
});

describe('the rollback hook', () => {
  const wished = withHooks('rollback');

  it.each<[string, Observation]>([
    ['during the analysis', running({}, { spec: wished })],
    ['before the first step', first(wished)],
    [
      'at the promotion gate',
      running({ gate: { type: 'confirm-promotion', closedSince: ago(60) } }, { spec: wished }),
    ],
  ])('that passes rolls back %s', (_title, seen) => {
    const decision = intended({ ...seen, answers: heard({ rollback: 'passed' }) });

    expect(decision).toMatchObject({
      reason: 'RollbackRequested',
      status: { run: { stage: 'return', outcome: { phase: 'Failed', reason: 'RollbackRequested' } } },
    });
    expect(saidIn(decision)).toEqual(['Warning RollbackRequested']);
  });

  it.each(['denied', 'unreachable'] as const)('that is %s changes nothing', (outcome) => {
    const seen = running(
      {},
      { spec: wished, answers: { ...heard({ rollback: outcome }), ...measured('pass') } },
    );

    expect(intended(seen).reason).toBe('StepTaken');
  });

  it('is one of several: each is asked, whatever the ones before it said', () => {
    const two = spec({ analysis: { webhooks: [...hooks('rollback'), ...hooks('rollback')] } });
    const seen = (answers: Record<string, 'passed' | 'denied'>): Observation =>
      running({}, { spec: two, answers: heard(answers) });

    expect(questionsOf(seen({ 'rollback:0': 'denied' }))).toEqual(['rollback:1']);
    expect(intended(seen({ 'rollback:0': 'denied', 'rollback:1': 'passed' })).reason).toBe(
      'RollbackRequested',
    );
  });

  it('is told the phase the Canary is in', () => {
    const seen = running({ gate: { type: 'confirm-promotion', closedSince: ago(60) } }, { spec: wished });

    expect(settledDecision(seen).decision).toMatchObject({
      questions: [{ payload: { phase: 'WaitingPromotion' } }],
    });
  });
});

describe('the plan', () => {
  const faster = spec({ analysis: { stepWeight: 50, threshold: 9 } });
  const between = running({ round: { seq: 3, dueAt: ago(-5) }, plan: plan() }, { spec: faster });

  it('is renewed between rounds', () => {
    const next = intended(between);

    expect(next.reason).toBe('PlanChanged');
    expect(next.status.run?.plan).toEqual(plan(faster));
    expect(next.status.run?.split).toEqual({ primary: 80, canary: 20 });
    expect(settledDecision(stored(between, next.status)).decision.reason).toBe('AwaitingRound');
  });

  it('is not renewed while a round is due: it is judged by the rules it was asked under', () => {
    const seen = { ...between, status: status({ run: run({ plan: plan() }) }), answers: measured('fail') };

    expect(nextRun(seen).plan).toEqual(plan());
  });

  it.each<[string, CanarySpec]>([
    ['strategy', spec({ analysis: { iterations: 3 } })],
    ['provider', spec({ provider: 'contour' })],
  ])('keeps the %s it was started with', (_title, changed) => {
    const seen = running({ round: { seq: 3, dueAt: ago(-5) }, plan: plan() }, { spec: changed });

    expect(settledDecision(seen).decision.reason).toBe('AwaitingRound');
  });

  it('never changes at rest', () => {
    expect(settledDecision(observation({ spec: faster })).decision.reason).toBe('Idle');
  });
});
