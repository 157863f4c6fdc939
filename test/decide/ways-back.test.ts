// Rows of the list of known defects that are about ways back, stage by stage.
import { describe, expect, it } from '@jest/globals';
import type { Run, Stage } from '../../src/api/status.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Observation } from '../../src/model/observation.ts';
import { allCanary, allPrimary } from '../../src/model/split.ts';
import { deedsOf, intended, nextRun, saidIn, settledDecision, stored } from '../fixture/decision.ts';
import {
  V1,
  V2,
  V3,
  ago,
  canary,
  failed,
  noRoute,
  notYet,
  observation,
  primary,
  route,
  running,
  spec,
  status,
  target,
} from '../fixture/observation.ts';

const promotionFailed = { phase: 'Failed', reason: 'PromotionFailed', message: 'not ready' } as const;
const broken = primary({ revision: V2, available: 0, readiness: failed });

function restoring(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  return running(
    { stage: 'restore', split: allCanary, outcome: promotionFailed, ...of },
    { primary: broken, ...override },
  );
}

/** The promotion failed, and V1 is restored. */
function afterwards(revision: string): Observation {
  return observation({
    status: status({ phase: 'Failed', lastAppliedSpec: V2 }),
    target: target({ revision }),
    stored: [V1],
  });
}

describe('after a failed promotion', () => {
  it('D10: (a) a return to the revision before is no run, because the primary holds it again', () => {
    const seen = afterwards(V1);

    expect(intended(seen).status).toMatchObject({ lastAppliedSpec: V1, phase: 'Failed' });
    expect(intended(seen).status.run).toBeUndefined();
    expect(
      nextRun({ ...stored(seen, intended(seen).status), target: target({ revision: V2 }) }),
    ).toMatchObject({
      revision: V2,
    });
  });

  it('D10: (a) the primary is restored whatever the target holds by then', () => {
    for (const revision of [V1, V2, V3]) {
      expect(deedsOf(restoring({}, { target: canary({ revision }) }))).toEqual([`writePrimary ${V1}`]);
    }
  });

  it('D10: (b) the only healthy pods stay as long as the primary has none, also when the fix is pushed', () => {
    const late = restoring(
      { stageSince: ago(900) },
      {
        primary: primary({ revision: V1, available: 0, readiness: notYet }),
        target: canary({ revision: V3 }),
        route: route(100),
      },
    );
    const { decision } = settledDecision(late);

    expect(decision).toMatchObject({ kind: 'enact', reason: 'RestoringPrimary', actions: [] });
  });

  it('D10: (c) the next run starts with all traffic at the primary', () => {
    const next = nextRun(afterwards(V3));

    expect(next).toMatchObject({ revision: V3, split: allPrimary });
  });

  it('D10: with provider kubernetes the primary is restored in place, and nothing else is touched', () => {
    const seen = running({ stage: 'promote' }, { primary: broken, route: noRoute });
    const decision = intended(seen);

    expect(decision.status.run).toMatchObject({ stage: 'restore', outcome: { phase: 'Failed' } });
    expect(saidIn(decision)).toEqual(['Warning PromotionFailed']);
    expect(deedsOf(stored(seen, decision.status))).toEqual([`writePrimary ${V1}`]);
  });

  it('D10: a record that was deleted is made anew from whatever holds the revision', () => {
    const reverted = restoring({}, { stored: [V2], target: canary({ revision: V1 }) });

    expect(deedsOf(reverted)).toEqual([`storeRevision ${V1}`, `writePrimary ${V1}`]);
  });

  it('D10: where nothing holds it, users stay at the canary for as long as the primary is dead', () => {
    const lost = restoring({}, { stored: [V2], route: route(100) });
    const home = stored(lost, intended(lost).status);

    expect(home.status.run).toMatchObject({ stage: 'return' });
    expect(deedsOf(home)).toEqual([]);
    expect(deedsOf({ ...home, primary: primary({ revision: V2 }) })).toEqual(['writeRoute 0']);
  });

  it('D10: the failed revision is kept out of the window', () => {
    const windowed = spec({ analysis: { rollbackWindow: 3 } });
    const seen = restoring(
      { stage: 'scale-down', split: allPrimary },
      {
        spec: windowed,
        primary: primary(),
        target: canary({ replicas: 0, available: 0 }),
        route: route(0),
      },
    );

    expect(intended(seen).status.proven).toBeUndefined();
  });
});

describe('D31: pods of the canary that vanish', () => {
  const gone = canary({ available: 0, readiness: failed });

  it('do not matter once the primary has been given the revision', () => {
    const promoting = running({ stage: 'promote' }, { primary: primary({ revision: V2 }), target: gone });
    const returning = running(
      {
        stage: 'return',
        split: allPrimary,
        outcome: { phase: 'Succeeded', reason: 'Succeeded', message: '' },
      },
      { primary: primary({ revision: V2 }), target: gone, route: route(0) },
    );
    const promoted = { ...returning, status: { ...returning.status, lastPromotedSpec: V2 } };

    expect(intended(promoting).status).toMatchObject({ lastPromotedSpec: V2 });
    for (const seen of [promoting, promoted]) {
      expect(nextRun(seen).outcome?.phase).not.toBe('Failed');
    }
  });

  it('do not matter on probation', () => {
    const watched = running(
      {
        stage: 'probation',
        split: allPrimary,
        previous: V1,
        outcome: { phase: 'Succeeded', reason: 'Succeeded', message: '' },
      },
      {
        primary: primary({ revision: V2 }),
        target: target({ revision: V2, readiness: failed }),
        spec: spec({ analysis: { probation: '5m' } }),
        route: route(0),
      },
    );
    const seen = { ...watched, status: { ...watched.status, lastPromotedSpec: V2 } };

    expect(decide(seen).reason).toBe('OnProbation');
  });
});

describe('D35: a primary that does not serve', () => {
  const dead = primary({ available: 0, readiness: notYet });

  it('does not keep a new revision from its run', () => {
    const seen = observation({ primary: dead, target: target({ revision: V2 }) });

    expect(nextRun(seen)).toMatchObject({ revision: V2, stage: 'scale-up' });
  });

  it('does not end a run whose canary is ready', () => {
    const seen = running({ stage: 'scale-up', split: allPrimary }, { primary: dead, route: route(0) });

    expect(nextRun(seen).stage).toBe('analysis');
  });

  it('is given a proven revision without an analysis, as soon as the canary is ready', () => {
    const seen = running(
      { stage: 'scale-up', split: allPrimary, proven: true },
      { primary: dead, route: route(0) },
    );

    expect(nextRun(seen).stage).toBe('promote');
  });
});

describe('D5: a return to what is live', () => {
  const gate = { type: 'confirm-promotion', closedSince: ago(30) };

  it.each<[string, Stage, Partial<Run>]>([
    ['before the run is let in', 'confirm-rollout', { split: allPrimary }],
    ['while the canary starts', 'scale-up', { split: allPrimary }],
    ['in the analysis', 'analysis', {}],
    ['at a closed gate', 'analysis', { gate }],
    ['while it waits to be finished', 'analysis', { gate, finishing: true, split: allPrimary }],
  ])('cancels the run %s', (_title, stage, of) => {
    const seen = running({ stage, ...of }, { target: canary({ revision: V1 }) });
    const decision = intended(seen);

    expect(decision).toMatchObject({ reason: 'RunCancelled', status: { lastPromotedSpec: V1 } });
    expect(decision.status.run?.outcome).toMatchObject({ phase: 'Succeeded', reason: 'RunCancelled' });
  });

  it('comes too late for a promotion, and gets a run of its own', () => {
    const seen = running({ stage: 'promote' }, { target: canary({ revision: V1 }) });
    const rest = observation({
      status: status({ lastPromotedSpec: V2, lastAppliedSpec: V2 }),
      primary: primary({ revision: V2 }),
      stored: [V2],
      target: target({ revision: V1 }),
    });

    expect(decide(seen).reason).not.toBe('RunCancelled');
    expect(nextRun(rest)).toMatchObject({ revision: V1, stage: 'scale-up' });
  });
});
