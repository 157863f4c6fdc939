// What the cluster shall look like, as a function of spec and status, and which writes are missing until it does. Every
// pass compares anew, so a restart, a hand edit or a deleted object heals by itself, at the current weight.
import type { Action } from '../model/decision.ts';
import type { Observation, SeenObject, SeenPrimary } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import type { Revision } from '../model/revision.ts';
import { allPrimary, sameSplit } from '../model/split.ts';
import type { Split } from '../model/split.ts';
import { missingWarm, needlessWarm } from './warm.ts';
import { isScaled, missingAutoscaler, pausing, resuming } from './autoscalers.ts';
import type { Move } from './move.ts';

/** Only what is named is looked after; what is left out is left alone. */
export interface World {
  readonly stored: readonly Revision[];
  readonly primary?: Revision | undefined;
  /** Sizes a primary that is written; left out, it keeps its size, and gets back the one it had where it is gone (D15). */
  readonly primaryReplicas?: number | undefined;
  readonly apex?: boolean;
  readonly split?: Split | undefined;
  /** The route goes on naming the Services that it sent to before. */
  readonly keeping?: boolean;
  readonly targetUp?: boolean;
  /** The target's autoscaler is meant for what the primary serves, so the primary's may be what it says now. */
  readonly syncAutoscaler?: boolean;
  /** Whether the target's own autoscaler is paused; left out, only a target that shall have pods has it resumed. */
  readonly paused?: boolean;
}

type Missing = readonly [Reason, Action];

/** The writes that are missing, in an order in which each is safe; undefined: the world is as it shall be. */
export function keepWorld(seen: Observation, world: World): Move | undefined {
  const missing: Missing[] = [
    ...missingRevisions(seen, world),
    ...missingServices(seen, world),
    ...missingWarm(seen),
    ...missingPreparation(seen),
    ...missingPrimary(seen, world),
    ...missingAutoscaler(seen, world.syncAutoscaler ?? false),
    ...missingRoute(seen, world),
    ...missingPause(seen, world),
    ...missingPods(seen, world),
    ...needlessWarm(seen),
  ];
  const first = missing[0];
  return first === undefined
    ? undefined
    : { kind: 'enact', reason: first[0], actions: missing.map(([, action]) => action) };
}

/** True if the revision is stored, or something in the cluster still holds it. */
export function isObtainable(seen: Observation, revision: Revision): boolean {
  return seen.stored.includes(revision) || isAtHand(seen, revision);
}

/** A revision can be stored only while something in the cluster holds it. */
function missingRevisions(seen: Observation, { stored }: World): Missing[] {
  return [...new Set(stored)]
    .filter((revision) => !seen.stored.includes(revision) && isAtHand(seen, revision))
    .map((revision) => ['StoringRevision', { kind: 'storeRevision', revision }]);
}

function isAtHand({ target, primary }: Observation, revision: Revision): boolean {
  const live = primary?.revision === revision && !primary.drifted;
  return live || target?.revision === revision || primary?.asTarget === revision;
}

/** Which pods a Service selects is read from the target: without it there is nothing to write. */
function missingServices({ services, target }: Observation, { apex = false }: World): Missing[] {
  if (target === undefined) {
    return [];
  }
  const roles = apex ? (['canary', 'primary', 'apex'] as const) : (['canary', 'primary'] as const);
  return roles
    .filter((role) => needsWrite(services[role]))
    .map((role) => ['WritingServices', { kind: 'writeService', role }]);
}

function needsWrite(object: SeenObject): boolean {
  return object === 'missing' || object === 'drifted';
}

/** True if the primary is what `revision` made it; one that somebody else made counts by its content. */
export function holds(primary: SeenPrimary | undefined, revision: Revision): boolean {
  if (primary === undefined) {
    return false;
  }
  return primary.revision === undefined
    ? primary.asTarget === revision
    : primary.revision === revision && !primary.drifted;
}

/** Pods of a mesh are refused, or start without it, where the mesh does not know what they are. */
function missingPreparation({ route }: Observation): Missing[] {
  return route.unprepared === true && route.state !== 'foreign'
    ? [['WritingRoute', { kind: 'prepareRoute' }]]
    : [];
}

function missingPrimary(seen: Observation, { primary: revision, primaryReplicas, stored }: World): Missing[] {
  if (revision === undefined || seen.target === undefined || holds(seen.primary, revision)) {
    return [];
  }
  const available = seen.stored.includes(revision) || (stored.includes(revision) && isAtHand(seen, revision));
  const replicas = primarySize(seen, primaryReplicas);
  return available ? [['WritingPrimary', { kind: 'writePrimary', revision, replicas }]] : [];
}

/** Left to the autoscaler where there is one; a primary that has to be made, or has no pods, gets some to begin with. */
function primarySize(seen: Observation, wanted: number | undefined): number | undefined {
  if (seen.primary === undefined) {
    return Math.max(wanted ?? lostSize(seen), seen.autoscaler?.primaryMinReplicas ?? 0);
  }
  return isScaled(seen) && seen.primary.replicas > 0 ? undefined : wanted;
}

function lostSize({ status, target }: Observation): number {
  return status.primaryReplicas ?? Math.max(1, target?.replicas ?? 1);
}

function missingRoute(seen: Observation, { split, keeping = false }: World): Missing[] {
  if (split === undefined || seen.route.state === 'none' || seen.route.state === 'foreign') {
    return [];
  }
  const { state, lingers = false } = seen.route;
  const inPlace = state === 'inPlace' && sameSplit(seen.route.split, split) && (keeping || !lingers);
  const write: Action = { kind: 'writeRoute', split, ...(keeping ? { keeping } : {}) };
  return inPlace || isUnsafe(seen, split) ? [] : [['WritingRoute', write]];
}

/** True if a split would send more than now to a workload without pods while the other one has some (rule 3). */
export function isUnsafe(seen: Observation, wanted: Split): boolean {
  const { route, primary } = seen;
  const primaryServes = (primary?.available ?? 0) > 0;
  const canaryServes = canaryPods(seen) > 0;
  // What moves one of several routes away from a side may move another towards it.
  const now = route.divided === true ? undefined : route.split;
  const morePrimary = now === undefined || wanted.primary > now.primary;
  const moreCanary = wanted.canary > (now?.canary ?? 0);
  return (
    (morePrimary && wanted.primary > 0 && !primaryServes && canaryServes) ||
    (moreCanary && !canaryServes && primaryServes)
  );
}

/** The canary has pods that serve, and the primary has none. */
export function isPrimaryDeserted(seen: Observation): boolean {
  return (seen.primary?.available ?? 0) === 0 && canaryPods(seen) > 0;
}

/** Available pods behind the canary Service: the target's, or those that are kept warm. */
export function canaryPods({ status, target, warm }: Observation): number {
  return (status.run?.warm === true ? warm?.available : target?.available) ?? 0;
}

/** Pausing takes pods away, so it waits until traffic is at a primary that has some. */
function missingPause(seen: Observation, { paused, targetUp = false }: World): Missing[] {
  if (targetUp || paused === false) {
    return resuming(seen);
  }
  const empty = (seen.target?.replicas ?? 0) === 0;
  const home = seen.services.apex === 'inPlace' && isInEffect(seen, allPrimary) && !isPrimaryDeserted(seen);
  return paused === true && (empty || home) ? pausing(seen) : [];
}

function missingPods({ target, primary, autoscaler }: Observation, { targetUp = false }: World): Missing[] {
  if (!targetUp || target === undefined || target.replicas > 0) {
    return [];
  }
  const size = autoscaler?.targetMinReplicas ?? primary?.replicas ?? 1;
  return [['ScalingUp', { kind: 'scaleTarget', replicas: Math.max(1, size) }]];
}

/** True if requests are known to be divided as `split` says, as far as the provider can tell. */
export function isInEffect({ route }: Observation, split: Split): boolean {
  if (route.state === 'none') {
    return true;
  }
  const taken = route.acceptance === 'accepted' || route.acceptance === 'unknown';
  return route.state === 'inPlace' && taken && sameSplit(route.split, split);
}

export function describeRoute({ route }: Observation): string {
  switch (route.state) {
    case 'missing':
      return 'the route does not exist';
    case 'foreign':
      return 'the route belongs to another controller';
    case 'none':
    case 'drifted':
    case 'inPlace':
      return route.message === '' ? `the route is ${route.acceptance}` : route.message;
  }
}
