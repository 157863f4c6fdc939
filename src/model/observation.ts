// Everything one decision may look at, read at one moment. Plain JSON: what is recorded can be decided again.
import type { CanarySpec } from '../api/canary.ts';
import type { CanaryStatus, Plan } from '../api/status.ts';
import type { ForeignWriter } from './managed-fields.ts';
import type { Problem } from './problem.ts';
import type { Answers } from './question.ts';
import type { Revision } from './revision.ts';
import type { Split } from './split.ts';

/** `failed` only where waiting longer is pointless: the workload's own deadline has passed. */
export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'notYet'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface SeenTarget {
  readonly uid: string;
  readonly generation: number;
  /** What it counts as, see model/fence.ts. */
  readonly revision: Revision;
  /** What its content reads as today, where that is something else. */
  readonly hash?: Revision;
  readonly replicas: number;
  readonly available: number;
  readonly readiness: Readiness;
  /** RFC 3339; the pod template has not changed since. Absent: nobody knows. */
  readonly changedAt?: string;
  /** It has no pods that could be scaled: it is never sized. */
  readonly fixedSize?: boolean;
}

export interface SeenPrimary {
  /** The stored revision it holds; undefined where it was not written by Serin. */
  readonly revision: Revision | undefined;
  /** It no longer is what was written: somebody edited it. */
  readonly drifted: boolean;
  /** What it would be as a target: how a primary that somebody else made is compared with the target. */
  readonly asTarget: Revision | undefined;
  readonly replicas: number;
  readonly available: number;
  readonly readiness: Readiness;
}

/** The workload that keeps the revision before warm during probation. */
export interface SeenWarm {
  readonly revision: Revision | undefined;
  readonly drifted: boolean;
  /** It belongs to somebody else, and is left alone. */
  readonly foreign: boolean;
  readonly replicas: number;
  readonly available: number;
}

/** `foreign`: exists, and is controlled by another Canary or object. */
export type SeenObject = 'missing' | 'drifted' | 'inPlace' | 'foreign';

export interface SeenServices {
  readonly apex: SeenObject;
  readonly primary: SeenObject;
  readonly canary: SeenObject;
}

export interface SeenRoute {
  /** `none`: this provider has no route object; requests follow the Services. */
  readonly state: SeenObject | 'none';
  readonly split: Split | undefined;
  /** Several routes that disagree: `split` is that of the one with the most at the canary. */
  readonly divided?: boolean;
  readonly acceptance: 'accepted' | 'pending' | 'rejected' | 'unknown';
  readonly message: string;
  /** True: something beside it that the primary's pods cannot start without is missing or has drifted. */
  readonly unprepared?: boolean;
  /** False: it sends requests elsewhere so far, and does not name our Services yet. */
  readonly namesOurs?: boolean;
  /** False: it does not name yet what it will send to when the Canary is gone. */
  readonly namesTheirs?: boolean;
  /** True: it still names, without weight, what it sent to before it was taken over. */
  readonly lingers?: boolean;
  /** True: it is the user's, and not given back yet. */
  readonly taken?: boolean;
}

/** The primary's own autoscaler, beside the target's. */
export interface SeenAutoscaler {
  readonly state: SeenObject;
  /** Where the primary's has drifted: writing it would at most give the primary more pods. */
  readonly growing?: boolean;
  /** What the target's keeps at least: how many pods a canary starts with. */
  readonly targetMinReplicas: number;
  /** What the primary's shall keep at least. */
  readonly primaryMinReplicas?: number;
  /** Of the target's; absent where a target without pods makes it inactive by itself. */
  readonly paused?: boolean;
}

export interface AutoscalerName {
  readonly kind: 'HorizontalPodAutoscaler' | 'ScaledObject';
  readonly name: string;
}

/** A CanaryCommand for this Canary. */
export interface SeenCommand {
  readonly uid: string;
  readonly name: string;
  /** Unknown to this version where it is none of `CommandVerb`. */
  readonly verb: string;
  readonly gate?: string;
  /** Who gave it, as far as that is certain; else `unknown`. */
  readonly author: string;
  readonly reason?: string;
  /** Given to a Canary that had this name before. */
  readonly stale: boolean;
  readonly createdAtMs: number;
  /** From then on it is not carried out any more. */
  readonly expiresAtMs: number;
  /** When it was answered; absent: not yet. */
  readonly answeredAtMs?: number;
}

export interface Observation {
  readonly nowMs: number;
  /** Fresh randomness for a run that starts now. */
  readonly chance: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly deleting: boolean;
  readonly hasFinalizer: boolean;
  /** undefined while the spec cannot be used; `problems` says why. */
  readonly spec: CanarySpec | undefined;
  /** The plan this spec means today; undefined with the spec. */
  readonly plan: Plan | undefined;
  readonly problems: readonly Problem[];
  readonly status: CanaryStatus;
  /** Another controller that has written the status; absent: there is none. */
  readonly foreignWriter?: ForeignWriter;
  readonly target: SeenTarget | undefined;
  readonly primary: SeenPrimary | undefined;
  /** Absent: there is none. */
  readonly warm?: SeenWarm;
  /** Absent: the Canary names no autoscaler. */
  readonly autoscaler?: SeenAutoscaler;
  /** Autoscalers that were made for this Canary and that its spec does not name any more. */
  readonly retired?: readonly AutoscalerName[];
  readonly services: SeenServices;
  readonly route: SeenRoute;
  /** Checksums of the tracked ConfigMaps and Secrets, by `configmap/<name>`; undefined: tracking is off. */
  readonly configs: Readonly<Record<string, string>> | undefined;
  /** Stored revisions that belong to this Canary. */
  readonly stored: readonly Revision[];
  /** What the last attempt to write was refused with, if it was refused for good. */
  readonly refusal: string | undefined;
  readonly answers: Answers;
  /** Numbers of the notices in the outbox that have reached their receivers, or never will. */
  readonly delivered: readonly number[];
  /** Oldest first; absent where there are none. */
  readonly commands?: readonly SeenCommand[];
}
