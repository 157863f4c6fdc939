// What people tell a Canary to do, one command after the other, oldest first. A command has its effect in the same status
// write that records it, and so once at most; what came of it is told to the command itself afterwards, until it is known to
// have been told. A command that makes no sense now is refused, and says what would.
import { CommandVerb } from '../api/canary-command.ts';
import type { CommandResult } from '../api/canary-command.ts';
import type { CommandRecord } from '../api/status.ts';
import { cutBytes } from '../model/excerpt.ts';
import type { Observation, SeenCommand } from '../model/observation.ts';
import { clockFromIso, isoFromMs } from '../model/time.ts';
import { effects } from './command-effects.ts';
import type { Effect } from './command-effects.ts';
import { warning } from './move.ts';
import type { Move, Rule } from './move.ts';
import { faultOf } from './reject-invalid.ts';
import { MESSAGE_BYTES, isUndecided } from './run.ts';

const COMMANDS_KEPT = 10;

/** Commands that are over, or too late: also of a Canary that is suspended or being deleted. */
export const answerCommands: Rule = (seen) => {
  const open = (seen.commands ?? []).filter(({ answeredAtMs }) => answeredAtMs === undefined);
  const records = seen.status.commands ?? [];
  const answers = open.flatMap(({ uid }) => records.find((record) => record.uid === uid) ?? []);
  if (answers.length > 0) {
    return {
      kind: 'enact',
      reason: 'AnsweringCommand',
      actions: answers.map((answer) => ({ kind: 'answerCommand', answer })),
    };
  }
  const late = open.find(({ expiresAtMs }) => seen.nowMs >= expiresAtMs);
  return late === undefined ? undefined : expire(seen, late);
};

export const obeyCommand: Rule = (seen) => {
  const [command] = (seen.commands ?? []).filter(({ answeredAtMs }) => answeredAtMs === undefined);
  const effect = command === undefined ? undefined : effectOf(seen, command);
  if (command === undefined || effect === undefined) {
    return undefined;
  }
  return effect.kind === 'refused' ? refuse(seen, command, effect.why) : carryOut(seen, command, effect);
};

/** undefined: not now, because something else comes first. */
function effectOf(seen: Observation, command: SeenCommand): Effect | undefined {
  const verb = CommandVerb.safeParse(command.verb).data;
  const { run } = seen.status;
  if (verb === undefined) {
    return refused(`this version knows no verb ${command.verb}: use ${CommandVerb.options.join(', ')}`);
  }
  if (command.stale) {
    return refused('it was given before this Canary was created: give it again');
  }
  const fault = faultOf(seen);
  if (fault !== undefined && verb !== 'abort') {
    return refused(`only abort works as long as the Canary cannot be used: ${fault.message}`);
  }
  const follows = run !== undefined && isUndecided(run) && run.finishing !== true;
  const moved = follows && seen.target !== undefined;
  if (moved && run.finishing !== true && seen.target?.revision !== run.revision && verb !== 'abort') {
    return undefined;
  }
  return effects[verb](seen, { ...command, verb });
}

function refused(why: string): Effect {
  return { kind: 'refused', why };
}

function carryOut(
  seen: Observation,
  command: SeenCommand,
  { move, did }: Extract<Effect, { kind: 'done' }>,
): Move {
  const { run } = move;
  const record = recordOf(seen, command, { result: 'Done', message: did });
  const touched = run ?? seen.status.run;
  const commands = remembered(seen, touched === undefined ? record : { ...record, run: touched.id });
  return { ...move, patch: { ...move.patch, commands } };
}

function refuse(seen: Observation, command: SeenCommand, why: string): Move {
  const record = recordOf(seen, command, { result: 'Refused', message: why });
  const notice = warning('CommandRefused', `${command.verb} by ${command.author} is refused: ${why}`);
  return {
    kind: 'intend',
    reason: 'CommandRefused',
    message: record.message,
    quiet: true,
    run: seen.status.run ?? null,
    patch: { commands: remembered(seen, record) },
    notices: [notice],
  };
}

function expire(seen: Observation, command: SeenCommand): Move {
  const at = clockFromIso(isoFromMs(command.expiresAtMs));
  const message = `it could not be carried out before ${at}: nothing was done`;
  return {
    kind: 'intend',
    reason: 'CommandExpired',
    message,
    quiet: true,
    run: seen.status.run ?? null,
    patch: { commands: remembered(seen, recordOf(seen, command, { result: 'Expired', message })) },
    notices: [warning('CommandExpired', `${command.verb} by ${command.author}: ${message}`)],
  };
}

function recordOf(
  { nowMs }: Observation,
  { uid, name, verb, author, reason }: SeenCommand,
  { result, message }: { readonly result: CommandResult; readonly message: string },
): CommandRecord {
  return {
    uid,
    name,
    verb,
    author,
    ...(reason === undefined ? {} : { reason }),
    result,
    message: cutBytes(message, MESSAGE_BYTES),
    at: isoFromMs(nowMs),
  };
}

function remembered({ status }: Observation, record: CommandRecord): CommandRecord[] {
  return [record, ...(status.commands ?? [])].slice(0, COMMANDS_KEPT);
}
