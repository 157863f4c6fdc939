import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import {
  conditionOf,
  deedsOf,
  intended,
  nextRun,
  questionsOf,
  saidIn,
  settledDecision,
  stored,
} from '../fixture/decision.ts';
import {
  INTERVAL_MS,
  NOW_MS,
  V1,
  V2,
  V3,
  ago,
  heard,
  hooks,
  observation,
  plan,
  primary,
  route,
  run,
  spec,
  status,
  target,
  without,
} from '../fixture/observation.ts';

const gated = spec({ analysis: { webhooks: hooks('confirm-rollout', 'rollback') } });

/** A run that waits to be let in; the target has a new revision, and no pods. */
function waiting(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  const started = without(run(), 'settledAt', 'prepared');
  return observation({
    spec: gated,
    target: target({ revision: V2 }),
    status: status({
      phase: of.gate === undefined ? 'Succeeded' : 'Waiting',
      run: {
        ...started,
        plan: plan(gated),
        stage: 'confirm-rollout',
        split: { primary: 100, canary: 0 },
        ...of,
      },
    }),
    ...override,
  });
}

const gate = { type: 'confirm-rollout', closedSince: ago(60) };

describe('the confirm-rollout gate', () => {
  it('is asked with the phase the Canary is in', () => {
    const { decision } = settledDecision(waiting());

    expect(decision).toMatchObject({
      kind: 'ask',
      reason: 'AwaitingRollout',
      questions: [
        { key: 'r1/3/confirm-rollout:0', type: 'confirm-rollout', payload: { phase: 'Succeeded' } },
      ],
    });
  });

  it('lets the run begin when it opens', () => {
    const decision = intended(waiting({}, { answers: heard({ 'confirm-rollout': 'passed' }) }));

    expect(decision.status).toMatchObject({
      phase: 'Progressing',
      lastAppliedSpec: V2,
      run: { id: 'r1', stage: 'scale-up' },
    });
    expect(saidIn(decision)).toEqual(['Normal RolloutConfirmed', 'Normal NewRevision']);
  });

  it.each(['denied', 'unreachable'] as const)(
    'holds the run in Waiting when the hook is %s, and says so once',
    (outcome) => {
      const seen = waiting({}, { answers: heard({ 'confirm-rollout': outcome }) });
      const decision = intended(seen);

      expect(decision.status.phase).toBe('Waiting');
      expect(decision.status.lastAppliedSpec).toBe(V1);
      expect(decision.status.run?.gate).toEqual({ type: 'confirm-rollout', closedSince: ago(0) });
      expect(saidIn(decision)).toEqual(['Warning AwaitingRollout']);

      const again = intended(
        waiting({ gate }, { answers: heard({ rollback: 'denied', 'confirm-rollout': outcome }) }),
      );
      expect(again.notices).toEqual([]);
      expect(again.status.run?.gate).toEqual(gate);
    },
  );

  it('asks again an interval later, in a round of its own', () => {
    const closed = waiting({}, { answers: heard({ 'confirm-rollout': 'denied' }) });

    expect(nextRun(closed).round).toEqual({ seq: 4, dueAt: ago(-INTERVAL_MS / 1000) });
    const { decision } = settledDecision(stored(closed, intended(closed).status));
    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS + INTERVAL_MS });
  });

  it('says what is waited for and since when, and that there is no deadline', () => {
    const { seen } = settledDecision(waiting({ gate }));

    expect(conditionOf(seen.status, 'Ready')).toMatchObject({
      status: 'Unknown',
      reason: 'AwaitingRollout',
      message: 'waits for confirm-rollout (since 07:59:00Z, no deadline)',
    });
  });

  it('asks its hooks in list order; the first that says no ends it', () => {
    const two = spec({ analysis: { webhooks: [...hooks('confirm-rollout'), ...hooks('confirm-rollout')] } });
    const seen = (answers: Record<string, 'passed' | 'denied'>): Observation =>
      waiting({}, { spec: two, answers: heard(answers) });

    expect(questionsOf(seen({}))).toEqual(['confirm-rollout:0']);
    expect(questionsOf(seen({ 'confirm-rollout:0': 'passed' }))).toEqual(['confirm-rollout:1']);
    expect(nextRun(seen({ 'confirm-rollout:0': 'denied' })).gate?.type).toBe('confirm-rollout');
    expect(nextRun(seen({ 'confirm-rollout:0': 'passed', 'confirm-rollout:1': 'passed' })).stage).toBe(
      'scale-up',
    );
  });

  it('never ends by time; after a day one warning says that it is overdue', () => {
    const closedSince = ago(24 * 3600);
    const long = waiting({
      gate: { type: 'confirm-rollout', closedSince },
      round: { seq: 3, dueAt: ago(-5) },
    });
    const decision = intended(long);

    expect(saidIn(decision)).toEqual(['Warning GateOverdue']);
    expect(decision.status.phase).toBe('Waiting');
    expect(conditionOf(decision.status, 'Ready')?.message).toContain('overdue');
    const { decision: after } = settledDecision(stored(long, decision.status));
    expect(after).toMatchObject({ kind: 'enact', actions: [] });
  });

  it('is not overdue a moment before', () => {
    const closedSince = ago(24 * 3600 - 1);
    const seen = waiting({
      gate: { type: 'confirm-rollout', closedSince },
      round: { seq: 3, dueAt: ago(-5) },
    });

    expect(settledDecision(seen).decision).toMatchObject({ kind: 'enact', reason: 'AwaitingRollout' });
  });

  it('opens by itself where its hooks are taken out of the spec', () => {
    expect(nextRun(waiting({ gate }, { spec: spec() })).stage).toBe('scale-up');
  });
});

describe('while the gate is closed', () => {
  it('asks the rollback hooks too, and rolls back when one of them says so', () => {
    expect(questionsOf(waiting({ gate }))).toEqual(['rollback:0']);
    const wished = intended(waiting({ gate }, { answers: heard({ rollback: 'passed' }) }));

    expect(wished).toMatchObject({
      reason: 'RollbackRequested',
      status: { run: { stage: 'return', outcome: { phase: 'Failed' } } },
    });
    expect(questionsOf(waiting({ gate }, { answers: heard({ rollback: 'denied' }) }))).toEqual([
      'confirm-rollout:0',
    ]);
  });

  it('does not ask them before it has been closed once', () => {
    expect(questionsOf(waiting())).toEqual(['confirm-rollout:0']);
  });

  it('a revision that was rolled back is not started again by itself', () => {
    let seen = waiting({ gate }, { answers: heard({ rollback: 'passed' }) });
    seen = { ...stored(seen, intended(seen).status), answers: {} };
    for (let turn = 0; turn < 8 && seen.status.run !== undefined; turn += 1) {
      seen = { ...stored(seen, intended(seen).status), nowMs: seen.nowMs + 10_000 };
    }

    expect(seen.status.phase).toBe('Failed');
    expect(settledDecision(seen).decision).toMatchObject({ kind: 'enact', reason: 'Failed', actions: [] });
  });

  it('starts anew with a newer revision, at the gate', () => {
    const decision = intended(waiting({ gate }, { target: target({ revision: V3 }) }));

    expect(decision).toMatchObject({ reason: 'RunRestarted', status: { lastAppliedSpec: V1 } });
    expect(decision.status.run).toMatchObject({ id: 'r2', revision: V3, stage: 'confirm-rollout' });
    expect(decision.status.run?.gate).toBeUndefined();
  });

  it('is cancelled when the target goes back to the live revision', () => {
    expect(intended(waiting({ gate }, { target: target() }))).toMatchObject({ reason: 'RunCancelled' });
  });

  it.each<[string, Partial<Observation>, readonly string[]]>([
    ['a deleted primary', { primary: undefined }, [`writePrimary ${V1} x2`]],
    [
      'a deleted route',
      { route: { state: 'missing', split: undefined, acceptance: 'pending', message: '' } },
      ['writeRoute 0'],
    ],
    ['edited weights', { route: route(50) }, ['writeRoute 0']],
    [
      'a deleted Service',
      { services: { apex: 'missing', primary: 'inPlace', canary: 'inPlace' } },
      ['writeService apex'],
    ],
    ['an edited primary', { primary: primary({ drifted: true }) }, [`writePrimary ${V1}`]],
  ])('restores %s, for people may take days to decide', (_title, override, deeds) => {
    const seen = waiting({ gate, round: { seq: 3, dueAt: ago(-5) } }, override);

    expect(deedsOf(seen)).toEqual(deeds);
  });

  it('asks once an interval, and writes nothing as long as the answer is no', () => {
    const seen = waiting({ gate });
    const said = stored(seen, settledDecision(seen).seen.status);
    const denied = { ...said, answers: heard({ rollback: 'denied', 'confirm-rollout': 'denied' }) };
    expect(decide(denied)).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS + INTERVAL_MS });

    const later = { ...denied, nowMs: NOW_MS + 5 * INTERVAL_MS };
    const decision = decide(later);
    expect(decision).toMatchObject({ kind: 'ask', questions: [{ key: 'r1/8/rollback:0' }] });

    const answers = heard({ rollback: 'denied', 'confirm-rollout': 'passed' }, 8);
    const opened = nextRun({ ...later, answers: { ...later.answers, ...answers } });
    expect(opened).toMatchObject({ stage: 'scale-up', round: { seq: 9 } });
  });

  it('gives the canary no pods', () => {
    expect(decide(waiting({ gate })).kind).not.toBe('enact');
    expect(deedsOf(waiting({ gate, round: { seq: 3, dueAt: ago(-5) } }))).toEqual([]);
  });
});
