import { describe, expect, it } from '@jest/globals';
import type { CanaryStatus, Round } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import { conditionOf, deedsOf, intended, saidIn, settledDecision, stored } from '../fixture/decision.ts';
import {
  NOW_MS,
  V1,
  V2,
  V3,
  ago,
  hooks,
  noRoute,
  observation,
  plan,
  primary,
  route,
  spec,
  status,
  target,
} from '../fixture/observation.ts';

const settled: CanaryStatus = intended(observation()).status;
const atRest = (override: Partial<Observation> = {}): Observation =>
  observation({ status: settled, ...override });

describe('at rest', () => {
  it('has nothing to do, and waits for an event', () => {
    const decision = decide(atRest());

    expect(decision).toEqual({ kind: 'enact', reason: 'Idle', actions: [] });
  });

  it('is Ready', () => {
    expect(conditionOf(settled, 'Ready')).toMatchObject({ status: 'True', reason: 'Succeeded' });
    expect(conditionOf(settled, 'Reconciling')).toBeUndefined();
    expect(conditionOf(settled, 'Stalled')).toBeUndefined();
  });

  it.each<[string, Partial<Observation>, readonly string[]]>([
    [
      'a deleted primary, from what is stored, as big as it was (D15)',
      { primary: undefined },
      [`writePrimary ${V1} x2`],
    ],
    ['a primary edited by hand', { primary: primary({ drifted: true }) }, [`writePrimary ${V1}`]],
    ['a primary of another revision', { primary: primary({ revision: V2 }) }, [`writePrimary ${V1}`]],
    [
      'a deleted Service',
      { services: { apex: 'missing', primary: 'inPlace', canary: 'inPlace' } },
      ['writeService apex'],
    ],
    [
      'Services that were edited',
      { services: { apex: 'drifted', primary: 'drifted', canary: 'drifted' } },
      ['writeService canary', 'writeService primary', 'writeService apex'],
    ],
    [
      'a deleted route',
      { route: { state: 'missing', split: undefined, acceptance: 'pending', message: '' } },
      ['writeRoute 0'],
    ],
    ['an edited route', { route: route(0, { state: 'drifted' }) }, ['writeRoute 0']],
    ['a route with other weights', { route: route(30) }, ['writeRoute 0']],
  ])('restores %s', (_title, override, deeds) => {
    expect(deedsOf(atRest(override))).toEqual(deeds);
  });

  it.each<[string, Partial<Observation>]>([
    ['the target, whoever scales it up', { target: target({ replicas: 3, available: 3 }) }],
    ['a route of somebody else', { route: route(30, { state: 'foreign' }) }],
    ['routes where the provider has none', { route: noRoute }],
    [
      'a primary whose revision is not stored any more',
      { primary: undefined, stored: [], target: target({ revision: V2 }) },
    ],
  ])('leaves alone %s', (_title, override) => {
    expect(deedsOf(atRest(override))).toEqual([]);
  });

  it('D15: brings a deleted primary back from the promoted revision, as big as it was, never from the target', () => {
    const seen = atRest({ primary: undefined, target: target({ revision: V2, replicas: 1 }) });

    expect(deedsOf(seen)).toEqual([`writePrimary ${V1} x2`]);
  });

  it('sizes a deleted primary by the target where it was never seen serving', () => {
    const { primaryReplicas: _unknown, ...before } = settled;
    const seen = atRest({
      status: before,
      primary: undefined,
      target: target({ replicas: 4, available: 4 }),
    });

    expect(deedsOf(seen)).toEqual([`writePrimary ${V1} x4`]);
  });

  it('stores the promoted revision where it was lost, as long as something holds it', () => {
    expect(deedsOf(atRest({ stored: [] }))).toEqual([`storeRevision ${V1}`]);
  });

  it('collects stored revisions that nobody needs', () => {
    expect(deedsOf(atRest({ stored: [V1, V2, V3] }))).toEqual([`collectRevisions keep ${V1}`]);
  });
});

describe('a new revision', () => {
  const pushed = atRest({ target: target({ revision: V2 }) });

  it.each(['Initialized', 'Succeeded', 'Failed'] as const)('starts a run from %s', (phase) => {
    const { reason, status: next } = intended({ ...pushed, status: status({ phase }) });

    expect(reason).toBe('NewRevision');
    expect(next).toMatchObject({ phase: 'Progressing', canaryWeight: 0, failedChecks: 0, iterations: 0 });
    expect(next.run).toEqual({
      id: 'r2',
      kind: 'rollout',
      revision: V2,
      stage: 'scale-up',
      stageSince: ago(0),
      startedAt: ago(0),
      plan: plan(),
      split: { primary: 100, canary: 0 },
      splitSince: ago(0),
      round: { seq: 1, dueAt: ago(0) },
      iteration: 0,
      counts: { fail: 0, inconclusive: 0, noData: 0, unavailable: 0 },
    });
  });

  it('is recorded as applied with the start of its run, and not before (D2)', () => {
    expect(intended(pushed).status).toMatchObject({ lastAppliedSpec: V2, lastPromotedSpec: V1 });
    expect(deedsOf({ ...pushed, route: route(20) })).toEqual(['writeRoute 0']);
  });

  it('starts at weight 0 whatever weight status has left over (D10 c)', () => {
    const seen = { ...pushed, status: status({ phase: 'Failed', canaryWeight: 100 }) };

    expect(intended(seen).status).toMatchObject({
      canaryWeight: 0,
      run: { split: { primary: 100, canary: 0 } },
    });
  });

  it('forgets the rounds of the run before', () => {
    const round: Round = { seq: 1, at: ago(60), weight: 0, outcome: 'pass', reason: 'Passed', checks: [] };

    expect(intended({ ...pushed, status: status({ rounds: [round] }) }).status.rounds).toEqual([]);
  });

  it('records the configuration it starts with', () => {
    const configs = { 'secret/cart': 'abc' };

    expect(intended({ ...pushed, configs }).status.trackedConfigs).toEqual(configs);
  });

  it('is told once', () => {
    expect(saidIn(intended(pushed))).toEqual(['Normal NewRevision']);
  });

  it('waits at the gate where there is one, and is not applied yet', () => {
    const gated = spec({ analysis: { webhooks: hooks('confirm-rollout') } });
    const { reason, status: next } = intended({ ...pushed, spec: gated, plan: plan(gated) });

    expect(reason).toBe('AwaitingRollout');
    expect(next).toMatchObject({
      phase: 'Succeeded',
      lastAppliedSpec: V1,
      run: { stage: 'confirm-rollout' },
    });
  });

  it('does not wait for an unhealthy primary: it may be the fix (D35)', () => {
    const seen = {
      ...pushed,
      primary: primary({ available: 0, readiness: { kind: 'failed', message: 'crashes' } as const }),
    };

    expect(intended(seen).reason).toBe('NewRevision');
  });
});

describe('what starts no run', () => {
  it.each<[string, CanaryStatus, string]>([
    ['the live revision', status(), V1],
    [
      'the live revision after a failure: a manual way back is free',
      status({ phase: 'Failed', lastAppliedSpec: V2 }),
      V1,
    ],
    ['the revision that has just failed', status({ phase: 'Failed', lastAppliedSpec: V2 }), V2],
  ])('%s', (_title, before, revision) => {
    const { decision } = settledDecision(
      observation({ status: before, target: target({ revision }), stored: [V1] }),
    );

    expect(decision.kind === 'intend' ? decision.status.run : undefined).toBeUndefined();
  });

  it('a failed revision that comes again after the live one does start a run (lifecycle 14)', () => {
    const before = status({ phase: 'Failed', lastAppliedSpec: V2 });
    const reverted = observation({ status: before });
    const { status: forgotten } = intended(reverted);

    expect(forgotten).toMatchObject({ phase: 'Failed', lastAppliedSpec: V1 });
    expect(forgotten.run).toBeUndefined();
    expect(intended({ ...stored(reverted, forgotten), target: target({ revision: V2 }) }).reason).toBe(
      'NewRevision',
    );
  });

  it('another hash of a function that Serin has not written is no reason either (D1)', () => {
    const seen = observation({
      status: status({ lastAppliedSpec: '7c9f', lastPromotedSpec: '7c9f' }),
      primary: primary({ revision: undefined, asTarget: V1 }),
    });

    expect(intended(seen)).toMatchObject({ reason: 'Adopted', status: { lastPromotedSpec: V1 } });
  });
});

describe('after a failure', () => {
  it('says on the object what was wrong, until something changes', () => {
    const runs = [
      {
        id: 'r1',
        revision: V2,
        startedAt: ago(90),
        endedAt: ago(9),
        phase: 'Failed',
        reason: 'ThresholdReached',
        message: 'too slow',
      },
    ] as const;
    const seen = observation({
      status: status({ phase: 'Failed', lastAppliedSpec: V2, runs: [...runs] }),
      target: target({ revision: V2 }),
    });
    const { decision, seen: said } = settledDecision(seen);

    expect(decision).toEqual({ kind: 'enact', reason: 'Failed', actions: [] });
    expect(conditionOf(said.status, 'Ready')).toMatchObject({ status: 'False', message: 'too slow' });
    expect(conditionOf(said.status, 'Stalled')).toMatchObject({ status: 'True', message: 'too slow' });
  });

  it('still restores the primary', () => {
    const seen = observation({
      status: status({ phase: 'Failed', lastAppliedSpec: V2 }),
      primary: undefined,
      nowMs: NOW_MS,
    });

    expect(deedsOf(seen)).toEqual([`writePrimary ${V1} x2`]);
  });
});

describe('a run that somebody took out of status', () => {
  it('begins again, because nothing says that its revision was refused', () => {
    const seen = atRest({
      status: { ...settled, phase: 'Progressing', lastAppliedSpec: V2 },
      target: target({ revision: V2 }),
    });

    const { reason, status: next } = intended(seen);

    expect(reason).toBe('Adopted');
    expect(next.run).toMatchObject({ revision: V2, stage: 'scale-up', split: { primary: 100, canary: 0 } });
  });
});
