// What a rule says, before it becomes a Decision: `decide` adds the status that goes with it.
import type { CanaryStatus, Run } from '../api/status.ts';
import type { Action, Notice, Tally } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import type { Question } from '../model/question.ts';
import type { Reason } from '../model/reason.ts';

/** How the object is with regard to what its owner wants; becomes the conditions Ready, Reconciling and Stalled. */
export type Health = 'settled' | 'moving' | 'failed' | 'stalled';

export type Move =
  | {
      readonly kind: 'intend';
      readonly reason: Reason;
      readonly message: string;
      /** `null` ends the run. */
      readonly run: Run | null;
      readonly patch?: Partial<CanaryStatus>;
      /** Stands in for the stored status where a field has to go; `patch` is laid over it. */
      readonly status?: CanaryStatus;
      readonly notices?: readonly Notice[];
      readonly tally?: Tally;
      readonly health?: Health;
      /** Nothing has changed for those who wait for the object: the conditions stay as they are. */
      readonly quiet?: true;
    }
  | {
      readonly kind: 'enact';
      readonly reason: Reason;
      readonly actions: readonly Action[];
      readonly rehearse?: readonly Action[];
      /** When to look again at what these actions came to; else the event that shows it is waited for. */
      readonly wakeAtMs?: number;
    }
  | {
      readonly kind: 'ask';
      readonly reason: Reason;
      readonly message: string;
      readonly questions: readonly Question[];
    }
  | {
      readonly kind: 'wait';
      readonly reason: Reason;
      /** A function of stored facts only, never of the time: it stands in status, and must not change by itself. */
      readonly message: string;
      readonly wakeAtMs?: number;
      readonly health?: Health;
    };

/** Speaks when it applies, otherwise stays silent, so that the next rule is asked. */
export type Rule = (seen: Observation) => Move | undefined;

/** A rule about a run in flight. */
export type RunRule = (seen: Observation, run: Run) => Move | undefined;

/** The first rule that speaks. */
export function firstOf(rules: readonly Rule[]): Rule {
  return (seen) => {
    for (const rule of rules) {
      const move = rule(seen);
      if (move !== undefined) {
        return move;
      }
    }
    return undefined;
  };
}

export function firstOfRun(rules: readonly RunRule[]): RunRule {
  return (seen, run) =>
    firstOf(
      rules.map(
        (rule): Rule =>
          (observation) =>
            rule(observation, run),
      ),
    )(seen);
}

export function normal(reason: Reason, message: string): Notice {
  return { type: 'Normal', reason, message };
}

export function warning(reason: Reason, message: string): Notice {
  return { type: 'Warning', reason, message };
}
