// After a failed promotion: stage `yield` moves users to the healthy canary, stage `restore` gives the primary its proven
// template back; then traffic returns and the canary goes.
import type { Run } from '../api/status.ts';
import type { RunRule } from './move.ts';
import { atStage, deadlineMs, primaryName, sinceUntil, withSplit } from './run.ts';
import { splitHomeward } from './way-home.ts';
import { canaryPods, describeRoute, holds, isInEffect, isObtainable, keepWorld } from './world.ts';
import type { World } from './world.ts';

export const yieldToCanary: RunRule = (seen, run) => {
  if (run.stage !== 'yield') {
    return undefined;
  }
  const hopeless = canaryPods(seen) === 0 || seen.nowMs >= deadlineMs(run, run.stageSince);
  if (hopeless || isInEffect(seen, run.split)) {
    return {
      kind: 'intend',
      reason: 'RestoringPrimary',
      message: `restoring ${primaryName(seen)}`,
      run: atStage(seen, run, 'restore'),
    };
  }
  return (
    keepWorld(seen, { stored: [], apex: true, split: run.split, ...canaryUp(run) }) ?? {
      kind: 'wait',
      reason: 'PromotionFailed',
      message: `moving all traffic to the canary: ${describeRoute(seen)}${sinceUntil(run, run.stageSince)}`,
      wakeAtMs: deadlineMs(run, run.stageSince),
    }
  );
};

export const restorePrimary: RunRule = (seen, run) => {
  if (run.stage !== 'restore') {
    return undefined;
  }
  const proven = seen.status.lastPromotedSpec;
  const { primary } = seen;
  const restored = proven !== undefined && holds(primary, proven) && primary?.readiness.kind === 'ready';
  // A record that somebody deleted cannot be brought back: what the primary holds has to do.
  if (proven === undefined || restored || !isObtainable(seen, proven)) {
    return {
      kind: 'intend',
      reason: 'RollingBack',
      message: `routing to ${primaryName(seen)}`,
      run: withSplit(seen, atStage(seen, run, 'return'), splitHomeward(seen, run)),
    };
  }
  const state =
    primary?.readiness.kind === 'ready' || primary === undefined
      ? 'being written'
      : primary.readiness.message;
  const late = seen.nowMs >= deadlineMs(run, run.stageSince);
  return (
    keepWorld(seen, {
      stored: [proven],
      primary: proven,
      apex: true,
      split: run.split,
      ...canaryUp(run),
    }) ?? {
      kind: 'wait',
      reason: 'RestoringPrimary',
      // Past the deadline there is nothing better to do than to keep serving from the canary, and to say so.
      message: `restoring ${primaryName(seen)}: ${state}${late ? ' (overdue: the canary serves meanwhile)' : sinceUntil(run, run.stageSince)}`,
      ...(late ? { health: 'stalled' as const } : { wakeAtMs: deadlineMs(run, run.stageSince) }),
    }
  );
};

/** On probation the target has been scaled down, and stays so: it holds what has just failed. */
function canaryUp({ previous }: Run): Pick<World, 'targetUp' | 'paused'> {
  return previous === undefined ? { targetUp: true } : { paused: true };
}
