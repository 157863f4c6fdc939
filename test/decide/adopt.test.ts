import { describe, expect, it } from '@jest/globals';
import type { CanaryStatus, Phase } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import { deedsOf, intended, saidIn, stored } from '../fixture/decision.ts';
import { FORMER, inherited } from '../fixture/inherited.ts';
import { V1, V2, V3, ago, noRoute, observation, primary, route, target } from '../fixture/observation.ts';

const succeeded: CanaryStatus = { phase: 'Succeeded' };
/** Whoever lost their status has no time in it either. */
const lost: Partial<Observation> = { status: {} };

describe('taking over a primary that another controller made', () => {
  it('starts nothing where the target is what the primary serves (rule 9, D1)', () => {
    const seen = inherited(succeeded);
    const { reason, status } = intended(seen);

    expect(reason).toBe('Adopted');
    expect(status.run).toBeUndefined();
    expect(status).toMatchObject({ phase: 'Succeeded', lastAppliedSpec: V1, lastPromotedSpec: V1 });
    // Nothing but the record of the revision is written after it.
    expect(deedsOf(stored(seen, status))).toEqual([`storeRevision ${V1}`]);
    expect(decide({ ...stored(seen, status), stored: [V1] }).kind).not.toBe('ask');
  });

  it.each(['Initialized', 'Succeeded', 'Failed'] as const)('keeps the phase %s', (phase) => {
    expect(intended(inherited({ phase })).status.phase).toBe(phase);
  });

  it.each(['', 'Terminated'] as const)('settles a phase that is none to rest in: "%s"', (phase) => {
    expect(intended(inherited({ phase })).status.phase).toBe('Initialized');
  });

  it.each(['Initialized', 'Succeeded'] as const)(
    'starts an ordinary run where the target of a Canary in %s really differs',
    (phase) => {
      const seen = inherited({ phase }, { target: target({ revision: V2 }), stored: [V1, V2] });
      const { status } = intended(seen);

      expect(status).toMatchObject({ phase, lastPromotedSpec: V1 });
      expect(intended(stored(seen, status))).toMatchObject({
        reason: 'NewRevision',
        status: { run: { kind: 'rollout', revision: V2, stage: 'scale-up' } },
      });
    },
  );

  it('D4: takes an existing primary for live where status was lost, and never the target', () => {
    const seen = inherited({}, { ...lost, target: target({ revision: V2, replicas: 2 }) });

    expect(intended(seen).status).toMatchObject({ lastPromotedSpec: V1, lastAppliedSpec: V1 });
  });

  it.each<[Phase]>([['Initializing'], ['']])(
    'goes on with a set-up in phase "%s" where the target agrees',
    (phase) => {
      const seen = inherited({}, { status: { phase }, target: target({ replicas: 2, available: 2 }) });
      const { reason, status } = intended(seen);

      expect(reason).toBe('Initializing');
      // The primary that is there counts by its content, and is not written again.
      expect(deedsOf({ ...stored(seen, status), stored: [V1] })).toEqual([]);
    },
  );

  it('records the configuration that is in use', () => {
    const seen = inherited(succeeded, { configs: { 'configmap/cart': 'abc' } });

    expect(intended(seen).status.trackedConfigs).toEqual({ 'configmap/cart': 'abc' });
  });

  it('says so once', () => {
    const seen = inherited(succeeded);
    const decision = intended(seen);

    expect(saidIn(decision)).toEqual(['Normal Adopted']);
    expect(decide(stored(seen, decision.status))).not.toMatchObject({ reason: 'Adopted' });
  });

  it.each<[string, Observation]>([
    ['no primary', inherited({}, { ...lost, primary: undefined })],
    ['a primary that Serin wrote', observation({ status: {} })],
    [
      'a primary that never served',
      inherited({}, { ...lost, primary: primary({ revision: undefined, asTarget: V2, available: 0 }) }),
    ],
  ])('leaves to the first set-up what has %s', (_title, seen) => {
    expect(intended(seen).reason).toBe('Initializing');
  });

  it('works where requests follow Services alone', () => {
    expect(intended(inherited(succeeded, { route: noRoute })).reason).toBe('Adopted');
  });
});

const refused = (override: Partial<Observation> = {}): Observation =>
  inherited(
    { phase: 'Failed' },
    { target: target({ revision: V2, changedAt: ago(900) }), stored: [V1, V2], ...override },
  );

describe('taking over a Canary that has failed', () => {
  it('D2: does not try a revision again that has been refused', () => {
    const seen = refused();
    const { status } = intended(seen);

    expect(status).toMatchObject({ phase: 'Failed', lastAppliedSpec: V2, lastPromotedSpec: V1 });
    expect(deedsOf({ ...stored(seen, status), stored: [V1] })).toEqual([]);
  });

  it('does not try it again where nobody knows when it was pushed', () => {
    expect(intended(refused({ target: target({ revision: V2 }) })).status.lastAppliedSpec).toBe(V2);
  });

  it('D2: notices a revision that was pushed while no controller was there', () => {
    const seen = refused({ target: target({ revision: V3, changedAt: ago(300) }) });
    const { status } = intended(seen);

    expect(status).toMatchObject({ phase: 'Failed', lastAppliedSpec: V1 });
    expect(intended(stored(seen, status))).toMatchObject({
      reason: 'NewRevision',
      status: { run: { revision: V3 } },
    });
  });

  it('notices configuration that was changed while no controller was there', () => {
    const seen = refused({ configs: { 'configmap/cart': 'new' } });
    const { status } = intended({
      ...seen,
      status: { ...seen.status, trackedConfigs: { 'configmap/cart': 'old' } },
    });

    expect(status.lastAppliedSpec).toBe(V1);
  });

  it('D10: leaves users at the canary of a failed promotion until the primary is ready', () => {
    const seen = inherited(
      { phase: 'Failed', canaryWeight: 100 },
      {
        target: target({ revision: V2, replicas: 2, available: 2, changedAt: ago(900) }),
        primary: primary({
          revision: undefined,
          asTarget: V2,
          available: 1,
          readiness: { kind: 'notYet', message: '1 of 2 pods available' },
        }),
        route: route(100),
        stored: [V2],
      },
    );
    const { status } = intended(seen);
    const rests = stored(seen, status);

    expect(status).toMatchObject({ phase: 'Failed', canaryWeight: 100, lastPromotedSpec: V2 });
    expect(deedsOf(rests)).toEqual([]);
    expect(deedsOf({ ...rests, primary: primary({ revision: undefined, asTarget: V2 }) })).toEqual([
      'writeRoute 0',
    ]);
  });
});

describe('a status that cannot be taken over yet', () => {
  it.each<[string, Partial<Observation>]>([
    [
      'invalid',
      {
        problems: [
          { severity: 'error', reason: 'InvalidSpec', field: 'spec', message: 'is wrong', fix: 'mend it' },
        ],
      },
    ],
    ['suspended', { spec: { ...observation().spec!, suspend: true } }],
  ])('keeps what is known of it while the spec is %s', (_title, override) => {
    const before = inherited(
      { phase: 'Progressing', canaryWeight: 40, iterations: 3, failedChecks: 1 },
      override,
    );

    expect(intended(before).status).toMatchObject({
      phase: 'Progressing',
      canaryWeight: 40,
      iterations: 3,
      failedChecks: 1,
      lastTransitionTime: ago(600),
      lastPromotedSpec: FORMER,
    });
  });
});
