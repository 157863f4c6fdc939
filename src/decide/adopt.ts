// What to start from where nothing is known, or nothing is left. Taking over what another controller left behind, a primary
// that Serin did not write: its content is what is live, so it becomes the promoted revision, unless it never served. A
// target that agrees starts nothing, one that differs starts an ordinary run.
import { isOwnRevision } from '../model/revision.ts';
import { normal, warning } from './move.ts';
import type { Rule } from './move.ts';
import { primaryName } from './run.ts';

const SETTLED = new Set(['Initialized', 'Succeeded', 'Failed']);

export const adopt: Rule = ({ status, primary, target, configs }) => {
  const live = primary?.asTarget;
  const settled = status.lastPromotedSpec !== undefined && SETTLED.has(status.phase ?? '');
  const proven = settled || (primary?.available ?? 0) > 0;
  if (status.run !== undefined || isOwnRevision(status.lastPromotedSpec) || live === undefined || !proven) {
    return undefined;
  }
  const agrees = target?.revision === live;
  const phase = SETTLED.has(status.phase ?? '') ? status.phase : 'Initialized';
  return {
    kind: 'intend',
    reason: 'Adopted',
    message: agrees
      ? 'taken over: the target is what the primary serves'
      : 'taken over: the target differs from the primary',
    run: null,
    patch: {
      phase: agrees ? phase : 'Initialized',
      lastAppliedSpec: live,
      lastPromotedSpec: live,
      ...(configs === undefined ? {} : { trackedConfigs: { ...configs } }),
    },
    notices: [normal('Adopted', 'Taking over an existing primary without a roll-out')],
  };
};

/**
 * The primary is gone, and so is the record it could be made from again: nobody knows any more what was live. The target
 * is all there is, so the set-up begins anew with it, and says so.
 */
export const beginAgain: Rule = (seen) => {
  const { status, primary, target, stored } = seen;
  const live = status.lastPromotedSpec;
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
