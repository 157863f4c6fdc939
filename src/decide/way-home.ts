// Traffic on its way back to the primary while the canary still gets some: a step an interval where the plan has steps, so
// that a primary that was scaled down meanwhile can grow; at once where the canary has no pods to answer with.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { allPrimary, splitToward } from '../model/split.ts';
import type { Split } from '../model/split.ts';
import { isoFromMs, msFromIso } from '../model/time.ts';
import { normal } from './move.ts';
import type { Move } from './move.ts';
import { deadlineMs, primaryName, sinceUntil, withSplit } from './run.ts';
import { canaryPods, describeRoute, isInEffect, isUnsafe } from './world.ts';

/** Where traffic goes first when a run is given up: all the way, unless the plan has steps (D34) and the canary has pods. */
export function splitHomeward(seen: Observation, { plan, split }: Run): Split {
  const { stepWeightRollback: step = 0 } = plan;
  return step > 0 && canaryPods(seen) > 0 ? splitToward(split.canary - step) : allPrimary;
}

/** The next thing to do until the canary gets nothing; `world` is what is missing until the present split is in place. */
export function walkHome(seen: Observation, run: Run, world: Move | undefined): Move | undefined {
  if (run.split.canary === 0) {
    return undefined;
  }
  if (isPointless(seen, run)) {
    return moveHome(seen, run, allPrimary);
  }
  if (world !== undefined) {
    return world;
  }
  if (!isInEffect(seen, run.split)) {
    return awaitReturn(seen, run);
  }
  const message = `primary weight ${run.split.primary}`;
  if (run.settledAt === undefined) {
    const settledAt = isoFromMs(seen.nowMs);
    return { kind: 'intend', reason: 'ReturningTraffic', message, run: { ...run, settledAt } };
  }
  const wakeAtMs = msFromIso(run.settledAt) + run.plan.intervalMs;
  return seen.nowMs < wakeAtMs
    ? { kind: 'wait', reason: 'ReturningTraffic', message, wakeAtMs }
    : moveHome(seen, run, splitToward(run.split.canary - stepOf(run)));
}

/**
 * Steps spare the primary at the cost of the canary's users, who must be served; a run that starts anew does not wait for a
 * primary that is dead, as it may be the fix (D35).
 */
function isPointless(seen: Observation, { stage }: Run): boolean {
  const primaryServes = (seen.primary?.available ?? 0) > 0;
  return (canaryPods(seen) === 0 && primaryServes) || (stage === 'scale-up' && !primaryServes);
}

/** A plan without steps has none to wait for. */
function stepOf({ plan, outcome }: Run): number {
  const { stepWeightPromotion, stepWeightRollback = 0 } = plan;
  return (outcome?.reason === 'Succeeded' ? stepWeightPromotion : stepWeightRollback) || 100;
}

function moveHome(seen: Observation, run: Run, split: Split): Move {
  return {
    kind: 'intend',
    reason: 'ReturningTraffic',
    message: `primary weight ${split.primary}`,
    // The time of the stage is for pods to get ready; it begins when the traffic is home.
    run: { ...withSplit(seen, run, split), stageSince: isoFromMs(seen.nowMs) },
    notices: [returning(seen, split)],
  };
}

export function returning(seen: Observation, split: Split): ReturnType<typeof normal> {
  return split.canary === 0
    ? normal('ReturningTraffic', `Routing all traffic to primary ${primaryName(seen)}`)
    : normal('ReturningTraffic', `Advance ${primaryName(seen)} primary weight ${split.primary}`);
}

export function awaitReturn(seen: Observation, run: Run): Move {
  const blocked = isUnsafe(seen, run.split);
  const state = blocked
    ? `${primaryName(seen)} has no available pods and the canary has`
    : describeRoute(seen);
  const reason = blocked ? 'PrimaryNotReady' : 'ReturningTraffic';
  return overdueAt(seen, run, run.splitSince, {
    reason,
    message: `returning traffic to ${primaryName(seen)}: ${state}`,
  });
}

/**
 * The outcome of a deadline on the way home is that people are told: where traffic cannot move and pods cannot go, there is
 * nothing better to do than to keep serving from where it is.
 */
export function overdueAt(
  seen: Observation,
  run: Run,
  since: string,
  { reason, message }: { readonly reason: 'PrimaryNotReady' | 'ReturningTraffic'; readonly message: string },
): Move {
  return seen.nowMs >= deadlineMs(run, since)
    ? { kind: 'wait', reason, message: `${message} (overdue)`, health: 'stalled' }
    : {
        kind: 'wait',
        reason,
        message: `${message}${sinceUntil(run, since)}`,
        wakeAtMs: deadlineMs(run, since),
      };
}
