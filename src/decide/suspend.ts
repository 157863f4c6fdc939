// `spec.suspend`: nothing is written but status, and time stands still for the run.
import type { Run } from '../api/status.ts';
import { isoFromMs, msFromIso } from '../model/time.ts';
import { nextExpiryMs } from './collect-commands.ts';
import { normal } from './move.ts';
import type { Rule } from './move.ts';

export const honourSuspension: Rule = (seen) => {
  const { run } = seen.status;
  if (seen.spec?.suspend === true && !seen.deleting) {
    const message = 'suspended: spec.suspend is true';
    if (run !== undefined && run.suspendedAt === undefined) {
      return {
        kind: 'intend',
        reason: 'Suspended',
        message,
        run: { ...run, suspendedAt: isoFromMs(seen.nowMs) },
        notices: [normal('Suspended', 'skipping canary run as object is suspended')],
      };
    }
    const wakeAtMs = nextExpiryMs(seen.commands);
    return { kind: 'wait', reason: 'Suspended', message, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) };
  }
  if (run?.suspendedAt === undefined) {
    return undefined;
  }
  const restedMs = Math.max(0, seen.nowMs - msFromIso(run.suspendedAt));
  return {
    kind: 'intend',
    reason: 'Resumed',
    message: 'resumed',
    run: shifted(run, restedMs),
    notices: [normal('Resumed', `Resuming after ${Math.round(restedMs / 1000)}s of suspension`)],
  };
};

/** Every moment that a deadline is counted from, later by the time that did not count. */
export function shifted(run: Run, byMs: number): Run {
  const { suspendedAt: _suspended, ...kept } = run;
  const later = (iso: string): string => isoFromMs(msFromIso(iso) + byMs);
  return {
    ...kept,
    stageSince: later(run.stageSince),
    splitSince: later(run.splitSince),
    ...(run.settledAt === undefined ? {} : { settledAt: later(run.settledAt) }),
    ...(run.round === undefined ? {} : { round: { ...run.round, dueAt: later(run.round.dueAt) } }),
    ...(run.heldSince === undefined ? {} : { heldSince: later(run.heldSince) }),
    ...(run.traffic === undefined ? {} : { traffic: { ...run.traffic, since: later(run.traffic.since) } }),
    ...(run.paused === undefined ? {} : { paused: { ...run.paused, since: later(run.paused.since) } }),
    ...(run.gate === undefined ? {} : { gate: { ...run.gate, closedSince: later(run.gate.closedSince) } }),
  };
}
