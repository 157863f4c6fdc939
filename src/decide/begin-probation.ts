// Whether a run is followed by probation, and how that begins; what happens on it is probation.ts.
import { whyNotWarm } from '../api/defaults.ts';
import type { CanaryStatus, Run } from '../api/status.ts';
import type { Notice } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { isOwnRevision } from '../model/revision.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import { endRun } from './end-run.ts';
import { normal } from './move.ts';
import { atStage, targetName, withNextRound } from './run.ts';
import { isObtainable } from './world.ts';

/** What the revision that is being promoted replaces, if it will be on probation: a judged one, in place of another. */
export function previousOf({ status }: Observation, run: Run): string | undefined {
  const { lastPromotedSpec: live } = status;
  const judged = !run.plan.skipAnalysis && run.proven !== true && (run.plan.probationMs ?? 0) > 0;
  return judged && isOwnRevision(live) && live !== run.revision ? live : undefined;
}

interface After {
  readonly run: Run | null;
  readonly patch: Partial<CanaryStatus>;
  readonly notices: readonly Notice[];
}

/** What comes after the end of a run and its hooks: probation, or nothing. */
export function afterRun(seen: Observation, run: Run, patch: Partial<CanaryStatus>): After {
  const { previous, outcome } = run;
  if (previous === undefined || outcome?.phase === 'Failed') {
    return { ...endRun(seen, run, patch), notices: [] };
  }
  const why = whyCold(seen, run, previous);
  const watched = withNextRound(seen, atStage(seen, run, 'probation'), run.plan.intervalMs);
  const counts = { fail: 0, inconclusive: 0, noData: 0, unavailable: 0 };
  const until = clockFromIso(isoFromMs(untilMs(watched)));
  const how =
    why === undefined ? 'pods of the revision before are kept warm' : `no pods are kept, because ${why}`;
  const notice = normal('OnProbation', `${targetName(seen)} is on probation until ${until}: ${how}`);
  const next = { ...watched, counts, ...(why === undefined ? { warm: true } : {}) };
  return { run: next, patch, notices: [notice] };
}

/** Why the revision before is not kept ready. */
function whyCold(seen: Observation, run: Run, previous: string): string | undefined {
  if (seen.route.state === 'none' || seen.route.state === 'foreign') {
    return 'no traffic can be moved';
  }
  if (!isObtainable(seen, previous)) {
    return 'its record is gone';
  }
  if (seen.warm?.foreign === true) {
    return 'a workload of that name belongs to somebody else';
  }
  return seen.spec === undefined ? 'the spec cannot be read' : whyNotWarm(seen.spec, run.plan.provider);
}

export function untilMs({ stageSince, plan }: Run): number {
  return msFromIso(stageSince) + (plan.probationMs ?? 0);
}
