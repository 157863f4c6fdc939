// A canary that loses pods during its analysis: too few hold the run; none at all sends its traffic home at once, and the
// run resumes at the same weight when they are back. Both have the stage's deadline.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { allPrimary, splitToward } from '../model/split.ts';
import { isoFromMs } from '../model/time.ts';
import { normal, warning } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { deadlineMs, sinceUntil, targetName, withNextRound, withSplit } from './run.ts';
import { canaryFailure } from './scale-up.ts';
import { keepWorld } from './world.ts';

export const holdForCanary: RunRule = (seen, run) => {
  const { target } = seen;
  if (run.stage !== 'analysis' || target === undefined) {
    return undefined;
  }
  if (target.readiness.kind === 'ready') {
    return run.heldSince === undefined ? undefined : resume(seen, run);
  }
  return (
    canaryFailure(seen, run, run.heldSince ?? isoFromMs(seen.nowMs)) ?? retreat(seen, run) ?? hold(seen, run)
  );
};

/** All traffic home from a canary without pods, while the primary has some. */
export function retreat(seen: Observation, run: Run): Move | undefined {
  const lost = seen.target?.available === 0 && run.split.canary > 0 && (seen.primary?.available ?? 0) > 0;
  if (!lost) {
    return undefined;
  }
  return {
    kind: 'intend',
    reason: 'CanaryLost',
    message: notReady(seen, run),
    run: {
      ...withSplit(seen, run, allPrimary),
      heldSince: run.heldSince ?? isoFromMs(seen.nowMs),
      resumeWeight: run.split.canary,
    },
    notices: [
      warning(
        'CanaryLost',
        `${targetName(seen)} has no available pods: all traffic to the primary until it has`,
      ),
    ],
  };
}

function hold(seen: Observation, run: Run): Move {
  if (run.heldSince === undefined) {
    return {
      kind: 'intend',
      reason: 'CanaryNotReady',
      message: notReady(seen, run),
      run: { ...run, heldSince: isoFromMs(seen.nowMs) },
    };
  }
  return (
    keepWorld(seen, {
      stored: [],
      primary: seen.status.lastPromotedSpec,
      apex: true,
      split: run.split,
      targetUp: true,
    }) ?? {
      kind: 'wait',
      reason: 'CanaryNotReady',
      message: `${notReady(seen, run)}${sinceUntil(run, run.heldSince)}`,
      wakeAtMs: deadlineMs(run, run.heldSince),
    }
  );
}

function notReady(seen: Observation, run: Run): string {
  const readiness = seen.target?.readiness;
  const state = readiness === undefined || readiness.kind === 'ready' ? 'no pods' : readiness.message;
  return `holds at weight ${run.split.canary}: ${targetName(seen)} ${state}`;
}

function resume(seen: Observation, run: Run): Move {
  const { heldSince: _held, resumeWeight, ...kept } = run;
  const split = resumeWeight === undefined ? run.split : splitToward(resumeWeight);
  return {
    kind: 'intend',
    reason: 'CanaryRecovered',
    message: `resumes at weight ${split.canary}`,
    run: withNextRound(seen, withSplit(seen, kept, split), run.prepared === true ? run.plan.intervalMs : 0),
    ...(resumeWeight === undefined
      ? {}
      : {
          notices: [
            normal('CanaryRecovered', `${targetName(seen)} is back: resuming at weight ${split.canary}`),
          ],
        }),
  };
}
