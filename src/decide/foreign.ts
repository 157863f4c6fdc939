// Whose a status is. Flagger writes the same fields, with hashes of its own, and no run; where a run is in flight, its status
// and the live route are all there is to go by.
import type { CanaryStatus, Phase } from '../api/status.ts';
import { isOwnRevision } from '../model/revision.ts';

/** Phases in which Serin always has a run in status. */
const IN_FLIGHT: ReadonlySet<Phase | undefined> = new Set<Phase>([
  'Waiting',
  'Progressing',
  'WaitingPromotion',
  'Promoting',
  'Finalising',
]);

/** True if this status has to be taken over: somebody else wrote it last, or has dropped from it where the run stood. */
export function isForeign(status: CanaryStatus): boolean {
  const { run, lastPromotedSpec, lastAppliedSpec } = status;
  const foreignHash = [lastPromotedSpec, lastAppliedSpec].some(
    (hash) => hash !== undefined && !isOwnRevision(hash),
  );
  return run === undefined && (foreignHash || isForeignRun(status));
}

/** True if a status that has to be taken over is in the middle of something. */
export function isForeignRun(status: CanaryStatus): boolean {
  return status.run === undefined && IN_FLIGHT.has(status.phase);
}
