// What workloads with pods have in common: how their pods are found, which ports they open, which configuration they use.
import { z } from 'zod';
import { objectOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
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
  };
}
