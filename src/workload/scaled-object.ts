// ScaledObjects of KEDA (keda.sh/v1alpha1). The user's own is paused while the target shall have no pods, by one
// annotation; the copy has every field of the original, also those that nobody here knows (D19).
import { isJsonObject, numberOf, objectOf, textOf } from '../model/json.ts';
import type { JsonObject } from '../model/json.ts';
import { resources } from '../model/kube.ts';
import type { AutoscalerKind, AutoscalerWish } from './autoscaler.ts';
import { copiedAnnotations, pick, withoutToolkit } from './metadata.ts';

const PAUSED = 'autoscaling.keda.sh/paused';
/** KEDA writes the object's own name there, so a copied one would be fought over. */
const OWN_NAME = 'scaledobject.keda.sh/name';
const DEFAULT_MAX = 100;

const isPause = (annotation: string): boolean => annotation.startsWith(PAUSED);

export const scaledObject: AutoscalerKind = {
  name: 'ScaledObject',
  resource: resources.scaledObjects,
  optional: true,
  copySpec(spec, wish) {
    const { scaleTargetRef, advanced, triggers, ...rest } = spec;
    const { minReplicas, maxReplicas } = wish.replicas ?? {};
    return {
      ...rest,
      scaleTargetRef: { ...objectOf(scaleTargetRef), name: wish.primaryName },
      advanced: ownName(objectOf(advanced)),
      ...(Array.isArray(triggers) ? { triggers: triggers.map((trigger) => rewritten(trigger, wish)) } : {}),
      ...(minReplicas === undefined ? {} : { minReplicaCount: minReplicas }),
      ...(maxReplicas === undefined ? {} : { maxReplicaCount: maxReplicas }),
    };
  },
  copiedLabels: (labels) => pick(withoutToolkit(labels), (key) => key !== OWN_NAME),
  copiedAnnotations: (annotations) => pick(copiedAnnotations(annotations), (key) => !isPause(key)),
  boundsOf: ({ minReplicaCount, maxReplicaCount }) => ({
    min: numberOf(minReplicaCount) ?? 0,
    max: numberOf(maxReplicaCount) ?? DEFAULT_MAX,
  }),
  withoutBounds: ({ minReplicaCount: _min, maxReplicaCount: _max, ...rest }) => rest,
  pause: [`${PAUSED}-replicas`, '0'],
  isPause,
};

/** The autoscaler that KEDA makes has a name of its own in the primary's. */
function ownName(advanced: JsonObject): JsonObject {
  const config = advanced['horizontalPodAutoscalerConfig'];
  const name = textOf(objectOf(config)['name']) ?? '';
  return name === ''
    ? advanced
    : { ...advanced, horizontalPodAutoscalerConfig: { ...objectOf(config), name: `${name}-primary` } };
}

/** A trigger that measures the target measures the primary instead. */
function rewritten(trigger: unknown, { targetName, primaryName, queries }: AutoscalerWish): unknown {
  if (!isJsonObject(trigger)) {
    return trigger;
  }
  const metadata = objectOf(trigger['metadata']);
  const query = textOf(metadata['query']);
  const given = Object.keys(queries ?? {}).length > 0;
  const wanted = given
    ? queries?.[textOf(trigger['name']) ?? '']
    : query?.replaceAll(new RegExp(`${escaped(targetName)}(-canary|-primary)?`, 'g'), () => primaryName);
  return wanted === undefined ? trigger : { ...trigger, metadata: { ...metadata, query: wanted } };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
