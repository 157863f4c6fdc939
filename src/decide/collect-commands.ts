// Commands that are over: a while after their answer they are deleted. And those that nobody is there to obey: the Canary
// they name does not exist.
import type { Action } from '../model/decision.ts';
import type { SeenCommand } from '../model/observation.ts';
import { isoFromMs } from '../model/time.ts';
import type { Rule } from './move.ts';

/** How long people can read an answer. */
const KEPT_MS = 24 * 3_600_000;

/** At rest only: a run has more important things to write. */
export const collectCommands: Rule = ({ status, commands = [], nowMs }) => {
  const actions = status.run === undefined ? deletions(commands, nowMs) : [];
  return actions.length === 0 ? undefined : { kind: 'enact', reason: 'CollectingCommands', actions };
};

type CommandAction = Extract<Action, { kind: 'answerCommand' | 'deleteCommand' }>;

function deletions(commands: readonly SeenCommand[], nowMs: number): CommandAction[] {
  return commands
    .filter(({ answeredAtMs }) => answeredAtMs !== undefined && nowMs >= answeredAtMs + KEPT_MS)
    .map(({ name, uid }) => ({ kind: 'deleteCommand', name, uid }));
}

/** When the next of these has been readable for long enough. */
export function nextCollectionMs(commands: readonly SeenCommand[] = []): number | undefined {
  return earliest(
    commands.flatMap(({ answeredAtMs }) => (answeredAtMs === undefined ? [] : [answeredAtMs + KEPT_MS])),
  );
}

/** When the next of those that wait will not be carried out any more. */
export function nextExpiryMs(commands: readonly SeenCommand[] = []): number | undefined {
  return earliest(
    commands.flatMap(({ answeredAtMs, expiresAtMs }) => (answeredAtMs === undefined ? [expiresAtMs] : [])),
  );
}

function earliest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times);
}

/** What becomes of commands whose Canary does not exist. */
export function decideOrphans(seen: {
  readonly canary: string;
  readonly nowMs: number;
  readonly commands: readonly SeenCommand[];
}): { readonly actions: readonly CommandAction[]; readonly wakeAtMs: number | undefined } {
  const { canary, nowMs, commands } = seen;
  const answers = commands
    .filter(({ answeredAtMs, expiresAtMs }) => answeredAtMs === undefined && nowMs >= expiresAtMs)
    .map((command): CommandAction => ({
      kind: 'answerCommand',
      answer: {
        uid: command.uid,
        name: command.name,
        verb: command.verb,
        author: command.author,
        result: 'Expired',
        message: `there is no Canary ${canary}: nothing was done`,
        at: isoFromMs(nowMs),
      },
    }));
  return {
    actions: [...answers, ...deletions(commands, nowMs)],
    wakeAtMs: earliest(
      [nextCollectionMs(commands), nextExpiryMs(commands)].filter((time) => time !== undefined),
    ),
  };
}
