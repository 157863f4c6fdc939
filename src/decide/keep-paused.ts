// A run that somebody has paused: it is held where it is, and nothing is asked. Unlike under `suspend` the world is still kept
// in place, and a canary that loses all its pods loses its traffic. It lasts as long as people want; a day of it is said once.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import { OVERDUE_MS } from './gate.ts';
import { retreat } from './hold-for-canary.ts';
import { warning } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { isUndecided, targetName } from './run.ts';
import { keepLive } from './start-run.ts';
import { shifted } from './suspend.ts';
import { keepWorld } from './world.ts';

type Pause = NonNullable<Run['paused']>;

export const keepPaused: RunRule = (seen, run) => {
  const { paused } = run;
  if (paused === undefined || !isUndecided(run)) {
    return undefined;
  }
  return keepInPlace(seen, run) ?? sayOverdue(seen, run, paused) ?? waitPaused(seen, paused);
};

function keepInPlace(seen: Observation, run: Run): Move | undefined {
  if (run.stage === 'confirm-rollout') {
    return keepLive(seen);
  }
  const lost = run.stage === 'analysis' ? retreat(seen, run) : undefined;
  return (
    lost ??
    keepWorld(seen, {
      stored: [run.revision],
      primary: seen.status.lastPromotedSpec,
      apex: true,
      split: run.split,
      // Pods that are about to be replaced, or are of another revision, are left as they are.
      targetUp: run.recycle !== true && run.finishing !== true,
    })
  );
}

function sayOverdue(seen: Observation, run: Run, paused: Pause): Move | undefined {
  if (paused.overdue === true || seen.nowMs < overdueAtMs(paused)) {
    return undefined;
  }
  const late = { ...paused, overdue: true };
  return {
    kind: 'intend',
    reason: 'PauseOverdue',
    message: pauseMessage(late),
    run: { ...run, paused: late },
    notices: [warning('PauseOverdue', `${targetName(seen)} has been paused for a day, by ${paused.by}`)],
  };
}

function overdueAtMs({ since }: Pause): number {
  return msFromIso(since) + OVERDUE_MS;
}

function waitPaused({ nowMs }: Observation, paused: Pause): Move {
  const wakeAtMs = overdueAtMs(paused);
  return {
    kind: 'wait',
    reason: 'Paused',
    message: pauseMessage(paused),
    ...(nowMs < wakeAtMs ? { wakeAtMs } : {}),
  };
}

export function pauseMessage({ since, by, reason, overdue }: Pause): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  const late = overdue === true ? ', overdue' : '';
  return `paused by ${by} (since ${clockFromIso(since)}, no deadline${late})${why}`;
}

/** The run as it goes on: the time that it was paused counts for no deadline. */
export function unpaused({ nowMs }: Observation, run: Run, { since }: Pause): Run {
  const { paused: _paused, ...kept } = run;
  const next = shifted(kept, Math.max(0, nowMs - msFromIso(since)));
  // Pods may have been lost after the pause began: their time begins now.
  const { heldSince } = next;
  return heldSince !== undefined && msFromIso(heldSince) > nowMs
    ? { ...next, heldSince: isoFromMs(nowMs) }
    : next;
}
