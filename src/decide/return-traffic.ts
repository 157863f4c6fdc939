// Stages `return` and `scale-down`: traffic to the primary, in steps if the plan says so; then requests in flight get their
// time, and the canary is seen idle where that can be seen; then its pods go. Never towards a primary that does not serve
// while the canary does.
import type { CanaryStatus, Run } from '../api/status.ts';
import { webhooksOf } from '../api/defaults.ts';
import type { Notice, Tally } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import { announceOurs } from './announce.ts';
import { emptying } from './autoscalers.ts';
import { normal, warning } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { afterRun } from './begin-probation.ts';
import { awaitIdle, stillBusy } from './prove-traffic.ts';
import { atStage, drainMs, primaryName, targetName, withNextRound } from './run.ts';
import { awaitReturn, overdueAt, walkHome } from './way-home.ts';
import { isInEffect, isPrimaryDeserted, keepWorld } from './world.ts';

/** What the primary shall hold while traffic goes home: what this run proved, or what was live before it. */
function primaryRevision({ status }: Observation, run: Run): string | undefined {
  return run.kind === 'initialise' ? run.revision : status.lastPromotedSpec;
}

export const returnTraffic: RunRule = (seen, run) => {
  if (run.stage !== 'return') {
    return undefined;
  }
  const world = keepHome(seen, run);
  return (
    announceOurs(seen, run) ??
    walkHome(seen, run, world) ??
    world ??
    (isInEffect(seen, run.split) ? drain(seen, run) : awaitReturn(seen, run))
  );
};

/** Route, Services and primary as they shall be; the canary's pods are none of this stage's business. */
function keepHome(seen: Observation, run: Run): Move | undefined {
  const revision = primaryRevision(seen, run);
  return keepWorld(seen, {
    stored: revision === undefined ? [] : [revision],
    primary: revision,
    apex: true,
    split: run.split,
    keeping: run.kind === 'initialise' && run.stage === 'return',
    // Nothing takes room from the primary while it still waits for its traffic.
    syncAutoscaler: run.outcome?.phase !== 'Failed' && isHome(run),
    ...(run.stage === 'return' ? { paused: false } : {}),
  });
}

/** All traffic is at the primary, and was seen to be. */
function isHome({ stage, split, settledAt }: Run): boolean {
  return stage === 'scale-down' || (split.canary === 0 && settledAt !== undefined);
}

function drain(seen: Observation, run: Run): Move {
  if (run.settledAt === undefined) {
    const settledAt = isoFromMs(seen.nowMs);
    const message = drainMessage(seen, run, settledAt);
    return { kind: 'intend', reason: 'Draining', message, run: { ...run, settledAt } };
  }
  const wakeAtMs = msFromIso(run.settledAt) + drainMs(run.plan);
  if (seen.nowMs < wakeAtMs) {
    return { kind: 'wait', reason: 'Draining', message: drainMessage(seen, run, run.settledAt), wakeAtMs };
  }
  const busy = awaitIdle(seen, run, drainMessage(seen, run, run.settledAt));
  if (busy !== undefined) {
    return busy;
  }
  return {
    kind: 'intend',
    reason: 'ScalingDown',
    message: `scaling down ${targetName(seen)}`,
    run: atStage(seen, run, 'scale-down'),
    notices: [
      ...stillBusy(seen, run),
      ...(run.outcome?.reason === 'Succeeded'
        ? [normal('ScalingDown', `Promotion completed! Scaling down ${targetName(seen)}`)]
        : []),
    ],
  };
}

function drainMessage(seen: Observation, run: Run, settledAt: string): string {
  const until = isoFromMs(msFromIso(settledAt) + drainMs(run.plan));
  return `draining ${targetName(seen)} (since ${clockFromIso(settledAt)}, until ${clockFromIso(until)})`;
}

export const scaleDown: RunRule = (seen, run) => {
  if (run.stage !== 'scale-down') {
    return undefined;
  }
  const world = keepHome(seen, run);
  if (world !== undefined) {
    return world;
  }
  const actions = emptying(seen);
  if (actions.length > 0) {
    // The last check before pods go: a primary that lost its own meanwhile must not be left alone.
    return isPrimaryDeserted(seen)
      ? overdueAt(seen, run, run.stageSince, {
          reason: 'PrimaryNotReady',
          message: `keeps ${targetName(seen)}: ${primaryName(seen)} has no available pods`,
        })
      : { kind: 'enact', reason: 'ScalingDown', actions };
  }
  return finish(seen, run);
};

function finish(seen: Observation, run: Run): Move {
  const outcome = run.outcome ?? { phase: 'Succeeded', reason: 'Succeeded', message: '' };
  const hooks =
    run.kind === 'rollout' && outcome.reason !== 'RunCancelled' && seen.spec !== undefined
      ? webhooksOf(seen.spec.analysis, 'post-rollout')
      : [];
  const patch: Partial<CanaryStatus> = {
    phase: outcome.phase,
    ...(outcome.phase === 'Failed' ? { failedChecks: 0, canaryWeight: 0 } : {}),
    ...(outcome.reason === 'RunCancelled' && seen.status.lastPromotedSpec !== undefined
      ? { lastAppliedSpec: seen.status.lastPromotedSpec }
      : {}),
    ...(run.kind === 'initialise' ? initialised(seen, run) : {}),
  };
  const tally = tallyOf(run, outcome);
  const closing = withNextRound(seen, atStage(seen, run, 'closing'), 0);
  const ended = hooks.length > 0 ? { run: closing, patch, notices: [] } : afterRun(seen, run, patch);
  return {
    kind: 'intend',
    reason: run.kind === 'initialise' ? 'Initialized' : outcome.phase,
    message: outcome.message,
    ...ended,
    notices: [lastWord(seen, run, outcome), ...ended.notices],
    ...(tally === undefined ? {} : { tally }),
  };
}

function initialised(seen: Observation, run: Run): Partial<CanaryStatus> {
  return {
    lastAppliedSpec: run.revision,
    lastPromotedSpec: run.revision,
    ...(seen.configs === undefined ? {} : { trackedConfigs: { ...seen.configs } }),
    ...(seen.primary === undefined ? {} : { primaryReplicas: seen.primary.replicas }),
  };
}

type End = NonNullable<Run['outcome']>;

function tallyOf(run: Run, { phase, reason }: End): Tally | undefined {
  if (run.kind === 'initialise' || reason === 'RunCancelled') {
    return undefined;
  }
  return phase === 'Failed'
    ? { result: 'failure', strategy: run.plan.strategy, analysis: 'completed' }
    : {
        result: 'success',
        strategy: run.plan.strategy,
        analysis: run.prepared === true && run.command?.verb !== 'promote' ? 'completed' : 'skipped',
      };
}

function lastWord(seen: Observation, run: Run, { phase, reason, message }: End): Notice {
  if (run.kind === 'initialise') {
    return normal('Initialized', `Initialization done! ${seen.name}.${seen.namespace}`);
  }
  if (phase === 'Failed' && run.previous !== undefined) {
    return warning('Failed', `Probation failed! ${targetName(seen)} is not live any more: ${message}`);
  }
  if (phase === 'Failed') {
    return warning('Failed', `Canary failed! Scaling down ${targetName(seen)}: ${message}`);
  }
  return reason === 'RunCancelled'
    ? normal('RunCancelled', message)
    : normal('Succeeded', `Promotion completed! ${targetName(seen)} is live`);
}
