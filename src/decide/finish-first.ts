// `onNewRevision: finish`: a run whose analysis is over, and which waits for people, is not given up for a newer revision.
// The canary's pods hold that one already, so traffic goes home and nothing is measured any more; what was analysed is
// promoted from where it is stored, as soon as the gate opens.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { allPrimary } from '../model/split.ts';
import { msFromIso } from '../model/time.ts';
import { closeGate, gateMessage, gateUntilMs, overdue, timedOut } from './gate.ts';
import { hear, hearRollback } from './interrogate.ts';
import type { Hearing } from './interrogate.ts';
import { normal } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { promote } from './promote.ts';
import { rollBack } from './roll-back.ts';
import { targetName, withNextRound, withSplit } from './run.ts';
import { keepWorld } from './world.ts';

const GATE = 'confirm-promotion';

/** True if the run is past its analysis, and its owner wants it finished. */
export function isToFinish({ spec }: Observation, { stage, gate }: Run): boolean {
  return stage === 'analysis' && gate?.type === GATE && spec?.analysis.onNewRevision === 'finish';
}

export function beginFinishing(seen: Observation, run: Run): Move {
  const { heldSince: _held, resumeWeight: _weight, mirror: _mirror, ...kept } = run;
  const message = `${targetName(seen)} has a newer revision: the one that was analysed is finished first`;
  return {
    kind: 'intend',
    reason: 'FinishingFirst',
    message,
    run: withNextRound(seen, withSplit(seen, { ...kept, finishing: true }, allPrimary), 0),
    notices: [normal('FinishingFirst', message)],
  };
}

export const finishFirst: RunRule = (seen, run) => {
  if (run.stage !== 'analysis' || run.finishing !== true) {
    return undefined;
  }
  if (run.heldSince !== undefined) {
    const { heldSince: _held, ...kept } = run;
    return { kind: 'intend', reason: 'Resumed', message: 'the spec can be used again', run: kept };
  }
  const { lastPromotedSpec: live } = seen.status;
  const world = keepWorld(seen, { stored: [run.revision], primary: live, apex: true, split: allPrimary });
  return world ?? timedOut(seen, run, run.plan) ?? overdue(seen, run, run.plan) ?? askGate(seen, run);
};

function askGate(seen: Observation, run: Run): Move {
  if (run.command?.verb === 'promote' || run.approved?.includes(GATE) === true) {
    return promote(seen, run);
  }
  const dueMs = msFromIso(run.round?.dueAt ?? run.stageSince);
  if (seen.nowMs < dueMs) {
    const untilMs = run.gate === undefined ? undefined : gateUntilMs(run.gate, run.plan);
    return {
      kind: 'wait',
      reason: 'AwaitingPromotion',
      message: messageOf(run),
      wakeAtMs: Math.min(dueMs, untilMs ?? dueMs),
    };
  }
  const wish = hearRollback(seen, run, 'WaitingPromotion');
  if (wish?.kind === 'passed') {
    return rollBack(seen, run, { reason: 'RollbackRequested', message: 'manual webhook invoked' });
  }
  return conclude(seen, run, wish ?? hear(seen, run, GATE, 'WaitingPromotion'));
}

function conclude(seen: Observation, run: Run, hearing: Hearing): Move {
  switch (hearing.kind) {
    case 'ask': {
      const questions = [hearing.question];
      return { kind: 'ask', reason: 'AwaitingPromotion', message: messageOf(run), questions };
    }
    case 'failed':
      return closeGate(seen, run, { type: GATE, hearing });
    case 'passed':
      return promote(seen, run);
  }
}

function messageOf({ gate, plan }: Run): string {
  return gate === undefined ? `asks ${GATE}` : gateMessage(gate, plan);
}
