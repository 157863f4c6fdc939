// Deletion with `revertOnDeletion`: the target serves again, what was taken over is given back, then the finalizer goes.
// What is missing counts as done, and the wait for the target has a deadline: a Canary can always be deleted.
import type { CanarySpec } from '../api/canary.ts';
import type { CanaryStatus } from '../api/status.ts';
import { progressDeadlineMs } from '../api/defaults.ts';
import type { Action } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import { announceTheirs } from './announce.ts';
import { resuming } from './autoscalers.ts';
import { normal } from './move.ts';
import type { Move, Rule } from './move.ts';
import { LONGEST_DRAIN_MS, drainMs, targetName } from './run.ts';
import { describeRoute } from './world.ts';

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
  return seen.spec === undefined
    ? release()
    : (announceTheirs(seen, deadlineMs(seen)) ?? revertTarget(seen) ?? restore(seen) ?? release());
};

/** The target serves as it did before: seen ready for long enough that it is not yesterday's news, or out of time. */
function revertTarget(seen: Observation): Move | undefined {
  const { target, status, nowMs } = seen;
  const { restoredAt, servingSince } = status.reverting ?? {};
  const untilMs = deadlineMs(seen);
  if (restoredAt !== undefined || nowMs >= untilMs) {
    return undefined;
  }
  const actions = refilling(seen);
  if (actions.length > 0) {
    return { kind: 'enact', reason: 'Terminating', actions };
  }
  if (target === undefined) {
    return undefined;
  }
  switch (target.readiness.kind) {
    case 'failed':
      return undefined;
    case 'notYet':
      return servingSince === undefined
        ? awaitUntil(`waits for the target: ${target.readiness.message}`, untilMs)
        : noted(seen, {}, `the target stopped serving: ${target.readiness.message}`);
    case 'ready':
      if (servingSince === undefined) {
        return noted(seen, { servingSince: isoFromMs(nowMs) }, 'the target serves again');
      }
      return awaitDrain(seen, servingSince, 'sees the target serve');
  }
}

/** What gives the target its pods back: an autoscaler that goes on, and as many as the primary has to begin with. */
function refilling(seen: Observation): readonly Action[] {
  const { target, primary, status } = seen;
  const replicas = Math.max(1, primary?.replicas ?? status.primaryReplicas ?? 1);
  return [
    ...resuming(seen).map(([, action]) => action),
    ...(target?.replicas === 0 ? [{ kind: 'scaleTarget', replicas } as const] : []),
  ];
}

/**
 * Route and Service as they were before; the primary stays, and its Service named, until requests are known to go to the
 * target.
 */
function restore(seen: Observation): Move | undefined {
  const { status, route, nowMs } = seen;
  const { restoredAt } = status.reverting ?? {};
  const held = route.state === 'drifted' || route.state === 'inPlace';
  if (restoredAt === undefined && held && route.acceptance === 'pending' && nowMs < deadlineMs(seen)) {
    return awaitUntil(`waits for the gateway: ${describeRoute(seen)}`, deadlineMs(seen));
  }
  if (restoredAt === undefined) {
    const reverting = { ...status.reverting, restoredAt: isoFromMs(nowMs) };
    return noted(seen, reverting, 'gives Service and route back');
  }
  const drainedMs = msFromIso(restoredAt) + drainOf(seen);
  const untilMs = deadlineMs(seen) + drainOf(seen);
  const accepted = route.taken !== true || route.acceptance !== 'pending';
  const given = nowMs >= untilMs || (accepted && nowMs >= drainedMs);
  if (!given) {
    return {
      kind: 'enact',
      reason: 'Terminating',
      actions: [{ kind: 'restoreService' }, { kind: 'restoreRoute', keeping: true }],
      wakeAtMs: nowMs < drainedMs ? drainedMs : untilMs,
    };
  }
  return route.taken === true && nowMs < untilMs + drainOf(seen)
    ? { kind: 'enact', reason: 'Terminating', actions: [{ kind: 'restoreRoute' }] }
    : undefined;
}

function noted(seen: Observation, reverting: NonNullable<CanaryStatus['reverting']>, message: string): Move {
  return {
    kind: 'intend',
    reason: 'Terminating',
    message: `${message}: ${targetName(seen)}`,
    run: null,
    patch: { reverting },
  };
}

function awaitUntil(what: string, untilMs: number): Move {
  const until = clockFromIso(isoFromMs(untilMs));
  return {
    kind: 'wait',
    reason: 'Terminating',
    message: `${what} (until ${until})`,
    wakeAtMs: untilMs,
  };
}

function awaitDrain(seen: Observation, since: string, what: string): Move | undefined {
  const wakeAtMs = msFromIso(since) + drainOf(seen);
  return seen.nowMs < wakeAtMs ? { kind: 'wait', reason: 'Terminating', message: what, wakeAtMs } : undefined;
}

function drainOf({ plan }: Observation): number {
  return plan === undefined ? LONGEST_DRAIN_MS : drainMs(plan);
}

function deadlineMs({ status, spec, nowMs }: Observation): number {
  return msFromIso(sinceOf(status) ?? isoFromMs(nowMs)) + deadlineOf(spec);
}

/** When the phase became what it is: unlike the time of the last write it stays while messages change (D36). */
function sinceOf({ conditions, lastTransitionTime }: CanaryStatus): string | undefined {
  return conditions?.find(({ type }) => type === 'Promoted')?.lastUpdateTime ?? lastTransitionTime;
}

function deadlineOf(spec: CanarySpec | undefined): number {
  return spec === undefined ? DEFAULT_DEADLINE_MS : progressDeadlineMs(spec);
}

/** A spec that cannot be read names nothing to give back: a Canary can be deleted all the same. */
function release(): Move {
  return { kind: 'enact', reason: 'Terminated', actions: [{ kind: 'setFinalizer', present: false }] };
}

/** The finalizer follows `revertOnDeletion`, before anything that would have to be reverted is done. */
export const manageFinalizer: Rule = (seen) => {
  const wanted = seen.spec?.revertOnDeletion === true;
  if (seen.spec === undefined || seen.deleting || wanted === seen.hasFinalizer) {
    return undefined;
  }
  return { kind: 'enact', reason: 'Terminating', actions: [{ kind: 'setFinalizer', present: wanted }] };
};
