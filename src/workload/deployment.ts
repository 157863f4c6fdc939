// Deployments: what a decision needs to know of one, whether it is ready, what of it is released. Making a primary from one
// is primary.ts, its configuration configs.ts, its autoscaler autoscaler.ts, its Services services.ts. Nothing in this
// folder reads or writes a cluster; it imports api/, model/ and zod.
import { z } from 'zod';
import { objectOf } from '../model/json.ts';
import { resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Readiness } from '../model/observation.ts';
import type { Content, WorkloadKind, WorkloadView } from './kind.ts';
import { count, viewOfPods } from './pods.ts';
import { primaryShape, renderPrimary } from './primary.ts';
import type { PrimaryForm } from './primary.ts';
import { hasDrifted, sourceTemplateOf } from './template-hash.ts';

const form: PrimaryForm = {
  resource: resources.deployments,
  defaults: {
    progressDeadlineSeconds: 600,
    minReadySeconds: 0,
    revisionHistoryLimit: 10,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
  },
  sized: true,
  spread: true,
};
const shape = primaryShape(form);

const Condition = z.object({
  type: z.string().catch(''),
  status: z.string().catch(''),
  reason: z.string().catch(''),
});
const Spec = z.object({
  replicas: z.int().min(0).catch(1),
  paused: z.boolean().catch(false),
  template: z.record(z.string(), z.unknown()).catch({}),
});
const Status = z.object({
  observedGeneration: count,
  updatedReplicas: count,
  replicas: count,
  readyReplicas: count,
  availableReplicas: count,
  conditions: z.array(Condition).catch([]),
});

export function viewOfDeployment(object: KubeObject): WorkloadView {
  const spec = Spec.parse(objectOf(object['spec']));
  const status = Status.parse(objectOf(object['status']));
  return {
    ...viewOfPods(object, spec.template),
    observedGeneration: status.observedGeneration,
    replicas: spec.replicas,
    updatedReplicas: status.updatedReplicas,
    totalReplicas: status.replicas,
    readyReplicas: status.readyReplicas,
    availableReplicas: status.availableReplicas,
    paused: spec.paused,
    conditions: status.conditions.filter(({ type }) => type === 'Progressing' || type === 'Available'),
    drifted: hasDrifted(object, shape),
  };
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

function conditionOf(view: WorkloadView, type: string): WorkloadView['conditions'][number] | undefined {
  return view.conditions.find((condition) => condition.type === type);
}

const TargetShape = z.object({
  spec: z.object({
    template: z.record(z.string(), z.unknown()),
    progressDeadlineSeconds: z.exactOptional(z.number()),
    minReadySeconds: z.exactOptional(z.number()),
    revisionHistoryLimit: z.exactOptional(z.number()),
    strategy: z.exactOptional(z.record(z.string(), z.unknown())),
  }),
});

function capture(target: KubeObject): Content {
  const { template, ...spec } = TargetShape.parse(target).spec;
  return { template, spec };
}

export const deployments: WorkloadKind = {
  resource: resources.deployments,
  services: 'generated',
  sized: form.sized,
  view: viewOfDeployment,
  readiness: readinessOf,
  scaled: (replicas) => ({ spec: { replicas } }),
  capture,
  recapture(primary) {
    const { template, spec } = capture(primary);
    return { template: sourceTemplateOf(template), spec };
  },
  renderPrimary: (stored, wish) => renderPrimary(form, stored, wish),
  primaryShape: shape,
};
