import { describe, expect, it } from '@jest/globals';
import type { Observation } from '../../src/model/observation.ts';
import { conditionOf, deedsOf, intended, nextRun, saidIn, stored } from '../fixture/decision.ts';
import { inheritedPromotion, inheritedRun } from '../fixture/inherited.ts';
import {
  V1,
  V2,
  V3,
  ago,
  canary,
  hooks,
  noRoute,
  notYet,
  plan,
  primary,
  route,
  spec,
  target,
} from '../fixture/observation.ts';

/** Every revision is on record: what is left is what happens to the world. */
function after(seen: Observation): Observation {
  return { ...stored(seen, intended(seen).status), stored: [V1, V2] };
}

const abTesting = spec({
  analysis: { iterations: 5, match: [{ headers: { 'x-canary': { exact: 'yes' } } }] },
});
const blueGreen = spec({ analysis: { iterations: 5 } });

describe('a run that another controller left in its analysis', () => {
  it('goes on at the weight of the live route, whatever status says', () => {
    const seen = inheritedRun({ phase: 'Progressing', canaryWeight: 20, failedChecks: 1 }, 40);

    expect(intended(seen)).toMatchObject({
      reason: 'Adopted',
      status: {
        phase: 'Progressing',
        canaryWeight: 40,
        failedChecks: 1,
        lastPromotedSpec: V1,
        lastAppliedSpec: V2,
        run: {
          revision: V2,
          stage: 'analysis',
          prepared: true,
          split: { primary: 60, canary: 40 },
          counts: { fail: 1, inconclusive: 0, noData: 0, unavailable: 0 },
        },
      },
    });
    expect(saidIn(intended(seen))).toEqual(['Normal Adopted']);
    expect(deedsOf({ ...stored(seen, intended(seen).status), stored: [] })).toEqual([`storeRevision ${V2}`]);
    expect(deedsOf(after(seen))).toEqual([]);
  });

  it('judges its first round an interval after the weight was seen in effect', () => {
    const seen = after(inheritedRun({ phase: 'Progressing' }, 40));

    expect(nextRun(seen)).toMatchObject({ settledAt: ago(0), round: { seq: 1, dueAt: ago(-10) } });
  });

  it('begins at weight 0 where it has not come further', () => {
    expect(nextRun(inheritedRun({ phase: 'Progressing' }, 0))).toMatchObject({
      stage: 'scale-up',
      split: { canary: 0 },
    });
  });

  it.each<[string, Partial<Observation>]>([
    ['has changed since', { target: canary({ revision: V3, changedAt: ago(60) }) }],
    ['changed in the second of the last write', { target: canary({ revision: V3, changedAt: ago(600) }) }],
    ['does not say when it changed', { target: canary({ revision: V3 }) }],
  ])('begins anew where the target %s: what is analysed is what would be promoted', (_title, override) => {
    const seen = inheritedRun({ phase: 'Progressing', failedChecks: 2 }, 40, override);

    expect(nextRun(seen)).toMatchObject({
      revision: V3,
      stage: 'scale-up',
      split: { primary: 100, canary: 0 },
      counts: { fail: 0 },
    });
  });

  it('begins anew, with new pods, where its configuration has changed since', () => {
    const seen = inheritedRun({ phase: 'Progressing', trackedConfigs: { 'configmap/cart': 'old' } }, 40, {
      configs: { 'configmap/cart': 'new' },
    });

    expect(nextRun(seen)).toMatchObject({ stage: 'scale-up', recycle: true, split: { canary: 0 } });
  });

  it('begins anew where the status does not say when it was written', () => {
    const seen = inheritedRun({ phase: 'Progressing' }, 40);
    const { lastTransitionTime: _time, ...status } = seen.status;

    expect(nextRun({ ...seen, status }).stage).toBe('scale-up');
  });

  it('is rolled back where its failed checks have reached the threshold', () => {
    const seen = inheritedRun({ phase: 'Progressing', failedChecks: 3 }, 40);

    expect(intended(seen)).toMatchObject({
      reason: 'ThresholdReached',
      status: { lastPromotedSpec: V1, lastAppliedSpec: V2, run: { stage: 'return', split: { canary: 0 } } },
    });
  });

  it('D5: is cancelled where the target is back at what the primary serves', () => {
    const seen = inheritedRun({ phase: 'Progressing' }, 40, {
      target: canary({ revision: V1, changedAt: ago(700) }),
    });

    expect(intended(seen)).toMatchObject({
      reason: 'RunCancelled',
      status: { lastPromotedSpec: V1, run: { stage: 'return', outcome: { reason: 'RunCancelled' } } },
    });
  });

  it('goes on with its iterations in an A/B test', () => {
    const seen = inheritedRun({ phase: 'Progressing', canaryWeight: 0, iterations: 3 }, 100, {
      spec: abTesting,
      plan: plan(abTesting),
    });

    expect(intended(seen).status).toMatchObject({ canaryWeight: 0, iterations: 3 });
    expect(nextRun(seen)).toMatchObject({ stage: 'analysis', iteration: 3, split: { canary: 100 } });
  });

  it('goes on with its iterations where there is no route', () => {
    const seen = inheritedRun({ phase: 'Progressing', canaryWeight: 0, iterations: 3 }, 0, {
      spec: blueGreen,
      plan: plan(blueGreen, { provider: 'kubernetes' }),
      route: noRoute,
    });

    expect(nextRun(seen)).toMatchObject({ stage: 'analysis', iteration: 3, split: { canary: 0 } });
  });
});

describe('a run that another controller left at a gate', () => {
  it('waits for its roll-out to be confirmed, and says nothing twice', () => {
    const gated = spec({ analysis: { webhooks: hooks('confirm-rollout') } });
    const seen = inheritedRun({ phase: 'Waiting' }, 0, {
      spec: gated,
      plan: plan(gated),
      target: target({ revision: V2, changedAt: ago(900) }),
    });

    expect(intended(seen).status).toMatchObject({
      phase: 'Waiting',
      lastAppliedSpec: V1,
      run: { stage: 'confirm-rollout', gate: { type: 'confirm-rollout', closedSince: ago(600) } },
    });
    expect(deedsOf(after(seen))).toEqual([]);
  });

  it('is forgotten where the target is back at what is live', () => {
    const { status } = intended(inheritedRun({ phase: 'Waiting' }, 0, { target: target() }));

    expect(status).toMatchObject({ phase: 'Initialized', lastPromotedSpec: V1 });
    expect(status.run).toBeUndefined();
  });

  it.each<[string, Observation, object]>([
    [
      'a weighted run, whose iterations are -1',
      inheritedRun({ phase: 'WaitingPromotion', canaryWeight: 0, iterations: -1 }, 60),
      { iteration: 0, split: { canary: 60 } },
    ],
    [
      'blue/green before the switch',
      inheritedRun({ phase: 'WaitingPromotion', canaryWeight: 0, iterations: 4 }, 0, {
        spec: blueGreen,
        plan: plan(blueGreen),
      }),
      { iteration: 5, split: { canary: 0 } },
    ],
    [
      'blue/green after it',
      inheritedRun({ phase: 'WaitingPromotion', canaryWeight: 0, iterations: 4 }, 100, {
        spec: blueGreen,
        plan: plan(blueGreen),
      }),
      { iteration: 6, split: { canary: 100 } },
    ],
  ])('D23: waits for its promotion to be confirmed: %s', (_title, seen, run) => {
    expect(intended(seen).status.phase).toBe('WaitingPromotion');
    expect(nextRun(seen)).toMatchObject({
      ...run,
      stage: 'analysis',
      gate: { type: 'confirm-promotion', closedSince: ago(600) },
    });
    expect(deedsOf(after(seen))).toEqual([]);
  });
});

describe('a promotion that another controller left behind', () => {
  it('waits for the primary at the weight of the live route', () => {
    const seen = inheritedPromotion('Promoting', 60, {
      primary: primary({ revision: undefined, asTarget: V2, readiness: notYet }),
    });

    expect(intended(seen).status).toMatchObject({
      phase: 'Promoting',
      canaryWeight: 60,
      lastPromotedSpec: V2,
    });
    expect(nextRun(seen)).toMatchObject({ stage: 'promote', revision: V2, split: { canary: 60 } });
    expect(deedsOf({ ...after(seen), stored: [V2] })).toEqual([]);
  });

  it('brings the traffic home once the primary is ready', () => {
    const seen = { ...after(inheritedPromotion('Promoting', 60)), stored: [V2] };

    expect(nextRun(seen)).toMatchObject({
      stage: 'return',
      split: { canary: 0 },
      outcome: { phase: 'Succeeded' },
    });
  });

  it('D7: ends where the weight has come down to 0 already', () => {
    const stepped = spec({ analysis: { stepWeightPromotion: 50 } });
    const seen = inheritedPromotion('Promoting', 0, { spec: stepped, plan: plan(stepped) });

    expect(nextRun({ ...after(seen), stored: [V2] })).toMatchObject({
      stage: 'return',
      split: { canary: 0 },
    });
  });

  it('only has to scale the canary down', () => {
    const seen = inheritedPromotion('Finalising', 0);

    expect(intended(seen).status.phase).toBe('Finalising');
    expect(deedsOf({ ...after(seen), stored: [V2] })).toEqual(['scaleTarget 0']);
  });

  it.each<[string, Partial<Observation>]>([
    ['the route is not in effect', { route: route(0, { acceptance: 'pending' }) }],
    ['requests may still be in flight', { nowMs: Date.parse(ago(598)) }],
  ])('sees the canary idle first where %s', (_title, override) => {
    expect(nextRun(inheritedPromotion('Finalising', 0, override)).stage).toBe('return');
  });

  it.each(['Promoting', 'Finalising'] as const)(
    'starts an ordinary run for what was pushed during %s',
    (phase) => {
      const seen = inheritedPromotion(phase, 60, { target: canary({ revision: V3, changedAt: ago(60) }) });
      const { status } = intended(seen);

      expect(status).toMatchObject({ phase: 'Initialized', lastPromotedSpec: V2 });
      const rests = { ...stored(seen, status), stored: [V2] };
      expect(deedsOf(rests)).toEqual(['writeRoute 0']);
      expect(intended({ ...rests, route: route(0) })).toMatchObject({
        reason: 'NewRevision',
        status: { run: { revision: V3, split: { canary: 0 } } },
      });
    },
  );
});

describe('a status that went to another controller and came back', () => {
  it('is taken over by what the primary holds, which Serin wrote', () => {
    const seen = inheritedRun({ phase: 'Progressing', lastPromotedSpec: V1 }, 40, { primary: primary() });

    expect(nextRun(seen)).toMatchObject({ revision: V2, stage: 'analysis', split: { canary: 40 } });
    expect(conditionOf(intended(seen).status, 'Promoted')).toMatchObject({ reason: 'Progressing' });
  });
});
