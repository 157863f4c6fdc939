import { describe, expect, it } from '@jest/globals';
import type { Analysis } from '../../src/api/analysis.ts';
import type { CanarySpec } from '../../src/api/canary.ts';
import type { Run } from '../../src/api/status.ts';
import type { Outcome } from '../../src/model/measurement.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import {
  conditionOf,
  deedsOf,
  intended,
  nextRun,
  questionsOf,
  saidIn,
  settledDecision,
  stored,
} from '../fixture/decision.ts';
import {
  INTERVAL_MS,
  NOW_MS,
  V2,
  ago,
  heard,
  hooks,
  measured,
  noRoute,
  plan,
  route,
  run,
  running,
  spec,
} from '../fixture/observation.ts';

function atWeight(
  weight: number,
  analysis: Partial<Analysis> = {},
  override: Partial<Observation> = {},
): Observation {
  return running(
    { split: splitToward(weight) },
    { spec: spec({ analysis }), answers: measured('pass'), ...override },
  );
}

describe('steps of a weighted canary', () => {
  it('take the next weight, an interval before the next round', () => {
    const decision = intended(atWeight(20));

    expect(decision.reason).toBe('StepTaken');
    expect(decision.status.canaryWeight).toBe(40);
    expect(decision.status.run).toMatchObject({
      split: { primary: 60, canary: 40 },
      splitSince: ago(0),
      round: { seq: 4, dueAt: ago(-INTERVAL_MS / 1000) },
    });
    expect(decision.status.run?.settledAt).toBeUndefined();
    expect(saidIn(decision)).toEqual(['Normal StepTaken']);
    expect(deedsOf(stored(atWeight(20), decision.status))).toEqual(['writeRoute 40']);
  });

  it.each<[string, number, Partial<Analysis>, number | 'promote']>([
    ['by stepWeight', 20, { stepWeight: 20, maxWeight: 50 }, 40],
    ['over the maximum, as it always did', 40, { stepWeight: 20, maxWeight: 50 }, 60],
    ['to promotion from the maximum', 60, { stepWeight: 20, maxWeight: 50 }, 'promote'],
    ['to promotion where a step overshot', 100, { stepWeight: 60, maxWeight: 90 }, 'promote'],
    ['clamped to 100', 60, { stepWeight: 60 }, 100],
    ['through a list', 5, { stepWeights: [5, 30, 60] }, 30],
    ['to promotion after the last entry', 60, { stepWeights: [5, 30, 60] }, 'promote'],
    ['to the next entry from a weight that is not listed', 20, { stepWeights: [5, 30, 60] }, 30],
    ['past an entry that leads down', 30, { stepWeights: [30, 10, 60] }, 60],
    ['to promotion from above the whole list', 80, { stepWeights: [5, 30, 60] }, 'promote'],
  ])('D27: go %s', (_title, weight, steps, next) => {
    const analysis = 'stepWeights' in steps ? { stepWeight: 0, ...steps } : { maxWeight: 100, ...steps };
    const { reason, status } = intended(atWeight(weight, analysis));

    expect(reason === 'Promoting' ? 'promote' : status.run?.split.canary).toBe(next);
  });

  it('promote with the weight of the last step: traffic is not moved to the canary before (4.2)', () => {
    const decision = intended(atWeight(60));

    expect(decision.status).toMatchObject({
      phase: 'Promoting',
      canaryWeight: 60,
      run: { stage: 'promote', split: { canary: 60 } },
    });
    expect(saidIn(decision)).toEqual(['Normal Promoting']);
  });

  it('end with promotion at the next round where the analysis is skipped from now on (8.1)', () => {
    const skipping = spec({ skipAnalysis: true });
    const seen = running({ plan: plan(skipping) }, { spec: skipping, answers: measured('pass') });

    expect(intended(seen).reason).toBe('Promoting');
  });
});

describe('iterations of a blue/green release', () => {
  const blueGreen = spec({ analysis: { iterations: 2 } });

  function green(of: Partial<Run>, override: Partial<Observation> = {}): Observation {
    return running(
      { split: splitToward(0), ...of },
      { spec: blueGreen, answers: measured('pass'), ...override },
    );
  }

  it.each<[string, number, Partial<Run>]>([
    ['counts the first', 0, { iteration: 1, split: splitToward(0) }],
    ['counts the last', 1, { iteration: 2, split: splitToward(0) }],
    [
      'then switches all traffic to the canary',
      2,
      { iteration: 3, split: splitToward(100), stage: 'analysis' },
    ],
    ['then promotes', 3, { iteration: 3, stage: 'promote' }],
  ])('%s', (_title, iteration, expected) => {
    const split = splitToward(iteration === 3 ? 100 : 0);
    const seen = green({ iteration, split });

    expect(nextRun(seen)).toMatchObject(expected);
    expect(intended(seen).status.iterations).toBe(expected.iteration);
  });

  it('does not wait for a route that did not change', () => {
    expect(nextRun(green({ iteration: 0 })).settledAt).toBe(ago(10));
  });

  it('without a route never moves traffic (4.6)', () => {
    const kubernetes = spec({ provider: 'kubernetes', analysis: { iterations: 2 } });
    const seen = green({ iteration: 2, plan: plan(kubernetes) }, { spec: kubernetes, route: noRoute });

    expect(nextRun(seen)).toMatchObject({ stage: 'promote', split: { canary: 0 } });
  });

  it('without a route and iterations has ten', () => {
    const kubernetes = spec({ provider: 'kubernetes', analysis: { stepWeight: 20 } });

    expect(plan(kubernetes)).toMatchObject({ strategy: 'blue-green', iterations: 10 });
  });

  it('asks the promotion gate before the switch, and before the promotion', () => {
    const gated = spec({ analysis: { iterations: 2, webhooks: hooks('confirm-promotion') } });
    const seen = (iteration: number): Observation =>
      green({ iteration, plan: plan(gated), split: splitToward(iteration > 2 ? 100 : 0) }, { spec: gated });

    expect(intended(seen(1)).reason).toBe('IterationDone');
    expect(questionsOf(seen(2))).toEqual(['confirm-promotion:0']);
    expect(questionsOf(seen(3))).toEqual(['confirm-promotion:0']);
  });

  it('never asks the traffic-increase gate', () => {
    const gated = spec({ analysis: { iterations: 2, webhooks: hooks('confirm-traffic-increase') } });

    expect(intended(green({ plan: plan(gated) }, { spec: gated })).reason).toBe('IterationDone');
  });
});

describe('iterations of an A/B test', () => {
  const match = [{ headers: { 'x-user': { exact: 'insider' } } }];
  const ab = spec({ analysis: { iterations: 2, match } });

  it('go to the canary inside the match, and show no weight (4.5)', () => {
    const seen = running({ split: splitToward(0), plan: plan(ab) }, { spec: ab, answers: measured('pass') });
    const { status } = intended(seen);

    expect(status.run).toMatchObject({
      plan: { strategy: 'ab-testing' },
      iteration: 1,
      split: splitToward(100),
    });
    expect(status).toMatchObject({ canaryWeight: 0, iterations: 1 });
  });

  it('end with promotion, without a switch', () => {
    const of = { split: splitToward(100), plan: plan(ab), iteration: 2 };

    expect(nextRun(running(of, { spec: ab, answers: measured('pass') })).stage).toBe('promote');
  });
});

describe('a round that did not pass', () => {
  it.each<[Exclude<Outcome, 'pass'>, string]>([
    ['fail', 'RoundFailed'],
    ['inconclusive', 'RoundInconclusive'],
    ['noData', 'RoundNoData'],
    ['unavailable', 'RoundUnavailable'],
  ])('with outcome %s holds the weight, and has a counter and a reason of its own', (outcome, reason) => {
    const decision = intended(running({}, { answers: measured(outcome) }));

    expect(decision.reason).toBe(reason);
    expect(decision.status.failedChecks).toBe(1);
    expect(decision.status.run).toMatchObject({
      split: { canary: 20 },
      settledAt: ago(10),
      round: { seq: 4, dueAt: ago(-10) },
      counts: { fail: 0, inconclusive: 0, noData: 0, unavailable: 0, [outcome]: 1 },
    });
    expect(saidIn(decision)).toEqual([`Warning ${reason}`]);
  });

  it('says value, limit, and how many there may be', () => {
    const { status, notices } = intended(running({}, { answers: measured('fail') }));

    expect(conditionOf(status, 'Ready')?.message).toBe(
      'weight 20: request-success-rate: 42 % is below min 99 % (1 of 3)',
    );
    expect(notices[0]?.message).toBe(
      'Halt cart.shop advancement request-success-rate: 42 % is below min 99 %',
    );
  });

  it.each<[string, Run['counts'], Outcome]>([
    ['failures alone', { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 }, 'fail'],
    ['no data alone', { fail: 0, inconclusive: 0, noData: 2, unavailable: 0 }, 'noData'],
    ['the sum of all', { fail: 1, inconclusive: 1, noData: 0, unavailable: 0 }, 'unavailable'],
  ])('rolls back in the very round that reaches the threshold, by %s', (_title, counts, outcome) => {
    const decision = intended(running({ counts }, { answers: measured(outcome) }));

    expect(decision.reason).toBe('ThresholdReached');
    expect(decision.status.run).toMatchObject({
      stage: 'return',
      split: splitToward(0),
      outcome: { phase: 'Failed', reason: 'ThresholdReached' },
    });
    expect(decision.status).toMatchObject({ canaryWeight: 0, failedChecks: 0, lastAppliedSpec: V2 });
    expect(decision.notices).toHaveLength(2);
  });

  it('does not roll back one round earlier', () => {
    const counts = { fail: 1, inconclusive: 0, noData: 0, unavailable: 0 };

    expect(intended(running({ counts }, { answers: measured('fail') })).reason).toBe('RoundFailed');
  });

  it('also counts at the promotion gate, and asks no gate (5)', () => {
    const gated = spec({ analysis: { webhooks: hooks('confirm-promotion') } });
    const gate = { type: 'confirm-promotion', closedSince: ago(60) };
    const of = {
      split: splitToward(60),
      gate,
      counts: { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 },
    };

    expect(intended(running(of, { spec: gated, answers: measured('fail') })).reason).toBe('ThresholdReached');
  });

  it('a passed round takes no failure back', () => {
    const counts = { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 };

    expect(intended(running({ counts }, { answers: measured('pass') })).status.failedChecks).toBe(2);
  });
});

describe('the record of rounds', () => {
  it('holds the weight, every check and the word for it', () => {
    expect(intended(running({}, { answers: measured('fail') })).status.rounds).toMatchObject([
      {
        seq: 3,
        at: ago(0),
        weight: 20,
        outcome: 'fail',
        reason: 'RoundFailed',
        checks: [
          {
            name: 'request-success-rate',
            outcome: 'fail',
            reason: 'BelowMinimum',
            value: 42,
            threshold: 'min 99',
          },
        ],
      },
    ]);
    expect(intended(running({}, { answers: measured('pass') })).status.rounds).toMatchObject([
      { seq: 3, outcome: 'pass', reason: 'Passed', weight: 20 },
    ]);
  });

  it('also of the round that ended the run', () => {
    const counts = { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 };

    expect(intended(running({ counts }, { answers: measured('fail') })).status.rounds).toHaveLength(1);
  });

  it('keeps the last fifty', () => {
    const seen = running({}, { answers: measured('pass') });
    const rounds = Array.from({ length: 50 }, (_, index) => ({
      seq: index - 50,
      at: ago(100),
      weight: 0,
      outcome: 'pass' as const,
      reason: 'Passed',
      checks: [],
    }));
    const next = intended({ ...seen, status: { ...seen.status, rounds } }).status.rounds ?? [];

    expect(next).toHaveLength(50);
    expect(next.at(-1)?.seq).toBe(3);
    expect(next[0]?.seq).toBe(-49);
  });
});

describe('the traffic-increase gate', () => {
  const gated: CanarySpec = spec({ analysis: { webhooks: hooks('confirm-traffic-increase') } });
  const seen = (answers: Record<string, 'passed' | 'denied'>, of: Partial<Run> = {}): Observation =>
    running(of, { spec: gated, answers: { ...measured('pass'), ...heard(answers) } });

  it.each([20, 40, 60])(
    'is asked at weight %i, also before promotion, once the round has passed',
    (weight) => {
      expect(questionsOf(seen({}, { split: splitToward(weight) }))).toEqual(['confirm-traffic-increase:0']);
    },
  );

  it('that is closed holds the weight; the analysis goes on', () => {
    const decision = intended(seen({ 'confirm-traffic-increase': 'denied' }));

    expect(decision).toMatchObject({
      reason: 'AwaitingTrafficIncrease',
      status: { phase: 'Progressing', canaryWeight: 20, failedChecks: 0 },
    });
    expect(decision.status.run).toMatchObject({
      gate: { type: 'confirm-traffic-increase', closedSince: ago(0) },
      round: { seq: 4 },
    });
    const later = { ...stored(seen({}), decision.status), nowMs: NOW_MS + INTERVAL_MS, answers: {} };
    expect(questionsOf(later)).toEqual(['metric:0']);
  });

  it('that opens lets the step be taken, and is forgotten', () => {
    const gate = { type: 'confirm-traffic-increase', closedSince: ago(600) };
    const next = nextRun(seen({ 'confirm-traffic-increase': 'passed' }, { gate }));

    expect(next.split.canary).toBe(40);
    expect(next.gate).toBeUndefined();
  });

  it('that stays closed is said once', () => {
    const gate = { type: 'confirm-traffic-increase', closedSince: ago(600) };

    expect(saidIn(intended(seen({ 'confirm-traffic-increase': 'denied' })))).toEqual([
      'Warning AwaitingTrafficIncrease',
    ]);
    expect(saidIn(intended(seen({ 'confirm-traffic-increase': 'denied' }, { gate })))).toEqual([]);
  });
});

describe('the promotion gate', () => {
  const gated = spec({ analysis: { webhooks: hooks('confirm-promotion', 'confirm-traffic-increase') } });
  const gate = { type: 'confirm-promotion', closedSince: ago(60) };
  const last = (answers: Record<string, 'passed' | 'denied'>, of: Partial<Run> = {}): Observation =>
    running(
      { split: splitToward(60), ...of },
      { spec: gated, answers: { ...measured('pass'), ...heard(answers) } },
    );
  const through = { 'confirm-traffic-increase': 'passed' } as const;

  it('is asked after the last step only', () => {
    expect(
      nextRun(running({}, { spec: gated, answers: { ...measured('pass'), ...heard(through) } })).split.canary,
    ).toBe(40);
    expect(questionsOf(last(through))).toEqual(['confirm-promotion:0']);
  });

  it('that is closed shows WaitingPromotion with the real weight (D23)', () => {
    const decision = intended(last({ ...through, 'confirm-promotion': 'denied' }));

    expect(decision.status).toMatchObject({ phase: 'WaitingPromotion', canaryWeight: 60, iterations: 0 });
    expect(saidIn(decision)).toEqual(['Warning AwaitingPromotion']);
    expect(conditionOf(decision.status, 'Ready')?.message).toContain(
      'waits for confirm-promotion (since 08:00:00Z, no deadline)',
    );
  });

  it('goes on analysing while it is closed, and is asked after each round, without the other gate', () => {
    const waiting = last({}, { gate });

    expect(questionsOf({ ...waiting, answers: {} })).toEqual(['metric:0']);
    expect(questionsOf(waiting)).toEqual(['confirm-promotion:0']);
  });

  it('that opens lets the revision be promoted', () => {
    const decision = intended(last({ 'confirm-promotion': 'passed' }, { gate }));

    expect(decision).toMatchObject({
      reason: 'Promoting',
      status: { phase: 'Promoting', run: { stage: 'promote' } },
    });
    expect(decision.status.run?.gate).toBeUndefined();
  });

  it('never ends by time, and is overdue after a day', () => {
    const closedSince = ago(24 * 3600);
    const of = { gate: { type: 'confirm-promotion', closedSince }, round: { seq: 3, dueAt: ago(-5) } };
    const decision = intended(last({}, of));

    expect(decision.reason).toBe('GateOverdue');
    expect(decision.status).toMatchObject({ phase: 'WaitingPromotion', run: { gate: { overdue: true } } });
    expect(settledDecision(stored(last({}, of), decision.status)).decision.reason).toBe('AwaitingPromotion');
  });

  it('is passed over where the analysis is skipped', () => {
    const skipping = { ...gated, skipAnalysis: true };
    const seen = last({}, { plan: plan(skipping) });

    expect(intended({ ...seen, spec: skipping, plan: plan(skipping) }).reason).toBe('Promoting');
  });
});

describe('names', () => {
  it('of a step are the ones that people search for', () => {
    expect(intended(atWeight(20)).notices[0]?.message).toBe('Advance cart.shop canary weight 40');
  });

  it('of the round are its own: an answer to another round is none', () => {
    expect(questionsOf(running({}, { answers: measured('pass', 2) }))).toEqual(['metric:0']);
    expect(run().round?.seq).toBe(3);
    expect(route(20).split?.canary).toBe(20);
  });
});
