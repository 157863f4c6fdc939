// What to start from where nothing is known, or nothing is left. Taking over what another controller left behind, a primary
// that Serin did not write: its content is what is live, so it becomes the promoted revision, unless it never served. A
// target that agrees starts nothing, one that differs starts an ordinary run.
import type { CanaryStatus } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { isOwnRevision } from '../model/revision.ts';
import type { Revision } from '../model/revision.ts';
import { normal, warning } from './move.ts';
import type { Rule } from './move.ts';
import { primaryName } from './run.ts';

const SETTLED = new Set(['Initialized', 'Succeeded', 'Failed']);

export const adopt: Rule = (seen) => {
  const live = inheritedFrom(seen);
  if (live === undefined) {
    return undefined;
  }
  const { status, target, configs } = seen;
  const agrees = target?.revision === live;
  const settled = agrees && SETTLED.has(status.phase ?? '');
  return {
    kind: 'intend',
    reason: 'Adopted',
    message: `taken over: the target ${agrees ? 'is what the primary serves' : 'differs from the primary'}`,
    run: null,
    patch: {
      ...(settled ? {} : { phase: 'Initialized' as const }),
      lastAppliedSpec: live,
      lastPromotedSpec: live,
      ...(configs === undefined ? {} : { trackedConfigs: { ...configs } }),
    },
    notices: [normal('Adopted', 'Taking over an existing primary without a roll-out')],
  };
};

/** What a primary of somebody else's serves; undefined where there is none, or where it may never have served. */
function inheritedFrom({ status, primary }: Observation): Revision | undefined {
  if (status.run !== undefined || isOwnRevision(status.lastPromotedSpec)) {
    return undefined;
  }
  const settled = status.lastPromotedSpec !== undefined && SETTLED.has(status.phase ?? '');
  return settled || (primary?.available ?? 0) > 0 ? primary?.asTarget : undefined;
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
