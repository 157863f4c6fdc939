// Deletion with `revertOnDeletion`: the target serves again, what was taken over is given back, then the finalizer goes.
// What is missing counts as done, and the wait for the target has a deadline: a Canary can always be deleted.
import type { CanarySpec } from '../api/canary.ts';
import type { CanaryStatus } from '../api/status.ts';
import { progressDeadlineMs } from '../api/defaults.ts';
import type { Action } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import { normal } from './move.ts';
import type { Move, Rule } from './move.ts';
import { targetName } from './run.ts';

const DEFAULT_DEADLINE_MS = 600_000;

export const terminate: Rule = (seen) => {
  if (!seen.deleting) {
    return undefined;
  }
  if (!seen.hasFinalizer) {
    return { kind: 'wait', reason: 'Terminating', message: 'being deleted' };
  }
  if (seen.status.phase !== 'Terminating') {
    return {
      kind: 'intend',
      reason: 'Terminating',
      message: `giving ${targetName(seen)} back as it was`,
      run: null,
      patch: { phase: 'Terminating', lastTransitionTime: isoFromMs(seen.nowMs) },
      notices: [normal('Terminating', `Terminating canary ${seen.name}.${seen.namespace}`)],
    };
  }
  return revertTarget(seen) ?? release(seen);
};

function revertTarget({ target, primary, status, spec, nowMs }: Observation): Move | undefined {
  if (target === undefined) {
    return undefined;
  }
  if (target.replicas === 0) {
    const replicas = Math.max(1, primary?.replicas ?? status.primaryReplicas ?? 1);
    return { kind: 'enact', reason: 'Terminating', actions: [{ kind: 'scaleTarget', replicas }] };
  }
  const untilMs = msFromIso(sinceOf(status) ?? isoFromMs(nowMs)) + deadlineOf(spec);
  if (target.readiness.kind !== 'notYet' || nowMs >= untilMs) {
    return undefined;
  }
  const until = clockFromIso(isoFromMs(untilMs));
  return {
    kind: 'wait',
    reason: 'Terminating',
    message: `waits for the target: ${target.readiness.message} (until ${until})`,
    wakeAtMs: untilMs,
  };
}

/** When the phase became what it is: unlike the time of the last write it stays while messages change (D36). */
function sinceOf({ conditions, lastTransitionTime }: CanaryStatus): string | undefined {
  return conditions?.find(({ type }) => type === 'Promoted')?.lastUpdateTime ?? lastTransitionTime;
}

function deadlineOf(spec: CanarySpec | undefined): number {
  return spec === undefined ? DEFAULT_DEADLINE_MS : progressDeadlineMs(spec);
}

/** A spec that cannot be read names nothing to give back: a Canary can be deleted all the same. */
function release({ spec }: Observation): Move {
  const restoring: Action[] =
    spec === undefined ? [] : [{ kind: 'restoreService' }, { kind: 'restoreRoute' }];
  return {
    kind: 'enact',
    reason: 'Terminated',
    actions: [...restoring, { kind: 'setFinalizer', present: false }],
  };
}

/** The finalizer follows `revertOnDeletion`, before anything that would have to be reverted is done. */
export const manageFinalizer: Rule = (seen) => {
  const wanted = seen.spec?.revertOnDeletion === true;
  if (seen.spec === undefined || seen.deleting || wanted === seen.hasFinalizer) {
    return undefined;
  }
  return { kind: 'enact', reason: 'Terminating', actions: [{ kind: 'setFinalizer', present: wanted }] };
};
