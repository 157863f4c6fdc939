// A gate is a webhook by which people decide. It waits as long as they want, unless `gateTimeout` says how long; then the run
// fails. Without that, a day of waiting is said once.
import type { Plan, Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import type { Hearing } from './interrogate.ts';
import { warning } from './move.ts';
import type { Move } from './move.ts';
import { rollBack } from './roll-back.ts';
import { targetName, withNextRound } from './run.ts';

/** After this long people are told that something waits for them. */
export const OVERDUE_MS = 24 * 3_600_000;

type Gate = NonNullable<Run['gate']>;
type Timeout = Pick<Plan, 'gateTimeoutMs'>;
type Failed = Extract<Hearing, { kind: 'failed' }>;

/** A gate said no: hold, and ask again after an interval. Said once, when it closes. */
export function closeGate(
  seen: Observation,
  run: Run,
  { type, hearing }: { readonly type: string; readonly hearing: Failed },
): Move {
  const { unchecked: _unchecked, ...checked } = run;
  const next = withNextRound(seen, checked, run.plan.intervalMs);
  const reason = gateReason(type);
  if (run.gate?.type === type) {
    return { kind: 'intend', reason, message: gateMessage(run.gate, run.plan), run: next };
  }
  const gate = { type, closedSince: isoFromMs(seen.nowMs) };
  const text = `Halt ${targetName(seen)} advancement waiting for approval ${hearing.name}`;
  return {
    kind: 'intend',
    reason,
    message: gateMessage(gate, run.plan),
    run: { ...next, gate },
    notices: [warning(reason, hearing.message === '' ? text : `${text}: ${hearing.message}`)],
  };
}

export function gateReason(
  type: string,
): 'AwaitingRollout' | 'AwaitingTrafficIncrease' | 'AwaitingPromotion' {
  switch (type) {
    case 'confirm-rollout':
      return 'AwaitingRollout';
    case 'confirm-traffic-increase':
      return 'AwaitingTrafficIncrease';
    default:
      return 'AwaitingPromotion';
  }
}

export function gateMessage(gate: Gate, timeout: Timeout): string {
  const { type, closedSince, overdue: late } = gate;
  const untilMs = gateUntilMs(gate, timeout);
  const until = untilMs === undefined ? 'no deadline' : `until ${clockFromIso(isoFromMs(untilMs))}`;
  return `waits for ${type} (since ${clockFromIso(closedSince)}, ${until}${late === true ? ', overdue' : ''})`;
}

/** When a closed gate ends the run; undefined: never. */
export function gateUntilMs({ closedSince }: Gate, { gateTimeoutMs }: Timeout): number | undefined {
  return gateTimeoutMs === undefined ? undefined : msFromIso(closedSince) + gateTimeoutMs;
}

/** The outcome of `gateTimeout`: nobody has confirmed, so it is not wanted. */
export function timedOut(seen: Observation, run: Run, timeout: Timeout): Move | undefined {
  const { gate } = run;
  const untilMs = gate === undefined ? undefined : gateUntilMs(gate, timeout);
  if (gate === undefined || untilMs === undefined || seen.nowMs < untilMs) {
    return undefined;
  }
  const seconds = Math.round((timeout.gateTimeoutMs ?? 0) / 1000);
  const message = `${gate.type} was not given within ${seconds}s`;
  return rollBack(seen, run, { reason: 'GateTimedOut', message });
}

/** People's gates wait as long as people want; after a day one warning says so. */
export function overdue(seen: Observation, run: Run, timeout: Timeout): Move | undefined {
  const { gate } = run;
  const patient = gate !== undefined && gate.overdue !== true && timeout.gateTimeoutMs === undefined;
  if (!patient || seen.nowMs < msFromIso(gate.closedSince) + OVERDUE_MS) {
    return undefined;
  }
  const late = { ...gate, overdue: true };
  return {
    kind: 'intend',
    reason: 'GateOverdue',
    message: gateMessage(late, timeout),
    run: { ...run, gate: late },
    notices: [warning('GateOverdue', `${targetName(seen)} has waited a day for ${gate.type}`)],
  };
}
