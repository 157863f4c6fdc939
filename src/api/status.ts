// `status` of a Canary. Flagger's fields first: existing readers see what they always saw. Then Serin's own: `run` is the
// program counter from which everything else in status follows. Imports zod and the words of commands only.
import { z } from 'zod';
import { RouteRef } from './reference.ts';
import { RouteEntry } from './route-entry.ts';
import { CommandResult, CommandVerb, Gate } from './canary-command.ts';

const DateTime = z.string().meta({ format: 'date-time' });
const Percent = z.number();

const phases = [
  '',
  'Initializing',
  'Initialized',
  'Waiting',
  'Progressing',
  'WaitingPromotion',
  'Promoting',
  'Finalising',
  'Succeeded',
  'Failed',
  'Terminating',
  'Terminated',
] as const;
export const Phase = z.enum(phases);
export type Phase = z.infer<typeof Phase>;

/** Where a run stands. `decide/decide.ts` draws how one follows another. */
const stages = [
  'provision',
  'confirm-rollout',
  'scale-up',
  'analysis',
  'promote',
  'yield',
  'restore',
  'return',
  'scale-down',
  'closing',
  'probation',
] as const;
export const Stage = z.enum(stages);
export type Stage = z.infer<typeof Stage>;

export const Condition = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string().optional(),
  lastUpdateTime: DateTime.optional(),
  lastTransitionTime: DateTime.optional(),
  observedGeneration: z.number().optional(),
});
export type Condition = z.infer<typeof Condition>;

const SplitSchema = z.object({ primary: Percent, canary: Percent });

/** The rules a run goes by, frozen at its start and renewed only between rounds. Times in milliseconds. */
export const Plan = z.object({
  strategy: z.enum(['canary', 'blue-green', 'ab-testing']),
  /** Canary weights in ascending order; the last one is where promotion starts. Empty unless `canary`. */
  weights: z.array(Percent),
  /** Rounds to pass; 0 for weighted canaries. */
  iterations: z.number(),
  stepWeightPromotion: z.number(),
  /** Percent that goes home with each step after a failure; absent: all at once. */
  stepWeightRollback: z.number().optional(),
  /** Percent of the requests to copy while the run mirrors; absent: it never does. */
  mirrorPercent: z.number().optional(),
  threshold: z.number(),
  intervalMs: z.number(),
  progressDeadlineMs: z.number(),
  skipAnalysis: z.boolean(),
  /** How long a gate may stay closed; absent: for ever. */
  /** How long a promoted revision is watched. */
  probationMs: z.number().optional(),
  gateTimeoutMs: z.number().optional(),
  /**
   * The provider counts requests where it splits them: the canary is seen idle before it goes, and, with a tolerance in
   * percentage points, its share is compared with the split. Absent: traffic is not proven.
   */
  trafficProof: z.object({ tolerancePercent: z.number().optional() }).optional(),
  provider: z.string(),
  /** As the spec had them when the run began; absent: one route, by `provider`. */
  routes: z.array(RouteEntry).optional(),
  routeRef: RouteRef.optional(),
  /** What the run is about; `apex` is the base name of Services and route. Absent in runs of older versions. */
  subject: z
    .object({ apiVersion: z.string(), kind: z.string(), name: z.string(), apex: z.string() })
    .optional(),
});
export type Plan = z.infer<typeof Plan>;

/** Rounds by outcome that did not pass. */
const Counts = z.object({
  fail: z.number(),
  inconclusive: z.number(),
  noData: z.number(),
  unavailable: z.number(),
});

/** A command as it is remembered where it had an effect. */
const Ordered = z.object({
  name: z.string(),
  verb: CommandVerb,
  author: z.string(),
  reason: z.string().optional(),
});

/** A command that has been carried out, or will never be: written together with its effect, so that it has one only. */
const CommandRecord = z.object({
  uid: z.string(),
  name: z.string(),
  verb: z.string(),
  author: z.string(),
  reason: z.string().optional(),
  result: CommandResult,
  message: z.string(),
  at: DateTime,
  /** The run that it changed. */
  run: z.string().optional(),
});
export type CommandRecord = z.infer<typeof CommandRecord>;

/** What the counters of the proxy said of where requests went. */
const Traffic = z.object({
  outcome: z.enum(['agrees', 'disagrees', 'tooFew']),
  message: z.string(),
});
export type Traffic = z.infer<typeof Traffic>;

export const Run = z.object({
  id: z.string(),
  kind: z.enum(['initialise', 'rollout']),
  /** The revision this run is pinned to. */
  revision: z.string(),
  stage: Stage,
  stageSince: DateTime,
  startedAt: DateTime,
  plan: Plan,
  /** What the route shall say now. */
  split: SplitSchema,
  splitSince: DateTime,
  /** When the split was first seen in effect; absent while it is not. */
  settledAt: DateTime.optional(),
  /** What was seen of it since; `since` is when it was first seen to be so. Absent while nobody has looked. */
  traffic: Traffic.extend({ since: DateTime }).optional(),
  /** The next round: named here before anything is asked for it. */
  round: z.object({ seq: z.number(), dueAt: DateTime }).optional(),
  iteration: z.number(),
  /** Copies of requests go to the canary now. */
  mirror: z.boolean().optional(),
  /** The canary's pods began with configuration that has changed since: they go before the run begins. */
  recycle: z.boolean().optional(),
  /** Pre-rollout hooks have passed; they are asked once a run. */
  prepared: z.boolean().optional(),
  counts: Counts,
  /** The canary has been short of ready pods since then. */
  heldSince: DateTime.optional(),
  /** Weight to resume at once the canary has pods again. */
  resumeWeight: Percent.optional(),
  gate: z.object({ type: z.string(), closedSince: DateTime, overdue: z.boolean().optional() }).optional(),
  /** Set when the run's end is decided: where it goes and why. */
  outcome: z
    .object({
      phase: z.enum(['Initialized', 'Succeeded', 'Failed']),
      reason: z.string(),
      message: z.string(),
    })
    .optional(),
  suspendedAt: DateTime.optional(),
  /** Somebody holds the run where it is. */
  paused: z
    .object({
      since: DateTime,
      by: z.string(),
      reason: z.string().optional(),
      overdue: z.boolean().optional(),
    })
    .optional(),
  /** The command that decides how the run ends: `promote` skips what is left of the analysis, `abort` rolls back. */
  command: Ordered.optional(),
  /** Somebody wants the next step now: the next round checks nothing, and asks the gates only. */
  unchecked: z.boolean().optional(),
  /** Gates that somebody has opened: not asked again before this step. */
  approved: z.array(Gate).optional(),
  /** The revision was proven before, and comes back without an analysis. */
  proven: z.boolean().optional(),
  /** What was live before, while this run is or will be on probation. */
  previous: z.string().optional(),
  /** Pods of it are kept warm, and the canary Service leads to them. */
  warm: z.boolean().optional(),
  /** The analysis is over and another revision waits: this one is promoted first, as soon as its gate opens. */
  finishing: z.boolean().optional(),
});
export type Run = z.infer<typeof Run>;

/** Which object of which generation read as which hash: what tells a change from another way of reading. */
const TargetNote = z.object({
  uid: z.string(),
  generation: z.number(),
  hash: z.string(),
  /** Digest of the configuration in use; absent while it is not tracked. */
  configs: z.string().optional(),
});
export type TargetNote = z.infer<typeof TargetNote>;

/** One metric or hook of a round, as people read it. */
const Check = z.object({
  name: z.string(),
  outcome: z.enum(['pass', 'fail', 'inconclusive', 'noData', 'unavailable']),
  value: z.number().optional(),
  threshold: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

export const Round = z.object({
  seq: z.number(),
  at: DateTime,
  weight: Percent,
  outcome: z.enum(['pass', 'fail', 'inconclusive', 'noData', 'unavailable']),
  reason: z.string(),
  checks: z.array(Check),
  /** Only where the round looked. */
  traffic: Traffic.optional(),
});
export type Round = z.infer<typeof Round>;

export const PastRun = z.object({
  id: z.string(),
  revision: z.string(),
  startedAt: DateTime,
  endedAt: DateTime,
  phase: Phase,
  reason: z.string(),
  message: z.string().optional(),
  /** The command that ended it, if one did. */
  command: Ordered.optional(),
});
export type PastRun = z.infer<typeof PastRun>;

/** Said with the status write that made it true, and owed to its receivers until they have it. */
const PostedNotice = z.object({
  /** Counts up for the life of the Canary: how receivers tell a repeat from news. */
  seq: z.number(),
  at: DateTime,
  type: z.enum(['Normal', 'Warning']),
  reason: z.string(),
  message: z.string(),
  phase: z.string(),
  runId: z.string().optional(),
});
export type PostedNotice = z.infer<typeof PostedNotice>;

const Outbox = z.object({ lastSeq: z.number(), notices: z.array(PostedNotice) });

export const CanaryStatus = z.object({
  phase: Phase.optional(),
  canaryWeight: z.number().optional(),
  failedChecks: z.number().optional(),
  iterations: z.number().optional(),
  lastAppliedSpec: z.string().optional(),
  lastPromotedSpec: z.string().optional(),
  trackedConfigs: z.record(z.string(), z.string()).optional(),
  lastTransitionTime: DateTime.optional(),
  sessionAffinityCookie: z.string().optional(),
  previousSessionAffinityCookie: z.string().optional(),
  primarySessionAffinityCookie: z.string().optional(),
  observedGeneration: z.number().optional(),
  conditions: z.array(Condition).optional(),
  /** How many pods the primary had when last seen serving, to restore it if it is deleted. */
  primaryReplicas: z.number().optional(),
  /** The target as it was when status was last written. */
  target: TargetNote.optional(),
  /** Revisions that read otherwise now than when they got their name, by how they read. */
  absorbed: z.record(z.string(), z.string()).optional(),
  /** Revisions that were live before the promoted one, newest first; as many as `rollbackWindow` says. */
  proven: z.array(z.string()).optional(),
  run: Run.optional(),
  /** Deletion with revertOnDeletion: since when the target serves again, and since when requests may go to it. */
  reverting: z.object({ servingSince: DateTime.optional(), restoredAt: DateTime.optional() }).optional(),
  rounds: z.array(Round).optional(),
  runs: z.array(PastRun).optional(),
  outbox: Outbox.optional(),
  /** The last commands, newest first. */
  commands: z.array(CommandRecord).optional(),
});
export type CanaryStatus = z.infer<typeof CanaryStatus>;
