import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import { intended, questionsOf, saidIn, settledDecision, stored } from '../fixture/decision.ts';
import { V2, heard, hooks, primary, route, running, spec, target } from '../fixture/observation.ts';

const hooked = spec({ analysis: { webhooks: [...hooks('post-rollout'), ...hooks('post-rollout')] } });

function closing(outcome: NonNullable<Run['outcome']>, override: Partial<Observation> = {}): Observation {
  const seen = running(
    { stage: 'closing', split: splitToward(0), outcome },
    {
      spec: hooked,
      primary: primary({ revision: V2 }),
      target: target({ revision: V2 }),
      route: route(0),
      ...override,
    },
  );
  return { ...seen, status: { ...seen.status, phase: outcome.phase, lastPromotedSpec: V2 } };
}

const succeeded = { phase: 'Succeeded', reason: 'Succeeded', message: 'cart.shop is promoted' } as const;
const failed = { phase: 'Failed', reason: 'ThresholdReached', message: 'too slow' } as const;

describe('post-rollout hooks', () => {
  it.each([succeeded, failed])('are told the outcome: $phase', (outcome) => {
    expect(settledDecision(closing(outcome)).decision).toMatchObject({
      kind: 'ask',
      questions: [{ key: 'r1/3/post-rollout:0', payload: { phase: outcome.phase } }],
    });
  });

  it('are called one after the other', () => {
    expect(questionsOf(closing(succeeded, { answers: heard({ 'post-rollout': 'passed' }) }))).toEqual([
      'post-rollout:1',
    ]);
  });

  it('end the run when all have passed', () => {
    const answers = heard({ 'post-rollout:0': 'passed', 'post-rollout:1': 'passed' });
    const decision = intended(closing(succeeded, { answers }));

    expect(decision.status).toMatchObject({ phase: 'Succeeded', runs: [{ id: 'r1', reason: 'Succeeded' }] });
    expect(decision.status.run).toBeUndefined();
    expect(decision.tally).toBeUndefined();
    expect(saidIn(decision)).toEqual(['Normal PostRollout']);
  });

  it.each(['denied', 'unreachable'] as const)(
    'that are %s change no outcome; the ones after them are skipped',
    (outcome) => {
      const decision = intended(closing(succeeded, { answers: heard({ 'post-rollout': outcome }) }));

      expect(decision.status).toMatchObject({ phase: 'Succeeded' });
      expect(decision.status.run).toBeUndefined();
      expect(saidIn(decision)).toEqual(['Warning PostRolloutFailed']);
    },
  );

  it('are asked again under the same name after a crash', () => {
    const seen = closing(failed);
    const { decision, seen: said } = settledDecision(seen);

    expect(settledDecision(stored(seen, said.status)).decision).toEqual(decision);
  });

  it('end the run even where the canary was named anew meanwhile', () => {
    expect(intended(closing(failed, { spec: spec() })).status.phase).toBe('Failed');
  });
});
