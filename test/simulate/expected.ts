// What the simulation has to see, beside every Reason and every habit: how one phase follows another. `A -> B` is a change of
// phase, `A: Reason` something that is said while the phase stays. A change that is not here is one nobody has thought of.

/** By what causes them; a table of the whole life of a Canary. */
export const transitions: Readonly<Record<string, readonly string[]>> = {
  'the first status': ['none -> Initializing'],
  'primary, Services and routes are there': ['Initializing -> Initialized'],
  'a primary that never serves': ['Initializing -> Failed'],
  'a change whose roll-out has to be confirmed': [
    'Initialized -> Waiting',
    'Succeeded -> Waiting',
    'Failed -> Waiting',
  ],
  'the gate stays closed': ['Waiting: GateOverdue', 'WaitingPromotion: AwaitingPromotion'],
  'a change, and no gate or an open one': [
    'Initialized -> Progressing',
    'Succeeded -> Progressing',
    'Failed -> Progressing',
    'Waiting -> Progressing',
  ],
  'another change during a run': ['Progressing: RunRestarted', 'WaitingPromotion -> Progressing'],
  'a round that does not pass': [
    'Progressing: RoundFailed',
    'Progressing: RoundNoData',
    'Progressing: RoundUnavailable',
    'Progressing: RoundInconclusive',
  ],
  'a step': ['Progressing: StepTaken', 'Progressing: IterationDone', 'Progressing: SwitchedTraffic'],
  'traffic may not be increased yet': ['Progressing: AwaitingTrafficIncrease'],
  'the promotion has to be confirmed': ['Progressing -> WaitingPromotion'],
  'the last step is done': ['Progressing -> Promoting', 'WaitingPromotion -> Promoting'],
  'traffic goes back by steps': ['Promoting: ReturningTraffic'],
  'the primary serves the new revision': ['Promoting -> Finalising'],
  'the target is scaled down': ['Finalising -> Succeeded'],
  'threshold, hook, deadline': ['Progressing -> Failed'],
  'a primary that never gets ready in a promotion': ['Promoting -> Failed'],
  'back at the live revision': ['Progressing -> Finalising'],
  'the analysis is skipped': ['Progressing -> Promoting'],
  'deletion with revertOnDeletion': [
    'Initializing -> Terminating',
    'Initialized -> Terminating',
    'Progressing -> Terminating',
    'Succeeded -> Terminating',
    'Failed -> Terminating',
  ],
  'nothing is left of what was live': [
    'Initialized -> Initializing',
    'Progressing -> Initializing',
    'Failed -> Initializing',
  ],
};

/** What may happen, and is too rare to insist on. */
export const rare: readonly string[] = [
  'none -> Initialized',
  'none -> Terminating',
  'Succeeded -> Initializing',
  'Waiting -> Initializing',
  'WaitingPromotion -> Initializing',
  'Promoting -> Initializing',
  'Finalising -> Initializing',
  'Waiting -> Terminating',
  'WaitingPromotion -> Terminating',
  'Promoting -> Terminating',
  'Finalising -> Terminating',
  'Promoting -> Progressing',
  'Succeeded -> Promoting',
  'Succeeded -> Failed',
  'Finalising -> Promoting',
  'Waiting -> Failed',
  'Finalising -> Progressing',
];

/** What Flagger does, and Serin never. */
export const impossible: Readonly<Record<string, string>> = {
  'WaitingPromotion -> Failed': 'the traffic returns first, and the phase is Progressing meanwhile',
  'Finalising -> Failed': 'the primary serves already; a canary that is going has no deadline (D31)',
  'Promoting -> Failed for the canary': 'its health does not matter any more (D31)',
  'Initialized, Succeeded, Waiting -> Failed for the primary': 'it may be what the new revision mends (D35)',
};

/** Reasons that no pass says, only what is around it. */
export const shellOnly: Readonly<Record<string, string>> = {
  Retrying: 'the queue says it of a pass that failed for now: a log line',
  InternalError: 'the queue says it of a pass that threw: a log line',
  UnknownProvider: 'all that a spec or the flag may say is routed; what reads neither strictly would get it',
};
