// Stage `confirm-rollout`: a person decides whether the run starts. How long it waits is gate.ts's.
import type { Plan, Run } from '../api/status.ts';
import type { Notice } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { msFromIso } from '../model/time.ts';
import { closeGate, gateMessage, gateUntilMs, overdue, timedOut } from './gate.ts';
import { hear, hearRollback } from './interrogate.ts';
import { normal } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { rollBack } from './roll-back.ts';
import { atStage, withNextRound } from './run.ts';
import { keepLive, scaleUp } from './start-run.ts';

// People may take days: what is live is kept in place meanwhile.
export const confirmRollout: RunRule = (seen, run) =>
  run.stage === 'confirm-rollout' ? (keepLive(seen) ?? askGate(seen, run)) : undefined;

function askGate(seen: Observation, run: Run): Move {
  const today = planOfToday(seen, run);
  const late = timedOut(seen, run, today) ?? overdue(seen, run, today);
  const due = msFromIso(run.round?.dueAt ?? run.stageSince);
  if (late !== undefined || seen.nowMs < due) {
    return late ?? awaitGate(seen, run, due);
  }
  const attempt = attemptOf(seen, run);
  return ask(seen, run, {
    polled: atAttempt(run, attempt),
    againMs: due + (attempt + 1) * run.plan.intervalMs,
  });
}

function attemptOf({ nowMs }: Observation, run: Run): number {
  const due = msFromIso(run.round?.dueAt ?? run.stageSince);
  return run.gate === undefined ? 0 : Math.max(0, Math.floor((nowMs - due) / run.plan.intervalMs));
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
        message: describeWait(seen, run),
        questions: [hearing.question],
      };
    case 'passed': {
      const notices = hearing.names.map((name) =>
        normal('RolloutConfirmed', `Confirm-rollout check ${name} passed`),
      );
      return begin(seen, polled, notices);
    }
    case 'failed':
      return run.gate === undefined
        ? closeGate(seen, run, { type: 'confirm-rollout', hearing })
        : awaitGate(seen, run, againMs);
  }
}

/** The run begins now, days after it was created perhaps: by what the spec means now. */
function begin(seen: Observation, run: Run, notices: readonly Notice[]): Move {
  const begun = { ...atStage(seen, run, 'scale-up'), plan: planOfToday(seen, run) };
  return scaleUp(seen, withNextRound(seen, begun, 0), notices);
}

/** Somebody has opened the gate himself. The numbers that the hook was asked under are not used again. */
export function openRollout(seen: Observation, run: Run, notices: readonly Notice[]): Move {
  return begin(seen, atAttempt(run, attemptOf(seen, run)), notices);
}

function awaitGate(seen: Observation, run: Run, againMs: number): Move {
  const untilMs = run.gate === undefined ? undefined : gateUntilMs(run.gate, planOfToday(seen, run));
  return {
    kind: 'wait',
    reason: 'AwaitingRollout',
    message: describeWait(seen, run),
    wakeAtMs: Math.min(againMs, untilMs ?? againMs),
  };
}

function describeWait(seen: Observation, run: Run): string {
  return run.gate === undefined
    ? 'asks whether the roll-out may start'
    : gateMessage(run.gate, planOfToday(seen, run));
}

/** The run has not begun: what the spec means now is what counts. */
function planOfToday({ plan }: Observation, run: Run): Plan {
  return plan ?? run.plan;
}
