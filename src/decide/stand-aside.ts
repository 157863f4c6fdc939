// Two controllers that act on one Canary would send its traffic to and fro. Whoever else has just written the status is at
// work: Serin says so on the object and leaves everything as it is, until the other has been silent for longer than it would be.
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import type { Rule } from './move.ts';

/** Beyond the interval at which the other looks at the Canary. */
const SLACK_MS = 60_000;
const DEFAULT_INTERVAL_MS = 60_000;

export const standAside: Rule = (seen) => {
  const { foreignWriter, plan, nowMs } = seen;
  if (foreignWriter === undefined) {
    return undefined;
  }
  const { manager, at } = foreignWriter;
  const untilMs = msFromIso(at) + (plan?.intervalMs ?? DEFAULT_INTERVAL_MS) + SLACK_MS;
  if (nowMs >= untilMs) {
    return undefined;
  }
  const until = clockFromIso(isoFromMs(untilMs));
  return {
    kind: 'wait',
    reason: 'AnotherController',
    message: `${manager} wrote this status at ${clockFromIso(at)}: stop it, or take this Canary away from one of the two (until ${until})`,
    wakeAtMs: untilMs,
    health: 'stalled',
  };
};
