// What shall happen next. Exactly one of three: ask, intend, enact; each with its reason and when to look again.
import type { CanaryStatus, CommandRecord } from '../api/status.ts';
import type { AutoscalerName } from './observation.ts';
import type { Question } from './question.ts';
import type { Reason } from './reason.ts';
import type { Revision } from './revision.ts';
import type { Split } from './split.ts';

/** One idempotent write; names what to write, never carries a whole object. */
export type Action =
  | { readonly kind: 'storeRevision'; readonly revision: Revision }
  | { readonly kind: 'writePrimary'; readonly revision: Revision; readonly replicas: number | undefined }
  /** The primary's autoscaler, from the target's as it is now. */
  | { readonly kind: 'writeAutoscaler' }
  /** Stops the target's own autoscaler, which takes the target's pods away, or lets it go on. */
  | { readonly kind: 'pauseAutoscaler'; readonly paused: boolean }
  /** A primary's that its Canary names no more; the primary keeps its size. */
  | { readonly kind: 'removeAutoscaler'; readonly autoscaler: AutoscalerName }
  /** Pods of what was live before, see decide/probation.ts. */
  | { readonly kind: 'writeWarm'; readonly revision: Revision; readonly replicas: number }
  | { readonly kind: 'removeWarm' }
  | { readonly kind: 'writeService'; readonly role: 'apex' | 'primary' | 'canary' }
  /** `keeping`: Services that the route named before stay named, without weight, while its gateway may still send to them. */
  | { readonly kind: 'writeRoute'; readonly split: Split; readonly keeping?: true }
  /** What stands beside the route and the primary's pods cannot start without. */
  | { readonly kind: 'prepareRoute' }
  /** Names Services without weight in a route that will soon send to them: ours, or those from before. */
  | { readonly kind: 'announceRoute'; readonly to: 'ours' | 'theirs' }
  | { readonly kind: 'scaleTarget'; readonly replicas: number }
  | { readonly kind: 'collectRevisions'; readonly keep: readonly Revision[] }
  | { readonly kind: 'setFinalizer'; readonly present: boolean }
  | { readonly kind: 'restoreService' }
  /** `keeping`: ours stay named, without weight. */
  | { readonly kind: 'restoreRoute'; readonly keeping?: true }
  /** Tells whoever gave a command what came of it. */
  | { readonly kind: 'answerCommand'; readonly answer: CommandRecord }
  | { readonly kind: 'deleteCommand'; readonly name: string; readonly uid: string };

/** Said once, after the status that makes it true is stored: an event, a log line, an event webhook call. */
export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly message: string;
}

/** What a run's end adds to the counters. */
export interface Tally {
  readonly result: 'success' | 'failure';
  readonly strategy: string;
  readonly analysis: 'completed' | 'skipped';
}

export type Decision =
  /** Send the questions that are not answered yet; the answers come with a later observation. */
  | { readonly kind: 'ask'; readonly reason: Reason; readonly questions: readonly Question[] }
  /** Store this status: what shall be true next. */
  | {
      readonly kind: 'intend';
      readonly reason: Reason;
      readonly status: CanaryStatus;
      readonly notices: readonly Notice[];
      readonly tally?: Tally;
    }
  /**
   * Make the world follow the stored status. No actions: nothing is left to do now. `rehearse` is tried with dry run
   * first, together with `actions`, so that what the server refuses is known before anything has changed.
   */
  | {
      readonly kind: 'enact';
      readonly reason: Reason;
      readonly actions: readonly Action[];
      readonly rehearse?: readonly Action[];
      /** When to look again if nothing happens; undefined waits for the next event. */
      readonly wakeAtMs?: number;
    };
