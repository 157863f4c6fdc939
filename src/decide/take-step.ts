// What follows from a judged round: counted if it did not pass; else the gate before the next step is asked, and the step
// taken.
import type { Round, Run, Traffic } from '../api/status.ts';
import type { Notice } from '../model/decision.ts';
import type { Outcome, Verdict } from '../model/measurement.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import { allCanary, splitToward } from '../model/split.ts';
import { isoFromMs } from '../model/time.ts';
import { judgeRound } from '../judge/round.ts';
import { closeGate, gateMessage, gateReason } from './gate.ts';
import { hear } from './interrogate.ts';
import { normal, warning } from './move.ts';
import type { Move } from './move.ts';
import { promote } from './promote.ts';
import { holdForTraffic, withTraffic } from './prove-traffic.ts';
import { rollBack } from './roll-back.ts';
import { failedRounds, isMirroring, targetName, withMirror, withNextRound, withSplit } from './run.ts';

const ROUNDS_KEPT = 50;

export interface Judged {
  readonly verdicts: readonly Verdict[];
  readonly passedHooks: readonly string[];
  /** What the round found of where requests go; absent where it did not look. */
  readonly traffic?: Traffic | undefined;
}

/**
 * One move, and with it the record of the round that led to it. Where requests do not go where they should, only what has
 * failed counts: for a failure the canary got requests enough.
 */
export function concludeRound(seen: Observation, run: Run, { verdicts, passedHooks, traffic }: Judged): Move {
  const { outcome, message } = judgeRound(verdicts);
  if (traffic?.outcome === 'disagrees' && outcome !== 'fail') {
    const held = holdForTraffic(seen, run, traffic);
    return recorded(seen, run, { verdicts, outcome: 'inconclusive', traffic }, held);
  }
  const known = traffic === undefined ? run : withTraffic(seen, run, traffic);
  const move =
    outcome === 'pass' ? goOn(seen, known, passedHooks) : countAgainst(seen, known, { outcome, message });
  return recorded(seen, run, { verdicts, outcome, traffic }, move);
}

function goOn(seen: Observation, run: Run, passedHooks: readonly string[]): Move {
  if (run.prepared === true && run.plan.skipAnalysis) {
    return promote(seen, run);
  }
  const gates = askGates(seen, run);
  const prepared = passedHooks.map((name) => normal('PreRollout', `Pre-rollout check ${name} passed`));
  return gates.kind === 'move'
    ? withNotices(gates.move, prepared)
    : takeStep(seen, run, [...prepared, ...gates.notices]);
}

const reasons = {
  fail: 'RoundFailed',
  inconclusive: 'RoundInconclusive',
  noData: 'RoundNoData',
  unavailable: 'RoundUnavailable',
} as const satisfies Record<Exclude<Outcome, 'pass'>, Reason>;

interface Against {
  readonly outcome: Exclude<Outcome, 'pass'>;
  readonly message: string;
}

/**
 * Each outcome has a counter of its own; while no policy says otherwise their sum is limited by `threshold` too, and the
 * rollback comes at the round that reaches it.
 */
function countAgainst(seen: Observation, run: Run, { outcome, message }: Against): Move {
  const counted = { ...run, counts: { ...run.counts, [outcome]: run.counts[outcome] + 1 } };
  const reason = reasons[outcome];
  const text =
    outcome === 'noData' ? 'Halt advancement no values found for' : `Halt ${targetName(seen)} advancement`;
  const notice = warning(reason, `${text} ${message}`);
  const rounds = failedRounds(counted);
  if (rounds >= run.plan.threshold) {
    const why = `failed checks threshold reached ${rounds}: ${message}`;
    return rollBack(seen, counted, { reason: 'ThresholdReached', message: why, notices: [notice] });
  }
  return {
    kind: 'intend',
    reason,
    message: `weight ${run.split.canary}: ${message} (${rounds} of ${run.plan.threshold})`,
    run: withNextRound(seen, counted, run.plan.intervalMs),
    notices: [notice],
  };
}

type Gates =
  | { readonly kind: 'open'; readonly notices: readonly Notice[] }
  | { readonly kind: 'move'; readonly move: Move };

/**
 * Weighted runs ask before every increase and before promotion, but not again after the copies that the first gate let in;
 * the promotion gate comes at the last step only.
 */
function askGates(seen: Observation, run: Run): Gates {
  const increases =
    run.plan.strategy === 'canary' && run.gate?.type !== 'confirm-promotion' && !isMirroring(run);
  const types = [
    ...(increases ? (['confirm-traffic-increase'] as const) : []),
    ...(isLastStep(run) ? (['confirm-promotion'] as const) : []),
  ].filter((type) => run.approved?.includes(type) !== true);
  const notices: Notice[] = [];
  for (const type of types) {
    const hearing = hear(seen, run, type, 'Progressing');
    switch (hearing.kind) {
      case 'ask': {
        const message = run.gate === undefined ? `asks ${type}` : gateMessage(run.gate, run.plan);
        return {
          kind: 'move',
          move: { kind: 'ask', reason: gateReason(type), message, questions: [hearing.question] },
        };
      }
      case 'failed':
        return { kind: 'move', move: closeGate(seen, { ...run, prepared: true }, { type, hearing }) };
      case 'passed':
        notices.push(
          ...hearing.names.map((name) => normal('GateOpened', `${capitalised(type)} check ${name} passed`)),
        );
    }
  }
  return { kind: 'open', notices };
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** True if a passed round leads to promotion, or, in blue/green, to the switch before it. */
function isLastStep(run: Run): boolean {
  if (run.prepared !== true) {
    return false;
  }
  return run.plan.strategy === 'canary'
    ? nextWeight(run) === undefined
    : run.iteration >= run.plan.iterations;
}

/** The next entry greater than the current weight: a list edited mid-run never jumps (D27). */
function nextWeight(run: Run): number | undefined {
  return run.plan.weights.find((weight) => weight > run.split.canary);
}

function takeStep(seen: Observation, run: Run, notices: readonly Notice[]): Move {
  const { gate: _gate, approved: _approved, unchecked: _unchecked, ...open } = run;
  const next: Run = { ...open, prepared: true };
  return run.plan.strategy === 'canary' ? stepWeight(seen, next, notices) : iterate(seen, next, notices);
}

function stepWeight(seen: Observation, run: Run, notices: readonly Notice[]): Move {
  const weight = nextWeight(run);
  if (weight === undefined) {
    return withNotices(promote(seen, run), notices);
  }
  const { mirrorPercent } = run.plan;
  if (run.split.canary === 0 && mirrorPercent !== undefined && !isMirroring(run)) {
    return startMirroring(seen, run, { mirrorPercent, notices });
  }
  return {
    kind: 'intend',
    reason: 'StepTaken',
    message: `moving to weight ${weight}`,
    run: withSplit(
      seen,
      withNextRound(seen, withMirror(seen, run, false), run.plan.intervalMs),
      splitToward(weight),
    ),
    notices: [...notices, normal('StepTaken', `Advance ${targetName(seen)} canary weight ${weight}`)],
  };
}

/** Before the first weight: one round on copies of requests, with all answers still from the primary. */
function startMirroring(
  seen: Observation,
  run: Run,
  { mirrorPercent, notices }: { readonly mirrorPercent: number; readonly notices: readonly Notice[] },
): Move {
  const message = `copying ${mirrorPercent}% of the requests to ${targetName(seen)}`;
  return {
    kind: 'intend',
    reason: 'Mirroring',
    message,
    run: withMirror(seen, withNextRound(seen, run, run.plan.intervalMs), true),
    notices: [...notices, normal('Mirroring', `Start mirroring: ${message}`)],
  };
}

/** Blue/green and A/B: rounds are counted; after the last one blue/green switches all traffic, once, before promotion. */
function iterate(seen: Observation, run: Run, notices: readonly Notice[]): Move {
  const { plan, iteration } = run;
  if (iteration < plan.iterations) {
    // Blue/green: users stay where they are, and the canary is judged by copies, if the plan has any.
    const mirrored = withMirror(seen, run, plan.mirrorPercent !== undefined);
    const stepped = { ...mirrored, iteration: iteration + 1 };
    const matched = plan.strategy === 'ab-testing' ? withSplit(seen, stepped, allCanary) : stepped;
    const text = `Advance ${targetName(seen)} canary iteration ${iteration + 1}/${plan.iterations}`;
    return {
      kind: 'intend',
      reason: 'IterationDone',
      message: `iteration ${iteration + 1} of ${plan.iterations}`,
      run: withNextRound(seen, matched, plan.intervalMs),
      notices: [...notices, normal('IterationDone', text)],
    };
  }
  const switches =
    plan.strategy === 'blue-green' && iteration === plan.iterations && seen.route.state !== 'none';
  if (!switches) {
    return withNotices(promote(seen, run), notices);
  }
  return {
    kind: 'intend',
    reason: 'SwitchedTraffic',
    message: 'routing all traffic to the canary',
    run: withSplit(
      seen,
      withNextRound(seen, { ...withMirror(seen, run, false), iteration: iteration + 1 }, plan.intervalMs),
      allCanary,
    ),
    notices: [...notices, normal('SwitchedTraffic', `Routing all traffic to canary ${targetName(seen)}`)],
  };
}

function withNotices(move: Move, notices: readonly Notice[]): Move {
  return move.kind === 'intend' ? { ...move, notices: [...notices, ...(move.notices ?? [])] } : move;
}

/** The intent together with the record of the round; as long as something is only asked the round is not over. */
export function recorded(
  seen: Observation,
  run: Run,
  { verdicts, outcome, traffic }: Pick<Judged, 'verdicts' | 'traffic'> & { readonly outcome: Outcome },
  move: Move,
): Move {
  if (move.kind !== 'intend') {
    return move;
  }
  const round: Round = {
    seq: run.round?.seq ?? 0,
    at: isoFromMs(seen.nowMs),
    weight: run.split.canary,
    outcome,
    reason: reasonOf(run, outcome, traffic),
    checks: verdicts.map((verdict) => ({ ...verdict })),
    ...(traffic === undefined ? {} : { traffic }),
  };
  const rounds = [...(seen.status.rounds ?? []), round].slice(-ROUNDS_KEPT);
  return { ...move, patch: { ...move.patch, rounds } };
}

function reasonOf(run: Run, outcome: Outcome, traffic: Traffic | undefined): string {
  if (outcome === 'pass') {
    return run.unchecked === true ? 'Unchecked' : 'Passed';
  }
  return traffic?.outcome === 'disagrees' && outcome !== 'fail' ? 'TrafficNotObserved' : reasons[outcome];
}
