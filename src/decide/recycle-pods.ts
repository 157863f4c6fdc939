// Configuration that changed under running pods: a pod template that did not change replaces none of them, so they go before
// the run begins, and what is analysed is what would be promoted. First their traffic, then they.
import type { Run } from '../api/status.ts';
import { canonicalJson } from '../model/hash.ts';
import type { Observation } from '../model/observation.ts';
import { allPrimary } from '../model/split.ts';
import { isoFromMs, msFromIso } from '../model/time.ts';
import { emptying } from './autoscalers.ts';
import type { Move } from './move.ts';
import { rollBack } from './roll-back.ts';
import { deadlineMs, drainMs, primaryName, sinceUntil, targetName } from './run.ts';
import { isInEffect, isPrimaryDeserted, keepWorld } from './world.ts';

/** The run, marked where the target has pods that began with other configuration than it has now. */
export function withRecycling({ status, configs, target }: Observation, run: Run): Run {
  const { trackedConfigs } = status;
  const known = configs !== undefined && trackedConfigs !== undefined;
  const changed = known && canonicalJson(configs) !== canonicalJson(trackedConfigs);
  return changed && (target?.replicas ?? 0) > 0 && target?.fixedSize !== true
    ? { ...run, recycle: true }
    : run;
}

/** Part of stage `scale-up`. */
export function recyclePods(seen: Observation, run: Run): Move {
  const { status } = seen;
  if (seen.nowMs >= deadlineMs(run, run.stageSince)) {
    const message = 'the canary could not be restarted with its new configuration in time';
    return rollBack(seen, run, { reason: 'ProgressDeadlineExceeded', message });
  }
  const world = keepWorld(seen, {
    stored: [],
    primary: status.lastPromotedSpec,
    apex: true,
    split: allPrimary,
  });
  if (world !== undefined) {
    return world;
  }
  const message = `restarts ${targetName(seen)} with its new configuration${sinceUntil(run, run.stageSince)}`;
  if (!isInEffect(seen, allPrimary)) {
    return { kind: 'wait', reason: 'Draining', message, wakeAtMs: deadlineMs(run, run.stageSince) };
  }
  if (run.settledAt === undefined) {
    return { kind: 'intend', reason: 'Draining', message, run: { ...run, settledAt: isoFromMs(seen.nowMs) } };
  }
  return removePods(seen, run, { message, settledAt: run.settledAt });
}

/** The old pods, once nobody uses them; not as long as they are the only ones that serve. */
function removePods(
  seen: Observation,
  run: Run,
  { message, settledAt }: { readonly message: string; readonly settledAt: string },
): Move {
  const { target } = seen;
  const drainedMs = msFromIso(settledAt) + drainMs(run.plan);
  if (seen.nowMs < drainedMs) {
    return { kind: 'wait', reason: 'Draining', message, wakeAtMs: drainedMs };
  }
  if (isPrimaryDeserted(seen)) {
    const alone = `keeps ${targetName(seen)}: ${primaryName(seen)} has no available pods${sinceUntil(run, run.stageSince)}`;
    return {
      kind: 'wait',
      reason: 'PrimaryNotReady',
      message: alone,
      wakeAtMs: deadlineMs(run, run.stageSince),
    };
  }
  const actions = emptying(seen);
  if (actions.length > 0) {
    return { kind: 'enact', reason: 'ScalingDown', actions };
  }
  if (target !== undefined && (target.available > 0 || target.readiness.kind !== 'ready')) {
    return { kind: 'wait', reason: 'ScalingDown', message, wakeAtMs: deadlineMs(run, run.stageSince) };
  }
  const { recycle: _done, settledAt: _settled, ...fresh } = run;
  return { kind: 'intend', reason: 'ScalingUp', message, run: fresh };
}
