// HorizontalPodAutoscalers of autoscaling/v2. The user's own is left alone: a target without pods makes it inactive.
import { numberOf, objectOf } from '../model/json.ts';
import { resources } from '../model/kube.ts';
import type { AutoscalerKind } from './autoscaler.ts';
import { copiedAnnotations, pick, withoutToolkit } from './metadata.ts';

/** What an older version of the API keeps in annotations; in this one it stands in spec and status. */
const OLD_FIELDS = 'autoscaling.alpha.kubernetes.io/';

export const horizontalPodAutoscaler: AutoscalerKind = {
  name: 'HorizontalPodAutoscaler',
  resource: resources.horizontalPodAutoscalers,
  optional: false,
  copySpec(spec, { primaryName, replicas }) {
    const { scaleTargetRef, minReplicas = 1, maxReplicas, ...rest } = spec;
    return {
      ...rest,
      scaleTargetRef: { ...objectOf(scaleTargetRef), name: primaryName },
      minReplicas: replicas?.minReplicas ?? minReplicas,
      maxReplicas: replicas?.maxReplicas ?? maxReplicas,
    };
  },
  copiedLabels: withoutToolkit,
  copiedAnnotations: (annotations) =>
    pick(copiedAnnotations(annotations), (key) => !key.startsWith(OLD_FIELDS)),
  boundsOf: ({ minReplicas, maxReplicas }) => ({
    min: numberOf(minReplicas) ?? 1,
    max: numberOf(maxReplicas) ?? 1,
  }),
  withoutBounds: ({ minReplicas: _min, maxReplicas: _max, ...rest }) => rest,
  pause: undefined,
  isPause: () => false,
};
