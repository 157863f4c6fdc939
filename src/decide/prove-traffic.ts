// Seen, not only said: a route may be accepted and still send requests elsewhere. Where the proxy that splits them counts them,
// a round counts only if the canary got its share in the interval before it, and the canary's pods go only when it has been
// seen idle. Both are asked along the way and cost a healthy run no time; where nothing can be said, the time that has passed
// is what counts.
import type { Run, Traffic } from '../api/status.ts';
import { judgeShare, strayRequests } from '../judge/share.ts';
import type { Notice } from '../model/decision.ts';
import { unavailable } from '../model/measurement.ts';
import type { Measurement } from '../model/measurement.ts';
import type { Observation } from '../model/observation.ts';
import type { QuestionKey, RequestsQuestion } from '../model/question.ts';
import { isoFromMs, msFromIso } from '../model/time.ts';
import { roundKey } from './interrogate.ts';
import { warning } from './move.ts';
import type { Move } from './move.ts';
import { rollBack } from './roll-back.ts';
import { deadlineMs, drainMs, isMirroring, sinceUntil, targetName, withNextRound } from './run.ts';

/** Between two scrapes there is nothing to see. */
const SHORTEST_WINDOW_MS = 1_000;

/** What to ask beside the metrics of a round; nothing where this split has been proven, or cannot be. */
export function shareQuestions(run: Run): readonly RequestsQuestion[] {
  const windowMs = windowMsOf(run);
  return isToProve(run) && windowMs >= SHORTEST_WINDOW_MS
    ? [requestsOf(run, 'canary', windowMs), requestsOf(run, 'primary', windowMs)]
    : [];
}

/** Copies of requests count as requests. At weight 0 nothing is judged but copies, or what does not come through the proxy. */
function isToProve(run: Run): boolean {
  const { plan, split, traffic } = run;
  const provable = plan.trafficProof?.tolerancePercent !== undefined && !isMirroring(run);
  return provable && split.canary > 0 && traffic?.outcome !== 'agrees';
}

/** The last interval, and never what was before the split was seen in effect. */
function windowMsOf({ plan, settledAt, round }: Run): number {
  const settledMs =
    settledAt === undefined || round === undefined ? 0 : msFromIso(round.dueAt) - msFromIso(settledAt);
  return Math.min(plan.intervalMs, settledMs);
}

function requestsOf(run: Run, subject: RequestsQuestion['subject'], windowMs: number): RequestsQuestion {
  return { kind: 'requests', key: `${roundKey(run)}/requests:${subject}`, subject, windowMs };
}

/** What the answers to `shareQuestions` come to; undefined where there were none. */
export function seenTraffic(seen: Observation, run: Run): Traffic | undefined {
  const [canary, primary] = shareQuestions(run);
  const tolerancePercent = run.plan.trafficProof?.tolerancePercent;
  if (canary === undefined || primary === undefined || tolerancePercent === undefined) {
    return undefined;
  }
  const counted = { canary: measurementIn(seen, canary.key), primary: measurementIn(seen, primary.key) };
  const { outcome, message } = judgeShare(counted, { percent: run.split.canary, tolerancePercent });
  const passed = `${Math.round(canary.windowMs / 1000)}s in effect are what counts`;
  return { outcome, message: outcome === 'tooFew' ? `${message}: ${passed}` : message };
}

export function measurementIn({ answers }: Observation, key: QuestionKey): Measurement {
  const answer = answers[key];
  return answer?.kind === 'metric'
    ? answer.measurement
    : unavailable('InternalError', 'the answer is of another kind');
}

type Found = NonNullable<Run['traffic']>;

export function withTraffic(
  seen: Observation,
  run: Run,
  traffic: Traffic,
): Run & { readonly traffic: Found } {
  const same = run.traffic?.outcome === traffic.outcome;
  const since = same && run.traffic !== undefined ? run.traffic.since : isoFromMs(seen.nowMs);
  return { ...run, traffic: { ...traffic, since } };
}

/** Requests go elsewhere: the weight is held, and the same is asked again after an interval. Said once, when it is found. */
export function holdForTraffic(seen: Observation, run: Run, traffic: Traffic): Move {
  const found = withTraffic(seen, run, traffic);
  const text = `Halt ${targetName(seen)} advancement weight ${run.split.canary} is not seen: ${traffic.message}`;
  return (
    giveUpOnTraffic(seen, found) ?? {
      kind: 'intend',
      reason: 'TrafficNotObserved',
      message: messageOf(found, found.traffic),
      run: withNextRound(seen, found, run.plan.intervalMs),
      notices: run.traffic?.outcome === 'disagrees' ? [] : [warning('TrafficNotObserved', text)],
    }
  );
}

/** The wait between two such rounds; undefined where none is needed. */
export function awaitTraffic(run: Run, wakeAtMs: number): Move | undefined {
  const { traffic } = run;
  return traffic?.outcome === 'disagrees'
    ? {
        kind: 'wait',
        reason: 'TrafficNotObserved',
        message: messageOf(run, traffic),
        wakeAtMs: Math.min(wakeAtMs, deadlineMs(run, traffic.since)),
      }
    : undefined;
}

/** The outcome of the deadline: a canary that does not get its share cannot be judged. */
export function giveUpOnTraffic(seen: Observation, run: Run): Move | undefined {
  const { traffic } = run;
  if (traffic?.outcome !== 'disagrees' || seen.nowMs < deadlineMs(run, traffic.since)) {
    return undefined;
  }
  const message = `weight ${run.split.canary} was not seen: ${traffic.message}`;
  return rollBack(seen, run, { reason: 'TrafficNotObserved', message });
}

/**
 * After the drain: nothing may come through the proxy any more. Undefined once the canary's pods may go: it is seen idle, or
 * nobody can say, or the deadline has passed. `draining` is what is said meanwhile.
 */
export function awaitIdle(seen: Observation, run: Run, draining: string): Move | undefined {
  if (!isToBeIdle(run)) {
    return undefined;
  }
  const { traffic } = run;
  const saying =
    traffic === undefined
      ? ({ reason: 'Draining', message: draining } as const)
      : ({ reason: 'CanaryNotIdle', message: messageOf(run, traffic) } as const);
  const dueMs = traffic === undefined || run.round === undefined ? seen.nowMs : msFromIso(run.round.dueAt);
  if (seen.nowMs < dueMs) {
    return { kind: 'wait', ...saying, wakeAtMs: dueMs };
  }
  const question = idleQuestion(run);
  return seen.answers[question.key] === undefined
    ? { kind: 'ask', ...saying, questions: [question] }
    : holdForIdle(seen, run);
}

function isToBeIdle({ kind, plan }: Run): boolean {
  return kind === 'rollout' && plan.trafficProof !== undefined;
}

/** Asked when the drain is over, so that the window begins with it. */
function idleQuestion(run: Run): RequestsQuestion {
  const windowMs = drainMs(run.plan);
  return { kind: 'requests', key: `${roundKey(run)}/idle`, subject: 'canary', windowMs };
}

function holdForIdle(seen: Observation, run: Run): Move | undefined {
  const message = strayMessage(seen, run);
  if (message === undefined) {
    return undefined;
  }
  const found = withTraffic(seen, run, { outcome: 'disagrees', message });
  return seen.nowMs >= deadlineMs(run, found.traffic.since)
    ? undefined
    : {
        kind: 'intend',
        reason: 'CanaryNotIdle',
        message: messageOf(found, found.traffic),
        run: withNextRound(seen, found, drainMs(run.plan)),
      };
}

function strayMessage(seen: Observation, run: Run): string | undefined {
  const { key, windowMs } = idleQuestion(run);
  const requests = strayRequests(measurementIn(seen, key));
  return requests === undefined
    ? undefined
    : `the canary still got ${requests} requests in ${Math.round(windowMs / 1000)}s`;
}

/** What is said of a canary that goes although it is not idle. */
export function stillBusy(seen: Observation, run: Run): readonly Notice[] {
  const message = isToBeIdle(run) ? strayMessage(seen, run) : undefined;
  return message === undefined
    ? []
    : [warning('CanaryNotIdle', `Scaling down ${targetName(seen)} all the same: ${message}`)];
}

function messageOf(run: Run, { message, since }: Found): string {
  return `weight ${run.split.canary}: ${message}${sinceUntil(run, since)}`;
}
