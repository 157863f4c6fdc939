import { describe, expect, it } from '@jest/globals';
import type { Analysis } from '../../src/api/analysis.ts';
import type { Run } from '../../src/api/status.ts';
import { decide } from '../../src/decide/decide.ts';
import { unavailable } from '../../src/model/measurement.ts';
import type { Measurement } from '../../src/model/measurement.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { Answer } from '../../src/model/question.ts';
import { splitToward } from '../../src/model/split.ts';
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
  DEADLINE_MS,
  NOW_MS,
  ago,
  heard,
  hooks,
  measured,
  plan,
  running,
  spec,
} from '../fixture/observation.ts';

const contour = (analysis: Partial<Analysis> = {}) => spec({ provider: 'contour', analysis });
const BOTH = ['metric:0', 'requests:canary', 'requests:primary'];

type Counts = readonly [canary: number | Measurement, primary: number | Measurement];

function counted(of: Readonly<Record<string, number | Measurement>>, seq = 3): Record<string, Answer> {
  return Object.fromEntries(
    Object.entries(of).map(([id, count]) => [
      `r1/${seq}/${id}`,
      { kind: 'metric', measurement: typeof count === 'number' ? { kind: 'value', value: count } : count },
    ]),
  );
}

/** At weight 20, its round due, with these metrics and requests. */
function round(
  outcome: Parameters<typeof measured>[0],
  [canary, primary]: Counts,
  of: Partial<Run> = {},
): Observation {
  const answers = {
    ...measured(outcome),
    ...counted({ 'requests:canary': canary, 'requests:primary': primary }),
  };
  return running(of, { spec: contour(), answers });
}

function windowMsOf(of: Partial<Run>): number | undefined {
  const { decision } = settledDecision(running(of, { spec: contour() }));
  const question = decision.kind === 'ask' ? decision.questions.at(-1) : undefined;
  return question?.kind === 'requests' ? question.windowMs : undefined;
}

const agrees: Counts = [200, 800];
const elsewhere: Counts = [0, 1000];
const held = {
  outcome: 'disagrees',
  message: 'the canary got 0% of 1000 requests, which does not fit 20%',
} as const;
const proven = { outcome: 'agrees', message: 'the canary got 20% of 1000 requests', since: ago(0) } as const;

describe('the requests of both sides', () => {
  it('are counted beside the metrics of a round, over the interval since the split was seen in effect', () => {
    const { decision } = settledDecision(running({}, { spec: contour() }));

    expect(decision).toMatchObject({
      kind: 'ask',
      reason: 'AwaitingAnswers',
      questions: [
        { kind: 'metric' },
        { kind: 'requests', key: 'r1/3/requests:canary', subject: 'canary', windowMs: 10_000 },
        { kind: 'requests', key: 'r1/3/requests:primary', subject: 'primary', windowMs: 10_000 },
      ],
    });
  });

  it('never from before the split, and never longer than an interval', () => {
    expect(windowMsOf({ settledAt: ago(4) })).toBe(4_000);
    expect(windowMsOf({ settledAt: ago(95) })).toBe(10_000);
  });

  it.each<[string, Observation]>([
    ['with another provider', running()],
    ['with trafficProof: off', running({}, { spec: contour({ trafficProof: 'off' }) })],
    ['where it has been proven', running({ traffic: proven }, { spec: contour() })],
    ['where the split took effect just now', running({ settledAt: ago(0) }, { spec: contour() })],
    [
      'while the run copies requests',
      running({ mirror: true, plan: plan(contour(), { mirrorPercent: 50 }) }, { spec: contour() }),
    ],
    [
      'where users are chosen',
      running({}, { spec: contour({ match: [{ headers: { 'x-user': { exact: 'insider' } } }] }) }),
    ],
  ])('are not counted %s', (_title, seen) => {
    expect(questionsOf(seen)).toEqual(['metric:0']);
  });

  it('are counted again where they were too few, or did not fit', () => {
    for (const outcome of ['tooFew', 'disagrees'] as const) {
      const traffic = { outcome, message: '', since: ago(10) };

      expect(questionsOf(running({ traffic }, { spec: contour() }))).toEqual(BOTH);
    }
  });

  it('are counted anew for every split', () => {
    const next = nextRun(round('pass', agrees));

    expect(next.split).toEqual(splitToward(40));
    expect(next).not.toHaveProperty('traffic');
  });

  it('are counted when blue/green has switched, and not before', () => {
    const of = contour({ iterations: 2 });
    const at = (weight: number): Observation =>
      running({ plan: plan(of), split: splitToward(weight), iteration: 2 }, { spec: of });

    expect(questionsOf(at(0))).toEqual(['metric:0']);
    expect(questionsOf(at(100))).toEqual(BOTH);
  });
});

describe('a round whose requests fit the weight', () => {
  it('leads to the next step, and says what was seen', () => {
    const { reason, status } = intended(round('pass', agrees));

    expect(reason).toBe('StepTaken');
    expect(status.rounds?.at(-1)).toMatchObject({
      outcome: 'pass',
      traffic: { outcome: 'agrees', message: 'the canary got 20% of 1000 requests' },
    });
  });

  it('proves the split for the rounds to come, where it leads to no step', () => {
    expect(nextRun(round('fail', agrees)).traffic).toEqual(proven);
  });

  it.each<[string, Counts, string]>([
    ['too few requests', [1, 9], '10 requests are too few to tell: 10s in effect are what counts'],
    [
      'no answer',
      [unavailable('ConnectionFailed', 'connection refused'), 9],
      'the requests of the canary cannot be counted: connection refused: 10s in effect are what counts',
    ],
  ])('counts without it where nothing can be said: %s', (_title, counts, message) => {
    const { reason, status } = intended(round('pass', counts));

    expect(reason).toBe('StepTaken');
    expect(status.rounds?.at(-1)?.traffic).toEqual({ outcome: 'tooFew', message });
  });
});

describe('a round whose requests go elsewhere', () => {
  it.each(['pass', 'inconclusive', 'noData', 'unavailable'] as const)(
    'holds the weight and counts for nothing: %s',
    (outcome) => {
      const seen = round(outcome, elsewhere);
      const decision = intended(seen);

      expect(decision.reason).toBe('TrafficNotObserved');
      expect(saidIn(decision)).toEqual(['Warning TrafficNotObserved']);
      expect(decision.status.run).toMatchObject({
        stage: 'analysis',
        split: splitToward(20),
        counts: { fail: 0, inconclusive: 0, noData: 0, unavailable: 0 },
        round: { seq: 4, dueAt: ago(-10) },
        traffic: { ...held, since: ago(0) },
      });
      expect(decision.status.rounds?.at(-1)).toMatchObject({
        outcome: 'inconclusive',
        reason: 'TrafficNotObserved',
        traffic: held,
      });
    },
  );

  it('counts where it has failed: for that the canary got enough', () => {
    const seen = round('fail', elsewhere);

    expect(intended(seen).reason).toBe('RoundFailed');
    expect(nextRun(seen).counts.fail).toBe(1);
    expect(nextRun(seen).traffic).toMatchObject(held);
  });

  it('says so until the next round, with since and until', () => {
    const { status } = intended(round('pass', elsewhere));
    const { decision, seen } = settledDecision(stored(round('pass', elsewhere), status));

    expect(decision).toMatchObject({ reason: 'TrafficNotObserved', wakeAtMs: NOW_MS + 10_000 });
    expect(conditionOf(seen.status, 'Ready')).toMatchObject({
      reason: 'TrafficNotObserved',
      message: `weight 20: ${held.message} (since 08:00:00Z, until 08:10:00Z)`,
    });
  });

  it('is said once, and waits since it was first found', () => {
    const seen = round('pass', elsewhere, { traffic: { ...held, since: ago(60) } });

    expect(saidIn(intended(seen))).toEqual([]);
    expect(nextRun(seen).traffic?.since).toBe(ago(60));
  });

  it('goes on when they come', () => {
    const seen = round('pass', agrees, { traffic: { ...held, since: ago(60) } });

    expect(intended(seen).reason).toBe('StepTaken');
  });

  it('opens no gate', () => {
    const of = contour({ webhooks: hooks('confirm-traffic-increase') });
    const answers = {
      ...round('pass', elsewhere).answers,
      ...heard({ 'confirm-traffic-increase': 'passed' }),
    };

    expect(intended(running({}, { spec: of, answers })).reason).toBe('TrafficNotObserved');
  });

  it('holds the last weight too: nothing is promoted', () => {
    const seen = round('pass', elsewhere, { split: splitToward(60) });

    expect(nextRun(seen)).toMatchObject({ stage: 'analysis', split: splitToward(60) });
  });
});

describe('the deadline of traffic that is not seen', () => {
  const since = ago(DEADLINE_MS / 1000);
  const rollback = {
    reason: 'TrafficNotObserved',
    status: {
      run: {
        stage: 'return',
        split: splitToward(0),
        outcome: {
          phase: 'Failed',
          reason: 'TrafficNotObserved',
          message: `weight 20 was not seen: ${held.message}`,
        },
      },
    },
  };

  it('rolls back with the round that finds it again', () => {
    expect(decide(round('pass', elsewhere, { traffic: { ...held, since } }))).toMatchObject(rollback);
  });

  it('rolls back between two rounds', () => {
    const waiting = running(
      { traffic: { ...held, since }, round: { seq: 4, dueAt: ago(-3) } },
      { spec: contour() },
    );

    expect(decide(waiting)).toMatchObject(rollback);
  });

  it('asks first where a round is due: it may have come meanwhile', () => {
    expect(questionsOf(running({ traffic: { ...held, since } }, { spec: contour() }))).toEqual(BOTH);
    expect(intended(round('pass', agrees, { traffic: { ...held, since } })).reason).toBe('StepTaken');
  });

  it('is not reached a moment before', () => {
    const seen = round('pass', elsewhere, { traffic: { ...held, since: ago(DEADLINE_MS / 1000 - 1) } });

    expect(nextRun(seen).stage).toBe('analysis');
  });
});

describe('a canary whose traffic has gone home', () => {
  const outcome = { phase: 'Succeeded', reason: 'Succeeded', message: 'cart is promoted' } as const;

  /** Drained for 10 s; the primary holds what was promoted. */
  function drained(
    requests?: number | Measurement,
    of: Partial<Run> = {},
    analysis: Partial<Analysis> = {},
  ): Observation {
    const seen = running(
      { stage: 'return', split: splitToward(0), settledAt: ago(10), outcome, ...of },
      { spec: contour(analysis), answers: requests === undefined ? {} : counted({ idle: requests }) },
    );
    return { ...seen, status: { ...seen.status, lastPromotedSpec: 'v1:1' } };
  }

  it('is asked for when its drain is over', () => {
    expect(questionsOf(drained())).toEqual(['idle']);
    expect(settledDecision(drained()).decision).toMatchObject({
      reason: 'Draining',
      questions: [{ kind: 'requests', key: 'r1/3/idle', subject: 'canary', windowMs: 10_000 }],
    });
    expect(settledDecision(drained(undefined, { settledAt: ago(9) })).decision).toMatchObject({
      kind: 'enact',
      reason: 'Draining',
    });
  });

  it.each<[string, number | Measurement]>([
    ['is idle', 0],
    ['has no series', { kind: 'noData', reason: 'NoSeries', message: 'no series' }],
    ['cannot be seen', unavailable('ConnectionFailed', 'connection refused')],
  ])('is scaled down when it %s', (_title, requests) => {
    expect(intended(drained(requests))).toMatchObject({
      reason: 'ScalingDown',
      status: { run: { stage: 'scale-down' } },
    });
  });

  it('keeps its pods while it gets requests', () => {
    const seen = drained(12);
    const decision = intended(seen);

    expect(decision).toMatchObject({ reason: 'CanaryNotIdle', notices: [] });
    expect(decision.status.run).toMatchObject({ stage: 'return', round: { seq: 4, dueAt: ago(-10) } });
    const waiting = settledDecision(stored(seen, decision.status));
    expect(waiting.decision).toMatchObject({ reason: 'CanaryNotIdle', wakeAtMs: NOW_MS + 10_000 });
    expect(conditionOf(waiting.seen.status, 'Ready')?.message).toBe(
      'weight 0: the canary still got 12 requests in 10s (since 08:00:00Z, until 08:10:00Z)',
    );
  });

  it('is asked for again after another drain', () => {
    const traffic = {
      outcome: 'disagrees',
      message: 'the canary still got 12 requests in 10s',
      since: ago(10),
    } as const;

    expect(questionsOf(drained(undefined, { traffic, round: { seq: 4, dueAt: ago(0) } }))).toEqual(['idle']);
  });

  it('goes at the deadline, and people are told', () => {
    const since = ago(DEADLINE_MS / 1000);
    const decision = intended(drained(12, { traffic: { outcome: 'disagrees', message: '', since } }));

    expect(decision.reason).toBe('ScalingDown');
    expect(saidIn(decision)).toEqual(['Warning CanaryNotIdle', 'Normal ScalingDown']);
  });

  it.each<[string, Observation]>([
    ['with trafficProof: off', drained(12, {}, { trafficProof: false })],
    [
      'at the first set-up, before which it was no canary',
      drained(12, { kind: 'initialise', revision: 'v1:1' }),
    ],
  ])('is not asked for %s', (_title, seen) => {
    expect(intended(seen).reason).toBe('ScalingDown');
  });

  it('is asked for after an A/B test too, whose shares nobody knows', () => {
    const match = [{ headers: { 'x-user': { exact: 'insider' } } }];

    expect(questionsOf(drained(undefined, {}, { iterations: 2, match }))).toEqual(['idle']);
  });
});
