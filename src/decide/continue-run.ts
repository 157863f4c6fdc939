// A run that another controller has left in flight. Its weight is that of the live route, its counters are those in status. It
// goes on from there only where the target is known to be the one that was analysed; else its analysis begins anew.
import type { CanaryStatus, Phase, Plan, Run } from '../api/status.ts';
import type { Observation, SeenTarget } from '../model/observation.ts';
import type { Revision } from '../model/revision.ts';
import { isoFromMs, msFromIso } from '../model/time.ts';
import { allCanary, allPrimary, sameSplit } from '../model/split.ts';
import { normal } from './move.ts';
import type { Move } from './move.ts';
import { withRecycling } from './recycle-pods.ts';
import { cancel, rollBack } from './roll-back.ts';
import { atStage, drainMs, newRun, outcomeOf, primaryName, targetName } from './run.ts';
import { isInEffect } from './world.ts';

/** What has been found, and what it means. */
export interface Inheritance {
  /** What the primary holds. */
  readonly live: Revision;
  readonly target: SeenTarget;
  readonly plan: Plan;
  /** The target is what the primary holds. */
  readonly agrees: boolean;
  /** The target has changed since the other controller last wrote; undefined: nobody knows. */
  readonly changed: boolean | undefined;
}

type Continue = (seen: Observation, found: Inheritance) => Move;

/** A target that is what the primary holds has nothing left to be analysed; any other has, or comes next. */
const onward: Readonly<Partial<Record<Phase, Continue>>> = {
  Waiting: (seen, found) => (found.agrees ? nothingLeft(seen, found) : awaitGate(seen, found)),
  Promoting: (seen, found) => (found.agrees ? finishPromotion(seen, found) : nothingLeft(seen, found)),
  Finalising: (seen, found) => (found.agrees ? finishScaleDown(seen, found) : nothingLeft(seen, found)),
};

const analyse: Continue = (seen, found) =>
  found.agrees ? cancelRun(seen, found) : continueAnalysis(seen, found);

export function continueRun(seen: Observation, found: Inheritance): Move {
  const { phase } = seen.status;
  const goOn = (phase === undefined ? undefined : onward[phase]) ?? analyse;
  return goOn(seen, found);
}

/** What is live is settled; a target that has moved on since starts a run of its own, gates and all. */
function nothingLeft(seen: Observation, { live }: Inheritance): Move {
  return taken(seen, `${primaryName(seen)} serves what is live`, {
    run: null,
    patch: { phase: 'Initialized', lastAppliedSpec: live, lastPromotedSpec: live },
  });
}

function awaitGate(seen: Observation, { live, target, plan }: Inheritance): Move {
  const run = newRun(seen, { kind: 'rollout', revision: target.revision, stage: 'confirm-rollout', plan });
  const gate = { type: 'confirm-rollout', closedSince: sinceOf(seen) };
  return taken(seen, 'the gate is asked further on', {
    run: { ...run, gate },
    patch: { rounds: [], lastPromotedSpec: live, lastAppliedSpec: live },
  });
}

function continueAnalysis(seen: Observation, found: Inheritance): Move {
  const { live, target, plan, changed } = found;
  const { status, route, configs } = seen;
  const run = newRun(seen, { kind: 'rollout', revision: target.revision, stage: 'scale-up', plan });
  const patch = { rounds: [], lastPromotedSpec: live, lastAppliedSpec: target.revision };
  const tracked = configs === undefined ? {} : { trackedConfigs: { ...configs } };
  if (changed !== false) {
    const why = changed === true ? 'has changed meanwhile' : 'may have changed meanwhile';
    const message = `the target ${why}: the analysis begins anew`;
    return taken(seen, message, { run: withRecycling(seen, run), patch: { ...patch, ...tracked } });
  }
  const split = route.split ?? allPrimary;
  const begun =
    plan.strategy === 'canary' ? split.canary > 0 : (status.iterations ?? 0) > 0 || split.canary > 0;
  if (!begun && status.phase !== 'WaitingPromotion') {
    return taken(seen, 'the run goes on at weight 0', { run, patch: { ...patch, ...tracked } });
  }
  const analysing: Run = {
    ...atStage(seen, run, 'analysis'),
    split,
    prepared: true,
    ...progressOf(seen, plan, split),
  };
  const fails = analysing.counts.fail;
  if (fails >= plan.threshold) {
    const why = `failed checks threshold reached ${fails}`;
    return laidOver(rollBack(seen, analysing, { reason: 'ThresholdReached', message: why }), {
      ...patch,
      ...tracked,
    });
  }
  return taken(seen, `the run goes on at weight ${split.canary}`, {
    run: analysing,
    patch: { ...patch, ...tracked },
  });
}

/** The target was set back during the run, which Flagger does not notice (D5): nothing is left to analyse. */
function cancelRun(seen: Observation, { live, plan }: Inheritance): Move {
  const run = newRun(seen, { kind: 'rollout', revision: live, stage: 'analysis', plan });
  const held = { ...run, split: seen.route.split ?? allPrimary };
  return laidOver(cancel(seen, held), {
    rounds: [],
    lastAppliedSpec: live,
    lastPromotedSpec: live,
    ...trackedOf(seen),
  });
}

function laidOver(move: Move, patch: Partial<CanaryStatus>): Move {
  return move.kind === 'intend' ? { ...move, patch: { ...move.patch, ...patch } } : move;
}

/** Flagger sets the counter of a run that waits for its promotion back by one, to −1 where there are no iterations. */
function progressOf(
  { status, ...seen }: Observation,
  { strategy, iterations }: Plan,
  split: Run['split'],
): Pick<Run, 'iteration' | 'counts' | 'gate'> {
  const counts = { fail: Math.max(0, status.failedChecks ?? 0), inconclusive: 0, noData: 0, unavailable: 0 };
  if (status.phase !== 'WaitingPromotion') {
    return { iteration: Math.max(0, status.iterations ?? 0), counts };
  }
  const switched = strategy === 'blue-green' && sameSplit(split, allCanary);
  const gate = { type: 'confirm-promotion', closedSince: sinceOf({ status, ...seen }) };
  return { iteration: switched ? iterations + 1 : iterations, counts, gate };
}

/** The primary has its new template and rolls: what is left is to see it serve, and to bring the traffic home. */
function finishPromotion(seen: Observation, { live, plan }: Inheritance): Move {
  const run = newRun(seen, { kind: 'rollout', revision: live, stage: 'promote', plan });
  return taken(seen, `the promotion of ${targetName(seen)} goes on`, {
    run: { ...run, split: seen.route.split ?? allPrimary, prepared: true },
    patch: { rounds: [], lastAppliedSpec: live, lastPromotedSpec: live, ...trackedOf(seen) },
  });
}

function finishScaleDown(seen: Observation, { live, plan }: Inheritance): Move {
  const run = newRun(seen, { kind: 'rollout', revision: live, stage: 'return', plan });
  const idle = seen.nowMs >= msFromIso(sinceOf(seen)) + drainMs(plan) && isInEffect(seen, allPrimary);
  const outcome = outcomeOf('Succeeded', 'Succeeded', `${targetName(seen)} is promoted`);
  return taken(seen, `${targetName(seen)} is scaled down`, {
    run: { ...run, stage: idle ? 'scale-down' : 'return', prepared: true, outcome },
    patch: { rounds: [], lastAppliedSpec: live, lastPromotedSpec: live, ...trackedOf(seen) },
  });
}

function trackedOf({ configs }: Observation): Pick<CanaryStatus, 'trackedConfigs'> {
  return configs === undefined ? {} : { trackedConfigs: { ...configs } };
}

function sinceOf({ status, nowMs }: Observation): string {
  return status.lastTransitionTime ?? isoFromMs(nowMs);
}

function taken(
  seen: Observation,
  message: string,
  { run, patch }: { readonly run: Run | null; readonly patch: Partial<CanaryStatus> },
): Move {
  return {
    kind: 'intend',
    reason: 'Adopted',
    message: `taken over: ${message}`,
    run,
    patch: { ...patch, ...(seen.primary === undefined ? {} : { primaryReplicas: seen.primary.replicas }) },
    notices: [
      normal(
        'Adopted',
        `Taking over ${seen.name}.${seen.namespace} in phase ${seen.status.phase ?? ''}: ${message}`,
      ),
    ],
  };
}
