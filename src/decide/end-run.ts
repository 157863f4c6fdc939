// The end of a run: from the program counter to the history.
import type { CanaryStatus, PastRun, Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { isoFromMs } from '../model/time.ts';

const RUNS_KEPT = 10;

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
