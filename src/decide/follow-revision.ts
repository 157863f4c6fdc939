// The target changed during a run: back to the live revision ends the run, anything else starts it anew from weight 0. A
// change during promotion is left for the run after this one; a rollback that a dead primary holds up makes way for it,
// because it may be the fix (D35).
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import type { Revision } from '../model/revision.ts';
import { beginFinishing, isToFinish } from './finish-first.ts';
import { isUndecided, newRun, targetName } from './run.ts';
import { normal } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { admitted } from './start-run.ts';
import { cancel } from './roll-back.ts';
import { splitHomeward } from './way-home.ts';

export const followRevision: RunRule = (seen, run) => {
  const { target, status } = seen;
  const following = isUndecided(run) || isStranded(seen, run);
  if (target === undefined || !following || target.revision === run.revision) {
    return undefined;
  }
  if (target.revision === status.lastPromotedSpec) {
    return cancel(seen, run);
  }
  if (run.finishing === true || isToFinish(seen, run)) {
    return run.finishing === true ? undefined : beginFinishing(seen, run);
  }
  return restart(seen, run, target.revision);
};

function restart(seen: Observation, run: Run, revision: Revision): Move {
  const confirmed = run.stage !== 'confirm-rollout';
  const stage = confirmed ? 'scale-up' : 'confirm-rollout';
  const fresh = newRun(seen, {
    kind: 'rollout',
    revision,
    stage,
    plan: seen.plan ?? run.plan,
  });
  const next = isUndecided(run) ? inPlaceOf(seen, run, fresh) : fresh;
  return {
    kind: 'intend',
    reason: 'RunRestarted',
    message: `restarting the analysis of ${targetName(seen)}`,
    run: confirmed ? admitted(seen, next) : next,
    patch: {
      rounds: [],
      ...(confirmed ? { lastAppliedSpec: revision } : {}),
      ...(confirmed && seen.configs !== undefined ? { trackedConfigs: { ...seen.configs } } : {}),
    },
    notices: [normal('RunRestarted', `New revision detected! Restarting analysis for ${targetName(seen)}`)],
  };
}

/** Whoever paused wanted nothing to go on, and that holds for the new revision too; traffic that is out goes home first. */
function inPlaceOf(seen: Observation, run: Run, fresh: Run): Run {
  const { paused } = run;
  return {
    ...fresh,
    split: splitHomeward(seen, run),
    ...(paused === undefined ? {} : { paused: { ...paused, since: fresh.startedAt } }),
  };
}

/** On the way back from a failed run, with no primary to go back to. */
function isStranded({ primary }: Observation, { stage, outcome, kind, warm }: Run): boolean {
  const leaving = stage === 'return' || stage === 'scale-down';
  return (
    kind === 'rollout' &&
    warm !== true &&
    leaving &&
    outcome?.phase === 'Failed' &&
    (primary?.available ?? 0) === 0
  );
}
