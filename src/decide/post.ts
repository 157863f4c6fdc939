// What is said goes out at least once: it is stored with the status that makes it true, and leaves status when it is known to
// have been delivered. Between those a crash says it again, under the same number (D29).
import type { CanaryStatus } from '../api/status.ts';
import type { Notice } from '../model/decision.ts';
import { cutBytes } from '../model/excerpt.ts';
import type { Observation } from '../model/observation.ts';
import { isoFromMs } from '../model/time.ts';

/** Receivers that answer nobody for hours must not fill the object: the oldest go first. */
const NOTICES_KEPT = 20;
const MESSAGE_BYTES = 1024;

/** `status` with the notices in its outbox, and without those that have been delivered. */
export function post(seen: Observation, status: CanaryStatus, notices: readonly Notice[]): CanaryStatus {
  const { lastSeq = 0, notices: owed = [] } = status.outbox ?? {};
  if (notices.length === 0 && owed.length === 0) {
    return status;
  }
  const { phase = '', run = seen.status.run } = status;
  const added = notices.map(({ type, reason, message }, index) => ({
    seq: lastSeq + 1 + index,
    at: isoFromMs(seen.nowMs),
    type,
    reason,
    message: cutBytes(message, MESSAGE_BYTES),
    phase,
    ...(run === undefined ? {} : { runId: run.id }),
  }));
  const kept = [...owed.filter(({ seq }) => !seen.delivered.includes(seq)), ...added].slice(-NOTICES_KEPT);
  return { ...status, outbox: { lastSeq: lastSeq + added.length, notices: kept } };
}

/** At rest nothing else is about to be written: what has been delivered is struck off by a write of its own. */
export function strikeOff(seen: Observation): CanaryStatus | undefined {
  const { status, delivered } = seen;
  const owed = status.outbox?.notices ?? [];
  return status.run === undefined && owed.some(({ seq }) => delivered.includes(seq))
    ? post(seen, status, [])
    : undefined;
}
