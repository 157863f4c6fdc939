// DaemonSets: a pod a node, so they are scaled to zero by a node selector that no node fits. That key is a switch of ours:
// it is no part of a revision, and never gets into a primary.
import { z } from 'zod';
import { isJsonObject, objectOf } from '../model/json.ts';
import { resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Readiness } from '../model/observation.ts';
import type { Problem } from '../model/problem.ts';
import type { Content, WorkloadKind, WorkloadView } from './kind.ts';
import type { PodTemplate } from './pod-template.ts';
import { count, viewOfPods } from './pods.ts';
import { primaryShape, renderPrimary } from './primary.ts';
import type { PrimaryForm } from './primary.ts';
import { hasDrifted, sourceTemplateOf } from './template-hash.ts';

const SCALED_AWAY = 'flagger.app/scale-to-zero';

const form: PrimaryForm = {
  resource: resources.daemonSets,
  defaults: {
    minReadySeconds: 0,
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  },
  sized: false,
  spread: false,
};
const shape = primaryShape(form);

const Spec = z.object({
  updateStrategy: z.object({ type: z.string().catch('') }).catch({ type: '' }),
  template: z.record(z.string(), z.unknown()).catch({}),
});
const Status = z.object({
  observedGeneration: count,
  desiredNumberScheduled: count,
  currentNumberScheduled: count,
  numberMisscheduled: count,
  updatedNumberScheduled: count,
  numberReady: count,
  numberAvailable: count,
});

function selectorOf(template: PodTemplate): Readonly<Record<string, unknown>> {
  return objectOf(objectOf(template['spec'])['nodeSelector']);
}

/** The template without our switch; a node selector with nothing else in it goes as well. */
function unswitched(template: PodTemplate): PodTemplate {
  const { spec } = template;
  if (!isJsonObject(spec) || selectorOf(template)[SCALED_AWAY] === undefined) {
    return template;
  }
  const { nodeSelector: _switched, ...rest } = spec;
  const { [SCALED_AWAY]: _ours, ...nodeSelector } = selectorOf(template);
  return { ...template, spec: Object.keys(nodeSelector).length === 0 ? rest : { ...rest, nodeSelector } };
}

function view(object: KubeObject): WorkloadView {
  const { template, updateStrategy } = Spec.parse(objectOf(object['spec']));
  const status = Status.parse(objectOf(object['status']));
  const away = selectorOf(template)[SCALED_AWAY] !== undefined;
  const problems = strategyProblems(object.metadata.name, updateStrategy.type);
  return {
    ...viewOfPods(object, unswitched(template)),
    observedGeneration: status.observedGeneration,
    // A number of nodes, which nobody has counted before the first status.
    replicas: away ? 0 : Math.max(1, status.desiredNumberScheduled),
    updatedReplicas: status.updatedNumberScheduled,
    totalReplicas: status.currentNumberScheduled + status.numberMisscheduled,
    readyReplicas: status.numberReady,
    availableReplicas: status.numberAvailable,
    paused: false,
    conditions: [],
    drifted: hasDrifted(object, shape),
    ...(problems.length === 0 ? {} : { problems }),
  };
}

/** Unset is what the API server takes for RollingUpdate. */
function strategyProblems(name: string, type: string): readonly Problem[] {
  return type === '' || type === 'RollingUpdate'
    ? []
    : [
        {
          severity: 'error',
          reason: 'UnsupportedField',
          field: 'spec.targetRef',
          value: type,
          message: `names DaemonSet ${name} with the update strategy ${type}, which keeps pods of the old revision`,
          fix: 'set spec.updateStrategy.type of the DaemonSet to RollingUpdate',
        },
      ];
}

/** A DaemonSet has no deadline of its own, so it never fails by itself: the stage's deadline counts (D36). */
function readiness(seen: WorkloadView, thresholdPercent: number): Readiness {
  const message = whatIsMissing(seen, thresholdPercent);
  return message === undefined ? { kind: 'ready' } : { kind: 'notYet', message };
}

function whatIsMissing(seen: WorkloadView, thresholdPercent: number): string | undefined {
  const { replicas, updatedReplicas, totalReplicas, availableReplicas } = seen;
  if (seen.observedGeneration < seen.generation) {
    return 'the newest generation has not been observed yet';
  }
  if (replicas === 0) {
    return totalReplicas > 0 ? `${totalReplicas} pods still there` : undefined;
  }
  if (updatedReplicas < replicas) {
    return `${updatedReplicas} of ${replicas} pods updated`;
  }
  const needed = Math.max(1, Math.floor((replicas * thresholdPercent) / 100));
  return availableReplicas < needed ? `${availableReplicas} of ${replicas} pods available` : undefined;
}

const Shape = z.object({
  spec: z.object({
    template: z.record(z.string(), z.unknown()),
    minReadySeconds: z.exactOptional(z.number()),
    revisionHistoryLimit: z.exactOptional(z.number()),
    updateStrategy: z.exactOptional(z.record(z.string(), z.unknown())),
  }),
});

function capture(target: KubeObject): Content {
  const { template, ...spec } = Shape.parse(target).spec;
  return { template: unswitched(template), spec };
}

export const daemonSets: WorkloadKind = {
  resource: resources.daemonSets,
  services: 'generated',
  sized: form.sized,
  view,
  readiness,
  scaled: (replicas) => ({
    spec: { template: { spec: { nodeSelector: { [SCALED_AWAY]: replicas === 0 ? 'true' : null } } } },
  }),
  capture,
  recapture(primary) {
    const { template, spec } = capture(primary);
    return { template: sourceTemplateOf(template), spec };
  },
  renderPrimary: (stored, wish) => renderPrimary(form, stored, wish),
  primaryShape: shape,
};
