// Flagger's status and the conditions, as a projection of where the run stands. One way only: nothing here is read back.
import type { CanaryStatus, Condition, Phase, Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import { cutBytes } from '../model/excerpt.ts';
import { isoFromMs } from '../model/time.ts';
import type { Health } from './move.ts';
import { isForeignRun } from './foreign.ts';
import { MESSAGE_BYTES, failedRounds } from './run.ts';

/** What is being said about the object now. */
export interface Saying {
  readonly reason: Reason;
  readonly message: string;
  readonly health?: Health;
}

/** `status` as readers shall see it. Times move only where something else does. */
export function project(seen: Observation, status: CanaryStatus, saying: Saying): CanaryStatus {
  const phase = phaseOf(status, status.run);
  const projected = { ...status, phase, ...countersOf(seen, status), observedGeneration: seen.generation };
  return { ...projected, conditions: conditionsOf(seen, projected, saying) };
}

// One case a stage; the table is easier to check than any shorter form.
// oxlint-disable-next-line complexity
function phaseOf({ phase }: CanaryStatus, run: Run | undefined): Phase {
  if (run === undefined) {
    return phase === undefined || phase === '' ? 'Initializing' : phase;
  }
  if (run.kind === 'initialise') {
    return 'Initializing';
  }
  switch (run.stage) {
    case 'provision':
      return 'Initializing';
    case 'confirm-rollout':
      return run.gate === undefined ? (phase ?? 'Initialized') : 'Waiting';
    case 'scale-up':
    case 'analysis':
      return run.gate?.type === 'confirm-promotion' ? 'WaitingPromotion' : 'Progressing';
    case 'promote':
    case 'yield':
    case 'restore':
      return 'Promoting';
    case 'return':
      return run.outcome?.reason === 'Succeeded' || phase === 'Promoting' ? 'Promoting' : 'Progressing';
    case 'scale-down':
      return run.outcome?.phase === 'Succeeded' ? 'Finalising' : (phase ?? 'Progressing');
    case 'closing':
    case 'probation':
      return run.outcome?.phase ?? 'Succeeded';
  }
}

type Counters = Pick<CanaryStatus, 'canaryWeight' | 'failedChecks' | 'iterations'>;

/** Those of a run that has to be taken over are all there is to know of it. */
function countersOf(seen: Observation, status: CanaryStatus): Partial<Counters> {
  if (isForeignRun(status)) {
    return {};
  }
  return status.run === undefined ? restingCounters(seen, status) : runningCounters(status.run);
}

function restingCounters(
  { route }: Observation,
  { failedChecks, phase, canaryWeight }: CanaryStatus,
): Counters {
  return {
    canaryWeight: phase === 'Failed' && route.split?.canary !== 0 ? (canaryWeight ?? 0) : 0,
    failedChecks: failedChecks ?? 0,
    iterations: 0,
  };
}

/** In an A/B test every user either matches or does not: there is no weight to show. */
function runningCounters(run: Run): Counters {
  return {
    canaryWeight: run.plan.strategy === 'ab-testing' ? 0 : run.split.canary,
    failedChecks: run.outcome?.phase === 'Failed' ? 0 : failedRounds(run),
    iterations: run.iteration,
  };
}

function conditionsOf(seen: Observation, status: CanaryStatus, saying: Saying): Condition[] {
  const health = saying.health ?? healthOf(status);
  const wanted = [promoted(status), ...healthConditions(health, status, saying)];
  return wanted.map((condition) => stamp(seen, condition));
}

function healthOf({ phase, run }: CanaryStatus): Health {
  if (run !== undefined && run.stage !== 'closing' && run.stage !== 'probation') {
    return 'moving';
  }
  if (phase === 'Failed') {
    return 'failed';
  }
  return phase === 'Initialized' || phase === 'Succeeded' ? 'settled' : 'moving';
}

type Wanted = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

function healthConditions(
  health: Health,
  { phase, run }: CanaryStatus,
  { reason, message }: Saying,
): Wanted[] {
  const text = cutBytes(message, MESSAGE_BYTES);
  switch (health) {
    case 'settled':
      return [
        {
          type: 'Ready',
          status: 'True',
          reason: phase ?? reason,
          message: run?.stage === 'probation' ? text : (promoted({ phase }).message ?? ''),
        },
      ];
    case 'moving':
      return [
        { type: 'Ready', status: 'Unknown', reason, message: text },
        { type: 'Reconciling', status: 'True', reason, message: text },
      ];
    case 'failed':
    case 'stalled':
      return [
        { type: 'Ready', status: 'False', reason, message: text },
        { type: 'Stalled', status: 'True', reason, message: text },
      ];
  }
}

/** Flagger's condition: its reason is the phase, its values are what existing readers wait for. */
function promoted({ phase }: CanaryStatus): Wanted {
  const reason = phase === undefined || phase === '' ? 'Initializing' : phase;
  return { type: 'Promoted', reason, ...promotedWords[reason] };
}

const promotedWords: Readonly<Record<Exclude<Phase, ''>, Pick<Wanted, 'status' | 'message'>>> = {
  Initializing: { status: 'Unknown', message: 'The first set-up is under way.' },
  Initialized: { status: 'True', message: 'The primary serves, and waits for a new revision.' },
  Waiting: { status: 'Unknown', message: 'A new revision waits for its roll-out to be confirmed.' },
  Progressing: { status: 'Unknown', message: 'A new revision is being analysed.' },
  WaitingPromotion: {
    status: 'Unknown',
    message: 'The analysis is done and waits for the promotion to be confirmed.',
  },
  Promoting: { status: 'Unknown', message: 'The primary is taking over the new revision.' },
  Finalising: {
    status: 'Unknown',
    message: 'The primary serves the new revision; the canary is being scaled down.',
  },
  Succeeded: { status: 'True', message: 'The run is over and the new revision is live.' },
  Failed: { status: 'False', message: 'The run failed; the revision that was live before it still is.' },
  Terminating: { status: 'Unknown', message: 'Everything is being given back as it was.' },
  Terminated: { status: 'Unknown', message: 'Everything has been given back as it was.' },
};

function stamp(seen: Observation, wanted: Wanted): Condition {
  const now = isoFromMs(seen.nowMs);
  const old = seen.status.conditions?.find(({ type }) => type === wanted.type);
  if (old === undefined) {
    return { ...wanted, lastUpdateTime: now, lastTransitionTime: now };
  }
  const sameStatus = old.status === wanted.status;
  const same = sameStatus && old.reason === wanted.reason && old.message === wanted.message;
  return {
    ...wanted,
    lastUpdateTime: same ? (old.lastUpdateTime ?? now) : now,
    lastTransitionTime: sameStatus ? (old.lastTransitionTime ?? now) : now,
  };
}
