// Small functions on a run that several rules share: its next stage, its next split, its deadlines.
import type { Plan, Run, Stage } from '../api/status.ts';
import { cutBytes } from '../model/excerpt.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import { allPrimary, sameSplit } from '../model/split.ts';
import type { Split } from '../model/split.ts';

export const LONGEST_DRAIN_MS = 10_000;
/** What status keeps of a message. */
export const MESSAGE_BYTES = 256;

/** How long requests in flight get to leave a workload after its traffic is gone and before it is scaled down. */
export function drainMs(plan: Plan): number {
  return Math.min(plan.intervalMs, LONGEST_DRAIN_MS);
}

/** A fresh run of `revision`. Traffic starts at the primary, whatever a run before it left behind. */
export function newRun(
  seen: Observation,
  first: {
    readonly kind: Run['kind'];
    readonly revision: string;
    readonly stage: Stage;
    readonly plan: Plan;
  },
): Run {
  const now = isoFromMs(seen.nowMs);
  return {
    id: seen.chance,
    ...first,
    stageSince: now,
    startedAt: now,
    split: allPrimary,
    splitSince: now,
    round: { seq: 1, dueAt: now },
    iteration: 0,
    counts: { fail: 0, inconclusive: 0, noData: 0, unavailable: 0 },
  };
}

/** The run at its next stage; what only the last stage needed is dropped, copies of requests with it. */
export function atStage(seen: Observation, run: Run, stage: Stage): Run {
  const { heldSince: _held, gate: _gate, resumeWeight: _weight, mirror: _mirror, ...rest } = run;
  const { paused: _paused, approved: _approved, unchecked: _unchecked, traffic: _traffic, ...kept } = rest;
  return { ...kept, stage, stageSince: isoFromMs(seen.nowMs) };
}

const UNDECIDED: ReadonlySet<Stage> = new Set<Stage>(['confirm-rollout', 'scale-up', 'analysis']);

/** Neither promotion nor return has begun: the run can still go either way. */
export function isUndecided({ stage }: Run): boolean {
  return UNDECIDED.has(stage);
}

/** The run with another split; it counts as in effect only when it has been seen again, and its traffic too. */
export function withSplit(seen: Observation, run: Run, split: Split): Run {
  if (sameSplit(run.split, split)) {
    return run;
  }
  const { settledAt: _settled, traffic: _traffic, ...kept } = run;
  return { ...kept, split, splitSince: isoFromMs(seen.nowMs) };
}

export function isMirroring({ mirror, plan }: Run): boolean {
  return mirror === true && plan.mirrorPercent !== undefined;
}

/** The run with copies of requests going to the canary, or not; like a split, they count once they are seen in effect. */
export function withMirror(seen: Observation, run: Run, mirror: boolean): Run {
  if ((run.mirror === true) === mirror) {
    return run;
  }
  const { settledAt: _settled, traffic: _traffic, mirror: _mirror, ...kept } = run;
  return { ...kept, ...(mirror ? { mirror } : {}), splitSince: isoFromMs(seen.nowMs) };
}

/** The run with its next round named and due `afterMs` from now. */
export function withNextRound(seen: Observation, run: Run, afterMs: number): Run {
  return { ...run, round: { seq: (run.round?.seq ?? 0) + 1, dueAt: isoFromMs(seen.nowMs + afterMs) } };
}

/** When something that began at `since` has lasted too long. */
export function deadlineMs(run: Run, since: string): number {
  return msFromIso(since) + run.plan.progressDeadlineMs;
}

/** ` (since 14:00:00Z, until 14:10:00Z)`: how every wait with a deadline ends its message. */
export function sinceUntil(run: Run, since: string): string {
  return ` (since ${clockFromIso(since)}, until ${clockFromIso(isoFromMs(deadlineMs(run, since)))})`;
}

/** How a run ends; the message is kept in status, and bounded like every other. */
export function outcomeOf(
  phase: NonNullable<Run['outcome']>['phase'],
  reason: Reason,
  message: string,
): NonNullable<Run['outcome']> {
  return { phase, reason, message: cutBytes(message, MESSAGE_BYTES) };
}

export function failedRounds(run: Run): number {
  const { fail, inconclusive, noData, unavailable } = run.counts;
  return fail + inconclusive + noData + unavailable;
}

/** `cart.shop`: the target as events name it. */
export function targetName(seen: Observation): string {
  return `${seen.spec?.targetRef.name ?? seen.name}.${seen.namespace}`;
}

export function primaryName(seen: Observation): string {
  return `${seen.spec?.targetRef.name ?? seen.name}-primary.${seen.namespace}`;
}
