import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { deedsOf, intended, nextRun, stored } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V3,
  ago,
  canary,
  observation,
  primary,
  route,
  running,
  target,
} from '../fixture/observation.ts';

const before = { 'configmap/settings': '1' };
const after = { 'configmap/settings': '2' };
const DRAIN_MS = 10_000;

/** A configuration that changed in the middle of an analysis: the same template, another revision. */
function reconfigured(override: Partial<Observation> = {}): Observation {
  const seen = running({}, { target: canary({ revision: V3 }), configs: after, ...override });
  return { ...seen, status: { ...seen.status, trackedConfigs: before } };
}

/** Past the restart of the run, with the route home. */
function recycling(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  const seen = reconfigured();
  const status = intended(seen).status;
  const run = { ...nextRun(seen), ...of };
  return stored({ ...seen, route: route(0), stored: [V3], ...override }, { ...status, run });
}

describe('configuration that changes under running pods', () => {
  it.each<[string, Observation, boolean | undefined]>([
    ['in the middle of a run', reconfigured(), true],
    ['not where it is the same', reconfigured({ configs: before }), undefined],
    [
      'not where there are no pods',
      reconfigured({ target: canary({ revision: V3, replicas: 0 }) }),
      undefined,
    ],
    ['not where nothing is tracked', { ...reconfigured(), configs: undefined }, undefined],
  ])('has them replaced: %s', (_title, seen, recycle) => {
    expect(nextRun(seen).recycle).toBe(recycle);
    expect(nextRun(seen).stage).toBe('scale-up');
  });

  it('also where somebody keeps the target up at rest', () => {
    const seen = observation({ target: target({ revision: V3, replicas: 2 }), configs: after });

    expect(nextRun({ ...seen, status: { ...seen.status, trackedConfigs: before } }).recycle).toBe(true);
  });

  it('goes by traffic, time for requests in flight, pods, and then begins as any run', () => {
    expect(deedsOf(recycling({}, { route: route(20) }))).toContain('writeRoute 0');
    expect(nextRun(recycling()).settledAt).toBe(ago(0));
    const settled = recycling({ settledAt: ago(0) });
    expect(deedsOf({ ...settled, nowMs: NOW_MS + DRAIN_MS - 1 })).toEqual([]);
    expect(deedsOf({ ...settled, nowMs: NOW_MS + DRAIN_MS })).toEqual(['scaleTarget 0']);
    const gone = canary({ revision: V3, replicas: 0, available: 0 });
    const fresh = nextRun({ ...settled, nowMs: NOW_MS + DRAIN_MS, target: gone });
    expect(fresh).toMatchObject({ stage: 'scale-up' });
    expect(fresh.recycle).toBeUndefined();
  });

  it('keeps the only pods that serve', () => {
    const alone = recycling({ settledAt: ago(20) }, { primary: primary({ available: 0 }) });

    expect(deedsOf(alone)).toEqual([]);
  });

  it('waits for old pods that are still there', () => {
    const ending = canary({ revision: V3, replicas: 0, available: 1 });

    expect(deedsOf(recycling({ settledAt: ago(20) }, { target: ending }))).toEqual([]);
  });

  it('has a deadline', () => {
    const seen = {
      ...recycling({}, { route: route(0, { acceptance: 'pending' }) }),
      nowMs: NOW_MS + DEADLINE_MS,
    };

    expect(intended(seen).reason).toBe('ProgressDeadlineExceeded');
  });
});

describe('a primary that loses its pods while it takes over', () => {
  const lost = { primary: primary({ available: 0 }), route: route(50), target: canary() };

  it('leaves all traffic to the canary, which has just been found good', () => {
    expect(nextRun(running({ stage: 'promote', split: { primary: 50, canary: 50 } }, lost)).split).toEqual({
      primary: 0,
      canary: 100,
    });
  });

  it('keeps it where the canary has no pods either', () => {
    const none = { ...lost, target: canary({ available: 0 }) };

    expect(deedsOf(running({ stage: 'promote', split: { primary: 50, canary: 50 } }, none))).not.toContain(
      'writeRoute 100',
    );
  });
});
