// What a Deployment's status says about its pods: counts and the conditions Available and Progressing.
// Sizes are settled elsewhere (rollout.ts); nothing is written or timed here. May import zod.
import { z } from 'zod';
import type { Generation, RolloutSpec } from './rollout-spec.ts';

const Condition = z.looseObject({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().default(''),
  message: z.string().default(''),
  lastUpdateTime: z.string().default(''),
  lastTransitionTime: z.string().default(''),
});

type DeploymentCondition = z.infer<typeof Condition>;

const count = z.number().int().default(0);

const PreviousStatus = z
  .looseObject({
    replicas: count,
    updatedReplicas: count,
    readyReplicas: count,
    availableReplicas: count,
    conditions: z.array(Condition).default([]),
  })
  .prefault({});

type PreviousStatus = z.infer<typeof PreviousStatus>;

/** As Kubernetes writes it: counts that are zero are absent. */
export interface DeploymentStatus {
  readonly observedGeneration: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly conditions: readonly DeploymentCondition[];
  readonly [key: string]: unknown;
}

interface Counts {
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
}

type Counted = Generation & { readonly available: number; readonly isNew: boolean };

export interface StatusInput {
  readonly spec: RolloutSpec;
  /** The status as read, unparsed; undefined at the first look. */
  readonly before: unknown;
  readonly newest: Counted;
  readonly all: readonly Counted[];
  readonly nowMs: number;
}

/** `wakeAtMs` is when the progress deadline passes, where it can. */
export function statusOf(input: StatusInput): { status: DeploymentStatus; wakeAtMs: number | undefined } {
  const { spec, newest, all } = input;
  const before = PreviousStatus.parse(input.before ?? {});
  const sum = (of: (generation: Counted) => number): number =>
    all.reduce((pods, generation) => pods + of(generation), 0);
  const counts: Counts = {
    replicas: sum(livePods),
    updatedReplicas: livePods(newest),
    readyReplicas: sum(
      ({ pods }) =>
        pods.filter(({ deleting, readySinceMs }) => !deleting && readySinceMs !== undefined).length,
    ),
    availableReplicas: sum(({ available }) => available),
  };
  const unavailableReplicas = Math.max(0, sum(({ replicas }) => replicas) - counts.availableReplicas);
  const progressing = progressingOf(input, before, counts);
  const others = before.conditions.filter(({ type }) => type !== 'Available' && type !== 'Progressing');
  return {
    status: {
      observedGeneration: spec.generation,
      ...withoutZeros({ ...counts, unavailableReplicas }),
      conditions: [availableOf(input, before, counts), progressing, ...others],
    },
    wakeAtMs: deadlineOf(spec, progressing),
  };
}

function livePods({ pods }: Counted): number {
  return pods.filter(({ deleting }) => !deleting).length;
}

function availableOf(
  { spec, nowMs }: StatusInput,
  before: PreviousStatus,
  counts: Counts,
): DeploymentCondition {
  const enough = counts.availableReplicas >= spec.replicas - spec.maxUnavailable;
  const next: DeploymentCondition = enough
    ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
    : condition(
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
      );
  const was = before.conditions.find(({ type }) => type === 'Available');
  return was?.status === next.status && was.reason === next.reason ? was : dated(next, was, nowMs);
}

/** Follows syncRolloutStatus: a complete Deployment stays complete, whatever scaling does to its pods later. */
function progressingOf(input: StatusInput, before: PreviousStatus, counts: Counts): DeploymentCondition {
  const { spec, newest, nowMs } = input;
  const was = before.conditions.find(({ type }) => type === 'Progressing');
  const name = `${spec.name}-${newest.templateHash}`;
  const say = (status: DeploymentCondition['status'], reason: string, message: string): DeploymentCondition =>
    dated(condition('Progressing', status, reason, `ReplicaSet "${name}" ${message}`), was, nowMs);

  if (spec.paused) {
    return was?.reason === 'DeploymentPaused' ? was : say('Unknown', 'DeploymentPaused', 'is paused.');
  }
  if (newest.isNew || was === undefined) {
    return say(
      'True',
      newest.isNew ? 'NewReplicaSetCreated' : 'FoundNewReplicaSet',
      'has been created or found.',
    );
  }
  if (was.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas) {
    return was;
  }
  if (was.reason === 'DeploymentPaused') {
    return say('Unknown', 'DeploymentResumed', 'is resumed.');
  }
  const { replicas, updatedReplicas, availableReplicas } = counts;
  if ([replicas, updatedReplicas, availableReplicas].every((pods) => pods === spec.replicas)) {
    return say('True', 'NewReplicaSetAvailable', 'has successfully progressed.');
  }
  if (hasProgressed(before, counts)) {
    return say('True', 'ReplicaSetUpdated', 'is progressing.');
  }
  const deadlineMs = deadlineOf(spec, was);
  if (deadlineMs !== undefined && nowMs >= deadlineMs) {
    return say('False', 'ProgressDeadlineExceeded', 'has timed out progressing.');
  }
  return was;
}

function hasProgressed(before: PreviousStatus, counts: Counts): boolean {
  return (
    counts.updatedReplicas > before.updatedReplicas ||
    counts.replicas - counts.updatedReplicas < before.replicas - before.updatedReplicas ||
    counts.readyReplicas > before.readyReplicas ||
    counts.availableReplicas > before.availableReplicas
  );
}

/** Times in conditions are whole seconds, so the deadline has passed in the second after it. */
function deadlineOf(spec: RolloutSpec, progressing: DeploymentCondition): number | undefined {
  const done = ['NewReplicaSetAvailable', 'ProgressDeadlineExceeded', 'DeploymentPaused'].includes(
    progressing.reason,
  );
  const since = Date.parse(progressing.lastUpdateTime);
  return done || Number.isNaN(since) ? undefined : since + spec.progressDeadlineMs + 1000;
}

function condition(
  type: string,
  status: DeploymentCondition['status'],
  reason: string,
  message: string,
): DeploymentCondition {
  return { type, status, reason, message, lastUpdateTime: '', lastTransitionTime: '' };
}

function dated(
  next: DeploymentCondition,
  was: DeploymentCondition | undefined,
  nowMs: number,
): DeploymentCondition {
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const lastTransitionTime = was?.status === next.status ? was.lastTransitionTime : now;
  return { ...next, lastUpdateTime: now, lastTransitionTime };
}

function withoutZeros(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, pods]) => pods !== 0));
}
