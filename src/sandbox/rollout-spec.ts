// The part of a Deployment that its controller's arithmetic looks at, with the API server's defaults filled in.
// No arithmetic here (rollout.ts), no status (rollout-status.ts). May import model/ and zod.
import { z } from 'zod';
import { objectOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';

const IntOrPercent = z.union([z.number().int().min(0), z.string().regex(/^\d+%$/)]);

const DeploymentSpec = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().int().min(0).default(1),
    paused: z.boolean().default(false),
    minReadySeconds: z.number().int().min(0).default(0),
    progressDeadlineSeconds: z.number().int().min(0).default(600),
    strategy: z
      .looseObject({
        type: z.enum(['RollingUpdate', 'Recreate']).default('RollingUpdate'),
        rollingUpdate: z
          .looseObject({ maxSurge: IntOrPercent.default('25%'), maxUnavailable: IntOrPercent.default('25%') })
          .prefault({}),
      })
      .prefault({}),
    template: z.looseObject({}),
  }),
});

export interface RolloutPod {
  readonly name: string;
  readonly createdAtMs: number;
  /** Ready without a break since then; undefined while not ready. */
  readonly readySinceMs?: number | undefined;
  /** Asked to terminate; it counts for nothing but a Recreate that waits for it. */
  readonly deleting: boolean;
}

/** All pods of one pod template; what a ReplicaSet is in Kubernetes. Plain data, kept by the caller between plans. */
export interface Generation {
  readonly templateHash: string;
  /** The generation of the newest template has the highest. */
  readonly revision: number;
  /** How many pods this generation shall have. */
  readonly replicas: number;
  readonly pods: readonly RolloutPod[];
}

/** Percentages are resolved to pods; `maxSurge` and `maxUnavailable` are never both zero, as in Kubernetes. */
export interface RolloutSpec {
  readonly name: string;
  readonly generation: number;
  readonly replicas: number;
  readonly paused: boolean;
  readonly minReadyMs: number;
  readonly progressDeadlineMs: number;
  readonly recreate: boolean;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly templateHash: string;
}

/** Throws a ZodError for a Deployment that an API server would have refused. */
export function rolloutSpecOf(deployment: KubeObject): RolloutSpec {
  const { spec } = DeploymentSpec.parse(deployment);
  const { replicas, strategy } = spec;
  const recreate = strategy.type === 'Recreate';
  const maxSurge = podsOf(strategy.rollingUpdate.maxSurge, replicas, Math.ceil);
  const maxUnavailable = podsOf(strategy.rollingUpdate.maxUnavailable, replicas, Math.floor);
  const stuck = maxSurge === 0 && maxUnavailable === 0;
  return {
    name: deployment.metadata.name,
    generation: deployment.metadata.generation ?? 1,
    replicas,
    paused: spec.paused,
    minReadyMs: spec.minReadySeconds * 1000,
    progressDeadlineMs: spec.progressDeadlineSeconds * 1000,
    recreate,
    maxSurge: recreate ? 0 : maxSurge,
    maxUnavailable: recreate ? 0 : Math.min(replicas, stuck ? 1 : maxUnavailable),
    templateHash: templateHashOf(objectOf(deployment['spec'])['template']),
  };
}

/** The name of a pod template: equal for templates that differ in key order only. Plays the part of `pod-template-hash`. */
export function templateHashOf(template: unknown): string {
  const stored = objectOf(template);
  const known = hashes.get(stored);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (const char of canonicalJson(template)) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  const spelled = spell(hash);
  hashes.set(stored, spelled);
  return spelled;
}

/** Stored templates never change in place, and are asked about at each step of a rollout. */
const hashes = new WeakMap<object, string>();

// Kubernetes spells hashes without vowels, so that no pod gets an embarrassing name.
const letters = 'bcdfghjklmnpqrstvwxz2456789';

function spell(hash: number): string {
  let rest = hash;
  let word = '';
  for (let i = 0; i < 7; i++) {
    word += letters.charAt(rest % letters.length);
    rest = Math.floor(rest / letters.length);
  }
  return word;
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function podsOf(value: number | string, replicas: number, round: (pods: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * replicas) / 100);
}
