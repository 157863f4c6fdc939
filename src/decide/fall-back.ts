// Back from a revision on probation: traffic to the warm pods of the one before, the primary is given it back, traffic goes
// home; without warm pods the primary is restored in place, at once.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import { allCanary } from '../model/split.ts';
import { warning } from './move.ts';
import type { Move } from './move.ts';
import { atStage, outcomeOf, targetName, withSplit } from './run.ts';
import { canaryPods } from './world.ts';

/** The revision that leaves counts as applied: it is not tried again by itself. */
export function fallBack(
  seen: Observation,
  run: Run,
  { reason, message }: { readonly reason: Reason; readonly message: string },
): Move {
  const { previous } = run;
  const movable = run.warm === true && seen.route.state !== 'none' && canaryPods(seen) > 0;
  const next = atStage(seen, run, movable ? 'yield' : 'restore');
  return {
    kind: 'intend',
    reason,
    message,
    run: {
      ...(movable ? withSplit(seen, next, allCanary) : next),
      outcome: outcomeOf('Failed', reason, message),
    },
    patch: {
      lastAppliedSpec: run.revision,
      ...(previous === undefined ? {} : { lastPromotedSpec: previous }),
    },
    notices: [
      warning(reason, `${targetName(seen)} goes back to the revision that was live before: ${message}`),
    ],
  };
}
