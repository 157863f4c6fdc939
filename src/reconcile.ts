// One pass over one Canary: observe, decide, act, again until nothing is left to do now. The only place where what a pass
// throws is caught, and where a decision meets the world.
import type { Run } from './api/status.ts';
import type { Action, Decision } from './model/decision.ts';
import { Stalled } from './model/errors.ts';
import { canonicalJson } from './model/hash.ts';
import type { Observation } from './model/observation.ts';
import { enact, setFinalizer, storeStatus } from './act/act.ts';
import { isCommandAction, tendCommand } from './act/commands.ts';
import type { Cluster } from './cluster/cluster.ts';
import { decide } from './decide/decide.ts';
import { isForeign } from './decide/foreign.ts';
import type { Answers, Question } from './model/question.ts';
import type { AuthorCheck } from './observe/author.ts';
import type { Caches } from './observe/caches.ts';
import type { CanaryView } from './observe/canary-view.ts';
import { commandsFor } from './observe/command-view.ts';
import { isTurningPoint, secretAgeMs } from './observe/config-age.ts';
import type { ConfigReader, ConfigReading } from './observe/configs.ts';
import { observe } from './observe/observe.ts';
import type { ObserveSettings } from './observe/observe.ts';
import { sceneOf } from './observe/scene.ts';
import type { Scene, SceneSettings } from './observe/scene.ts';
import type { PresenceOf, Resource } from './model/kube.ts';
import { resourcesOf } from './traffic/router.ts';
import { tendOrphans } from './tend-orphans.ts';
import { sourceChecksums } from './workload/recapture.ts';

/** More turns than any sound pass needs; a pass that takes them all is a rule that never comes to rest. */
const MOST_TURNS = 40;
/** What was written does not show yet: the event that brings it wakes the key; this is for an event that got lost. */
const UNSEEN_AGAIN_MS = 5_000;
/** A write that was refused for good is tried again now and then, because what refused it may have been mended. */
const REFUSED_AGAIN_MS = 30_000;

interface Questioning {
  /** Sends what has not been sent yet; the answers put the key back on the queue. */
  ask(key: string, view: CanaryView, questions: readonly Question[]): void;
  answers(key: string): Answers;
  /** Drops what belongs to other rounds than this one; all of it where there is none. */
  keep(key: string, round: string | undefined): void;
}

interface Outbox {
  /** Sends what the status owes and is not under way yet; once something has arrived the key is back on the queue. */
  send(key: string, view: CanaryView): void;
  delivered(key: string): readonly number[];
  forget(key: string): void;
}

/** What is told of a pass, to logs and metrics. */
export interface PassListener {
  decided(seen: Observation, decision: Decision): void;
  /** After the status that says so is stored. */
  intended(view: CanaryView, seen: Observation, decision: Extract<Decision, { kind: 'intend' }>): void;
}

export interface PassParts {
  readonly cluster: Cluster;
  readonly caches: Caches;
  readonly settings: ObserveSettings & SceneSettings;
  readonly questioning: Questioning;
  readonly outbox: Outbox;
  readonly authors: AuthorCheck;
  /** undefined: configuration is not tracked. */
  readonly configs: ConfigReader | undefined;
  readonly presenceOf: PresenceOf;
  readonly nowMs: () => number;
  readonly chance: () => string;
  readonly listener: PassListener;
  /** Which Canaries are ours; the others are left alone. */
  readonly isOurs: (view: CanaryView) => boolean;
}

/** When to look again if nothing happens; undefined waits for an event. Rejects with Retry, or with a bug. */
export type Pass = (key: string) => Promise<number | undefined>;

export function createPass(parts: PassParts): Pass {
  return async (key) => {
    const memory: Memory = { refusal: undefined, written: undefined, freshConfigs: false, left: new Set() };
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const view = parts.caches.canaries.get(key);
      if (view === undefined || !parts.isOurs(view)) {
        parts.questioning.keep(key, undefined);
        parts.outbox.forget(key);
        return view === undefined ? tendOrphans(parts, key) : undefined;
      }
      const next = await takeTurn(parts, { key, view, memory });
      if (next !== 'again') {
        return next.wakeAtMs;
      }
    }
    throw new Error(`${key} does not come to rest within ${MOST_TURNS} turns`);
  };
}

interface Turn {
  readonly key: string;
  readonly view: CanaryView;
  readonly memory: Memory;
}

/** Within one pass; the next one tries anew what was refused. */
interface Memory {
  /** What the last attempt to write was refused with, if it was refused for good. */
  refusal: string | undefined;
  /** The actions of the turn before, to notice that they have to be repeated. */
  written: string | undefined;
  /** UIDs of commands that the server lets nobody answer or delete: no run waits for that. */
  readonly left: Set<string>;
  /** The next turn reads the Secrets anew, whatever is known of them. */
  freshConfigs: boolean;
}

type Next = 'again' | { readonly wakeAtMs: number | undefined };

async function takeTurn(parts: PassParts, turn: Turn): Promise<Next> {
  const { key, view, memory } = turn;
  const { caches, settings, questioning, outbox, listener } = parts;
  outbox.send(key, view);
  const scene = sceneOf(view, caches, { ...settings, presenceOf: parts.presenceOf });
  const inheritedConfigs = scene === undefined ? undefined : await readInherited(parts, scene);
  const { run } = view.status;
  const fresh = memory.freshConfigs;
  memory.freshConfigs = false;
  const maxAgeMs = fresh ? 0 : secretAgeMs(run);
  const configs = scene === undefined ? undefined : await readConfigs(parts, scene, maxAgeMs);
  questioning.keep(key, run === undefined ? undefined : keptFor(run));
  const all = observe(view, scene, caches, {
    settings,
    moment: {
      nowMs: parts.nowMs(),
      chance: parts.chance(),
      answers: questioning.answers(key),
      refusal: memory.refusal,
      delivered: outbox.delivered(key),
      stamped: await parts.authors.stamped(commandsFor(caches, view)),
      configs,
      ...(inheritedConfigs === undefined ? {} : { inheritedConfigs }),
      presenceOf: parts.presenceOf,
      missingKinds: missingKinds(parts, scene),
    },
  });
  const seen = leavingOut(all, memory.left);
  const decision = decide(seen);
  const stale = !fresh && configs?.dueMs !== undefined;
  if (stale && decision.kind === 'intend' && isTurningPoint(run, decision.status.run)) {
    memory.freshConfigs = true;
    return 'again';
  }
  listener.decided(seen, decision);
  switch (decision.kind) {
    case 'ask':
      questioning.ask(key, view, decision.questions);
      return { wakeAtMs: undefined };
    case 'intend':
      await storeStatus(parts, view, decision.status);
      listener.intended(view, seen, decision);
      return 'again';
    case 'enact':
      return carryOut(parts, turn, { scene, configs, seen, decision });
  }
}

function leavingOut(seen: Observation, left: ReadonlySet<string>): Observation {
  return seen.commands === undefined || left.size === 0
    ? seen
    : { ...seen, commands: seen.commands.filter(({ uid }) => !left.has(uid)) };
}

/** Which answers still count: those of the round; at a gate, whose questions the clock numbers, all of the run. */
function keptFor({ id, stage, round }: Run): string {
  return stage === 'confirm-rollout' ? `${id}/` : `${id}/${round?.seq ?? 0}/`;
}

interface Carried {
  readonly scene: Scene | undefined;
  readonly configs: ConfigReading | undefined;
  readonly seen: Observation;
  readonly decision: Extract<Decision, { kind: 'enact' }>;
}

async function carryOut(
  { cluster, caches }: PassParts,
  { view, memory }: Turn,
  { scene, configs, seen, decision }: Carried,
): Promise<Next> {
  const { actions, rehearse = [] } = decision;
  if (actions.length === 0) {
    const refused =
      seen.refusal === undefined && memory.left.size === 0 ? [] : [seen.nowMs + REFUSED_AGAIN_MS];
    const due = [decision.wakeAtMs, configs?.dueMs, ...refused].filter((wakeAtMs) => wakeAtMs !== undefined);
    return { wakeAtMs: due.length === 0 ? undefined : Math.min(...due) };
  }
  const written = canonicalJson(actions);
  if (written === memory.written) {
    const againMs = seen.nowMs + UNSEEN_AGAIN_MS;
    return { wakeAtMs: Math.min(againMs, Math.max(seen.nowMs, decision.wakeAtMs ?? againMs)) };
  }
  memory.written = written;
  try {
    if (scene === undefined) {
      await release({ cluster, caches }, view, actions);
    } else {
      const stage = { cluster, caches, scene, checksums: configs?.checksums };
      if (rehearse.length > 0) {
        await enact(stage, [...actions, ...rehearse], true);
      }
      await enact(stage, actions);
    }
  } catch (error) {
    if (!(error instanceof Stalled)) {
      throw error;
    }
    memory.written = undefined;
    remember(memory, actions, error.message);
  }
  return 'again';
}

function remember(memory: Memory, actions: readonly Action[], refusal: string): void {
  if (!actions.every(isCommandAction)) {
    memory.refusal = refusal;
    return;
  }
  for (const action of actions) {
    memory.left.add(action.kind === 'answerCommand' ? action.answer.uid : action.uid);
  }
}

/** Without a readable spec there is nothing to write but the finalizer, and what a command came to. */
async function release(
  stage: Pick<PassParts, 'cluster' | 'caches'>,
  view: CanaryView,
  actions: readonly Action[],
): Promise<void> {
  for (const action of actions) {
    if (isCommandAction(action)) {
      await tendCommand(stage, view.namespace, action);
    } else if (action.kind === 'setFinalizer') {
      await setFinalizer(stage, view, action.present);
    } else {
      throw new Error(`${view.name}: ${action.kind} needs a spec that can be read`);
    }
  }
}

function missingKinds({ presenceOf }: PassParts, scene: Scene | undefined): readonly Resource[] {
  const autoscaler = scene?.autoscalers.named?.kind;
  return [
    ...(scene?.routes ?? []).flatMap(({ router }) => (router === undefined ? [] : resourcesOf(router))),
    ...(autoscaler?.optional === true ? [autoscaler.resource] : []),
  ].filter((resource) => presenceOf(resource) !== 'served');
}

async function readConfigs(
  { configs }: PassParts,
  { view, kind, target }: Scene,
  maxAgeMs: number | undefined,
): Promise<ConfigReading | undefined> {
  // What has no pods of its own uses no configuration.
  return configs === undefined || target === undefined || kind?.scaled === undefined
    ? undefined
    : configs.read(view.namespace, target.configRefs, maxAgeMs);
}

/** Before a primary of somebody else's is taken over: the copies that it uses, told by the names of what they are copies of. */
async function readInherited(
  { configs }: PassParts,
  { view, primary }: Scene,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (
    configs === undefined ||
    !isForeign(view.status) ||
    primary === undefined ||
    primary.revision !== undefined
  ) {
    return undefined;
  }
  const { checksums } = await configs.read(view.namespace, primary.configRefs, undefined);
  return sourceChecksums(checksums);
}
