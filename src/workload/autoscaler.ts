// HorizontalPodAutoscalers: the primary's is a copy of the target's that scales the primary. The target's own is left
// alone; a target at zero replicas makes it inactive.
import { z } from 'zod';
import type { PrimaryScalerReplicas } from '../api/reference.ts';
import { digest } from '../model/hash.ts';
import { objectOf } from '../model/json.ts';
import type { KubeObject, OwnerReference } from '../model/kube.ts';
import type { OwnedShape } from '../model/owned.ts';
import { mergeMetadata, ownedMetadata, ownerUidsOf, recordCopied, withoutToolkit } from './metadata.ts';
import { primaryNameOf } from './primary.ts';

export interface AutoscalerView {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ownerUids: readonly string[];
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Digest of metrics and behaviour: equal for a target's autoscaler and its primary's. */
  readonly content: string;
  readonly fingerprint: string;
}

export interface AutoscalerWish {
  /** `<target>-primary`. */
  readonly primaryName: string;
  readonly owner: OwnerReference;
  readonly replicas: PrimaryScalerReplicas | undefined;
}

/** The fields that a primary's autoscaler takes over, with the API server's defaults. */
const Spec = z.looseObject({
  scaleTargetRef: z.record(z.string(), z.unknown()).catch({}),
  minReplicas: z.int().catch(1),
  maxReplicas: z.int().catch(1),
  metrics: z.array(z.unknown()).optional().catch(undefined),
  behavior: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

/** The autoscaler of the primary, named `<autoscaler>-primary`, for the target's as it is now. */
export function renderPrimaryAutoscaler(target: KubeObject, wish: AutoscalerWish): KubeObject {
  const spec = Spec.parse(objectOf(target['spec']));
  const { name, namespace, labels } = target.metadata;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: recordCopied({
      name: primaryNameOf(name),
      ...(namespace === undefined ? {} : { namespace }),
      labels: withoutToolkit(labels ?? {}),
      ownerReferences: [wish.owner],
    }),
    spec: {
      scaleTargetRef: { ...spec.scaleTargetRef, name: wish.primaryName },
      minReplicas: wish.replicas?.minReplicas ?? spec.minReplicas,
      maxReplicas: wish.replicas?.maxReplicas ?? spec.maxReplicas,
      ...(spec.metrics === undefined ? {} : { metrics: spec.metrics }),
      ...(spec.behavior === undefined ? {} : { behavior: spec.behavior }),
    },
  };
}

export const autoscalerShape: OwnedShape = {
  merge(live, wanted) {
    const liveSpec = objectOf(live['spec']);
    const wantedSpec = objectOf(wanted['spec']);
    // Absent in the target means absent in the copy, for these two only: others are not ours.
    const { metrics: _metrics, behavior: _behavior, ...foreign } = liveSpec;
    return {
      ...live,
      metadata: mergeMetadata(live.metadata, wanted.metadata),
      spec: { ...foreign, ...wantedSpec },
    };
  },
  fingerprint(object) {
    const { scaleTargetRef, minReplicas, maxReplicas, metrics, behavior } = Spec.parse(
      objectOf(object['spec']),
    );
    return digest({
      scaleTargetRef,
      minReplicas,
      maxReplicas,
      metrics,
      behavior,
      metadata: ownedMetadata(object.metadata),
    });
  },
};

/** Never throws, whatever the object lacks. */
export function viewOfAutoscaler(object: KubeObject): AutoscalerView {
  const { minReplicas, maxReplicas, metrics, behavior } = Spec.parse(objectOf(object['spec']));
  return {
    uid: object.metadata.uid ?? '',
    resourceVersion: object.metadata.resourceVersion ?? '',
    ownerUids: ownerUidsOf(object),
    minReplicas,
    maxReplicas,
    content: digest({ metrics, behavior }),
    fingerprint: autoscalerShape.fingerprint(object),
  };
}
