// What the verdicts of a round come to. One outcome and one sentence; the verdicts themselves stay in the status.
import { cutBytes } from '../model/excerpt.ts';
import type { Outcome, Verdict } from '../model/measurement.ts';

/** What stands in status and events: 256 bytes at most. */
const MESSAGE_BYTES = 256;

/** From what weighs most to what weighs least. */
const weights: readonly Outcome[] = ['fail', 'unavailable', 'noData', 'inconclusive', 'pass'];

export interface RoundVerdict {
  readonly outcome: Outcome;
  /** Names every check with that outcome, `4 checks passed` where all did. */
  readonly message: string;
}

/** The outcome that weighs most; a round without checks passes. */
export function judgeRound(verdicts: readonly Verdict[]): RoundVerdict {
  const outcome = weights.find((weight) => verdicts.some((verdict) => verdict.outcome === weight)) ?? 'pass';
  if (outcome === 'pass') {
    return { outcome, message: passMessage(verdicts.length) };
  }
  const parts = verdicts
    .filter((verdict) => verdict.outcome === outcome)
    .map(({ name, message }) => (message === undefined ? name : `${name}: ${message}`));
  return { outcome, message: cutBytes(parts.join('; '), MESSAGE_BYTES) };
}

function passMessage(count: number): string {
  if (count === 0) {
    return 'no checks';
  }
  return count === 1 ? '1 check passed' : `${count} checks passed`;
}
