import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/decide/decide.ts';
import type { CommandRecord } from '../../src/api/status.ts';
import type { Observation, SeenCommand } from '../../src/model/observation.ts';
import {
  deedsOf,
  intended,
  nextRun,
  questionsOf,
  saidIn,
  settledDecision,
  stored,
} from '../fixture/decision.ts';
import {
  NOW_MS,
  V1,
  V2,
  V3,
  ago,
  canary,
  hooks,
  notYet,
  observation,
  primary,
  run,
  running,
  spec,
  status,
  target,
  without,
} from '../fixture/observation.ts';

function command(verb: string, override: Partial<SeenCommand> = {}): SeenCommand {
  return {
    uid: `uid-${verb}`,
    name: `cart-${verb}`,
    verb,
    author: 'ann',
    stale: false,
    createdAtMs: NOW_MS - 5_000,
    expiresAtMs: NOW_MS + 3_600_000,
    ...override,
  };
}

const told = (seen: Observation, ...commands: readonly SeenCommand[]): Observation => ({ ...seen, commands });
const give = (seen: Observation, verb: string, override: Partial<SeenCommand> = {}): Observation =>
  told(seen, command(verb, override));

/** `Done: holds …`: what becomes of the command. */
function resultOf(seen: Observation): string {
  const [record] = intended(seen).status.commands ?? [];
  return record === undefined ? 'nothing' : `${record.result}: ${record.message}`;
}

const paused = { since: ago(60), by: 'ann', reason: 'lunch' };
const gateAt = (type: string): { type: string; closedSince: string } => ({ type, closedSince: ago(30) });
const gateRun = { gate: gateAt('confirm-promotion'), round: { seq: 3, dueAt: ago(-9) } };
const gated = (type: 'confirm-traffic-increase' | 'confirm-promotion', weight = 20): Observation =>
  running(
    {
      gate: gateAt(type),
      split: { primary: 100 - weight, canary: weight },
      round: { seq: 3, dueAt: ago(-9) },
    },
    { spec: spec({ analysis: { webhooks: hooks(type) } }) },
  );
const waiting = (override: Partial<Observation> = {}): Observation =>
  running(
    { stage: 'confirm-rollout', split: { primary: 100, canary: 0 }, gate: gateAt('confirm-rollout') },
    { spec: spec({ analysis: { webhooks: hooks('confirm-rollout') } }), ...override },
  );
const failedRest = (override: Partial<Observation> = {}): Observation =>
  observation({
    status: status({ phase: 'Failed', lastAppliedSpec: V2 }),
    target: target({ revision: V2 }),
    ...override,
  });

describe('a command', () => {
  it('is recorded by the write that carries it out, with whose it was, why, and of which run', () => {
    const { status: after } = intended(give(running(), 'pause', { reason: 'lunch' }));
    expect(after.commands).toEqual([
      {
        uid: 'uid-pause',
        name: 'cart-pause',
        verb: 'pause',
        author: 'ann',
        reason: 'lunch',
        result: 'Done',
        message: 'holds at weight 20 until it is resumed',
        at: ago(0),
        run: 'r1',
      },
    ]);
  });

  it('that is recorded is answered before anything else, and has no second effect', () => {
    const seen = give(running(), 'pause');
    const after = stored(seen, intended(seen).status);
    expect(deedsOf(after)).toEqual(['answerCommand cart-pause Done']);
    const answered = { ...after, commands: [command('pause', { answeredAtMs: NOW_MS })] };
    expect(settledDecision(answered).decision).toMatchObject({
      kind: 'enact',
      reason: 'Paused',
      actions: [],
    });
  });

  it('is answered as recorded where the answer was lost in a crash, whatever has happened since', () => {
    const record: CommandRecord = {
      uid: 'uid-abort',
      name: 'cart-abort',
      verb: 'abort',
      author: 'ann',
      result: 'Done',
      message: 'rolls back',
      at: ago(60),
    };
    for (const seen of [
      observation({ status: status({ commands: [record] }) }),
      observation({ status: status({ commands: [record] }), deleting: true }),
      observation({ status: status({ commands: [record] }), spec: { ...spec(), suspend: true } }),
    ]) {
      expect(decide(give(seen, 'abort'))).toMatchObject({
        kind: 'enact',
        reason: 'AnsweringCommand',
        actions: [{ kind: 'answerCommand', answer: record }],
      });
    }
  });

  it('waits its turn: the oldest comes first, the next is judged by what that left behind', () => {
    const first = running();
    const both = told(first, command('pause'), command('resume'));
    const { status: after } = intended(both);
    expect(after.run?.paused).toBeDefined();
    const next = told(stored(first, after), command('pause', { answeredAtMs: NOW_MS }), command('resume'));
    expect(resultOf(next)).toBe('Done: goes on at weight 20');
    expect(nextRun(next).paused).toBeUndefined();
  });

  it('that comes twice is refused the second time', () => {
    const { status: after } = intended(give(running(), 'pause'));
    const again = told(stored(running(), after), command('pause', { answeredAtMs: NOW_MS }), {
      ...command('pause'),
      uid: 'another',
    });
    expect(resultOf(again)).toMatch(/^Refused: it is paused by ann .*: resume ends that$/);
  });

  it('is remembered for ten commands, newest first', () => {
    const old = Array.from({ length: 10 }, (_, index): CommandRecord => ({
      uid: `old-${index}`,
      name: `old-${index}`,
      verb: 'pause',
      author: 'ann',
      result: 'Refused',
      message: '',
      at: ago(60),
    }));
    const seen = running();
    const { commands = [] } = intended(give(stored(seen, { ...seen.status, commands: old }), 'pause')).status;
    expect(commands.map(({ uid }) => uid)).toEqual(['uid-pause', ...old.slice(0, 9).map(({ uid }) => uid)]);
  });

  it('that expired is said to have done nothing, also of a Canary that is suspended', () => {
    for (const suspend of [false, true]) {
      const seen = running({}, { spec: { ...spec(), suspend } });
      const late = give(seen, 'abort', { expiresAtMs: NOW_MS });
      expect(resultOf(late)).toBe('Expired: it could not be carried out before 08:00:00Z: nothing was done');
      expect(intended(late).status.run).toEqual(seen.status.run);
      expect(saidIn(intended(late))).toEqual(['Warning CommandExpired']);
    }
  });

  it('waits while the Canary is suspended, until it expires', () => {
    const seen = running({ suspendedAt: ago(5) }, { spec: { ...spec(), suspend: true } });
    const { decision } = settledDecision(give(seen, 'abort', { expiresAtMs: NOW_MS + 5_000 }));
    expect(decision).toMatchObject({
      kind: 'enact',
      reason: 'Suspended',
      actions: [],
      wakeAtMs: NOW_MS + 5_000,
    });
  });

  it('from before the Canary is refused', () => {
    expect(resultOf(give(running(), 'abort', { stale: true }))).toBe(
      'Refused: it was given before this Canary was created: give it again',
    );
  });

  it.each(['approve', 'promote', 'step'] as const)('%s from before the run is refused', (verb) => {
    const before = { createdAtMs: NOW_MS - 121_000 };
    const seen = verb === 'approve' ? gated('confirm-promotion') : running();
    expect(resultOf(give(seen, verb, before))).toMatch(/^Refused: it was given before this run began/);
  });

  it('of an unknown verb is refused', () => {
    expect(resultOf(give(running(), 'explode'))).toMatch(
      /^Refused: this version knows no verb explode: use pause, /,
    );
  });

  it('waits until the run follows the target, so that nobody approves what he has not seen; abort does not', () => {
    const moved = { ...waiting(), target: canary({ revision: V3 }) };
    expect(intended(give(moved, 'approve')).reason).toBe('RunRestarted');
    expect(intended(give(moved, 'abort')).reason).toBe('AbortRequested');
  });

  it('does not wait where the run is finished before the target is followed', () => {
    const finishing = { ...gateRun, finishing: true, split: { primary: 100, canary: 0 } };
    const seen = running(finishing, {
      spec: spec({ analysis: { webhooks: hooks('confirm-promotion'), onNewRevision: 'finish' } }),
      target: canary({ revision: V3 }),
    });
    const after = stored(seen, intended(give(seen, 'approve')).status);
    expect(intended(after).reason).toBe('Promoting');
    expect(
      resultOf(give({ ...seen, status: { ...seen.status, run: without(run(finishing), 'gate') } }, 'step')),
    ).toMatch(/the analysis is over/);
  });

  it('but abort is refused while the Canary cannot be used', () => {
    const invalid = running({}, { target: undefined });
    expect(resultOf(give(invalid, 'promote'))).toMatch(
      /^Refused: only abort works .*Deployment cart.shop does not exist/,
    );
    expect(intended(give(invalid, 'abort')).reason).toBe('AbortRequested');
  });

  it('that is refused leaves run and conditions as they are', () => {
    const seen = running();
    const { decision: settled, seen: before } = settledDecision(seen);
    expect(settled.kind).toBe('ask');
    const after = intended(give(before, 'resume')).status;
    expect(after.run).toEqual(before.status.run);
    expect(after.conditions).toEqual(before.status.conditions);
  });
});

describe('refused with what would work:', () => {
  const setUp = observation({
    status: {
      run: run({ kind: 'initialise', stage: 'provision', revision: V1, split: { primary: 100, canary: 0 } }),
    },
  });
  const promoting = running({ stage: 'promote' });
  const goingBack = running({
    stage: 'return',
    split: { primary: 100, canary: 0 },
    outcome: { phase: 'Failed', reason: 'ThresholdReached', message: '' },
  });
  it.each<[string, string, Observation, RegExp]>([
    ['pause without a run', 'pause', observation(), /no run is under way: there is nothing to pause/],
    ['pause of the set-up', 'pause', setUp, /being set up/],
    ['pause of a promotion', 'pause', promoting, /past its analysis/],
    ['pause of a way back', 'pause', goingBack, /on its way back/],
    ['resume without a run', 'resume', observation(), /nothing is paused/],
    ['resume of what runs', 'resume', running(), /not paused/],
    ['promote without a run', 'promote', observation(), /nothing to promote/],
    ['promote before the run', 'promote', waiting(), /approve opens confirm-rollout first/],
    ['step without a run', 'step', observation(), /no step to take/],
    ['step of a paused run', 'step', running({ paused }), /resume it first/],
    ['step past a gate', 'step', gated('confirm-promotion'), /waits for confirm-promotion: approve opens it/],
    ['step before the first', 'step', running({ prepared: false }), /the analysis has not begun/],
    [
      'step before the last one holds',
      'step',
      running({}, { target: canary({ readiness: notYet }) }),
      /not in effect yet/,
    ],
    ['abort without a run', 'abort', observation(), /nothing to abort/],
    ['abort on the way back', 'abort', goingBack, /on its way back: there is nothing to abort/],
    ['retry during a run', 'retry', running(), /a run is under way/],
    ['retry of a success', 'retry', observation(), /has not failed/],
    [
      'retry of another revision',
      'retry',
      failedRest({ target: target({ revision: V3 }) }),
      /any other starts a run by itself/,
    ],
    ['approve without a run', 'approve', observation(), /no gate is closed/],
    ['approve of an open gate', 'approve', running(), /no gate is closed now/],
    [
      'approve of a paused run',
      'approve',
      {
        ...gated('confirm-promotion'),
        status: {
          ...gated('confirm-promotion').status,
          run: run({ gate: gateAt('confirm-promotion'), paused }),
        },
      },
      /resume it first/,
    ],
  ])('%s', (_title, verb, seen, why) => {
    expect(resultOf(give(seen, verb))).toMatch(/^Refused: /);
    expect(resultOf(give(seen, verb))).toMatch(why);
    expect(intended(give(seen, verb)).status.run).toEqual(seen.status.run);
  });

  it('approve of another gate than the closed one', () => {
    expect(resultOf(give(gated('confirm-promotion'), 'approve', { gate: 'confirm-rollout' }))).toBe(
      'Refused: the gate that is closed is confirm-promotion, not confirm-rollout',
    );
  });
});

describe('pause', () => {
  it('says whose it is, since when, and that it has no deadline', () => {
    const seen = running({ paused });
    const { decision, seen: after } = settledDecision(seen);
    expect(decision).toMatchObject({
      kind: 'enact',
      reason: 'Paused',
      actions: [],
      wakeAtMs: NOW_MS - 60_000 + 86_400_000,
    });
    expect(after.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Ready',
        status: 'Unknown',
        message: 'paused by ann (since 07:59:00Z, no deadline): lunch',
      }),
    );
  });

  it('asks nothing, takes no step and passes no deadline, but keeps the world in place', () => {
    const seen = running(
      { paused, splitSince: ago(9_000), round: { seq: 3, dueAt: ago(50) } },
      { route: { state: 'missing', split: undefined, acceptance: 'pending', message: '' } },
    );
    expect(deedsOf(seen)).toEqual(['writeRoute 20']);
    expect(questionsOf(running({ paused }))).toEqual([]);
    const unready = running(
      { paused, heldSince: ago(9_000) },
      { target: canary({ readiness: notYet, available: 1 }) },
    );
    expect(settledDecision(unready).decision).toMatchObject({ reason: 'Paused', actions: [] });
  });

  it('takes its traffic from a canary that has lost all pods', () => {
    const seen = running({ paused }, { target: canary({ readiness: notYet, available: 0 }) });
    expect(nextRun(seen)).toMatchObject({ split: { primary: 100, canary: 0 }, resumeWeight: 20, paused });
  });

  it('holds at the gate before a run, and while the canary is scaled up', () => {
    const atGate = waiting();
    const stopped = nextRun(give(atGate, 'pause'));
    expect(settledDecision(stored(atGate, { ...atGate.status, run: stopped })).decision.reason).toBe(
      'Paused',
    );
    const scaling = running({ stage: 'scale-up', paused, split: { primary: 100, canary: 0 } });
    expect(settledDecision(scaling).decision).toMatchObject({ reason: 'Paused', actions: [] });
  });

  it('is said to be overdue once, after a day', () => {
    const long = { ...paused, since: ago(86_400) };
    const seen = running({ paused: long });
    expect(saidIn(intended(seen))).toEqual(['Warning PauseOverdue']);
    const after = stored(seen, intended(seen).status);
    expect(settledDecision(after).decision).toEqual({ kind: 'enact', reason: 'Paused', actions: [] });
  });

  it('goes over to the run of a new revision, which starts at weight 0', () => {
    const seen = running({ paused }, { target: canary({ revision: V3 }) });
    expect(nextRun(seen)).toMatchObject({
      revision: V3,
      split: { canary: 0 },
      paused: { ...paused, since: ago(0) },
    });
  });

  it('ends with resume, and the time of it counts for no deadline', () => {
    const seen = running({
      paused,
      stageSince: ago(100),
      splitSince: ago(90),
      settledAt: ago(80),
      round: { seq: 3, dueAt: ago(55) },
    });
    const next = nextRun(give(seen, 'resume'));
    expect(next).toMatchObject({
      stageSince: ago(40),
      splitSince: ago(30),
      settledAt: ago(20),
      round: { seq: 3, dueAt: ago(-5) },
    });
    expect(next.paused).toBeUndefined();
  });

  it('and a suspension during it are not counted twice', () => {
    const seen = running({ paused, suspendedAt: ago(20), stageSince: ago(100) });
    const resumed = nextRun(seen);
    expect(resumed).toMatchObject({ stageSince: ago(80), paused: { since: ago(40) } });
    expect(nextRun(give(stored(seen, { ...seen.status, run: resumed }), 'resume')).stageSince).toBe(ago(40));
  });

  it('does not eat up the deadline of pods that were lost during it', () => {
    const seen = running({ paused, heldSince: ago(10) });
    expect(nextRun(give(seen, 'resume')).heldSince).toBe(ago(0));
  });
});

describe('promote', () => {
  it('skips checks and gates', () => {
    const seen = gated('confirm-promotion', 60);
    const after = stored(seen, intended(give(seen, 'promote')).status);
    expect(after.status.run).toMatchObject({ command: { verb: 'promote', author: 'ann' } });
    expect(intended(after)).toMatchObject({ reason: 'Promoting', status: { phase: 'Promoting' } });
  });

  it('never skips readiness', () => {
    const command_ = { name: 'x', verb: 'promote', author: 'ann' } as const;
    const unready = { target: canary({ readiness: notYet, available: 1 }) };
    expect(intended(running({ command: command_ }, unready)).reason).toBe('CanaryNotReady');
    const scaling = { stage: 'scale-up', split: { primary: 100, canary: 0 }, command: command_ } as const;
    expect(settledDecision(running(scaling, unready)).decision.reason).toBe('CanaryNotReady');
    expect(intended(running(scaling)).reason).toBe('Promoting');
  });

  it('ends a pause', () => {
    expect(nextRun(give(running({ paused }), 'promote')).paused).toBeUndefined();
  });

  it('is not given twice', () => {
    const before = { command: { name: 'x', verb: 'promote', author: 'bob' } } as const;
    expect(resultOf(give(running(before), 'promote'))).toBe('Refused: bob has said so already');
  });

  it('stands in the history of the run, which counts as one without an analysis', () => {
    const command_ = { name: 'x', verb: 'promote', author: 'ann', reason: 'hotfix' } as const;
    const seen = running(
      {
        stage: 'scale-down',
        split: { primary: 100, canary: 0 },
        command: command_,
        outcome: { phase: 'Succeeded', reason: 'Succeeded', message: '' },
      },
      { target: canary({ replicas: 0, available: 0 }), primary: primary({ revision: V2 }) },
    );
    const { status: after, tally } = intended({ ...seen, status: { ...seen.status, lastPromotedSpec: V2 } });
    expect(after.runs?.[0]).toMatchObject({ phase: 'Succeeded', command: command_ });
    expect(tally).toMatchObject({ result: 'success', analysis: 'skipped' });
  });
});

describe('step', () => {
  it('is due now, checks nothing and asks the gates', () => {
    const seen = running(
      { round: { seq: 3, dueAt: ago(-9) } },
      { spec: spec({ analysis: { webhooks: hooks('rollout', 'confirm-traffic-increase') } }) },
    );
    const next = nextRun(give(seen, 'step'));
    expect(next).toMatchObject({ unchecked: true, round: { seq: 4, dueAt: ago(0) } });
    const after = stored(seen, { ...seen.status, run: next });
    expect(questionsOf(after)).toEqual(['confirm-traffic-increase:0']);
    const answers = {
      'r1/4/confirm-traffic-increase:0': {
        kind: 'hook',
        outcome: 'passed',
        reason: 'HookPassed',
        message: '',
      },
    } as const;
    const taken = intended({ ...after, answers });
    expect(taken.status.run).toMatchObject({ split: { canary: 40 } });
    expect(taken.status.run?.unchecked).toBeUndefined();
    expect(taken.status.rounds?.at(-1)).toMatchObject({ outcome: 'pass', reason: 'Unchecked', checks: [] });
  });

  it('that a gate holds up is over: the round after it checks again', () => {
    const seen = running(
      { unchecked: true },
      {
        spec: spec({ analysis: { webhooks: hooks('confirm-traffic-increase') } }),
        answers: {
          'r1/3/confirm-traffic-increase:0': {
            kind: 'hook',
            outcome: 'denied',
            reason: 'HookDenied',
            message: 'no',
          },
        },
      },
    );
    expect(nextRun(seen)).toMatchObject({ gate: { type: 'confirm-traffic-increase' } });
    expect(nextRun(seen).unchecked).toBeUndefined();
  });
});

describe('abort', () => {
  it.each(['confirm-rollout', 'scale-up', 'analysis'] as const)('rolls back in stage %s', (stage) => {
    const seen = running({ stage, ...(stage === 'analysis' ? {} : { split: { primary: 100, canary: 0 } }) });
    const { status: after, notices } = intended(give(seen, 'abort', { reason: 'errors' }));
    expect(after.run).toMatchObject({
      stage: 'return',
      split: { primary: 100, canary: 0 },
      outcome: { phase: 'Failed', reason: 'AbortRequested', message: 'aborted by ann: errors' },
      command: { verb: 'abort', author: 'ann', reason: 'errors' },
    });
    expect(notices).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'AbortRequested' }));
  });

  it('out of a promotion gives the primary its proven revision back', () => {
    const seen = running({ stage: 'promote' }, { primary: primary({ revision: V2 }) });
    const after = stored(seen, intended(give(seen, 'abort')).status);
    expect(after.status.run).toMatchObject({
      stage: 'yield',
      split: { canary: 100 },
      outcome: { reason: 'AbortRequested' },
    });
    const restoring = stored(seen, { ...after.status, run: run({ ...after.status.run, stage: 'restore' }) });
    expect(
      deedsOf({ ...restoring, route: { ...restoring.route, split: { primary: 0, canary: 100 } } }),
    ).toContain(`writePrimary ${V1}`);
  });

  it('ends a paused run, and works while the spec cannot be read', () => {
    expect(intended(give(running({ paused }), 'abort')).status.run?.paused).toBeUndefined();
    const unreadable = running(
      {},
      {
        spec: undefined,
        problems: [
          { severity: 'error', reason: 'InvalidSpec', field: 'spec', message: 'is wrong', fix: 'mend it' },
        ],
      },
    );
    expect(intended(give(unreadable, 'abort')).reason).toBe('AbortRequested');
  });
});

describe('retry', () => {
  it('starts the run of the failed revision again', () => {
    const { status: after } = intended(give(failedRest(), 'retry', { reason: 'flaky test' }));
    expect(after.run).toMatchObject({ id: 'r2', revision: V2, stage: 'scale-up' });
    expect(after.commands?.[0]).toMatchObject({ result: 'Done', run: 'r2' });
    expect(saidIn(intended(give(failedRest(), 'retry')))).toEqual([
      'Normal RetryRequested',
      'Normal NewRevision',
    ]);
  });

  it('asks confirm-rollout again', () => {
    const seen = failedRest({ spec: spec({ analysis: { webhooks: hooks('confirm-rollout') } }) });
    expect(nextRun(give(seen, 'retry')).stage).toBe('confirm-rollout');
  });

  it('begins a set-up again that has failed', () => {
    const seen = observation({
      status: { phase: 'Failed', lastAppliedSpec: V1 },
      primary: primary({ readiness: notYet, available: 0 }),
      target: target({ replicas: 2, available: 2 }),
    });
    expect(nextRun(give(seen, 'retry'))).toMatchObject({ kind: 'initialise', stage: 'provision' });
  });
});

describe('approve', () => {
  it('opens confirm-rollout, and the hook is not asked any more', () => {
    const { status: after } = intended(give(waiting(), 'approve'));
    expect(after.run).toMatchObject({ stage: 'scale-up', revision: V2 });
    expect(after.run?.gate).toBeUndefined();
    expect(saidIn(intended(give(waiting(), 'approve')))).toEqual([
      'Normal GateApproved',
      'Normal NewRevision',
    ]);
  });

  it('opens confirm-traffic-increase for this step: the round is due now, and the gate not asked', () => {
    const seen = gated('confirm-traffic-increase');
    const after = stored(seen, intended(give(seen, 'approve', { gate: 'confirm-traffic-increase' })).status);
    expect(after.status.run).toMatchObject({
      approved: ['confirm-traffic-increase'],
      round: { seq: 4, dueAt: ago(0) },
    });
    const answers = {
      'r1/4/metric:0': { kind: 'metric', measurement: { kind: 'value', value: 100 } },
    } as const;
    const step = intended({ ...after, answers });
    expect(step.reason).toBe('StepTaken');
    expect(step.status.run?.approved).toBeUndefined();
  });

  it('opens confirm-promotion, and with it what comes before it at the last step', () => {
    const seen = gated('confirm-promotion', 60);
    const both = {
      ...seen,
      spec: spec({ analysis: { webhooks: hooks('confirm-traffic-increase', 'confirm-promotion') } }),
    };
    const after = stored(both, intended(give(both, 'approve')).status);
    const answers = {
      'r1/4/metric:0': { kind: 'metric', measurement: { kind: 'value', value: 100 } },
    } as const;
    expect(intended({ ...after, answers }).reason).toBe('Promoting');
  });

  it('stays given when the round does not pass: the next one does not ask either', () => {
    const seen = gated('confirm-traffic-increase');
    const after = stored(seen, intended(give(seen, 'approve')).status);
    const answers = {
      'r1/4/metric:0': { kind: 'metric', measurement: { kind: 'value', value: 42 } },
    } as const;
    expect(intended({ ...after, answers })).toMatchObject({
      reason: 'RoundFailed',
      status: { run: { approved: ['confirm-traffic-increase'] } },
    });
  });
});
