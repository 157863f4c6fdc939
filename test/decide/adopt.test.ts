import { describe, expect, it } from '@jest/globals';
import type { CanaryStatus } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import { deedsOf, intended, saidIn, stored } from '../fixture/decision.ts';
import { V1, V2, noRoute, observation, primary, target } from '../fixture/observation.ts';

/** As Flagger leaves a Canary: its own hashes, a primary that Serin has not written, nothing stored. */
function inherited(status: CanaryStatus, override: Partial<Observation> = {}): Observation {
  return observation({
    status,
    primary: primary({ revision: undefined, asTarget: V1 }),
    stored: [],
    ...override,
  });
}

const succeeded: CanaryStatus = {
  phase: 'Succeeded',
  lastAppliedSpec: '5d8c7f9b6',
  lastPromotedSpec: '5d8c7f9b6',
};

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
    expect(intended(inherited({ ...succeeded, phase })).status.phase).toBe(phase);
  });

  it.each(['', 'Progressing', 'WaitingPromotion', 'Terminated'] as const)(
    'settles a phase that is none to rest in: "%s"',
    (phase) => {
      expect(intended(inherited({ ...succeeded, phase })).status.phase).toBe('Initialized');
    },
  );

  it('starts an ordinary run where the target really differs', () => {
    const seen = inherited(succeeded, { target: target({ revision: V2 }), stored: [V1, V2] });
    const { status } = intended(seen);

    expect(status).toMatchObject({ phase: 'Initialized', lastPromotedSpec: V1 });
    expect(intended(stored(seen, status))).toMatchObject({
      reason: 'NewRevision',
      status: { run: { kind: 'rollout', revision: V2, stage: 'scale-up' } },
    });
  });

  it('takes an existing primary for live where status was lost, and never the target (D4)', () => {
    const seen = inherited({}, { target: target({ revision: V2, replicas: 2 }) });

    expect(intended(seen).status).toMatchObject({ lastPromotedSpec: V1, lastAppliedSpec: V1 });
  });

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
    ['no primary', inherited({}, { primary: undefined })],
    ['a primary that Serin wrote', observation({ status: {} })],
  ])('leaves to the first set-up what has %s', (_title, seen) => {
    expect(intended(seen).reason).toBe('Initializing');
  });

  it('works where requests follow Services alone', () => {
    expect(intended(inherited(succeeded, { route: noRoute })).reason).toBe('Adopted');
  });
});
