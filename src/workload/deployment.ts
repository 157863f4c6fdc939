// Deployments: what a decision needs to know of one, and whether it is ready. Making a primary from one is primary.ts,
// its configuration configs.ts, its autoscaler autoscaler.ts, its Services services.ts. Nothing in this folder reads or
// writes a cluster; it imports api/, model/ and zod.
import { z } from 'zod';
import { objectOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Readiness } from '../model/observation.ts';
import type { Problem } from '../model/problem.ts';
import type { Revision } from '../model/revision.ts';
import { configRefsOf } from './configs.ts';
import { ownerUidsOf, revisionAnnotation } from './metadata.ts';
import type { ConfigRef, PodTemplate } from './pod-template.ts';
import type { ContainerPorts } from './services.ts';
import { hasDrifted, sourceHashOf, templateHashOf } from './template-hash.ts';

interface WorkloadCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

/** What the cache keeps of a workload: hundreds of bytes, never the template. */
export interface WorkloadView {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly ownerUids: readonly string[];
  /** Digest of the whole pod template; a target's revision is `revisionFrom(templateHash, checksums)`. */
  readonly templateHash: string;
  /**
   * Digest of the pod template with everything undone that making a primary does. Equal for a target and for a primary
   * that was made from it, by Serin or by Flagger; meaningless for any other comparison.
   */
  readonly sourceHash: string;
  /** Desired replicas. */
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly totalReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly paused: boolean;
  /** Progressing and Available only. */
  readonly conditions: readonly WorkloadCondition[];
  readonly matchLabels: Readonly<Record<string, string>>;
  /** By container, in the template's order. */
  readonly ports: readonly ContainerPorts[];
  readonly configRefs: readonly ConfigRef[];
  /** The stored revision that a primary holds; undefined where Serin has not written it. */
  readonly revision: Revision | undefined;
  /** It is not any more what Serin wrote; false where Serin has not written it. */
  readonly drifted: boolean;
}

const count = z.int().min(0).catch(0);
const Condition = z.object({
  type: z.string().catch(''),
  status: z.string().catch(''),
  reason: z.string().catch(''),
});
const Port = z.object({
  name: z.exactOptional(z.string()),
  containerPort: count,
  protocol: z.string().catch('TCP'),
});
const Container = z.object({ name: z.string().catch(''), ports: z.array(Port).catch([]) });
const Spec = z.object({
  replicas: z.int().min(0).catch(1),
  paused: z.boolean().catch(false),
  selector: z.object({ matchLabels: z.record(z.string(), z.string()).catch({}) }).catch({ matchLabels: {} }),
  template: z.record(z.string(), z.unknown()).catch({}),
});
const PodSpec = z.object({
  spec: z.object({ containers: z.array(Container).catch([]) }).catch({ containers: [] }),
});
const Status = z.object({
  observedGeneration: count,
  updatedReplicas: count,
  replicas: count,
  readyReplicas: count,
  availableReplicas: count,
  conditions: z.array(Condition).catch([]),
});

/** Never throws: what a malformed object lacks counts as absent, and the workload as not ready. */
export function viewOfDeployment(object: KubeObject): WorkloadView {
  const spec = Spec.parse(objectOf(object['spec']));
  const status = Status.parse(objectOf(object['status']));
  const { metadata } = object;
  return {
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    observedGeneration: status.observedGeneration,
    ownerUids: ownerUidsOf(object),
    templateHash: templateHashOf(spec.template),
    sourceHash: sourceHashOf(spec.template),
    replicas: spec.replicas,
    updatedReplicas: status.updatedReplicas,
    totalReplicas: status.replicas,
    readyReplicas: status.readyReplicas,
    availableReplicas: status.availableReplicas,
    paused: spec.paused,
    conditions: status.conditions.filter(({ type }) => type === 'Progressing' || type === 'Available'),
    matchLabels: spec.selector.matchLabels,
    ports: portsOf(spec.template),
    configRefs: configRefsOf(spec.template),
    revision: revisionAnnotation(metadata),
    drifted: hasDrifted(object),
  };
}

function portsOf(template: PodTemplate): readonly ContainerPorts[] {
  return PodSpec.parse(template).spec.containers.map(({ name, ports }) => ({ container: name, ports }));
}

/**
 * Whether a workload may serve, and if not, whether waiting still helps; `thresholdPercent` of its pods must be available.
 * How long to wait is the run's matter: what a condition says may be older than the revision. A workload that wants no
 * pods is ready; one that wants some needs at least one available, however low the threshold.
 */
export function readinessOf(view: WorkloadView, thresholdPercent: number): Readiness {
  if (view.observedGeneration < view.generation) {
    return { kind: 'notYet', message: 'the newest generation has not been observed yet' };
  }
  if (view.replicas === 0) {
    return { kind: 'ready' };
  }
  const missing = whatIsMissing(view, thresholdPercent);
  if (conditionOf(view, 'Progressing')?.reason === 'ProgressDeadlineExceeded') {
    return {
      kind: 'failed',
      message: `the workload's own progress deadline has passed: ${missing ?? podsAvailable(view)}`,
    };
  }
  if (missing === undefined) {
    return { kind: 'ready' };
  }
  return { kind: 'notYet', message: missing };
}

function whatIsMissing(view: WorkloadView, thresholdPercent: number): string | undefined {
  const { replicas, updatedReplicas, totalReplicas, availableReplicas } = view;
  if (updatedReplicas < replicas) {
    const text = `${updatedReplicas} of ${replicas} pods updated`;
    return view.paused ? `${text}, the rollout is paused` : text;
  }
  if (totalReplicas > updatedReplicas) {
    return `${totalReplicas - updatedReplicas} old pods still there`;
  }
  const needed = Math.max(1, Math.floor((updatedReplicas * thresholdPercent) / 100));
  return availableReplicas < needed ? podsAvailable(view) : undefined;
}

function podsAvailable({ availableReplicas, replicas }: WorkloadView): string {
  return `${availableReplicas} of ${replicas} pods available`;
}

function conditionOf(view: WorkloadView, type: string): WorkloadCondition | undefined {
  return view.conditions.find((condition) => condition.type === type);
}

/** The label by which the pods of a target are told from those of its primary; `<value>-primary` are the latter. */
export interface Selector {
  readonly key: string;
  readonly value: string;
}

export type SelectorResult =
  | { readonly kind: 'selector'; readonly selector: Selector }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** A label value may have 63 characters; the primary's is longer by `-primary`. */
const LONGEST_VALUE = 63 - '-primary'.length;

/** The first of `selectorKeys` that the target selects its pods by. */
export function selectorOf(
  matchLabels: Readonly<Record<string, string>>,
  selectorKeys: readonly string[],
): SelectorResult {
  const key = selectorKeys.find((candidate) => matchLabels[candidate] !== undefined);
  const value = key === undefined ? undefined : matchLabels[key];
  const problem = (message: string, fix: string): SelectorResult => ({
    kind: 'problem',
    problem: {
      severity: 'error',
      reason: 'SelectorNotFound',
      field: 'spec.targetRef',
      value: matchLabels,
      message,
      fix,
    },
  });
  if (key === undefined || value === undefined) {
    return problem(
      `the target selects its pods by none of the labels ${selectorKeys.join(', ')}`,
      'add one of them to spec.selector.matchLabels of the target, or name its label in -selector-labels',
    );
  }
  if (value === '' || value.length > LONGEST_VALUE) {
    return problem(
      `the label ${key} of the target must have 1 to ${LONGEST_VALUE} characters, because its primary's adds -primary`,
      'use a shorter value',
    );
  }
  return { kind: 'selector', selector: { key, value } };
}
