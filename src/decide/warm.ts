// The workload that keeps the revision before warm: there as long as the run says so, and no longer. It grows with the
// primary and never shrinks, because it may be about to carry everybody.
import type { Action } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';

type Missing = readonly [Reason, Action];

export function missingWarm(seen: Observation): Missing[] {
  const { status, warm, stored, target } = seen;
  const { run } = status;
  const revision = run?.warm === true ? run.previous : undefined;
  const possible = target !== undefined && warm?.foreign !== true;
  if (revision === undefined || !possible || !stored.includes(revision)) {
    return [];
  }
  const replicas = sizeOf(seen);
  const held = warm?.revision === revision && !warm.drifted && warm.replicas >= replicas;
  return held ? [] : [['WritingWarm', { kind: 'writeWarm', revision, replicas }]];
}

function sizeOf({ status, warm, primary }: Observation): number {
  return Math.max(1, warm?.replicas ?? 0, primary?.replicas ?? status.primaryReplicas ?? 1);
}

/** Not while requests may still be sent there. */
export function needlessWarm({ status, warm, route }: Observation): Missing[] {
  const needed = status.run?.warm === true || (route.split?.canary ?? 0) > 0;
  return warm === undefined || warm.foreign || needed ? [] : [['RemovingWarm', { kind: 'removeWarm' }]];
}
