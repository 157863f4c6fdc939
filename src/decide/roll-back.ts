// The two ways out of a run that is not promoted: it failed, or it is not wanted any more. Both send the traffic home.
import type { Run } from '../api/status.ts';
import type { Notice } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import { normal, warning } from './move.ts';
import type { Move } from './move.ts';
import { atStage, outcomeOf, targetName, withSplit } from './run.ts';
import { splitHomeward } from './way-home.ts';

/** Ends the run as failed: traffic to the primary, then the canary away. `message` names what was wrong, with figures. */
export function rollBack(
  seen: Observation,
  run: Run,
  why: { readonly reason: Reason; readonly message: string; readonly notices?: readonly Notice[] },
): Move {
  const { reason, message } = why;
  const outcome = outcomeOf('Failed', reason, message);
  return {
    kind: 'intend',
    reason,
    message,
    run: { ...withSplit(seen, atStage(seen, run, 'return'), splitHomeward(seen, run)), outcome },
    // Also of a run that was never let in: what has failed is not started again by itself.
    patch: { lastAppliedSpec: run.revision },
    notices: [...(why.notices ?? []), warning(reason, `Rolling back ${targetName(seen)} ${message}`)],
  };
}

/** The target is back at what the primary holds: nothing is left to analyse. */
export function cancel(seen: Observation, run: Run): Move {
  const message = `${targetName(seen)} is back at the revision that is live`;
  const outcome = outcomeOf('Succeeded', 'RunCancelled', message);
  return {
    kind: 'intend',
    reason: 'RunCancelled',
    message,
    run: { ...withSplit(seen, atStage(seen, run, 'return'), splitHomeward(seen, run)), outcome },
    notices: [normal('RunCancelled', `Run cancelled! ${message}`)],
  };
}
