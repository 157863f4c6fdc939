// Stage `closing`: the run is over and its outcome stored; the post-rollout hooks are still owed. A crash in between calls
// them again, under the same run and round (D29).
import { afterRun } from './begin-probation.ts';
import { hear } from './interrogate.ts';
import { normal, warning } from './move.ts';
import type { RunRule } from './move.ts';

export const close: RunRule = (seen, run) => {
  if (run.stage !== 'closing') {
    return undefined;
  }
  const outcome = run.outcome?.phase === 'Failed' ? 'Failed' : 'Succeeded';
  const hearing = hear(seen, run, 'post-rollout', outcome);
  if (hearing.kind === 'ask') {
    return {
      kind: 'ask',
      reason: 'PostRollout',
      message: run.outcome?.message ?? '',
      questions: [hearing.question],
    };
  }
  const notice =
    hearing.kind === 'failed'
      ? warning('PostRolloutFailed', `Post-rollout hook ${hearing.name} failed: ${hearing.message}`)
      : normal('PostRollout', `Post-rollout check ${hearing.names.join(', ')} passed`);
  const ended = afterRun(seen, run, { phase: outcome });
  return {
    kind: 'intend',
    reason: outcome,
    message: run.outcome?.message ?? '',
    ...ended,
    notices: [notice, ...ended.notices],
  };
};
