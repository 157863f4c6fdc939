// What each command does to a Canary, or why it cannot: one function a verb.
import { Gate } from '../api/canary-command.ts';
import type { CommandVerb } from '../api/canary-command.ts';
import type { Run } from '../api/status.ts';
import type { Observation, SeenCommand } from '../model/observation.ts';
import { isoFromMs, msFromIso } from '../model/time.ts';
import { fallBack } from './fall-back.ts';
import { openRollout } from './confirm-rollout.ts';
import { setUp } from './initialise.ts';
import { pauseMessage, unpaused } from './keep-paused.ts';
import { normal } from './move.ts';
import type { Move } from './move.ts';
import { abandonPromotion } from './promote.ts';
import { rollBack } from './roll-back.ts';
import { isUndecided, targetName, withNextRound } from './run.ts';
import { start } from './start-run.ts';
import { isOwnRevision } from '../model/revision.ts';

type Intent = Extract<Move, { kind: 'intend' }>;
export type Effect =
  | { readonly kind: 'done'; readonly move: Intent; readonly did: string }
  | { readonly kind: 'refused'; readonly why: string };
type Command = SeenCommand & { readonly verb: CommandVerb };
type Verb = (seen: Observation, command: Command) => Effect;

const refused = (why: string): Effect => ({ kind: 'refused', why });
const done = (move: Move, did: string): Effect =>
  move.kind === 'intend' ? { kind: 'done', move, did } : refused('it has no effect now');

/** `by ann: looks wrong` */
function signature({ author, reason }: SeenCommand): string {
  return `by ${author}${reason === undefined ? '' : `: ${reason}`}`;
}

/** As the run and its history remember the command. */
function ordered({ name, verb, author, reason }: Command): NonNullable<Run['command']> {
  return { name, verb, author, ...(reason === undefined ? {} : { reason }) };
}

/** The run that a command can still turn, or why there is none. */
function undecided({ status }: Observation): Run | string {
  const { run } = status;
  if (run === undefined) {
    return 'no run is under way';
  }
  if (run.kind === 'initialise') {
    return 'the Canary is being set up, there is no run yet';
  }
  if (isUndecided(run)) {
    return run;
  }
  if (run.stage === 'probation') {
    return 'the run has been promoted, and is on probation';
  }
  return run.outcome?.phase === 'Failed'
    ? 'the run has failed and is on its way back'
    : 'the run is past its analysis and is being promoted';
}

/** What somebody has seen before he gave the command was another run. Times of creation are in whole seconds. */
function isEarlier({ createdAtMs }: Command, { startedAt }: Run): boolean {
  return createdAtMs < Math.floor(msFromIso(startedAt) / 1000) * 1000;
}

const EARLIER = 'it was given before this run began: look at the revision, and give it again';

function pause(seen: Observation, command: Command): Effect {
  const run = undecided(seen);
  if (typeof run === 'string') {
    return refused(`${run}: there is nothing to pause`);
  }
  if (run.paused !== undefined) {
    return refused(`it is ${pauseMessage(run.paused)}: resume ends that`);
  }
  const paused = {
    since: isoFromMs(seen.nowMs),
    by: command.author,
    ...(command.reason === undefined ? {} : { reason: command.reason }),
  };
  const move: Move = {
    kind: 'intend',
    reason: 'Paused',
    message: pauseMessage(paused),
    run: { ...run, paused },
    notices: [normal('Paused', `${targetName(seen)} is paused ${signature(command)}`)],
  };
  return done(move, `holds at weight ${run.split.canary} until it is resumed`);
}

function resume(seen: Observation, command: Command): Effect {
  const run = undecided(seen);
  if (typeof run === 'string' || run.paused === undefined) {
    return refused(typeof run === 'string' ? `${run}: nothing is paused` : 'the run is not paused');
  }
  const { paused } = run;
  const seconds = Math.round(Math.max(0, seen.nowMs - msFromIso(paused.since)) / 1000);
  const move: Move = {
    kind: 'intend',
    reason: 'Resumed',
    message: `resumed ${signature(command)}`,
    run: unpaused(seen, run, paused),
    notices: [
      normal('Resumed', `Resuming ${targetName(seen)} after ${seconds}s of pause ${signature(command)}`),
    ],
  };
  return done(move, `goes on at weight ${run.split.canary}`);
}

/** Skips checks and gates, never readiness: the run is promoted as soon as its pods are ready. */
function promote(seen: Observation, command: Command): Effect {
  const run = undecided(seen);
  if (typeof run === 'string') {
    return refused(`${run}: there is nothing to promote`);
  }
  if (isEarlier(command, run)) {
    return refused(EARLIER);
  }
  if (run.stage === 'confirm-rollout') {
    return refused('the run has not begun: approve opens confirm-rollout first');
  }
  if (run.command?.verb === 'promote') {
    return refused(`${run.command.author} has said so already`);
  }
  const { gate: _gate, ...open } = run.paused === undefined ? run : unpaused(seen, run, run.paused);
  const move: Move = {
    kind: 'intend',
    reason: 'PromotionRequested',
    message: `promotion requested ${signature(command)}`,
    run: { ...open, command: ordered(command) },
    notices: [
      normal(
        'PromotionRequested',
        `Skipping the rest of the analysis of ${targetName(seen)}, promotion requested ${signature(command)}`,
      ),
    ],
  };
  return done(move, 'skips the rest of the analysis, and promotes as soon as the canary is ready');
}

/** The next round is due now and checks nothing; gates are asked as ever. */
function step(seen: Observation, command: Command): Effect {
  const run = undecided(seen);
  if (typeof run === 'string') {
    return refused(`${run}: there is no step to take`);
  }
  const obstacle = whyNoStep(seen, command, run);
  if (obstacle !== undefined) {
    return refused(obstacle);
  }
  const move: Move = {
    kind: 'intend',
    reason: 'StepRequested',
    message: `next step requested ${signature(command)}`,
    run: { ...withNextRound(seen, run, 0), unchecked: true },
    notices: [
      normal(
        'StepRequested',
        `Taking the next step of ${targetName(seen)} now, requested ${signature(command)}`,
      ),
    ],
  };
  return done(move, `takes the step after weight ${run.split.canary} without a check`);
}

function whyNoStep(seen: Observation, command: Command, run: Run): string | undefined {
  if (isEarlier(command, run)) {
    return EARLIER;
  }
  if (run.paused !== undefined) {
    return 'the run is paused: resume it first';
  }
  if (run.gate !== undefined) {
    return `the run waits for ${run.gate.type}: approve opens it`;
  }
  if (run.finishing === true) {
    return 'the analysis is over: promote ends the wait';
  }
  if (run.stage !== 'analysis' || run.prepared !== true) {
    return 'the analysis has not begun: give it again after the first step';
  }
  return run.settledAt === undefined || seen.target?.readiness.kind !== 'ready'
    ? `weight ${run.split.canary} is not in effect yet: give it again when it is`
    : undefined;
}

function abort(seen: Observation, command: Command): Effect {
  const { run } = seen.status;
  const order = ordered(command);
  const why = { reason: 'AbortRequested', message: `aborted ${signature(command)}` } as const;
  if (run?.stage === 'promote' && run.kind === 'rollout') {
    return done(
      abandonPromotion(seen, { ...run, command: order }, why),
      'gives the primary its proven revision back',
    );
  }
  if (run?.stage === 'probation') {
    return done(
      fallBack(seen, { ...run, command: order }, why),
      'gives the primary back what was live before',
    );
  }
  const open = undecided(seen);
  return typeof open === 'string'
    ? refused(`${open}: there is nothing to abort`)
    : done(rollBack(seen, { ...open, command: order }, why), 'rolls back');
}

/** Once more with what has failed: of a run as of the first set-up. */
function retry(seen: Observation, command: Command): Effect {
  const { status, target, plan } = seen;
  if (status.run !== undefined || status.phase !== 'Failed') {
    return refused(
      status.run === undefined
        ? 'the last run has not failed'
        : 'a run is under way: retry is for one that has failed',
    );
  }
  if (target === undefined || plan === undefined || target.revision !== status.lastAppliedSpec) {
    return refused('the target does not hold the revision that failed: any other starts a run by itself');
  }
  if (target.revision === status.lastPromotedSpec) {
    return refused('the target holds the revision that is live: push another one');
  }
  const move = isOwnRevision(status.lastPromotedSpec)
    ? start(seen, plan, target.revision)
    : setUp(seen, plan, target.revision);
  const notice = normal(
    'RetryRequested',
    `Trying ${targetName(seen)} again, requested ${signature(command)}`,
  );
  return done(
    move.kind === 'intend' ? { ...move, notices: [notice, ...(move.notices ?? [])] } : move,
    'starts the run again',
  );
}

function approve(seen: Observation, command: Command): Effect {
  const run = undecided(seen);
  if (typeof run === 'string') {
    return refused(`${run}: no gate is closed`);
  }
  const closed = run.stage === 'confirm-rollout' ? 'confirm-rollout' : gateOf(run);
  if (closed === undefined) {
    return refused('no gate is closed now: give it again when the Canary waits for one');
  }
  if (command.gate !== undefined && command.gate !== closed) {
    return refused(`the gate that is closed is ${closed}, not ${command.gate}`);
  }
  if (isEarlier(command, run)) {
    return refused(EARLIER);
  }
  if (run.paused !== undefined) {
    return refused('the run is paused: resume it first');
  }
  const notice = normal(
    'GateApproved',
    `${capitalised(closed)} of ${targetName(seen)} is given ${signature(command)}`,
  );
  const did = `opens ${closed}`;
  if (closed === 'confirm-rollout') {
    return done(openRollout(seen, run, [notice]), did);
  }
  const { gate: _gate, ...open } = run;
  // Promotion is asked last: what comes before it has been given for this step.
  const passed: Gate[] = closed === 'confirm-promotion' ? ['confirm-traffic-increase', closed] : [closed];
  const approved = [...new Set([...(run.approved ?? []), ...passed])];
  const move: Move = {
    kind: 'intend',
    reason: 'GateApproved',
    message: `${closed} is given ${signature(command)}`,
    run: { ...withNextRound(seen, open, 0), approved },
    notices: [notice],
  };
  return done(move, did);
}

function gateOf({ gate }: Run): Gate | undefined {
  return Gate.safeParse(gate?.type).data;
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

export const effects: Readonly<Record<CommandVerb, Verb>> = {
  pause,
  resume,
  promote,
  step,
  abort,
  retry,
  approve,
};
