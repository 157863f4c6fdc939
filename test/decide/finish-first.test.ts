import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { allPrimary } from '../../src/model/split.ts';
import { deedsOf, intended, nextRun, questionsOf, saidIn, settledDecision } from '../fixture/decision.ts';
import {
  V1,
  V2,
  V3,
  ago,
  canary,
  failed,
  heard,
  hooks,
  plan,
  primary,
  route,
  running,
  spec,
  target,
} from '../fixture/observation.ts';

const gate = { type: 'confirm-promotion', closedSince: ago(30) };
const finish = spec({
  analysis: { onNewRevision: 'finish', webhooks: hooks('confirm-promotion', 'rollback') },
});

/** V3 was pushed. */
function superseded(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  return running({ gate, ...of }, { spec: finish, target: canary({ revision: V3 }), ...override });
}

function finishing(override: Partial<Observation> = {}): Observation {
  return superseded({ finishing: true, split: allPrimary }, override);
}

describe('onNewRevision: finish', () => {
  it('keeps the run that waits for its promotion, and takes the traffic off pods that nobody has judged', () => {
    const decision = intended(superseded());

    expect(decision.reason).toBe('FinishingFirst');
    expect(saidIn(decision)).toEqual(['Normal FinishingFirst']);
    expect(decision.status).toMatchObject({ phase: 'WaitingPromotion', lastAppliedSpec: V2 });
    expect(decision.status.run).toMatchObject({ revision: V2, finishing: true, split: allPrimary, gate });
  });

  it.each<[string, Partial<Run>]>([
    ['is still analysed', { gate: { ...gate, type: 'confirm-traffic-increase' } }],
    ['has not begun', { stage: 'scale-up', gate: undefined }],
  ])('cannot be honoured for a run that %s: its pods are gone, so it starts anew', (_title, of) => {
    expect(intended(superseded(of)).reason).toBe('RunRestarted');
  });

  it('is off by default', () => {
    expect(intended(superseded({}, { spec: spec() })).reason).toBe('RunRestarted');
  });

  it('asks nothing but the gate and the rollback hooks', () => {
    expect(questionsOf(finishing())).toEqual(['rollback:0']);
    expect(questionsOf(finishing({ answers: heard({ rollback: 'denied' }) }))).toEqual([
      'confirm-promotion:0',
    ]);
  });

  it('promotes what was analysed once the gate opens, whatever the canary is like (D6)', () => {
    const answers = heard({ rollback: 'denied', 'confirm-promotion': 'passed' });
    const seen = finishing({ answers, target: canary({ revision: V3, available: 0, readiness: failed }) });
    const decision = intended(seen);

    expect(decision).toMatchObject({
      reason: 'Promoting',
      status: { run: { stage: 'promote', revision: V2 } },
    });
    expect(deedsOf({ ...seen, status: decision.status })).toContain(`writePrimary ${V2} x2`);
  });

  it('promotes on a command as well', () => {
    const commanded = { name: 'x', verb: 'promote', author: 'ann' } as const;

    for (const of of [{ command: commanded }, { approved: ['confirm-promotion' as const] }]) {
      expect(nextRun(superseded({ finishing: true, split: allPrimary, ...of })).stage).toBe('promote');
    }
  });

  it('fails at the limit of its gate', () => {
    const limited = plan(finish, { gateTimeoutMs: 30_000 });

    expect(intended(superseded({ finishing: true, split: allPrimary, plan: limited })).reason).toBe(
      'GateTimedOut',
    );
  });

  it('goes on waiting at a gate that stays closed, without another event', () => {
    const answers = heard({ rollback: 'denied', 'confirm-promotion': 'denied' });

    expect(intended(finishing({ answers }))).toMatchObject({ reason: 'AwaitingPromotion', notices: [] });
  });

  it('rolls back where a hook wants it', () => {
    expect(intended(finishing({ answers: heard({ rollback: 'passed' }) }))).toMatchObject({
      reason: 'RollbackRequested',
      status: { lastAppliedSpec: V2 },
    });
  });

  it('is cancelled by a return to the live revision (D5)', () => {
    expect(intended(finishing({ target: canary({ revision: V1 }) })).reason).toBe('RunCancelled');
  });

  it('does not mind a still newer one, or the analysed one coming back', () => {
    for (const revision of [V2, 'v1:0000000000000004']) {
      expect(settledDecision(finishing({ target: canary({ revision }) })).decision.kind).toBe('ask');
    }
  });

  it('resumes after a spec that could not be used for a while', () => {
    const seen = superseded({ finishing: true, split: allPrimary, heldSince: ago(900) });

    expect(intended(seen).reason).toBe('Resumed');
    expect(nextRun(seen).heldSince).toBeUndefined();
  });
});

function pushed(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  const seen = running({ stage: 'promote', ...of }, { target: canary({ revision: V3 }), ...override });
  return { ...seen, status: { ...seen.status, phase: 'Promoting' } };
}

describe('a revision that is pushed during a promotion', () => {
  it.each<Run['stage']>(['promote', 'return'])('gets no traffic in stage %s (D6)', (stage) => {
    const decision = intended(pushed({ stage, outcome: undefined }));

    expect(decision.reason).toBe('ReturningTraffic');
    expect(saidIn(decision)).toEqual(['Warning ReturningTraffic']);
    expect(decision.status.run).toMatchObject({ stage, revision: V2, split: allPrimary });
  });

  it.each<[string, Partial<Run>, Partial<Observation>]>([
    ['the primary could not carry it', {}, { primary: primary({ available: 0 }) }],
    ['it is the one that was live', {}, { target: canary({ revision: V1 }) }],
    ['it gets none anyhow', { split: allPrimary }, {}],
  ])('is left alone where %s', (_title, of, override) => {
    expect(settledDecision(pushed(of, override)).decision.reason).not.toBe('ReturningTraffic');
  });

  it('does not become what serves everybody when that promotion fails', () => {
    const seen = pushed(
      { split: allPrimary },
      { primary: primary({ revision: V2, available: 1, readiness: failed }), route: route(0) },
    );

    expect(nextRun(seen)).toMatchObject({ stage: 'restore', split: allPrimary });
    expect(nextRun({ ...seen, target: canary() })).toMatchObject({ stage: 'yield', split: { canary: 100 } });
    expect(
      nextRun({ ...seen, primary: primary({ revision: V2, available: 0, readiness: failed }) }),
    ).toMatchObject({ stage: 'yield' });
  });

  it('starts a run of its own once this one is over', () => {
    const seen = pushed({
      stage: 'closing',
      outcome: { phase: 'Succeeded', reason: 'Succeeded', message: '' },
    });
    const ended = intended({ ...seen, status: { ...seen.status, lastPromotedSpec: V2 } });
    const after = { ...seen, status: ended.status, primary: primary({ revision: V2 }), route: route(0) };

    expect(nextRun({ ...after, target: target({ revision: V3 }) })).toMatchObject({ revision: V3 });
  });
});
