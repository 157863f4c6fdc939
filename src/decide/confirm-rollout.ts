// Stage `confirm-rollout`: a person decides whether the run starts. There is no deadline; after a day it is said once.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import { hear, hearRollback } from './interrogate.ts';
import type { Hearing } from './interrogate.ts';
import { normal, warning } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { rollBack } from './roll-back.ts';
import { atStage, targetName, withNextRound } from './run.ts';
import { keepLive, scaleUp } from './start-run.ts';

const OVERDUE_MS = 24 * 3_600_000;

// People may take days: what is live is kept in place meanwhile.
export const confirmRollout: RunRule = (seen, run) =>
  run.stage === 'confirm-rollout' ? (keepLive(seen) ?? askGate(seen, run)) : undefined;

function askGate(seen: Observation, run: Run): Move {
  const late = overdue(seen, run);
  const due = msFromIso(run.round?.dueAt ?? run.stageSince);
  if (late !== undefined || seen.nowMs < due) {
    return late ?? awaitGate(run, due);
  }
  const attempt = run.gate === undefined ? 0 : Math.floor((seen.nowMs - due) / run.plan.intervalMs);
  return ask(seen, run, {
    polled: atAttempt(run, attempt),
    againMs: due + (attempt + 1) * run.plan.intervalMs,
  });
}

/**
 * A closed gate is asked once an interval, for as long as people want. Which time it is follows from the clock, so that
 * waiting for days costs no writes.
 */
function atAttempt(run: Run, attempt: number): Run {
  return run.round === undefined ? run : { ...run, round: { ...run.round, seq: run.round.seq + attempt } };
}

function ask(
  seen: Observation,
  run: Run,
  { polled, againMs }: { readonly polled: Run; readonly againMs: number },
): Move {
  const phase = seen.status.phase ?? 'Initialized';
  const wish = run.gate === undefined ? undefined : hearRollback(seen, polled, phase);
  if (wish?.kind === 'passed') {
    return rollBack(seen, run, { reason: 'RollbackRequested', message: 'manual webhook invoked' });
  }
  const hearing = wish ?? hear(seen, polled, 'confirm-rollout', phase);
  switch (hearing.kind) {
    case 'ask':
      return {
        kind: 'ask',
        reason: 'AwaitingRollout',
        message: run.gate === undefined ? 'asks whether the roll-out may start' : gateMessage(run.gate),
        questions: [hearing.question],
      };
    case 'passed': {
      const notices = hearing.names.map((name) =>
        normal('RolloutConfirmed', `Confirm-rollout check ${name} passed`),
      );
      // The run begins now, days after it was created perhaps: by what the spec means now.
      const begun = { ...atStage(seen, polled, 'scale-up'), plan: seen.plan ?? run.plan };
      return scaleUp(seen, withNextRound(seen, begun, 0), notices);
    }
    case 'failed':
      return run.gate === undefined
        ? closeGate(seen, run, { type: 'confirm-rollout', hearing })
        : awaitGate(run, againMs);
  }
}

type Failed = Extract<Hearing, { kind: 'failed' }>;

/** A gate said no: hold, and ask again after an interval. Said once, when it closes. */
export function closeGate(
  seen: Observation,
  run: Run,
  { type, hearing }: { readonly type: string; readonly hearing: Failed },
): Move {
  const next = withNextRound(seen, run, run.plan.intervalMs);
  const reason = gateReason(type);
  if (run.gate?.type === type) {
    return { kind: 'intend', reason, message: gateMessage(run.gate), run: next };
  }
  const gate = { type, closedSince: isoFromMs(seen.nowMs) };
  const text = `Halt ${targetName(seen)} advancement waiting for approval ${hearing.name}`;
  return {
    kind: 'intend',
    reason,
    message: gateMessage(gate),
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

export function gateMessage({ type, closedSince, overdue: late }: NonNullable<Run['gate']>): string {
  return `waits for ${type} (since ${clockFromIso(closedSince)}, no deadline${late === true ? ', overdue' : ''})`;
}

/** People's gates wait as long as people want; after a day one warning says so. */
export function overdue(seen: Observation, run: Run): Move | undefined {
  const { gate } = run;
  if (gate === undefined || gate.overdue === true || seen.nowMs < msFromIso(gate.closedSince) + OVERDUE_MS) {
    return undefined;
  }
  return {
    kind: 'intend',
    reason: 'GateOverdue',
    message: gateMessage({ ...gate, overdue: true }),
    run: { ...run, gate: { ...gate, overdue: true } },
    notices: [warning('GateOverdue', `${targetName(seen)} has waited a day for ${gate.type}`)],
  };
}

function awaitGate(run: Run, wakeAtMs: number): Move {
  const message = run.gate === undefined ? 'asks whether the roll-out may start' : gateMessage(run.gate);
  return { kind: 'wait', reason: 'AwaitingRollout', message, wakeAtMs };
}
