// Taking over what another controller left behind: a primary that Serin did not write. Its content is what is live, so it
// becomes the promoted revision; a target that agrees starts nothing, one that differs starts an ordinary run (design 8).
import { isOwnRevision } from '../model/revision.ts';
import { normal } from './move.ts';
import type { Rule } from './move.ts';

const SETTLED = new Set(['Initialized', 'Succeeded', 'Failed']);

export const adopt: Rule = ({ status, primary, target, configs }) => {
  const live = primary?.asTarget;
  if (status.run !== undefined || isOwnRevision(status.lastPromotedSpec) || live === undefined) {
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
