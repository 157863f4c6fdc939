// Section 5 of the life cycle, row by row: when a hook is called, with which phase, and what its answer means.
import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/decide/decide.ts';
import type { Analysis, WebhookType } from '../../src/api/analysis.ts';
import type { CanaryStatus, Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { HookQuestion } from '../../src/model/question.ts';
import { splitToward } from '../../src/model/split.ts';
import { intended, nextRun, saidIn, settledDecision, stored } from '../fixture/decision.ts';
import {
  NOW_MS,
  ago,
  heard,
  hooks,
  measured,
  plan,
  primary,
  running,
  spec,
  target,
  canary,
  V2,
} from '../fixture/observation.ts';

const atHome = splitToward(0);
const closed = (type: string, seconds = 30): Partial<Run> => ({ gate: { type, closedSince: ago(seconds) } });

/** In the analysis, with hooks of these types. */
function withHooks(
  types: readonly WebhookType[],
  of: Partial<Run> = {},
  more: Partial<Observation> = {},
): Observation {
  return running(of, { spec: spec({ analysis: { webhooks: hooks(...types) } }), ...more });
}

function waiting(
  of: Partial<Run> = {},
  analysis: Partial<Analysis> = {},
  more: Partial<CanaryStatus> = {},
): Observation {
  const seen = running(
    { stage: 'confirm-rollout', split: atHome, ...of },
    { spec: spec({ analysis: { webhooks: hooks('confirm-rollout', 'rollback'), ...analysis } }) },
  );
  return { ...seen, status: { ...seen.status, phase: 'Succeeded', ...more } };
}

function hookAsked(seen: Observation): HookQuestion | undefined {
  const { decision } = settledDecision(seen);
  const [question] = decision.kind === 'ask' ? decision.questions : [];
  return question?.kind === 'hook' ? question : undefined;
}

const phaseSent = (seen: Observation): string | undefined => hookAsked(seen)?.payload.phase;

describe('a hook of type', () => {
  it('confirm-rollout: is sent the real phase; closed it makes the Canary wait, said once; open it lets the run begin', () => {
    expect(phaseSent(waiting())).toBe('Succeeded');
    const shut = intended({ ...waiting(), answers: heard({ 'confirm-rollout': 'denied' }) });
    expect(shut.status.phase).toBe('Waiting');
    expect(saidIn(shut)).toEqual(['Warning AwaitingRollout']);
    const again = waiting(closed('confirm-rollout'), {}, { phase: 'Waiting' });
    const answers = heard({ 'confirm-rollout': 'denied', rollback: 'denied' });
    expect(phaseSent({ ...again, answers: heard({ rollback: 'denied' }) })).toBe('Waiting');
    expect(settledDecision({ ...again, answers }).decision).toMatchObject({ kind: 'enact', actions: [] });
    const open = intended({ ...waiting(), answers: heard({ 'confirm-rollout': 'passed' }) });
    expect(open.status).toMatchObject({ phase: 'Progressing', run: { stage: 'scale-up' } });
    expect(saidIn(open)).toEqual(['Normal RolloutConfirmed', 'Normal NewRevision']);
  });

  it('pre-rollout: is sent Progressing; failed it is counted; passed it is said', () => {
    const first = withHooks(['pre-rollout'], { prepared: false, split: atHome });
    expect(phaseSent(first)).toBe('Progressing');
    expect(nextRun({ ...first, answers: heard({ 'pre-rollout': 'denied' }) }).counts.fail).toBe(1);
    expect(saidIn(intended({ ...first, answers: heard({ 'pre-rollout': 'passed' }) }))).toEqual([
      'Normal PreRollout',
      'Normal StepTaken',
    ]);
  });

  it('D24: pre-rollout: is not called again while the weight stays at 0', () => {
    const held = withHooks(['pre-rollout', 'confirm-traffic-increase'], {
      ...closed('confirm-traffic-increase'),
      split: atHome,
    });
    expect(hookAsked(held)?.type).toBe('confirm-traffic-increase');
  });

  it('rollout: is sent Progressing, before the metrics; failed it is counted, and no metric is asked', () => {
    const seen = withHooks(['rollout']);
    expect(phaseSent(seen)).toBe('Progressing');
    expect(intended({ ...seen, answers: heard({ rollout: 'denied' }) }).reason).toBe('RoundFailed');
    expect(
      saidIn(intended({ ...seen, answers: { ...heard({ rollout: 'passed' }), ...measured('pass') } })),
    ).toEqual(['Normal StepTaken']);
  });

  it('confirm-traffic-increase: is sent Progressing; closed it holds the step, and the analysis goes on; open it is said', () => {
    const seen = withHooks(['confirm-traffic-increase'], {}, { answers: measured('pass') });
    expect(phaseSent(seen)).toBe('Progressing');
    const shut = intended({
      ...seen,
      answers: { ...measured('pass'), ...heard({ 'confirm-traffic-increase': 'denied' }) },
    });
    expect(shut.status).toMatchObject({ phase: 'Progressing', canaryWeight: 20, failedChecks: 0 });
    expect(saidIn(shut)).toEqual(['Warning AwaitingTrafficIncrease']);
    const open = intended({
      ...seen,
      answers: { ...measured('pass'), ...heard({ 'confirm-traffic-increase': 'passed' }) },
    });
    expect(saidIn(open)).toEqual(['Normal GateOpened', 'Normal StepTaken']);
  });

  it('D23: confirm-promotion: is sent Progressing; closed it shows WaitingPromotion with the weight that is in effect', () => {
    const seen = withHooks(['confirm-promotion'], { split: splitToward(60) }, { answers: measured('pass') });
    expect(phaseSent(seen)).toBe('Progressing');
    const shut = intended({
      ...seen,
      answers: { ...measured('pass'), ...heard({ 'confirm-promotion': 'denied' }) },
    });
    expect(shut.status).toMatchObject({ phase: 'WaitingPromotion', canaryWeight: 60, iterations: 0 });
    expect(saidIn(shut)).toEqual(['Warning AwaitingPromotion']);
  });

  it('D23: confirm-promotion: closed in a blue/green release shows the rounds that were done', () => {
    const blueGreen = spec({ analysis: { iterations: 2, webhooks: hooks('confirm-promotion') } });
    const seen = running(
      { split: atHome, iteration: 2 },
      { spec: blueGreen, answers: { ...measured('pass'), ...heard({ 'confirm-promotion': 'denied' }) } },
    );
    expect(intended(seen).status).toMatchObject({ phase: 'WaitingPromotion', iterations: 2 });
  });

  it('rollback: is sent the real phase; passed it rolls back; failed it changes nothing and says nothing', () => {
    expect(phaseSent(withHooks(['rollback']))).toBe('Progressing');
    const promoting = withHooks(['rollback', 'confirm-promotion'], {
      ...closed('confirm-promotion'),
      split: splitToward(60),
    });
    expect(phaseSent(promoting)).toBe('WaitingPromotion');
    expect(intended(withHooks(['rollback'], {}, { answers: heard({ rollback: 'passed' }) })).reason).toBe(
      'RollbackRequested',
    );
    const no = withHooks(
      ['rollback'],
      {},
      { answers: { ...heard({ rollback: 'denied' }), ...measured('pass') } },
    );
    expect(saidIn(intended(no))).toEqual(['Normal StepTaken']);
  });

  it('post-rollout: is sent Succeeded or Failed, after the outcome is stored', () => {
    for (const phase of ['Succeeded', 'Failed'] as const) {
      const seen = withHooks(
        ['post-rollout'],
        { stage: 'closing', split: atHome, outcome: { phase, reason: phase, message: '' } },
        { primary: primary({ revision: V2 }), target: target({ revision: V2 }) },
      );
      expect(phaseSent({ ...seen, status: { ...seen.status, phase } })).toBe(phase);
    }
  });
});

describe('a call', () => {
  it('is named by run, sequence and hook, the same before and after a crash', () => {
    const seen = withHooks(['rollout']);
    const first = hookAsked(seen);
    expect(first?.call).toEqual({ run: 'r1', sequence: 3, hook: 'rollout:0' });
    expect(hookAsked({ ...seen, nowMs: NOW_MS + 60_000, chance: 'another life' })?.call).toEqual(first?.call);
  });

  it('has a new sequence in the next round', () => {
    const seen = withHooks(['rollout'], {}, { answers: heard({ rollout: 'denied' }) });
    const next = nextRun(seen);
    const later = { ...stored(seen, { ...seen.status, run: next }), nowMs: NOW_MS + 10_000 };
    expect(hookAsked(later)?.call).toEqual({ run: 'r1', sequence: 4, hook: 'rollout:0' });
  });

  it('at a gate that is opened by a person has no number that the gate was asked under', () => {
    const asked = waiting({ ...closed('confirm-rollout', 60), round: { seq: 3, dueAt: ago(45) } });
    expect(hookAsked({ ...asked, answers: heard({ rollback: 'denied' }, 7) })?.call).toMatchObject({
      sequence: 7,
    });
    const approve = {
      uid: 'u',
      name: 'c',
      verb: 'approve',
      author: 'ann',
      stale: false,
      createdAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 1,
    };
    expect(nextRun({ ...asked, commands: [approve] }).round?.seq).toBe(8);
  });
});

const limited = (type: WebhookType): Partial<Analysis> => ({ webhooks: hooks(type), gateTimeout: '1m' });

const gated = (type: WebhookType, seconds: number, weight = 20): Observation =>
  running(
    { ...closed(type, seconds), split: splitToward(weight), round: { seq: 3, dueAt: ago(-9) } },
    { spec: spec({ analysis: limited(type) }) },
  );

describe('gateTimeout', () => {
  it.each(['confirm-traffic-increase', 'confirm-promotion'] as const)(
    'rolls back a run whose %s stays closed',
    (type) => {
      const { reason, status } = intended(gated(type, 60));
      expect(reason).toBe('GateTimedOut');
      expect(status.run).toMatchObject({
        stage: 'return',
        split: atHome,
        outcome: { phase: 'Failed', reason: 'GateTimedOut', message: `${type} was not given within 60s` },
      });
    },
  );

  it('ends a run that nobody confirms, and its pods are never started', () => {
    const seen = waiting(closed('confirm-rollout', 60), limited('confirm-rollout'));
    const idle = { ...seen, target: target({ revision: V2 }) };
    let now: Observation = idle;
    const deeds: string[] = [];
    for (let turn = 0; turn < 12 && now.status.run !== undefined; turn += 1) {
      const decision = decide(now);
      if (decision.kind === 'intend') {
        now = stored(now, decision.status);
      } else {
        deeds.push(
          ...(decision.kind === 'enact' ? decision.actions.map(({ kind }) => kind) : [decision.kind]),
        );
        now = { ...now, nowMs: now.nowMs + 10_000 };
      }
    }
    expect(deeds).toEqual([]);
    expect(now.status).toMatchObject({
      phase: 'Failed',
      lastAppliedSpec: V2,
      runs: [{ reason: 'GateTimedOut' }],
    });
    // It is not started again by itself.
    expect(decide(now)).toMatchObject({ kind: 'enact', reason: 'CollectingRevisions' });
  });

  it('is looked at in time, and stands in the message', () => {
    const { decision, seen } = settledDecision(gated('confirm-promotion', 55, 60));
    expect(decision).toMatchObject({ kind: 'enact', reason: 'AwaitingPromotion', wakeAtMs: NOW_MS + 5_000 });
    expect(seen.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Ready',
        message: 'waits for confirm-promotion (since 07:59:05Z, until 08:00:05Z)',
      }),
    );
    const { decision: early } = settledDecision({
      ...waiting(
        { ...closed('confirm-rollout', 55), round: { seq: 3, dueAt: ago(-9) } },
        limited('confirm-rollout'),
      ),
    });
    expect(early).toMatchObject({ reason: 'AwaitingRollout', wakeAtMs: NOW_MS + 5_000 });
  });

  it('takes effect where it is set while a gate is closed, and then nothing is overdue', () => {
    const day = waiting(
      { ...closed('confirm-rollout', 90_000), plan: plan(spec()) },
      limited('confirm-rollout'),
    );
    expect(intended(day).reason).toBe('GateTimedOut');
    const patient = { webhooks: hooks('confirm-promotion'), gateTimeout: '48h' } as const;
    const long = running(
      { ...closed('confirm-promotion', 90_000), round: { seq: 3, dueAt: ago(-9) } },
      { spec: spec({ analysis: patient }) },
    );
    expect(settledDecision(long).decision).toMatchObject({ kind: 'enact', reason: 'AwaitingPromotion' });
  });

  it('does not count the time that the run is paused', () => {
    const seen = gated('confirm-promotion', 90);
    const resume = {
      uid: 'u',
      name: 'c',
      verb: 'resume',
      author: 'ann',
      stale: false,
      createdAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 1,
    };
    const paused = { since: ago(60), by: 'ann' };
    const held = stored(seen, { ...seen.status, run: { ...nextOf(seen), paused } });
    expect(settledDecision(held).decision.reason).toBe('Paused');
    const after = stored(held, intended({ ...held, commands: [resume] }).status);
    expect(settledDecision(after).decision).toMatchObject({
      reason: 'AwaitingPromotion',
      wakeAtMs: NOW_MS + 30_000,
    });
  });
});

function nextOf({ status }: Observation): Run {
  if (status.run === undefined) {
    throw new Error('no run');
  }
  return status.run;
}

describe('a gate without hooks in the spec any more', () => {
  it('opens at the next round', () => {
    const seen = running(
      { ...closed('confirm-promotion'), split: splitToward(60) },
      { answers: measured('pass'), target: canary() },
    );
    expect(intended(seen).reason).toBe('Promoting');
  });
});
