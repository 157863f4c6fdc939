// Stage `probation`: the run has succeeded, and what it promoted is watched on. The checks of the analysis are made on the
// primary; where they fail too often the primary gets back what was live before. Where traffic can be moved, pods of that
// revision are kept warm and serve meanwhile; they begin when the canary's have gone, so that it takes no more room than the
// analysis did.
import type { Run } from '../api/status.ts';
import { checksOf } from '../judge/source.ts';
import { judgeRound } from '../judge/round.ts';
import type { Notice } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import { allPrimary } from '../model/split.ts';
import { clockFromIso, isoFromMs, msFromIso } from '../model/time.ts';
import { endRun } from './end-run.ts';
import { fallBack } from './fall-back.ts';
import { hearRollback } from './interrogate.ts';
import { untilMs } from './begin-probation.ts';
import { normal, warning } from './move.ts';
import type { Move, RunRule } from './move.ts';
import { provenAfter } from './proven.ts';
import { faultOf } from './reject-invalid.ts';
import { metricQuestion, verdictOn } from './run-round.ts';
import { failedRounds, primaryName, targetName, withNextRound } from './run.ts';
import { recorded } from './take-step.ts';
import { isObtainable, isPrimaryDeserted, keepWorld } from './world.ts';

export const watchProbation: RunRule = (seen, run) => {
  if (run.stage !== 'probation') {
    return undefined;
  }
  const { target } = seen;
  if (target !== undefined && target.revision !== run.revision) {
    const message = `${targetName(seen)} has a new revision: its probation is over`;
    return end(seen, run, normal('ProbationEnded', message));
  }
  if (seen.nowMs >= untilMs(run)) {
    return wrapUp(seen, run);
  }
  return holdForFault(seen, run) ?? giveUpWarmth(seen, run) ?? watch(seen, run);
};

function watch(seen: Observation, run: Run): Move {
  const { previous } = run;
  if (previous === undefined || !isObtainable(seen, previous)) {
    const message = `the record of what was live before ${targetName(seen)} is gone: its probation is over`;
    return end(seen, run, warning('ProbationEnded', message));
  }
  if (isPrimaryDeserted(seen)) {
    const message = `${primaryName(seen)} has lost all its pods on probation`;
    return fallBack(seen, run, { reason: 'ProbationFailed', message });
  }
  const world = keepWorld(seen, {
    stored: [run.revision, previous],
    primary: run.revision,
    apex: true,
    split: allPrimary,
    syncAutoscaler: true,
    paused: true,
  });
  return world ?? runRound(seen, run);
}

function runRound(seen: Observation, run: Run): Move {
  const metrics = checksOf(seen.spec?.analysis.metrics ?? []);
  const dueMs = msFromIso(run.round?.dueAt ?? run.stageSince);
  if (seen.nowMs < dueMs || metrics.length === 0) {
    const wakeAtMs = metrics.length === 0 ? untilMs(run) : Math.min(dueMs, untilMs(run));
    return { kind: 'wait', reason: 'OnProbation', message: messageOf(run), wakeAtMs };
  }
  const wish = hearRollback(seen, run, 'Succeeded');
  if (wish?.kind === 'passed') {
    return fallBack(seen, run, { reason: 'RollbackRequested', message: 'manual webhook invoked' });
  }
  const questions =
    wish?.kind === 'ask'
      ? [wish.question]
      : metrics.map((metric, index) => ({
          ...metricQuestion(run, metric, index),
          subject: 'primary' as const,
        }));
  if (questions.some(({ key }) => seen.answers[key] === undefined)) {
    return { kind: 'ask', reason: 'OnProbation', message: messageOf(run), questions };
  }
  const verdicts = questions.flatMap((question) =>
    question.kind === 'metric' ? [verdictOn(seen, question)] : [],
  );
  const { outcome, message } = judgeRound(verdicts);
  const move = outcome === 'fail' ? countFailure(seen, run, message) : goOn(seen, run);
  return recorded(seen, run, { verdicts, outcome }, move);
}

/** What cannot be measured is no reason to leave a revision that has passed its analysis. */
function goOn(seen: Observation, run: Run, notices: readonly Notice[] = []): Move {
  const next = withNextRound(seen, run, run.plan.intervalMs);
  return { kind: 'intend', reason: 'OnProbation', message: messageOf(run), run: next, notices };
}

function countFailure(seen: Observation, run: Run, message: string): Move {
  const counted = { ...run, counts: { ...run.counts, fail: run.counts.fail + 1 } };
  const rounds = failedRounds(counted);
  const { threshold } = run.plan;
  if (rounds >= threshold) {
    const why = `failed checks threshold reached ${rounds} on probation: ${message}`;
    return fallBack(seen, counted, { reason: 'ProbationFailed', message: why });
  }
  const text = `${primaryName(seen)} failed a round on probation (${rounds} of ${threshold}): ${message}`;
  return goOn(seen, counted, [warning('RoundFailed', text)]);
}

function messageOf(run: Run): string {
  return `on probation (since ${clockFromIso(run.stageSince)}, until ${clockFromIso(isoFromMs(untilMs(run)))})`;
}

/** A spec that cannot be used judges nobody: said once, and its time counts as passed. */
function holdForFault(seen: Observation, run: Run): Move | undefined {
  const fault = faultOf(seen);
  if (fault === undefined) {
    if (run.heldSince === undefined) {
      return undefined;
    }
    const { heldSince: _held, ...kept } = run;
    const next = withNextRound(seen, kept, run.plan.intervalMs);
    return { kind: 'intend', reason: 'Resumed', message: 'the spec can be used again', run: next };
  }
  if (run.heldSince === undefined) {
    return {
      kind: 'intend',
      ...fault,
      run: { ...run, heldSince: isoFromMs(seen.nowMs) },
      notices: [warning(fault.reason, fault.message)],
      health: 'stalled',
    };
  }
  return { kind: 'wait', ...fault, health: 'stalled', wakeAtMs: untilMs(run) };
}

/** A cluster without room for more pods still has its probation, and the way back in place. */
function giveUpWarmth(seen: Observation, run: Run): Move | undefined {
  if (seen.refusal === undefined || run.warm !== true || seen.warm !== undefined) {
    return undefined;
  }
  const { warm: _cold, ...next } = run;
  const message = `no pods of the revision before ${targetName(seen)} are kept: ${seen.refusal}`;
  return { kind: 'intend', reason: 'NotWarm', message, run: next, notices: [warning('NotWarm', message)] };
}

/** First the canary Service leads back to the target, then the warm pods go, then the run is over. */
function wrapUp(seen: Observation, run: Run): Move {
  if (run.warm === true) {
    const { warm: _cold, ...next } = run;
    return { kind: 'intend', reason: 'RemovingWarm', message: messageOf(run), run: next };
  }
  const unkept = seen.warm === undefined || seen.warm.foreign;
  return (
    (unkept ? undefined : keepWorld(seen, { stored: [] })) ??
    end(seen, run, normal('ProbationPassed', `${targetName(seen)} has passed its probation`))
  );
}

function end(seen: Observation, run: Run, notice: Notice): Move {
  const patch = provenAfter(seen, run.revision, run.previous);
  return {
    kind: 'intend',
    reason: notice.reason,
    message: notice.message,
    ...endRun(seen, run, patch),
    notices: [notice],
  };
}
