import { describe, expect, it } from '@jest/globals';
import type { Analysis } from '../../src/api/analysis.ts';
import type { Run } from '../../src/api/status.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import { deedsOf, intended, nextRun, saidIn, settledDecision, stored } from '../fixture/decision.ts';
import {
  NOW_MS,
  V1,
  V2,
  V3,
  ago,
  canary,
  measured,
  notYet,
  primary,
  route,
  running,
  spec,
  without,
} from '../fixture/observation.ts';

const counts = { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 };
const failure = { phase: 'Failed', reason: 'ThresholdReached', message: 'too slow' } as const;
const success = { phase: 'Succeeded', reason: 'Succeeded', message: 'promoted' } as const;
const stepped: Partial<Analysis> = { stepWeightRollback: 30 };

function about(
  of: Partial<Run>,
  override: Partial<Observation> = {},
  analysis: Partial<Analysis> = stepped,
): Observation {
  return running(of, { spec: spec({ analysis }), ...override });
}

/** The split is written, and has not been seen yet. */
function unsettledRun(seen: Observation): Observation {
  const { run } = seen.status;
  return run === undefined ? seen : { ...seen, status: { ...seen.status, run: without(run, 'settledAt') } };
}

describe('D34: a run that is given up', () => {
  it.each<[string, string, Partial<Run>, Partial<Observation>]>([
    ['has failed', 'ThresholdReached', { counts }, { answers: measured('fail') }],
    ['is restarted', 'RunRestarted', {}, { target: canary({ revision: V3 }) }],
    ['is cancelled', 'RunCancelled', {}, { target: canary({ revision: V1 }) }],
  ])('hands traffic back by stepWeightRollback when it %s', (_title, reason, of, override) => {
    const seen = about({ split: splitToward(80), ...of }, { route: route(80), ...override });
    const decision = intended(seen);

    expect(decision).toMatchObject({ reason, status: { canaryWeight: 50 } });
    const { run: next } = decision.status;
    expect(next?.settledAt).toBeUndefined();
    expect(deedsOf(stored(seen, decision.status))).toContain('writeRoute 50');
  });

  it('hands it back in one jump where no step is set', () => {
    const failing = about(
      { split: splitToward(80), counts },
      { route: route(80), answers: measured('fail') },
      {},
    );

    expect(nextRun(failing).split).toEqual(splitToward(0));
  });

  it('hands it back at once where the canary has no pods', () => {
    const lost = canary({ available: 0, readiness: { kind: 'failed', message: 'its deadline has passed' } });
    const seen = about({ split: splitToward(80) }, { route: route(80), target: lost });

    expect(intended(seen)).toMatchObject({
      reason: 'ProgressDeadlineExceeded',
      status: { canaryWeight: 0 },
    });
  });
});

describe.each<[string, Partial<Run>, Partial<Observation>]>([
  ['after a rollback', { stage: 'return', outcome: failure }, {}],
  [
    'before a run that starts anew',
    { stage: 'scale-up', revision: V3 },
    { target: canary({ revision: V3 }) },
  ],
])('on the way home %s', (_title, of, override) => {
  const midway = (more: Partial<Run> = {}, less: Partial<Observation> = {}): Observation => {
    const seen = about({ split: splitToward(50), ...of, ...more }, { ...override, ...less });
    return { ...seen, stored: [V1, V2, V3] };
  };

  it('a step waits until it is in effect, and then an interval', () => {
    const unsettled = unsettledRun(midway());

    expect(
      settledDecision({ ...unsettled, route: route(50, { acceptance: 'pending' }) }).decision,
    ).toMatchObject({ kind: 'enact', reason: 'ReturningTraffic', actions: [] });
    expect(nextRun(unsettled)).toMatchObject({ split: splitToward(50), settledAt: ago(0) });
    expect(settledDecision(midway({ settledAt: ago(4) })).decision).toMatchObject({
      actions: [],
      wakeAtMs: NOW_MS + 6000,
    });
  });

  it('the next step follows, until nothing is left', () => {
    const decision = intended(midway({ settledAt: ago(10) }));

    expect(decision.status.run).toMatchObject({ split: splitToward(20), stage: of.stage });
    expect(saidIn(decision)).toEqual(['Normal ReturningTraffic']);
    expect(
      nextRun(midway({ settledAt: ago(10), split: splitToward(20) }, { route: route(20) })).split,
    ).toEqual(splitToward(0));
  });

  it('the rest comes at once when the canary loses its pods', () => {
    const target = canary({ ...override.target, available: 0, readiness: notYet });

    expect(nextRun(midway({ settledAt: ago(1) }, { target })).split).toEqual(splitToward(0));
  });

  it('the canary keeps its pods', () => {
    expect(deedsOf(midway()).filter((deed) => deed.startsWith('scaleTarget'))).toEqual([]);
  });
});

it('a run that starts anew does not wait for a dead primary', () => {
  const seen = about(
    { stage: 'scale-up', revision: V3, split: splitToward(50) },
    { target: canary({ revision: V3 }), primary: primary({ available: 0, readiness: notYet }) },
  );

  expect(nextRun(seen).split).toEqual(splitToward(0));
});

it('a run that starts anew is home before its pods are replaced for their configuration', () => {
  const of: Partial<Run> = { stage: 'scale-up', revision: V3, recycle: true, split: splitToward(50) };
  const seen = about(of, { target: canary({ revision: V3 }) });

  expect(deedsOf({ ...seen, stored: [V1, V2, V3] })).toEqual([]);
  expect(nextRun({ ...seen, stored: [V1, V2, V3] }).recycle).toBe(true);
});

describe('promotion', () => {
  const promoted = primary({ revision: V2 });
  const done = (weight: number, analysis: Partial<Analysis>): Observation =>
    about({ stage: 'promote', split: splitToward(weight) }, { primary: promoted }, analysis);

  it('goes by stepWeightPromotion, whatever a rollback would do', () => {
    const analysis = { stepWeightPromotion: 25, stepWeightRollback: 5 };

    expect(nextRun(done(60, analysis)).split).toEqual(splitToward(35));
    const home = about(
      { stage: 'return', split: splitToward(35), outcome: success },
      { primary: promoted },
      analysis,
    );
    const seen = { ...home, status: { ...home.status, lastPromotedSpec: V2 } };
    expect(nextRun(seen).split).toEqual(splitToward(10));
  });

  it('D7: is done at weight 0, with stepWeightPromotion as without', () => {
    const first = intended(done(0, { stepWeightPromotion: 25 }));
    expect(first.status.run).toMatchObject({ stage: 'return', split: splitToward(0) });

    const home = about(
      { stage: 'return', split: splitToward(0), settledAt: ago(10), outcome: success },
      { primary: promoted },
      { stepWeightPromotion: 25 },
    );
    const seen = { ...home, status: { ...home.status, lastPromotedSpec: V2 } };
    expect(decide(seen)).toMatchObject({ kind: 'intend', status: { run: { stage: 'scale-down' } } });
  });

  it('goes by steps in an A/B test and in blue/green as well', () => {
    const match = [{ headers: { 'x-user': { exact: 'insider' } } }];

    for (const analysis of [
      { iterations: 2, stepWeightPromotion: 40 },
      { iterations: 2, match, stepWeightPromotion: 40 },
    ]) {
      expect(nextRun(done(100, analysis)).split).toEqual(splitToward(60));
    }
  });
});
