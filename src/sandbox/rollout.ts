// The Deployment controller's arithmetic as one pure function: which pods to create and to delete now, and what the
// status says. No I/O, no clock, no pods that run (nodes.ts): sandbox and simulation share it. May import model/ and zod.
import type { KubeObject } from '../model/kube.ts';
import { rolloutSpecOf } from './rollout-spec.ts';
import type { Generation, RolloutPod, RolloutSpec } from './rollout-spec.ts';
import { statusOf } from './rollout-status.ts';
import type { DeploymentStatus } from './rollout-status.ts';

export interface GenerationPlan {
  readonly templateHash: string;
  readonly revision: number;
  readonly replicas: number;
  readonly create: number;
  /** Names of pods to terminate. */
  readonly remove: readonly string[];
}

export interface RolloutPlan<Status = DeploymentStatus> {
  /** Generations with nothing left are gone from this list. The newest template's is in it, unless it came while paused. */
  readonly generations: readonly GenerationPlan[];
  /** Describes the pods as they were given, not as they will be: the whole `status`, zeros left out as by Kubernetes. */
  readonly status: Status;
  /** When to plan again although no pod has changed. */
  readonly wakeAtMs: number | undefined;
}

/** A generation while its size is being worked out. */
interface Sizing {
  readonly templateHash: string;
  readonly pods: readonly RolloutPod[];
  readonly available: number;
  /** The template has been seen for the first time. */
  readonly isNew: boolean;
  revision: number;
  replicas: number;
}

/**
 * One look of the Deployment controller and its ReplicaSets at a Deployment. Follows kubernetes/pkg/controller/deployment
 * (rolling.go, recreate.go, sync.go, progress.go), with two differences: a change of `replicas` in the middle of a roll-out is
 * not spread over the generations in proportion, and a paused Deployment puts it on the newest generation that has pods.
 */
export function planRollout(
  deployment: KubeObject,
  generations: readonly Generation[],
  nowMs: number,
): RolloutPlan {
  const spec = rolloutSpecOf(deployment);
  const isAvailable = (pod: RolloutPod): boolean =>
    !pod.deleting && pod.readySinceMs !== undefined && nowMs - pod.readySinceMs >= spec.minReadyMs;
  const old: Sizing[] = generations
    .filter(({ templateHash }) => templateHash !== spec.templateHash)
    .map((generation) => ({
      ...generation,
      available: generation.pods.filter(isAvailable).length,
      isNew: false,
    }))
    .sort((a, b) => a.revision - b.revision);
  const known = generations.find(({ templateHash }) => templateHash === spec.templateHash);
  const newest: Sizing = {
    templateHash: spec.templateHash,
    pods: known?.pods ?? [],
    available: (known?.pods ?? []).filter(isAvailable).length,
    isNew: known === undefined,
    replicas: known?.replicas ?? 0,
    revision: Math.max(known?.revision ?? 1, ...old.map(({ revision }) => revision + 1)),
  };
  if (deployment.metadata.deletionTimestamp === undefined) {
    resize(spec, newest, old);
  }
  const { status, wakeAtMs: deadlineMs } = statusOf({
    spec,
    before: deployment['status'],
    newest,
    all: [...old, newest],
    nowMs,
  });
  const podTimes = [...old, newest]
    .flatMap(({ pods }) => pods)
    .flatMap(({ readySinceMs }) => (readySinceMs === undefined ? [] : [readySinceMs + spec.minReadyMs]));
  const wakeTimes = [...podTimes, ...(deadlineMs === undefined ? [] : [deadlineMs])].filter(
    (at) => at > nowMs,
  );
  return {
    generations: [...old, newest]
      .filter(
        (sizing) => (sizing === newest && !spec.paused) || sizing.replicas > 0 || sizing.pods.length > 0,
      )
      .map(generationPlan),
    status,
    wakeAtMs: wakeTimes.length === 0 ? undefined : Math.min(...wakeTimes),
  };
}

/** The generations after a plan has been carried out in full: for a world without delays, and the first half of one with. */
export function carryOut(
  generations: readonly Generation[],
  plan: Pick<RolloutPlan, 'generations'>,
  nowMs: number,
  podName: (templateHash: string) => string,
): Generation[] {
  const podsOf = new Map(generations.map(({ templateHash, pods }) => [templateHash, pods]));
  return plan.generations.map(({ templateHash, revision, replicas, create, remove }) => ({
    templateHash,
    revision,
    replicas,
    pods: [
      ...(podsOf.get(templateHash) ?? []).map((pod) =>
        remove.includes(pod.name) ? { ...pod, deleting: true } : pod,
      ),
      ...Array.from({ length: create }, () => ({
        name: podName(templateHash),
        createdAtMs: nowMs,
        deleting: false,
      })),
    ],
  }));
}

function resize(spec: RolloutSpec, newest: Sizing, old: readonly Sizing[]): void {
  if (spec.paused) {
    const byAge = [newest, ...old.toReversed()];
    const scaled = byAge.find(({ replicas }) => replicas > 0) ?? byAge.find(({ isNew }) => !isNew);
    if (scaled !== undefined) {
      scaled.replicas = Math.max(0, spec.replicas - total(byAge) + scaled.replicas);
    }
    return;
  }
  if (spec.recreate) {
    for (const generation of old) {
      generation.replicas = 0;
    }
    // Terminating pods count here, and only here: Recreate means that old and new never run side by side.
    newest.replicas = old.some(({ pods }) => pods.length > 0) ? newest.replicas : spec.replicas;
    return;
  }
  growNewest(spec, newest, old);
  shrinkOld(spec, newest, old);
}

function growNewest(spec: RolloutSpec, newest: Sizing, old: readonly Sizing[]): void {
  const room = spec.replicas + spec.maxSurge - total([newest, ...old]);
  newest.replicas =
    newest.replicas > spec.replicas
      ? spec.replicas
      : newest.replicas + Math.max(0, Math.min(room, spec.replicas - newest.replicas));
}

function shrinkOld(spec: RolloutSpec, newest: Sizing, old: readonly Sizing[]): void {
  const minAvailable = spec.replicas - spec.maxUnavailable;
  const newUnavailable = Math.max(0, newest.replicas - newest.available);
  // Pods that serve nobody go first: they only hold places that the new ones could have.
  let unhealthyToGo = Math.max(0, total([newest, ...old]) - minAvailable - newUnavailable);
  for (const generation of old) {
    const gone = Math.max(0, Math.min(unhealthyToGo, generation.replicas - generation.available));
    generation.replicas -= gone;
    unhealthyToGo -= gone;
  }
  const available = [newest, ...old].reduce((sum, generation) => sum + generation.available, 0);
  let toGo = Math.max(0, available - minAvailable);
  for (const generation of old) {
    const gone = Math.min(toGo, generation.replicas);
    generation.replicas -= gone;
    toGo -= gone;
  }
}

function total(generations: readonly Sizing[]): number {
  return generations.reduce((sum, { replicas }) => sum + replicas, 0);
}

function generationPlan({ templateHash, revision, replicas, pods }: Sizing): GenerationPlan {
  const live = pods.filter(({ deleting }) => !deleting);
  return {
    templateHash,
    revision,
    replicas,
    create: Math.max(0, replicas - live.length),
    remove: live
      .toSorted(leastMissedFirst)
      .slice(0, Math.max(0, live.length - replicas))
      .map(({ name }) => name),
  };
}

/** As a ReplicaSet chooses: pods that are not ready, then the ones ready for the shortest time, then the youngest. */
function leastMissedFirst(a: RolloutPod, b: RolloutPod): number {
  const readyA = a.readySinceMs ?? Number.POSITIVE_INFINITY;
  const readyB = b.readySinceMs ?? Number.POSITIVE_INFINITY;
  if (readyA !== readyB) {
    return readyA > readyB ? -1 : 1;
  }
  return b.createdAtMs - a.createdAtMs || (a.name < b.name ? -1 : 1);
}
