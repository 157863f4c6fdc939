// Stage `scale-up`: traffic that a run before it has left goes home; then the canary gets pods; done when they are ready.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import type { Move, RunRule } from './move.ts';
import { promote } from './promote.ts';
import { recyclePods } from './recycle-pods.ts';
import { rollBack } from './roll-back.ts';
import { atStage, deadlineMs, sinceUntil, targetName } from './run.ts';
import { walkHome } from './way-home.ts';
import { keepWorld } from './world.ts';

export const awaitCanary: RunRule = (seen, run) => {
  if (run.stage !== 'scale-up') {
    return undefined;
  }
  if (run.recycle === true && run.split.canary === 0) {
    return recyclePods(seen, run);
  }
  return (
    canaryFailure(seen, run, run.stageSince) ??
    walkHome(seen, run, keepCanary(seen, run)) ??
    prepareCanary(seen, run)
  );
};

function prepareCanary(seen: Observation, run: Run): Move {
  const world = keepCanary(seen, run);
  if (world !== undefined) {
    return world;
  }
  const readiness = seen.target?.readiness;
  if (readiness?.kind !== 'ready' || !seen.stored.includes(run.revision)) {
    const state = readiness?.kind === 'notYet' ? readiness.message : 'its revision is being stored';
    return {
      kind: 'wait',
      reason: 'CanaryNotReady',
      message: `waits for ${targetName(seen)}: ${state}${sinceUntil(run, run.stageSince)}`,
      wakeAtMs: deadlineMs(run, run.stageSince),
    };
  }
  return isSkipped(run) ? promote(seen, run) : analyse(seen, run);
}

function isSkipped({ plan, proven, command }: Run): boolean {
  return plan.skipAnalysis || proven === true || command?.verb === 'promote';
}

function analyse(seen: Observation, run: Run): Move {
  return {
    kind: 'intend',
    reason: 'PreRollout',
    message: `starting the analysis of ${targetName(seen)}`,
    run: atStage(seen, run, 'analysis'),
  };
}

function keepCanary(seen: Observation, { revision, split }: Run): Move | undefined {
  const { lastPromotedSpec: promoted } = seen.status;
  return keepWorld(seen, {
    stored: [revision, ...(promoted === undefined ? [] : [promoted])],
    primary: promoted,
    apex: true,
    split,
    targetUp: true,
  });
}

/** The canary is past waiting for: its own deadline has passed, or ours since `since`. */
export function canaryFailure(seen: Observation, run: Run, since: string): Move | undefined {
  const { target } = seen;
  if (target?.readiness.kind === 'failed') {
    const message = `canary not ready: ${target.readiness.message}`;
    return rollBack(seen, run, { reason: 'ProgressDeadlineExceeded', message });
  }
  if (seen.nowMs < deadlineMs(run, since)) {
    return undefined;
  }
  if (target?.readiness.kind === 'ready') {
    return undefined;
  }
  const state = target === undefined ? 'the target is gone' : target.readiness.message;
  const seconds = Math.round(run.plan.progressDeadlineMs / 1000);
  return rollBack(seen, run, {
    reason: 'ProgressDeadlineExceeded',
    message: `canary not ready within ${seconds}s: ${state}`,
  });
}
