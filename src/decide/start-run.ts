// At rest: the promoted revision is kept in place, and a target that holds another one starts a run.
import { apexName, webhooksOf } from '../api/defaults.ts';
import type { Plan, Run } from '../api/status.ts';
import type { Notice } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { isOwnRevision } from '../model/revision.ts';
import { allPrimary } from '../model/split.ts';
import { nextCollectionMs } from './collect-commands.ts';
import { warnings } from './initialise.ts';
import { normal } from './move.ts';
import type { Move, Rule } from './move.ts';
import { isProven, provenRevisions } from './proven.ts';
import { withRecycling } from './recycle-pods.ts';
import { newRun, targetName } from './run.ts';
import { keepWorld } from './world.ts';

export const keepAtRest: Rule = (seen) => (seen.status.run === undefined ? keepLive(seen) : undefined);

/** A deleted primary, Service or route comes back as it was, from what is stored, never from the target (D15). */
export function keepLive(seen: Observation): Move | undefined {
  const promoted = seen.status.lastPromotedSpec;
  return isOwnRevision(promoted)
    ? keepWorld(seen, {
        stored: [promoted],
        primary: promoted,
        apex: true,
        split: isServedByCanary(seen) ? undefined : allPrimary,
        // What was pushed with another revision is not meant for this one.
        syncAutoscaler: seen.status.run === undefined && seen.target?.revision === promoted,
        paused: true,
      })
    : undefined;
}

/** Another controller's failed promotion leaves users at the healthy canary: they stay there until the primary is ready. */
function isServedByCanary({ status, route, target, primary }: Observation): boolean {
  const serves = (route.split?.canary ?? 0) > 0 && (target?.available ?? 0) > 0;
  return status.phase === 'Failed' && serves && primary?.readiness.kind !== 'ready';
}

export const startRun: Rule = (seen) => {
  const { status, target, plan } = seen;
  const { lastPromotedSpec: promoted, lastAppliedSpec: applied } = status;
  if (status.run !== undefined || !isOwnRevision(promoted) || target === undefined || plan === undefined) {
    return undefined;
  }
  if (target.revision === promoted) {
    return applied === promoted ? undefined : forgetFailure(seen, promoted);
  }
  // Applied and not promoted: it has failed before. In any other phase its run got lost, and begins again.
  const refused = target.revision === applied && status.phase === 'Failed';
  return refused ? undefined : start(seen, plan, target.revision);
};

/** After a failure the target is back at what is live: the failed revision, pushed again, is a new one. */
function forgetFailure(seen: Observation, promoted: string): Move {
  return {
    kind: 'intend',
    reason: 'Failed',
    message: `${targetName(seen)} is back at the revision that is live`,
    run: null,
    patch: { lastAppliedSpec: promoted },
  };
}

export function start(seen: Observation, plan: Plan, revision: string): Move {
  const gated = seen.spec !== undefined && webhooksOf(seen.spec.analysis, 'confirm-rollout').length > 0;
  const run = newRun(seen, {
    kind: 'rollout',
    revision,
    stage: gated ? 'confirm-rollout' : 'scale-up',
    plan,
  });
  return gated
    ? {
        kind: 'intend',
        reason: 'AwaitingRollout',
        message: `${targetName(seen)} has a new revision; its roll-out is being confirmed`,
        run,
        patch: { rounds: [], failedChecks: 0 },
        notices: warnings(seen),
      }
    : scaleUp(seen, run, warnings(seen));
}

/** The run as it leaves the gate: one that only brings back what was live before needs no analysis. */
export function admitted(seen: Observation, run: Run): Run {
  const { proven: _before, ...kept } = withRecycling(seen, run);
  return isProven(seen, run.revision) ? { ...kept, proven: true } : kept;
}

/** Leaves the gate: the revision counts as applied from here on, and the canary gets its pods. */
export function scaleUp(seen: Observation, begun: Run, before: readonly Notice[]): Move {
  const run = admitted(seen, begun);
  const name = targetName(seen);
  const news =
    run.proven === true
      ? normal('ProvenRevision', `Proven revision detected! Scaling up ${name}, without an analysis`)
      : normal('NewRevision', `New revision detected! Scaling up ${name}`);
  return {
    kind: 'intend',
    reason: news.reason,
    message: `scaling up ${name}`,
    run,
    patch: {
      rounds: [],
      lastAppliedSpec: run.revision,
      ...(seen.configs === undefined ? {} : { trackedConfigs: { ...seen.configs } }),
      ...(seen.primary === undefined ? {} : { primaryReplicas: seen.primary.replicas }),
    },
    notices: [...before, news],
  };
}

/** Stored revisions nobody needs any more: neither live, nor in a run, nor proven lately. */
export const collectRevisions: Rule = (seen) => {
  const { status, stored } = seen;
  // Copies are shared between revisions: those of a live one without a record could not be told from the rest.
  const live = status.lastPromotedSpec;
  if (status.run !== undefined || live === undefined || !stored.includes(live)) {
    return undefined;
  }
  // A proven one whose record somebody deleted has nothing to keep.
  const proven = provenRevisions(seen).filter((revision) => stored.includes(revision));
  const keep = [live, ...proven];
  return stored.some((revision) => !keep.includes(revision))
    ? { kind: 'enact', reason: 'CollectingRevisions', actions: [{ kind: 'collectRevisions', keep }] }
    : undefined;
};

/** Nothing to do: until an event says otherwise. */
export function rest(seen: Observation): Extract<Move, { kind: 'wait' }> {
  const { status } = seen;
  const wakeAtMs = nextCollectionMs(seen.commands);
  if (status.phase === 'Failed') {
    const last = status.runs?.[0];
    return {
      kind: 'wait',
      reason: 'Failed',
      message: last?.message ?? 'the last run failed',
      health: 'failed',
      ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
    };
  }
  const name = seen.spec === undefined ? seen.name : apexName(seen.spec);
  return {
    kind: 'wait',
    reason: 'Idle',
    message: `${name} serves the promoted revision`,
    ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
  };
}
