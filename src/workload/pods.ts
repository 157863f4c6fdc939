// What workloads with pods have in common: how their pods are found, which ports they open, which configuration they use.
import { z } from 'zod';
import { objectOf, objectsOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import { lastSetAt, latestOf } from '../model/managed-fields.ts';
import { configRefsOf } from './configs.ts';
import type { WorkloadView } from './kind.ts';
import { ownerUidsOf, revisionAnnotation } from './metadata.ts';
import type { PodTemplate } from './pod-template.ts';
import { sourceHashOf, templateHashOf } from './template-hash.ts';

export const count = z.int().min(0).catch(0);
const texts = z.record(z.string(), z.string()).catch({});
const Port = z.object({
  name: z.exactOptional(z.string()),
  containerPort: count,
  protocol: z.string().catch('TCP'),
});
const Container = z.object({ name: z.string().catch(''), ports: z.array(Port).catch([]) });
const Spec = z.object({ selector: z.object({ matchLabels: texts }).catch({ matchLabels: {} }) });
const Pod = z.object({
  metadata: z.object({ labels: texts }).catch({ labels: {} }),
  spec: z.object({ containers: z.array(Container).catch([]) }).catch({ containers: [] }),
});

const Rollout = z.object({ type: z.literal('Progressing'), lastUpdateTime: z.string() });

type PodsView = Pick<
  WorkloadView,
  | 'uid'
  | 'resourceVersion'
  | 'generation'
  | 'ownerUids'
  | 'templateHash'
  | 'sourceHash'
  | 'matchLabels'
  | 'podLabels'
  | 'ports'
  | 'configRefs'
  | 'revision'
  | 'changedAt'
>;

/** `template` is what counts of the pod template. */
export function viewOfPods(object: KubeObject, template: PodTemplate): PodsView {
  const { metadata } = object;
  const pod = Pod.parse(template);
  return {
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    ownerUids: ownerUidsOf(object),
    templateHash: templateHashOf(template),
    sourceHash: sourceHashOf(template),
    matchLabels: Spec.parse(objectOf(object['spec'])).selector.matchLabels,
    podLabels: pod.metadata.labels,
    ports: pod.spec.containers.map(({ name, ports }) => ({ container: name, ports })),
    configRefs: configRefsOf(template),
    revision: revisionAnnotation(metadata),
    ...changeOf(object),
  };
}

/**
 * Who sets a field of the template is noted with the time; who only takes one away is not, but then the rollout of a
 * Deployment that follows is. Neither needs a list of ReplicaSets.
 */
function changeOf(object: KubeObject): Pick<WorkloadView, 'changedAt'> {
  const rollout = objectsOf(objectOf(object['status'])['conditions'])
    .map((condition) => Rollout.safeParse(condition).data?.lastUpdateTime)
    .find((time) => time !== undefined);
  const changedAt = latestOf([lastSetAt(object.metadata, ['spec', 'template']), rollout]);
  return changedAt === undefined ? {} : { changedAt };
}
