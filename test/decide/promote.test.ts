import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
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
  DEADLINE_MS,
  NOW_MS,
  V1,
  V2,
  V3,
  ago,
  canary,
  failed,
  noRoute,
  notYet,
  plan,
  primary,
  route,
  running,
  spec,
  target,
} from '../fixture/observation.ts';

const promotedPrimary = primary({ revision: V2 });

function promoting(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  const seen = running({ stage: 'promote', split: splitToward(60), ...of }, override);
  return { ...seen, status: { ...seen.status, phase: 'Promoting' } };
}

describe('a promotion', () => {
  it('writes the analysed revision to the primary, as big as the target is; traffic stays as it is', () => {
    expect(deedsOf(promoting({}, { target: canary({ replicas: 5, available: 5 }) }))).toEqual([
      `writePrimary ${V2} x5`,
    ]);
  });

  it('leaves the size to an autoscaler where there is one', () => {
    const autoscaler = { state: 'inPlace', targetMinReplicas: 2 } as const;

    expect(deedsOf(promoting({}, { autoscaler }))).toEqual([`writePrimary ${V2}`]);
  });

  it.each<[string, Partial<Observation>]>([
    ['the target holds a newer one by now', { target: canary({ revision: V3 }) }],
    ['the target is gone', { target: canary({ revision: V3, available: 0, readiness: notYet }) }],
  ])('writes the analysed revision, from where it is stored, even when %s (D6)', (_title, override) => {
    expect(deedsOf(promoting({ split: splitToward(0) }, override))).toEqual([`writePrimary ${V2} x2`]);
  });

  it('waits for the primary, with a deadline', () => {
    const seen = promoting({}, { primary: primary({ revision: V2, available: 1, readiness: notYet }) });
    const { decision, seen: said } = settledDecision(seen);

    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS - 60_000 + DEADLINE_MS });
    expect(conditionOf(said.status, 'Ready')).toMatchObject({
      status: 'Unknown',
      reason: 'Promoting',
      message: 'waits for cart-primary.shop: 0 of 2 pods available (since 07:59:00Z, until 08:09:00Z)',
    });
  });

  it('D31: does not mind the health of the canary any more', () => {
    const seen = promoting(
      {},
      { primary: promotedPrimary, target: canary({ available: 0, readiness: failed }) },
    );

    expect(intended(seen).reason).toBe('ReturningTraffic');
  });

  it('keeps the canary and the route while the primary rolls', () => {
    const rolling = { primary: primary({ revision: V2, readiness: notYet }) };

    expect(deedsOf(promoting({}, { ...rolling, target: target({ revision: V2 }) }))).toEqual([
      'scaleTarget 2',
    ]);
    expect(deedsOf(promoting({}, { ...rolling, route: route(0) }))).toEqual(['writeRoute 60']);
  });

  it('counts when the primary serves the revision: from here on it is what is live', () => {
    const decision = intended(promoting({}, { primary: promotedPrimary }));

    expect(decision).toMatchObject({
      reason: 'ReturningTraffic',
      status: {
        phase: 'Promoting',
        lastPromotedSpec: V2,
        primaryReplicas: 2,
        run: { stage: 'return', split: splitToward(0), outcome: { phase: 'Succeeded' } },
      },
    });
    expect(saidIn(decision)).toEqual(['Normal ReturningTraffic']);
  });

  it.each<[string, number, number, number]>([
    ['one step', 20, 60, 40],
    ['what is left', 80, 60, 0],
    ['all at once where no step is set', 0, 60, 0],
    ['nothing where it is home already (D7)', 20, 0, 0],
  ])('returns by stepWeightPromotion %s', (_title, stepWeightPromotion, weight, next) => {
    const stepped = spec({ analysis: { stepWeightPromotion } });
    const seen = promoting(
      { plan: plan(stepped), split: splitToward(weight) },
      { spec: stepped, primary: promotedPrimary },
    );

    expect(nextRun(seen)).toMatchObject({ stage: 'return', split: splitToward(next) });
  });
});

describe('a promotion that fails', () => {
  it.each<[string, Partial<Run>, Partial<Observation>]>([
    [
      "by the primary's own deadline",
      {},
      { primary: primary({ revision: V2, available: 0, readiness: failed }) },
    ],
    ['by ours', { stageSince: ago(600) }, { primary: primary({ revision: V2, readiness: notYet }) }],
    ['because the primary cannot be written in time', { stageSince: ago(600) }, {}],
  ])('%s moves users to the healthy canary first (7.3, D10)', (_title, of, override) => {
    const seen = promoting(of, override);
    const decision = intended(seen);

    expect(decision.reason).toBe('PromotionFailed');
    expect(decision.status).toMatchObject({
      phase: 'Promoting',
      lastPromotedSpec: V1,
      run: {
        stage: 'yield',
        split: splitToward(100),
        outcome: { phase: 'Failed', reason: 'PromotionFailed' },
      },
    });
    expect(saidIn(decision)).toEqual(['Warning PromotionFailed']);
    expect(deedsOf(stored(seen, decision.status))).toEqual(['writeRoute 100']);
  });

  it('does not blame a primary that still is the old one for having failed once', () => {
    const seen = promoting({}, { primary: primary({ readiness: failed }) });

    expect(deedsOf(seen)).toEqual([`writePrimary ${V2} x2`]);
  });

  it.each<[string, Partial<Observation>]>([
    ['without a route', { route: noRoute }],
    ['without a canary that could serve', { target: canary({ available: 0 }) }],
  ])('%s restores the primary at once', (_title, override) => {
    const seen = promoting({ stageSince: ago(600) }, override);

    expect(nextRun(seen)).toMatchObject({ stage: 'restore', outcome: { phase: 'Failed' } });
  });
});
