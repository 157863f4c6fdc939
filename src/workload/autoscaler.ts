// What the kinds of autoscaler have in common: the primary's is a copy of the target's that scales the primary. A kind says
// how its copy differs from the original; which fields agree, and what a write would do, is said here, once.
import type { PrimaryScalerReplicas } from '../api/reference.ts';
import { canonicalJson } from '../model/hash.ts';
import { objectOf, textOf } from '../model/json.ts';
import type { JsonObject } from '../model/json.ts';
import type { KubeObject, OwnerReference, Resource } from '../model/kube.ts';
import type { AutoscalerName } from '../model/observation.ts';
import type { OwnedShape } from '../model/owned.ts';
import { isNoted, mergeMetadata, ownedMetadata, ownerUidsOf, pick, recordCopied } from './metadata.ts';
import { primaryNameOf } from './primary.ts';

export interface AutoscalerView {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ownerUids: readonly string[];
  /** Pods it keeps at least. */
  readonly minReplicas: number;
  /** The workload that it scales. */
  readonly scales: { readonly kind: string; readonly name: string };
  /** undefined: a kind that a workload without pods makes inactive by itself. */
  readonly paused: boolean | undefined;
  /** Names, labels, annotations, owners and spec: what a copy is made from and compared by. */
  readonly object: KubeObject;
}

export interface AutoscalerWish {
  readonly targetName: string;
  /** `<target>-primary`. */
  readonly primaryName: string;
  readonly owner: OwnerReference;
  readonly replicas: PrimaryScalerReplicas | undefined;
  /** The queries that triggers have in the primary's, by name of the trigger. */
  readonly queries: Readonly<Record<string, string>> | undefined;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

export interface AutoscalerKind {
  readonly name: AutoscalerName['kind'];
  readonly resource: Resource;
  /** Comes with a definition that a cluster may lack. */
  readonly optional: boolean;
  /** The spec of the primary's autoscaler for the target's as it is now. */
  readonly copySpec: (spec: JsonObject, wish: AutoscalerWish) => JsonObject;
  readonly copiedLabels: (labels: Readonly<Record<string, string>>) => Record<string, string>;
  readonly copiedAnnotations: (annotations: Readonly<Record<string, string>>) => Record<string, string>;
  readonly boundsOf: (spec: JsonObject) => Bounds;
  /** The spec without the bounds. */
  readonly withoutBounds: (spec: JsonObject) => JsonObject;
  /** The annotation, with its value, that stops the user's own autoscaler and takes the target's pods away. */
  readonly pause: readonly [key: string, value: string] | undefined;
  /** Whether an annotation stops this autoscaler; none of them is ever on the primary's. */
  readonly isPause: (annotation: string) => boolean;
}

/** The autoscaler of the primary, named `<autoscaler>-primary`. */
export function renderPrimaryAutoscaler(
  kind: AutoscalerKind,
  target: KubeObject,
  wish: AutoscalerWish,
): KubeObject {
  const { name, namespace, labels = {}, annotations = {} } = target.metadata;
  return {
    apiVersion: `${kind.resource.group}/${kind.resource.version}`,
    kind: kind.resource.kind,
    metadata: recordCopied({
      name: primaryNameOf(name),
      ...(namespace === undefined ? {} : { namespace }),
      labels: kind.copiedLabels(labels),
      annotations: kind.copiedAnnotations(annotations),
      ownerReferences: [wish.owner],
    }),
    spec: kind.copySpec(objectOf(target['spec']), wish),
  };
}

/** The whole spec is ours, also what of it Serin does not know; of labels and annotations only what was copied. */
export function autoscalerShape(kind: AutoscalerKind): OwnedShape {
  return {
    merge(live, wanted) {
      const metadata = mergeMetadata(live.metadata, wanted.metadata);
      const annotations = pick(metadata.annotations ?? {}, (key) => !kind.isPause(key));
      return { ...live, metadata: { ...metadata, annotations }, spec: wanted['spec'] };
    },
    fingerprint: (object) => canonicalJson([object['spec'], ownedMetadata(object.metadata)]),
  };
}

/** `growing`: writing `wanted` would at most give the primary more pods. */
export type Difference = 'none' | 'growing' | 'other';

/**
 * What writing `wanted` would change. Labels and annotations count only where we have written before, so that what Flagger
 * left behind is taken over without a write.
 */
export function compareAutoscaler(kind: AutoscalerKind, live: KubeObject, wanted: KubeObject): Difference {
  const [now, next] = [objectOf(live['spec']), objectOf(wanted['spec'])];
  if (Object.keys(live.metadata.annotations ?? {}).some((key) => kind.isPause(key))) {
    return 'growing';
  }
  const relabelled =
    isNoted(live.metadata) &&
    canonicalJson(ownedMetadata(live.metadata)) !== canonicalJson(ownedMetadata(wanted.metadata));
  if (!relabelled && canonicalJson(now) === canonicalJson(next)) {
    return 'none';
  }
  const [from, to] = [kind.boundsOf(now), kind.boundsOf(next)];
  const sameRest = canonicalJson(kind.withoutBounds(now)) === canonicalJson(kind.withoutBounds(next));
  return sameRest && to.min >= from.min && to.max >= from.max ? 'growing' : 'other';
}

/** Never throws, whatever the object lacks. */
export function viewOfAutoscaler(kind: AutoscalerKind, object: KubeObject): AutoscalerView {
  const spec = objectOf(object['spec']);
  const reference = objectOf(spec['scaleTargetRef']);
  const {
    name,
    namespace,
    labels,
    annotations = {},
    ownerReferences,
    uid,
    resourceVersion,
  } = object.metadata;
  const { min } = kind.boundsOf(spec);
  return {
    uid: uid ?? '',
    resourceVersion: resourceVersion ?? '',
    ownerUids: ownerUidsOf(object),
    minReplicas: min,
    scales: { kind: textOf(reference['kind']) ?? 'Deployment', name: textOf(reference['name']) ?? '' },
    paused: kind.pause === undefined ? undefined : annotations[kind.pause[0]] === kind.pause[1],
    object: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labels === undefined ? {} : { labels }),
        annotations: pick(annotations, (key) => key !== 'kubectl.kubernetes.io/last-applied-configuration'),
        ...(ownerReferences === undefined ? {} : { ownerReferences }),
      },
      spec,
    },
  };
}
