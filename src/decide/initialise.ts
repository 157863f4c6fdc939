// The first set-up: a primary that serves, then Services and route, and only when requests are seen to arrive there is the
// target scaled down. It never touches the live target before that (D11).
import type { Plan, Run } from '../api/status.ts';
import type { Action } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { isOwnRevision } from '../model/revision.ts';
import { allPrimary } from '../model/split.ts';
import { isoFromMs } from '../model/time.ts';
import { endRun } from './end-run.ts';
import { normal, warning } from './move.ts';
import type { Move, Rule, RunRule } from './move.ts';
import { atStage, deadlineMs, newRun, outcomeOf, primaryName, sinceUntil, targetName } from './run.ts';
import { holds, keepWorld } from './world.ts';
import type { World } from './world.ts';

/** Starts the set-up of a Canary that has never been initialised; again when a failed one has reason to hope. */
export const initialise: Rule = (seen) => {
  const { status, target, plan, primary } = seen;
  if (status.run !== undefined || isOwnRevision(status.lastPromotedSpec) || !target || !plan) {
    return undefined;
  }
  const failedBefore = status.phase === 'Failed' && status.lastAppliedSpec === target.revision;
  if (failedBefore && primary !== undefined && primary.readiness.kind !== 'ready') {
    return { kind: 'wait', reason: 'PrimaryNotReady', message: lastMessage(seen), health: 'failed' };
  }
  return setUp(seen, plan, target.revision);
};

export function setUp(seen: Observation, plan: Plan, revision: string): Move {
  return {
    kind: 'intend',
    reason: 'Initializing',
    message: `setting up ${primaryName(seen)}`,
    run: newRun(seen, { kind: 'initialise', revision, stage: 'provision', plan }),
    patch: { phase: 'Initializing', rounds: [], lastAppliedSpec: revision },
    notices: warnings(seen),
  };
}

function lastMessage({ status }: Observation): string {
  return (
    status.conditions?.find(({ type }) => type === 'Ready')?.message ?? 'the primary did not become ready'
  );
}

/** Fields that are not honoured are said once a run. */
export function warnings(seen: Observation): ReturnType<typeof warning>[] {
  return seen.problems
    .filter(({ severity }) => severity === 'warning')
    .map(({ reason, field, message, fix }) => warning(reason, `${field} ${message}: ${fix}`));
}

/** Stage `provision`: Services, the stored revision and the primary; done when the primary is ready. */
export const provision: RunRule = (seen, run) => {
  if (run.stage !== 'provision') {
    return undefined;
  }
  const { target, primary } = seen;
  if (target !== undefined && target.revision !== run.revision) {
    return repin(seen, run, target.revision);
  }
  const ready = holds(primary, run.revision) && primary?.readiness.kind === 'ready';
  if (ready && inPlace(seen)) {
    return {
      kind: 'intend',
      reason: 'ReturningTraffic',
      message: `routing to ${primaryName(seen)}`,
      run: { ...atStage(seen, run, 'return'), outcome: initialized },
    };
  }
  const failed = primary?.readiness.kind === 'failed' && holds(primary, run.revision);
  if (failed || seen.nowMs >= deadlineMs(run, run.stageSince)) {
    return giveUp(seen, run);
  }
  const world: World = {
    stored: [run.revision],
    primary: run.revision,
    primaryReplicas: sizeOf(seen),
    syncAutoscaler: true,
    paused: false,
  };
  return rehearsed(keepWorld(seen, world)) ?? awaitPrimary(seen, run);
};

const initialized = {
  phase: 'Initialized',
  reason: 'Initialized',
  message: 'the primary serves, and waits for a new revision',
} as const;

/** A target without pods gets a primary with one. */
function sizeOf({ target }: Observation): number {
  return Math.max(1, target?.replicas ?? 1);
}

function inPlace({ services }: Observation): boolean {
  return services.canary === 'inPlace' && services.primary === 'inPlace';
}

/** Before the first write everything that will be written is tried, so that a refusal is known in time. */
function rehearsed(move: Move | undefined): Move | undefined {
  if (move?.kind !== 'enact') {
    return move;
  }
  const rehearse: Action[] = [
    { kind: 'writeService', role: 'apex' },
    { kind: 'writeRoute', split: allPrimary },
  ];
  return { ...move, rehearse };
}

/** No analysis is at stake yet: the set-up follows the target, so that a fixed revision ends a broken one's wait. */
function repin(seen: Observation, run: Run, revision: string): Move {
  return {
    kind: 'intend',
    reason: 'NewRevision',
    message: `setting up ${primaryName(seen)}`,
    run: { ...run, revision, stageSince: isoFromMs(seen.nowMs) },
    patch: { lastAppliedSpec: revision },
    notices: [normal('NewRevision', `New revision detected! Setting up ${targetName(seen)} with it`)],
  };
}

function awaitPrimary(seen: Observation, run: Run): Move {
  const { primary } = seen;
  const state = primary?.readiness.kind === 'notYet' ? primary.readiness.message : 'being created';
  return {
    kind: 'wait',
    reason: 'PrimaryNotReady',
    message: `waits for ${primaryName(seen)}: ${state}${sinceUntil(run, run.stageSince)}`,
    wakeAtMs: deadlineMs(run, run.stageSince),
  };
}

/** The target keeps serving as it did; a new revision, or a primary that recovers, starts the set-up again. */
function giveUp(seen: Observation, run: Run): Move {
  const state = seen.primary?.readiness;
  const detail = state === undefined || state.kind === 'ready' ? 'it was not created' : state.message;
  const message = `${primaryName(seen)} did not become ready: ${detail}; the target still serves, push a new revision`;
  const failed = { ...run, outcome: outcomeOf('Failed', 'PrimaryNotReady', message) };
  return {
    kind: 'intend',
    reason: 'PrimaryNotReady',
    message,
    ...endRun(seen, failed, { phase: 'Failed', lastAppliedSpec: run.revision }),
    notices: [warning('PrimaryNotReady', message)],
  };
}
