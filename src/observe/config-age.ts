// How old what is known of a Secret may be. Secrets are read by name, so every look is a request: few at rest, one an
// interval while a run follows its target, and a fresh one where it matters most.
import type { Run } from '../api/status.ts';

/** A run that sets up or starts stores what it has seen: it must not be long ago. */
const STARTING_AGE_MS = 10_000;

/** undefined: the slow schedule, because nothing that changes now would be followed. */
export function secretAgeMs(run: Run | undefined): number | undefined {
  if (run === undefined) {
    return undefined;
  }
  const { stage, plan } = run;
  if (stage === 'provision' || stage === 'scale-up') {
    return Math.min(STARTING_AGE_MS, plan.intervalMs);
  }
  return stage === 'analysis' ? plan.intervalMs : undefined;
}

/**
 * True where a run starts, or its revision is about to be promoted: a Secret that has changed since it was last read must
 * start the run with what it holds now, and must restart a run instead of going live without an analysis.
 */
export function isTurningPoint(before: Run | undefined, after: Run | undefined): boolean {
  if (after === undefined) {
    return false;
  }
  const started =
    after.id !== before?.id || (before.stage === 'confirm-rollout' && after.stage === 'scale-up');
  return started || (after.stage === 'promote' && before.stage !== 'promote');
}
