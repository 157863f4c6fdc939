// A revision that was pushed while another one is being promoted is nobody's yet: the canary's pods become it at once, so
// what they still get of the traffic goes to the primary, without waiting for steps. Its own run comes after this one.
import { allPrimary } from '../model/split.ts';
import { warning } from './move.ts';
import type { RunRule } from './move.ts';
import { primaryName, targetName, withSplit } from './run.ts';

const STAGES = new Set(['promote', 'return']);

export const shunNewRevision: RunRule = (seen, run) => {
  const { target, primary, route, status } = seen;
  if (
    !STAGES.has(run.stage) ||
    run.warm === true ||
    run.split.canary === 0 ||
    route.state === 'none' ||
    target === undefined
  ) {
    return undefined;
  }
  const known = target.revision === run.revision || target.revision === status.lastPromotedSpec;
  const available = primary?.available ?? 0;
  // Half of it carries on, as in any roll-out; less would be worse than pods that nobody has judged.
  const carries = available > 0 && available * 2 >= (primary?.replicas ?? 0);
  if (known || !carries) {
    return undefined;
  }
  const message = `${targetName(seen)} has a new revision that nobody has analysed: all traffic to ${primaryName(seen)}`;
  return {
    kind: 'intend',
    reason: 'ReturningTraffic',
    message,
    run: withSplit(seen, run, allPrimary),
    notices: [warning('ReturningTraffic', message)],
  };
};
