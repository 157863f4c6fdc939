// The rules, in order of precedence: the first that speaks decides. Pure and total: every observation gets a decision, and
// the same one always. Imports api/, model/ and judge/.
//
//   provision ─────────────────────────────────────────► return ─► scale-down ─► Initialized
//   confirm-rollout ─► scale-up ─► analysis ─► promote ─► return ─► scale-down ─► closing ─► Succeeded
//                          │           │          └► yield ─► restore ─┐
//                          └───────────┴───────────────────► return ◄──┘ ─► scale-down ─► closing ─► Failed
//
// With `probation` a run goes on after `Succeeded`: closing ─► probation ─► over, or ─► yield or restore ─► … ─► Failed.
import type { CanaryStatus } from '../api/status.ts';
import { sameJson } from '../model/hash.ts';
import { isoFromMs } from '../model/time.ts';
import type { Decision } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { adopt, beginAgain } from './adopt.ts';
import { awaitCanary } from './scale-up.ts';
import { awaitPromotion, promoteOnRequest } from './promote.ts';
import { close } from './close.ts';
import { collectCommands } from './collect-commands.ts';
import { withCookies } from './cookies.ts';
import { collectRevisions, keepAtRest, rest, startRun } from './start-run.ts';
import { confirmRollout } from './confirm-rollout.ts';
import { absorb, noteTarget, withNote } from './note-target.ts';
import { finishFirst } from './finish-first.ts';
import { firstOf, firstOfRun } from './move.ts';
import type { Move, Rule } from './move.ts';
import { followRevision } from './follow-revision.ts';
import { holdForCanary } from './hold-for-canary.ts';
import { honourSuspension } from './suspend.ts';
import { initialise, provision } from './initialise.ts';
import { keepPaused } from './keep-paused.ts';
import { answerCommands, obeyCommand } from './obey-command.ts';
import { manageFinalizer, terminate } from './terminate.ts';
import { post, strikeOff } from './post.ts';
import { watchProbation } from './probation.ts';
import { project } from './project.ts';
import type { Saying } from './project.ts';
import { rejectInvalid } from './reject-invalid.ts';
import { returnTraffic, scaleDown } from './return-traffic.ts';
import { restorePrimary, yieldToCanary } from './restore.ts';
import { runRound } from './run-round.ts';
import { shunNewRevision } from './shun.ts';
import { settleSplit } from './settle-split.ts';
import { isForeign } from './foreign.ts';
import { standAside } from './stand-aside.ts';

const inRun = firstOfRun([
  followRevision,
  keepPaused,
  provision,
  confirmRollout,
  awaitCanary,
  finishFirst,
  holdForCanary,
  promoteOnRequest,
  settleSplit,
  runRound,
  shunNewRevision,
  awaitPromotion,
  yieldToCanary,
  restorePrimary,
  returnTraffic,
  scaleDown,
  close,
  watchProbation,
]);

const followRun: Rule = (seen) => (seen.status.run === undefined ? undefined : inRun(seen, seen.status.run));

const rules = firstOf([
  standAside,
  answerCommands,
  terminate,
  honourSuspension,
  obeyCommand,
  rejectInvalid,
  manageFinalizer,
  absorb,
  beginAgain,
  followRun,
  adopt,
  initialise,
  keepAtRest,
  startRun,
  collectRevisions,
  collectCommands,
  noteTarget,
]);

export function decide(seen: Observation): Decision {
  return decisionFrom(seen, rules(seen) ?? rest(seen));
}

/** Whatever is waited for stands in status first; a status that says so already is not written again. */
function decisionFrom(seen: Observation, move: Move): Decision {
  switch (move.kind) {
    case 'intend':
      return intend(seen, move);
    case 'enact': {
      if (seen.refusal !== undefined) {
        const refused = { reason: 'RefusedByServer', message: seen.refusal, health: 'stalled' } as const;
        return stated(seen, refused, { kind: 'enact', reason: 'RefusedByServer', actions: [] });
      }
      return move;
    }
    case 'ask':
      return stated(seen, move, { kind: 'ask', reason: move.reason, questions: move.questions });
    case 'wait': {
      const { reason, wakeAtMs } = move;
      return stated(seen, move, {
        kind: 'enact',
        reason,
        actions: [],
        ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
      });
    }
  }
}

function intend(seen: Observation, move: Extract<Move, { kind: 'intend' }>): Decision {
  const { run: _run, ...kept } = move.status ?? seen.status;
  const next = { ...kept, ...move.patch, ...(move.run === null ? {} : { run: move.run }) };
  const status = withCookies(
    next,
    seen.spec === undefined ? 'unreadable' : seen.spec.analysis.sessionAffinity,
  );
  return {
    kind: 'intend',
    reason: move.reason,
    status: post(
      seen,
      stampTime(seen, move.quiet === true ? status : project(seen, status, move)),
      move.notices ?? [],
    ),
    notices: move.notices ?? [],
    ...(move.tally === undefined ? {} : { tally: move.tally }),
  };
}

function stated(seen: Observation, saying: Saying, decision: Decision): Decision {
  const status = project(seen, seen.status, saying);
  if (!sameJson(status, seen.status)) {
    return {
      kind: 'intend',
      reason: saying.reason,
      // What is said while another controller is at work must not look like work of ours.
      status: saying.reason === 'AnotherController' ? status : post(seen, stampTime(seen, status), []),
      notices: [],
    };
  }
  const struckOff = strikeOff(seen);
  return struckOff === undefined
    ? decision
    : { kind: 'intend', reason: saying.reason, status: struckOff, notices: [] };
}

/** Flagger's `lastTransitionTime`: when status last said something else; and what the target was then. */
function stampTime(seen: Observation, status: CanaryStatus): CanaryStatus {
  // Until it is taken over, the time in a status of somebody else's is evidence: of what has changed since then.
  if (isForeign(status) && status.lastTransitionTime !== undefined) {
    return status;
  }
  const noted = withNote(seen, status);
  const { lastTransitionTime = isoFromMs(seen.nowMs) } = seen.status;
  const same = sameJson(saidBy(noted), saidBy(seen.status));
  return { ...noted, lastTransitionTime: same ? lastTransitionTime : isoFromMs(seen.nowMs) };
}

/** A status without what Serin notes for itself. */
function saidBy(status: CanaryStatus): unknown {
  const { target: _target, absorbed: _hashes, outbox: _owed, lastTransitionTime: _time, ...said } = status;
  return said;
}
