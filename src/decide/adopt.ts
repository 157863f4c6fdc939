// What to start from where nothing is known, or nothing is left. Taking over what another controller left behind: what the
// primary serves is what is live, so it becomes the promoted revision, unless it never served. A target that agrees starts
// nothing, one that differs starts an ordinary run; how a run in flight goes on says continue-run.ts.
import type { CanaryStatus } from '../api/status.ts';
import { sameJson } from '../model/hash.ts';
import type { Observation } from '../model/observation.ts';
import { isOwnRevision } from '../model/revision.ts';
import type { Revision } from '../model/revision.ts';
import { msFromIso } from '../model/time.ts';
import { continueRun } from './continue-run.ts';
import type { Inheritance } from './continue-run.ts';
import { isForeign, isForeignRun } from './foreign.ts';
import { normal, warning } from './move.ts';
import type { Move, Rule } from './move.ts';
import { primaryName } from './run.ts';

const SETTLED = new Set(['Initialized', 'Succeeded', 'Failed']);

export const adopt: Rule = (seen) => {
  const live = inheritedFrom(seen);
  if (live === undefined || seen.target === undefined || seen.plan === undefined) {
    return undefined;
  }
  const inheritance: Inheritance = {
    live,
    target: seen.target,
    plan: seen.plan,
    agrees: seen.target.revision === live,
    changed: hasChanged(seen),
  };
  return isForeignRun(seen.status) ? continueRun(seen, inheritance) : settle(seen, inheritance);
};

/** What the primary serves; undefined where there is none, or where it may never have served. */
function inheritedFrom({ status, primary, target }: Observation): Revision | undefined {
  if (isForeign(status) && status.lastPromotedSpec !== undefined && status.phase !== 'Initializing') {
    return primary?.revision ?? primary?.asTarget;
  }
  // Without such a hash the set-up has not ended, or the status was lost: what somebody's primary serves is live (D4), but
  // where the target agrees the set-up just goes on.
  if (primary === undefined || primary.available === 0) {
    return undefined;
  }
  const begun = status.run !== undefined || isOwnRevision(status.lastPromotedSpec);
  const goesOn = status.lastPromotedSpec === undefined && primary.asTarget === target?.revision;
  return begun || goesOn ? undefined : primary.asTarget;
}

/** Whether the target has changed since the other controller last wrote; undefined where nobody knows. */
function hasChanged({ status, target, configs }: Observation): boolean | undefined {
  const { lastTransitionTime: since, trackedConfigs } = status;
  const known = configs !== undefined && trackedConfigs !== undefined;
  if (known && !sameJson(configs, trackedConfigs)) {
    return true;
  }
  const at = target?.changedAt;
  return since === undefined || at === undefined ? undefined : msFromIso(at) >= msFromIso(since);
}

/** No run was in flight: only the words for what is live and what has been refused are replaced by our own. */
function settle(seen: Observation, { live, target, agrees, changed }: Inheritance): Move {
  const { status, configs } = seen;
  const refused = status.phase === 'Failed' && !agrees && changed !== true;
  const state = agrees ? 'is what the primary serves' : 'differs from the primary';
  return {
    kind: 'intend',
    reason: 'Adopted',
    message: `taken over: the target ${state}${refused ? ', and has been refused before' : ''}`,
    run: null,
    patch: {
      ...(SETTLED.has(status.phase ?? '') ? {} : { phase: 'Initialized' as const }),
      lastAppliedSpec: refused ? target.revision : live,
      lastPromotedSpec: live,
      ...(configs === undefined || !(agrees || refused) ? {} : { trackedConfigs: { ...configs } }),
    },
    notices: [normal('Adopted', 'Taking over an existing primary without a roll-out')],
  };
}

/**
 * The primary is gone, and so is the record it could be made from again: nobody knows any more what was live. The target
 * is all there is, so the set-up begins anew with it, and says so.
 */
export const beginAgain: Rule = (seen) => {
  const { status, primary, target, stored } = seen;
  const live = liveRevision(status);
  const lost = primary === undefined && isOwnRevision(live) && !stored.includes(live);
  if (!lost || target === undefined || target.revision === live) {
    return undefined;
  }
  const { lastPromotedSpec: _lost, lastAppliedSpec: _applied, ...kept } = status;
  const message = `${primaryName(seen)} and the record of what it served are gone: setting up anew with the target`;
  return {
    kind: 'intend',
    reason: 'LiveRevisionLost',
    message,
    run: null,
    status: { ...kept, phase: 'Initializing' },
    notices: [warning('LiveRevisionLost', message)],
  };
};

/** What the primary was made from; while the set-up makes it, the target can still be followed instead. */
function liveRevision({ run, lastPromotedSpec }: CanaryStatus): Revision | undefined {
  return run?.kind === 'initialise' && run.stage !== 'provision' ? run.revision : lastPromotedSpec;
}
