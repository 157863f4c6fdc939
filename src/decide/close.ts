// Stage `closing`: the run is over and its outcome stored; the post-rollout hooks are still owed. A crash in between calls
// them again, under the same run and round (D29).
import type { CanaryStatus, PastRun, Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { isoFromMs } from '../model/time.ts';
import { hear } from './interrogate.ts';
import { normal, warning } from './move.ts';
import type { RunRule } from './move.ts';

const RUNS_KEPT = 10;

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
  return {
    kind: 'intend',
    reason: outcome,
    message: run.outcome?.message ?? '',
    ...endRun(seen, run, { phase: outcome }),
    notices: [notice],
  };
};

/** The run, moved from the program counter to the history. */
export function endRun(
  seen: Observation,
  run: Run,
  patch: Partial<CanaryStatus>,
): { readonly run: null; readonly patch: Partial<CanaryStatus> } {
  const past: PastRun = {
    id: run.id,
    revision: run.revision,
    startedAt: run.startedAt,
    endedAt: isoFromMs(seen.nowMs),
    phase: run.outcome?.phase ?? 'Succeeded',
    reason: run.outcome?.reason ?? 'Succeeded',
    ...(run.outcome === undefined ? {} : { message: run.outcome.message }),
    ...(run.command === undefined ? {} : { command: run.command }),
  };
  return { run: null, patch: { ...patch, runs: [past, ...(seen.status.runs ?? [])].slice(0, RUNS_KEPT) } };
}
