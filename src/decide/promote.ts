// Stage `promote`: the primary takes over the analysed revision, from where it is stored, while traffic stays as it is.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import { allCanary, allPrimary, splitToward } from '../model/split.ts';
import type { Split } from '../model/split.ts';
import { normal, warning } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { previousOf } from './begin-probation.ts';
import { provenAfter } from './proven.ts';
import {
  atStage,
  deadlineMs,
  outcomeOf,
  primaryName,
  sinceUntil,
  targetName,
  withNextRound,
  withSplit,
} from './run.ts';
import { returning } from './way-home.ts';
import { holds, isPrimaryDeserted, keepWorld } from './world.ts';

/** The intent; followed by the write. A run reaches this only with the target still at its revision. */
export function promote(seen: Observation, run: Run): Move {
  return {
    kind: 'intend',
    reason: 'Promoting',
    message: `copying ${targetName(seen)} to ${primaryName(seen)}`,
    run: atStage(seen, run, 'promote'),
    notices: [normal('Promoting', `Copying ${targetName(seen)} template spec to ${primaryName(seen)}`)],
  };
}

/** Somebody wants no more checks. The rules before have seen to it that the target is still at this revision, and ready. */
export const promoteOnRequest: RunRule = (seen, run) =>
  run.stage === 'analysis' && run.command?.verb === 'promote' ? promote(seen, run) : undefined;

export const awaitPromotion: RunRule = (seen, run) => {
  if (run.stage !== 'promote') {
    return undefined;
  }
  const { primary } = seen;
  const written = holds(primary, run.revision);
  if (written && primary?.readiness.kind === 'ready') {
    return promoted(seen, run);
  }
  if ((written && primary?.readiness.kind === 'failed') || seen.nowMs >= deadlineMs(run, run.stageSince)) {
    return failedPromotion(seen, run);
  }
  const yielded = yieldTraffic(seen, run);
  if (yielded !== undefined) {
    return yielded;
  }
  const world = keepWorld(seen, {
    stored: [run.revision],
    primary: run.revision,
    primaryReplicas: sizeOf(seen),
    apex: true,
    split: run.split,
    targetUp: true,
  });
  if (world !== undefined) {
    return world;
  }
  const state = primary?.readiness.kind === 'notYet' ? primary.readiness.message : 'being written';
  return {
    kind: 'wait',
    reason: 'Promoting',
    message: `waits for ${primaryName(seen)}: ${state}${sinceUntil(run, run.stageSince)}`,
    wakeAtMs: deadlineMs(run, run.stageSince),
  };
};

/**
 * A primary that loses all its pods on the way, as with the strategy Recreate: the canary has just been found good, so it
 * serves everybody until the primary does again.
 */
function yieldTraffic(seen: Observation, run: Run): Move | undefined {
  if (!isPrimaryDeserted(seen) || seen.route.state === 'none' || run.split.primary === 0) {
    return undefined;
  }
  return {
    kind: 'intend',
    reason: 'PrimaryNotReady',
    message: `${primaryName(seen)} has no available pods: all traffic to the canary until it has`,
    run: withSplit(seen, run, allCanary),
    notices: [
      warning('PrimaryNotReady', `${primaryName(seen)} has no available pods: all traffic to the canary`),
    ],
  };
}

/** As many pods as the target has. */
function sizeOf({ target }: Observation): number | undefined {
  return target !== undefined && target.replicas > 0 ? target.replicas : undefined;
}

function promoted(seen: Observation, run: Run): Move {
  const step = run.plan.stepWeightPromotion;
  const previous = previousOf(seen, run);
  const split: Split = step > 0 ? splitToward(run.split.canary - step) : allPrimary;
  return {
    kind: 'intend',
    reason: 'ReturningTraffic',
    message: `routing to ${primaryName(seen)}`,
    run: {
      ...withNextRound(seen, withSplit(seen, atStage(seen, run, 'return'), split), run.plan.intervalMs),
      ...(previous === undefined ? {} : { previous }),
      outcome: outcomeOf(
        'Succeeded',
        'Succeeded',
        `${targetName(seen)} is promoted${run.proven === true ? ', as it was proven before' : ''}`,
      ),
    },
    patch: {
      lastPromotedSpec: run.revision,
      // One on probation has not replaced the one before for good.
      ...(previous === undefined ? provenAfter(seen, run.revision, seen.status.lastPromotedSpec) : {}),
      ...(seen.primary === undefined ? {} : { primaryReplicas: seen.primary.replicas }),
    },
    notices: [returning(seen, split)],
  };
}

/** Users move to the healthy canary while the primary gets its proven template back; without a route only the latter. */
function failedPromotion(seen: Observation, run: Run): Move {
  const { primary } = seen;
  const detail =
    primary === undefined || primary.readiness.kind === 'ready' ? 'missing' : primary.readiness.message;
  const message = `Promotion of ${targetName(seen)} failed, primary not ready: ${detail}`;
  return abandonPromotion(seen, run, { reason: 'PromotionFailed', message });
}

/** Back from the middle of a promotion, whoever or whatever wants that. */
export function abandonPromotion(
  seen: Observation,
  run: Run,
  { reason, message }: { readonly reason: Reason; readonly message: string },
): Move {
  const { target, route } = seen;
  // Pods of a revision that was pushed meanwhile have been judged by nobody: they serve only where nothing else does.
  const { lastPromotedSpec: live } = seen.status;
  const judged = target?.revision === run.revision || target?.revision === live || isPrimaryDeserted(seen);
  const movable = route.state !== 'none' && (target?.available ?? 0) > 0 && judged;
  const next = atStage(seen, run, movable ? 'yield' : 'restore');
  return {
    kind: 'intend',
    reason,
    message,
    run: {
      ...(movable ? withSplit(seen, next, allCanary) : next),
      outcome: outcomeOf('Failed', reason, message),
    },
    notices: [warning(reason, message)],
  };
}
