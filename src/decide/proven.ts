// Revisions that were live before: `rollbackWindow` of them are kept, and come back without an analysis.
import type { CanaryStatus } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import type { Revision } from '../model/revision.ts';

function windowOf({ spec }: Observation): number {
  return spec?.analysis.rollbackWindow ?? 0;
}

/** Newest first, without the one that is live. */
export function provenRevisions(seen: Observation): readonly Revision[] {
  const { proven = [], lastPromotedSpec } = seen.status;
  return proven.filter((revision) => revision !== lastPromotedSpec).slice(0, windowOf(seen));
}

export function isProven(seen: Observation, revision: Revision): boolean {
  return provenRevisions(seen).includes(revision);
}

/** What follows for the list when `live` takes over from `before`. */
export function provenAfter(
  seen: Observation,
  live: Revision,
  before: Revision | undefined,
): Pick<CanaryStatus, 'proven'> {
  const { proven = [] } = seen.status;
  const all = [...new Set([...(before === undefined ? [] : [before]), ...proven])];
  const kept = all.filter((revision) => revision !== live).slice(0, windowOf(seen));
  return kept.length === 0 && seen.status.proven === undefined ? {} : { proven: kept };
}
