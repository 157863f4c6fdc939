// One round of the analysis: rollback hooks, then pre-rollout or rollout hooks, then every metric, then the gates before
// the next step. Here it is asked and judged; take-step.ts says what follows from it.
import type { Metric } from '../api/analysis.ts';
import type { Phase, Run } from '../api/status.ts';
import { judgeHook, judgeMetric } from '../judge/threshold.ts';
import { checksOf } from '../judge/source.ts';
import type { Verdict } from '../model/measurement.ts';
import type { Observation } from '../model/observation.ts';
import type { MetricQuestion } from '../model/question.ts';
import { clockFromIso, msFromIso } from '../model/time.ts';
import { canonicalJson } from '../model/hash.ts';
import { gateMessage, gateReason, gateUntilMs, overdue, timedOut } from './gate.ts';
import { hear, hearRollback, roundKey } from './interrogate.ts';
import type { Hearing } from './interrogate.ts';
import type { Move, RunRule } from './move.ts';
import { rollBack } from './roll-back.ts';
import { isMirroring } from './run.ts';
import { concludeRound } from './take-step.ts';
import {
  awaitTraffic,
  giveUpOnTraffic,
  measurementIn,
  seenTraffic,
  shareQuestions,
} from './prove-traffic.ts';

export const runRound: RunRule = (seen, run) => {
  if (run.stage !== 'analysis') {
    return undefined;
  }
  const late = timedOut(seen, run, run.plan);
  if (late !== undefined) {
    return late;
  }
  const dueMs = msFromIso(run.round?.dueAt ?? run.stageSince);
  if (seen.nowMs < dueMs) {
    return (
      renewPlan(seen, run) ??
      overdue(seen, run, run.plan) ??
      giveUpOnTraffic(seen, run) ??
      awaitRound(run, dueMs)
    );
  }
  return askRollback(seen, run) ?? checks(seen, run);
};

function askRollback(seen: Observation, run: Run): Move | undefined {
  const phase: Phase = run.gate?.type === 'confirm-promotion' ? 'WaitingPromotion' : 'Progressing';
  const wish = hearRollback(seen, run, phase);
  if (wish?.kind === 'ask') {
    return ask(run, [wish.question]);
  }
  return wish?.kind === 'passed'
    ? rollBack(seen, run, { reason: 'RollbackRequested', message: 'manual webhook invoked' })
    : undefined;
}

function checks(seen: Observation, run: Run): Move {
  if (run.unchecked === true) {
    return concludeRound(seen, run, { verdicts: [], passedHooks: [] });
  }
  return hasTraffic(run) ? analyse(seen, run) : prepare(seen, run);
}

/**
 * A weighted run at weight 0 has nothing to measure but copies of requests, also where a gate keeps it there after it was
 * prepared.
 */
function hasTraffic(run: Run): boolean {
  const weighted = run.plan.strategy === 'canary';
  return run.prepared === true && (!weighted || run.split.canary > 0 || isMirroring(run));
}

/** The first round asks only the pre-rollout hooks, once a run (D24). */
function prepare(seen: Observation, run: Run): Move {
  const hearing: Hearing =
    run.prepared === true ? { kind: 'passed', names: [] } : hear(seen, run, 'pre-rollout', 'Progressing');
  return hearing.kind === 'ask'
    ? ask(run, [hearing.question])
    : concludeRound(seen, run, { verdicts: hookVerdicts(hearing), passedHooks: passedNames(hearing) });
}

function analyse(seen: Observation, run: Run): Move {
  const hearing = hear(seen, run, 'rollout', 'Progressing');
  if (hearing.kind === 'ask') {
    return ask(run, [hearing.question]);
  }
  if (hearing.kind === 'failed') {
    return concludeRound(seen, run, { verdicts: hookVerdicts(hearing), passedHooks: [] });
  }
  const metrics = checksOf(seen.spec?.analysis.metrics ?? []);
  const measured = metrics.map((metric, index) => metricQuestion(run, metric, index));
  const questions = [...measured, ...shareQuestions(run)];
  if (questions.some(({ key }) => seen.answers[key] === undefined)) {
    return ask(run, questions);
  }
  const verdicts = measured.map((question) => verdictOn(seen, question));
  return concludeRound(seen, run, { verdicts, passedHooks: [], traffic: seenTraffic(seen, run) });
}

export function metricQuestion(run: Run, metric: Metric, index: number): MetricQuestion {
  return { kind: 'metric', key: `${roundKey(run)}/metric:${index}`, metric };
}

export function verdictOn(seen: Observation, { key, metric }: MetricQuestion): Verdict {
  return judgeMetric(metric, measurementIn(seen, key));
}

function hookVerdicts(hearing: Exclude<Hearing, { kind: 'ask' }>): readonly Verdict[] {
  if (hearing.kind === 'failed') {
    return [judgeHook(hearing.name, hearing.answer)];
  }
  return [];
}

function passedNames(hearing: Exclude<Hearing, { kind: 'ask' }>): readonly string[] {
  return hearing.kind === 'passed' ? hearing.names : [];
}

function ask(run: Run, questions: Extract<Move, { kind: 'ask' }>['questions']): Move {
  const kind = questions[0]?.kind === 'hook' ? questions[0].type : 'metrics';
  return {
    kind: 'ask',
    reason: 'AwaitingAnswers',
    message:
      run.gate === undefined ? `weight ${run.split.canary}: asks ${kind}` : gateMessage(run.gate, run.plan),
    questions,
  };
}

/** Between rounds a changed spec renews the plan; strategy and provider stay as they were at the start. */
function renewPlan(seen: Observation, run: Run): Move | undefined {
  const { plan } = seen;
  const renewable =
    plan !== undefined && plan.strategy === run.plan.strategy && plan.provider === run.plan.provider;
  if (!renewable || canonicalJson(plan) === canonicalJson(run.plan)) {
    return undefined;
  }
  return { kind: 'intend', reason: 'PlanChanged', message: 'the plan has changed', run: { ...run, plan } };
}

function awaitRound(run: Run, wakeAtMs: number): Move {
  if (run.gate !== undefined) {
    return {
      kind: 'wait',
      reason: gateReason(run.gate.type),
      message: gateMessage(run.gate, run.plan),
      wakeAtMs: Math.min(wakeAtMs, gateUntilMs(run.gate, run.plan) ?? wakeAtMs),
    };
  }
  const awaited = awaitTraffic(run, wakeAtMs);
  if (awaited !== undefined) {
    return awaited;
  }
  const at = run.round === undefined ? '' : ` at ${clockFromIso(run.round.dueAt)}`;
  const message = `weight ${run.split.canary}: round ${run.round?.seq ?? 0}${at}`;
  return { kind: 'wait', reason: 'AwaitingRound', message, wakeAtMs };
}
