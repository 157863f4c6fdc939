import { describe, expect, it } from '@jest/globals';
import type { Analysis } from '../../src/api/analysis.ts';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import { deedsOf, intended, nextRun, questionsOf, saidIn, stored } from '../fixture/decision.ts';
import {
  V1,
  V3,
  ago,
  canary,
  heard,
  hooks,
  measured,
  plan,
  route,
  running,
  spec,
  without,
} from '../fixture/observation.ts';

function mirrored(
  of: Partial<Run>,
  override: Partial<Observation> = {},
  analysis: Partial<Analysis> = {},
): Observation {
  return running(of, { spec: spec({ analysis: { mirror: true, ...analysis } }), ...override });
}

const atZero: Partial<Run> = { split: splitToward(0) };
const copying: Partial<Run> = { ...atZero, mirror: true };

describe('a weighted canary that mirrors', () => {
  it('turns copies on before the first weight, with all traffic at the primary', () => {
    const seen = mirrored({ ...atZero, settledAt: ago(10) });
    const decision = intended(seen);

    expect(decision.reason).toBe('Mirroring');
    expect(decision.status.run).toMatchObject({ mirror: true, split: splitToward(0), splitSince: ago(0) });
    expect(decision.status.run?.settledAt).toBeUndefined();
    expect(saidIn(decision)).toEqual(['Normal Mirroring']);
  });

  it('waits until the route is seen to copy, then an interval, then judges one round on the copies', () => {
    const seen = mirrored(copying);
    const { run } = seen.status;
    const written =
      run === undefined ? seen : { ...seen, status: { ...seen.status, run: without(run, 'settledAt') } };

    expect(deedsOf({ ...written, route: route(0, { state: 'drifted' }) })).toEqual(['writeRoute 0']);
    expect(nextRun(written)).toMatchObject({ settledAt: ago(0), round: { seq: 3, dueAt: ago(-10) } });
    expect(questionsOf(seen)).toEqual(['metric:0']);
  });

  it('turns them off with the first weight, and never on again', () => {
    const first = intended(mirrored(copying, { answers: measured('pass') }));

    expect(first.reason).toBe('StepTaken');
    expect(first.status.run).toMatchObject({ split: splitToward(20) });
    expect(first.status.run?.mirror).toBeUndefined();
    const next = nextRun(mirrored({ split: splitToward(20) }, { answers: measured('pass') }));
    expect(next.mirror).toBeUndefined();
  });

  it('asks to increase traffic before the copies, and not again after them', () => {
    const gate = { webhooks: hooks('confirm-traffic-increase') };

    expect(questionsOf(mirrored(atZero, {}, gate))).toEqual(['confirm-traffic-increase:0']);
    expect(
      intended(mirrored(atZero, { answers: heard({ 'confirm-traffic-increase': 'passed' }) }, gate)).reason,
    ).toBe('Mirroring');
    expect(intended(mirrored(copying, { answers: measured('pass') }, gate)).reason).toBe('StepTaken');
  });

  it('fails on copies as on traffic', () => {
    const counts = { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 };
    const decision = intended(mirrored({ ...copying, counts }, { answers: measured('fail') }));

    expect(decision.reason).toBe('ThresholdReached');
    expect(decision.status.run?.mirror).toBeUndefined();
  });

  it('D9: leaves mirroring out where the provider cannot, and goes on', () => {
    const seen = running(atZero, { spec: spec({ provider: 'contour', analysis: { mirror: true } }) });

    expect(seen.status.run?.plan.mirrorPercent).toBeUndefined();
    expect(intended(seen).reason).toBe('StepTaken');
  });

  it('R6: goes on without copies where the plan no longer has any', () => {
    const seen = running(copying, { spec: spec() });

    expect(intended(seen)).toMatchObject({ reason: 'StepTaken', status: { run: { split: { canary: 20 } } } });
  });

  it.each([
    ['restarts', V3],
    ['is cancelled', V1],
  ])('copies nothing any more when the run %s', (_title, revision) => {
    expect(nextRun(mirrored(copying, { target: canary({ revision }) })).mirror).toBeUndefined();
  });
});

describe('blue/green that mirrors', () => {
  const blueGreen: Partial<Analysis> = { iterations: 2 };

  it('copies from the first iteration until everybody moves', () => {
    const first = intended(mirrored({ ...atZero, iteration: 0 }, { answers: measured('pass') }, blueGreen));
    const second = intended(mirrored({ ...copying, iteration: 1 }, { answers: measured('pass') }, blueGreen));
    const last = intended(mirrored({ ...copying, iteration: 2 }, { answers: measured('pass') }, blueGreen));

    expect(first.status.run).toMatchObject({ iteration: 1, mirror: true, split: splitToward(0) });
    expect(first.status.run?.settledAt).toBeUndefined();
    expect(second.status.run).toMatchObject({ iteration: 2, mirror: true, settledAt: ago(10) });
    expect(last.reason).toBe('SwitchedTraffic');
    expect(last.status.run).toMatchObject({ split: splitToward(100) });
    expect(last.status.run?.mirror).toBeUndefined();
    expect(deedsOf(stored(mirrored(copying, {}, blueGreen), last.status))).toEqual(['writeRoute 100']);
  });

  it('copies nothing in an A/B test', () => {
    const match = [{ headers: { 'x-user': { exact: 'insider' } } }];

    expect(plan(spec({ analysis: { ...blueGreen, match, mirror: true } })).mirrorPercent).toBeUndefined();
  });
});
