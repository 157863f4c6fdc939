// The target changed during a run: back to the live revision ends the run, anything else starts it anew from weight 0. A
// change during promotion is left for the run after this one.
import { newRun, targetName } from './run.ts';
import { normal } from './move.ts';
import type { RunRule } from './move.ts';
import { cancel } from './roll-back.ts';

const FOLLOWING = new Set(['confirm-rollout', 'scale-up', 'analysis']);

export const followRevision: RunRule = (seen, run) => {
  const { target, status } = seen;
  if (target === undefined || !FOLLOWING.has(run.stage) || target.revision === run.revision) {
    return undefined;
  }
  if (target.revision === status.lastPromotedSpec) {
    return cancel(seen, run);
  }
  const confirmed = run.stage !== 'confirm-rollout';
  return {
    kind: 'intend',
    reason: 'RunRestarted',
    message: `restarting the analysis of ${targetName(seen)}`,
    run: newRun(seen, {
      kind: 'rollout',
      revision: target.revision,
      stage: confirmed ? 'scale-up' : 'confirm-rollout',
      plan: seen.plan ?? run.plan,
    }),
    patch: {
      rounds: [],
      ...(confirmed ? { lastAppliedSpec: target.revision } : {}),
      ...(confirmed && seen.configs !== undefined ? { trackedConfigs: { ...seen.configs } } : {}),
    },
    notices: [normal('RunRestarted', `New revision detected! Restarting analysis for ${targetName(seen)}`)],
  };
};
