// The DaemonSet controller's arithmetic as one pure function, in the terms of rollout.ts: a generation is all pods of one
// template. Nodes are counted, not told apart: all of them are alike, and none has a label that a node selector could name.
// Left out is maxSurge. May import model/ and zod.
import { z } from 'zod';
import type { KubeObject } from '../model/kube.ts';
import { templateHashOf } from './rollout-spec.ts';
import type { Generation, RolloutPod } from './rollout-spec.ts';
import type { GenerationPlan, RolloutPlan } from './rollout.ts';

const DaemonSetSpec = z.looseObject({
  spec: z.looseObject({
    minReadySeconds: z.number().int().min(0).default(0),
    updateStrategy: z
      .looseObject({
        type: z.enum(['RollingUpdate', 'OnDelete']).default('RollingUpdate'),
        rollingUpdate: z
          .looseObject({ maxUnavailable: z.union([z.number(), z.string()]).default(1) })
          .prefault({}),
      })
      .prefault({}),
    template: z.looseObject({
      spec: z.looseObject({ nodeSelector: z.record(z.string(), z.string()).default({}) }),
    }),
  }),
});

interface Daemon {
  readonly templateHash: string;
  readonly generations: readonly Generation[];
  readonly isAvailable: (pod: RolloutPod) => boolean;
  /** Pods there shall be: one a node that the template fits. */
  readonly desired: number;
  readonly maxUnavailable: number;
  readonly replacesPods: boolean;
}

/** Throws a ZodError for a DaemonSet that an API server would have refused. */
export function planDaemonRollout(
  object: KubeObject,
  generations: readonly Generation[],
  nowMs: number,
  nodes: number,
): RolloutPlan<DaemonSetStatus> {
  const { spec } = DaemonSetSpec.parse(object);
  const minReadyMs = spec.minReadySeconds * 1000;
  const fits = Object.keys(spec.template.spec.nodeSelector).length === 0;
  const desired = fits && object.metadata.deletionTimestamp === undefined ? nodes : 0;
  const { type, rollingUpdate } = spec.updateStrategy;
  const daemon: Daemon = {
    templateHash: templateHashOf(spec.template),
    generations,
    isAvailable: ({ deleting, readySinceMs }) =>
      !deleting && readySinceMs !== undefined && nowMs - readySinceMs >= minReadyMs,
    desired,
    maxUnavailable: Math.max(1, podsOf(rollingUpdate.maxUnavailable, nodes)),
    replacesPods: type === 'RollingUpdate',
  };
  const wakeTimes = generations
    .flatMap(({ pods }) => pods)
    .flatMap(({ readySinceMs }) => (readySinceMs === undefined ? [] : [readySinceMs + minReadyMs]))
    .filter((at) => at > nowMs);
  return {
    generations: [...old(daemon).map((one) => shrink(daemon, one)), grow(daemon)],
    status: statusOf(daemon, object.metadata.generation ?? 1),
    wakeAtMs: wakeTimes.length === 0 ? undefined : Math.min(...wakeTimes),
  };
}

function old({ generations, templateHash }: Daemon): readonly Generation[] {
  return generations.filter((one) => one.templateHash !== templateHash && one.pods.length > 0);
}

const living = ({ pods }: Generation): readonly RolloutPod[] => pods.filter(({ deleting }) => !deleting);

/** Pods of older templates that go now: those that serve nobody, and as many others as may be missing at a time. */
function shrink(daemon: Daemon, generation: Generation): GenerationPlan {
  const { templateHash, revision } = generation;
  const going = new Set(replaced(daemon).map(({ name }) => name));
  const remove = living(generation)
    .map(({ name }) => name)
    .filter((name) => going.has(name));
  const replicas = living(generation).length - remove.length;
  return { templateHash, revision, replicas, create: 0, remove };
}

function replaced(daemon: Daemon): readonly RolloutPod[] {
  const { desired, isAvailable, maxUnavailable, replacesPods, generations } = daemon;
  const candidates = old(daemon).flatMap((one) => living(one));
  if (desired === 0) {
    return candidates;
  }
  if (!replacesPods) {
    return [];
  }
  const available = generations.flatMap(({ pods }) => pods).filter(isAvailable).length;
  const room = Math.max(0, maxUnavailable - (desired - available));
  const serving = candidates.filter(isAvailable);
  return [...candidates.filter((pod) => !isAvailable(pod)), ...serving.slice(0, room)];
}

/** A node takes the new pod when the old one is gone from it. */
function grow({ generations, templateHash, desired }: Daemon): GenerationPlan {
  const known = generations.find((one) => one.templateHash === templateHash);
  const pods = known === undefined ? [] : living(known);
  const taken = generations.flatMap((one) => one.pods).length;
  return {
    templateHash,
    revision: known?.revision ?? Math.max(0, ...generations.map(({ revision }) => revision)) + 1,
    replicas: desired,
    create: Math.max(0, desired - taken),
    remove: pods.slice(desired).map(({ name }) => name),
  };
}

/** As Kubernetes writes it: of the counts that are zero the last three are absent. */
export interface DaemonSetStatus {
  readonly observedGeneration: number;
  readonly desiredNumberScheduled: number;
  readonly currentNumberScheduled: number;
  readonly numberMisscheduled: number;
  readonly numberReady: number;
  readonly updatedNumberScheduled?: number;
  readonly numberAvailable?: number;
  readonly numberUnavailable?: number;
  readonly [key: string]: unknown;
}

function statusOf(
  { generations, templateHash, desired, isAvailable }: Daemon,
  observedGeneration: number,
): DaemonSetStatus {
  const pods = generations.flatMap((one) => living(one));
  const serving = desired === 0 ? [] : pods;
  const updated = generations
    .filter((one) => one.templateHash === templateHash)
    .flatMap((one) => living(one));
  const counts = {
    updatedNumberScheduled: desired === 0 ? 0 : updated.length,
    numberAvailable: serving.filter(isAvailable).length,
    numberUnavailable: desired - serving.filter(isAvailable).length,
  };
  return {
    observedGeneration,
    desiredNumberScheduled: desired,
    currentNumberScheduled: serving.length,
    numberMisscheduled: pods.length - serving.length,
    numberReady: serving.filter(({ readySinceMs }) => readySinceMs !== undefined).length,
    ...Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0)),
  };
}

function podsOf(value: number | string, nodes: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * nodes) / 100);
}
