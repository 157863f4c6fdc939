// Intent first: a step counts from the moment its split is seen in effect, not from when it was wished for. Until then the
// split is written again wherever it is missing, and a route that is not taken over in time ends the run.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { isoFromMs } from '../model/time.ts';
import type { Move, RunRule } from './move.ts';
import { rollBack } from './roll-back.ts';
import { deadlineMs, sinceUntil } from './run.ts';
import { describeRoute, isInEffect, keepWorld } from './world.ts';

/**
 * Between a pod that is ready and a Service that leads to it lie endpoints and proxies, which nobody reports on. The first
 * hook and the first request to the canary come after this.
 */
export const ENDPOINTS_MS = 2_000;

export const settleSplit: RunRule = (seen, run) => {
  if (run.stage !== 'analysis') {
    return undefined;
  }
  if (
    run.settledAt === undefined &&
    seen.nowMs >= deadlineMs(run, run.splitSince) &&
    !isInEffect(seen, run.split)
  ) {
    const message = `weight ${run.split.canary} did not take effect: ${describeRoute(seen)}`;
    return rollBack(seen, run, { reason: 'RouteNotAccepted', message });
  }
  return (
    keepWorld(seen, {
      stored: [run.revision],
      primary: seen.status.lastPromotedSpec,
      apex: true,
      split: run.split,
      targetUp: true,
    }) ?? settle(seen, run)
  );
};

/** Waits until `run.split` is seen, then stores when that was; the next round is due one interval later. */
function settle(seen: Observation, run: Run): Move | undefined {
  if (run.settledAt !== undefined) {
    return undefined;
  }
  if (!isInEffect(seen, run.split)) {
    const rejected = seen.route.acceptance === 'rejected';
    return {
      kind: 'wait',
      reason: rejected ? 'RouteRejected' : 'RouteNotAccepted',
      message: `weight ${run.split.canary} is written: ${describeRoute(seen)}${sinceUntil(run, run.splitSince)}`,
      wakeAtMs: deadlineMs(run, run.splitSince),
    };
  }
  const afterMs = run.prepared === true ? run.plan.intervalMs : Math.min(run.plan.intervalMs, ENDPOINTS_MS);
  return {
    kind: 'intend',
    reason: 'AwaitingRound',
    message: `weight ${run.split.canary} is in effect`,
    run: {
      ...run,
      settledAt: isoFromMs(seen.nowMs),
      ...(run.round === undefined ? {} : { round: { ...run.round, dueAt: isoFromMs(seen.nowMs + afterMs) } }),
    },
  };
}
