// A workload kind: how a target of this kind becomes its primary, when it is ready, how it is sized. It translates and does
// nothing else; kinds.ts lists all of them. Imports api/ and model/.
import type { JsonObject } from '../model/json.ts';
import type { KubeObject, OwnerReference, Resource } from '../model/kube.ts';
import type { Readiness } from '../model/observation.ts';
import type { OwnedShape } from '../model/owned.ts';
import type { Problem } from '../model/problem.ts';
import type { Revision } from '../model/revision.ts';
import type { ConfigRef } from './pod-template.ts';
import type { Selector } from './selector.ts';
import type { ContainerPorts } from './services.ts';
import type { StoredRevision } from './stored-revision.ts';

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
  /** Digest of its content; a target's revision is `revisionFrom(templateHash, checksums)`. */
  readonly templateHash: string;
  /**
   * Digest of its content with everything undone that making a primary does. Equal for a target and for a primary that
   * was made from it, by Serin or by Flagger; meaningless for any other comparison.
   */
  readonly sourceHash: string;
  /** Desired replicas. */
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly totalReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly paused: boolean;
  /** Those that readiness is read from. */
  readonly conditions: readonly WorkloadCondition[];
  readonly matchLabels: Readonly<Record<string, string>>;
  /** Of its pod template. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** By container, in the template's order. */
  readonly ports: readonly ContainerPorts[];
  readonly configRefs: readonly ConfigRef[];
  /** The stored revision that a primary holds; undefined where Serin has not written it. */
  readonly revision: Revision | undefined;
  /** It is not any more what Serin wrote; false where Serin has not written it. */
  readonly drifted: boolean;
  /** RFC 3339: its content has not changed since, as far as anybody notes such a thing. Absent: nobody does. */
  readonly changedAt?: string;
  /** The name by which the cluster knows its revision, where it has one. */
  readonly revisionName?: string;
  /** Of a target that holds its primary: the primary, where there is one. */
  readonly primary?: WorkloadView;
  /** Why a target like this cannot be released; absent: it can. */
  readonly problems?: readonly Problem[];
}

/** What a revision keeps of a target. */
export interface Content {
  /** What is released, and hashed: the pod template. Nothing is rewritten before a primary is rendered. */
  readonly template: JsonObject;
  /** What else of the target's spec a primary has; fields that the target leaves out are absent. */
  readonly spec: JsonObject;
  /** UID of the target, where no other one could ever have this content. */
  readonly boundTo?: string;
}

export interface PrimaryWish {
  readonly name: string;
  readonly namespace: string;
  /** `warm`: a copy beside the primary, with a label value of its own; `primary` where nothing is said. */
  readonly role?: 'warm';
  /** The target's; the primary's value adds `-primary`. undefined: its pods are not known yet. */
  readonly selector: Selector | undefined;
  /** undefined: leave them as they are, because an autoscaler owns them or nothing shall change. */
  readonly replicas: number | undefined;
  readonly owner: OwnerReference;
  readonly includeLabelPrefix: readonly string[];
}

export interface WorkloadKind {
  readonly resource: Resource;
  /**
   * `generated`: apex, primary and canary Service, by the label of its pods. `cloned`: the target is the apex, its primary
   * the primary, and the canary a copy of it. `none`: target, primary and route are one object, the user's own, which is
   * never created.
   */
  readonly services: 'generated' | 'cloned' | 'none';
  /** It has replicas, which an autoscaler may set. */
  readonly sized: boolean;
  /** Never throws: what a malformed object lacks counts as absent, and the workload as not ready. */
  view(object: KubeObject): WorkloadView;
  /** `thresholdPercent` of its pods must be available. How long to wait is the run's matter. */
  readiness(view: WorkloadView, thresholdPercent: number): Readiness;
  /** The body of the merge patch that gives a target this many pods; absent: it has none that Serin could size. */
  readonly scaled?: (replicas: number) => JsonObject;
  /** Throws a ZodError for an object that no API server would keep. */
  capture(target: KubeObject): Content;
  /** The content that a primary was made from, read back from it. */
  recapture(primary: KubeObject): Content;
  /** The complete primary for a stored revision, with a note of its own fingerprint. Throws Retry without a selector. */
  renderPrimary(stored: StoredRevision, wish: PrimaryWish): KubeObject;
  /** How a primary is laid over a live one, and what of it must agree. */
  readonly primaryShape: OwnedShape;
}
