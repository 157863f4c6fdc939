// What the controller would do first with one Canary, up to where it has to wait for something: its own pass, on a cluster that
// stores nothing. It prints nothing; adopt.ts does.
import type { CanaryStatus, Stage } from '../api/status.ts';
import { ApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isForeign } from '../decide/foreign.ts';
import type { Decision } from '../model/decision.ts';
import { Retry } from '../model/errors.ts';
import { resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import type { ForeignWriter } from '../model/managed-fields.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import type { Caches } from '../observe/caches.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import { createConfigReader } from '../observe/configs.ts';
import { createPass } from '../reconcile.ts';
import type { PassParts } from '../reconcile.ts';
import { changesOf } from './changes.ts';
import type { Change } from './changes.ts';
import { RehearsalCluster } from './rehearsal.ts';
import type { Rehearsed } from './rehearsal.ts';

type First =
  | 'adopt'
  | 'continue'
  | 'finish'
  | 'wait'
  | 'nothing'
  | 'cancel'
  | 'roll back'
  | 'start a run'
  | 'set up'
  | 'refuse';

/** Whatever is in here is as it was for the users of the service. */
const SAME: ReadonlySet<First> = new Set<First>(['adopt', 'continue', 'finish', 'wait', 'nothing']);

interface Write {
  readonly verb: Rehearsed['verb'];
  readonly kind: string;
  readonly name: string;
  readonly changes: readonly Change[];
}

export interface Foretold {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly first: First;
  readonly message: string;
  /** The canary's share of the traffic afterwards. */
  readonly weight: number;
  readonly writes: readonly Write[];
  /** Another controller that writes this Canary, and may still be at work. */
  readonly writer?: ForeignWriter;
  /** True where people would notice. */
  readonly differs: boolean;
}

export interface ForetellParts {
  readonly cluster: Cluster;
  readonly caches: Caches;
  readonly settings: PassParts['settings'] & { readonly enableConfigTracking: boolean };
  readonly presenceOf: PassParts['presenceOf'];
  readonly nowMs: () => number;
}

export async function foretell(parts: ForetellParts, key: string): Promise<Foretold | undefined> {
  const view = parts.caches.canaries.get(key);
  if (view === undefined) {
    return undefined;
  }
  const deeds: Rehearsed[] = [];
  const decided: Decided[] = [];
  const cluster = new RehearsalCluster(parts.cluster, (deed) => deeds.push(deed));
  // Whoever asks what Serin would do asks while the other controller is still there: its traces are taken away.
  const live = await parts.cluster.get(resources.canaries, { namespace: view.namespace, name: view.name });
  if (live === undefined) {
    return undefined;
  }
  parts.caches.canaries.put(cluster.pretend(resources.canaries, withoutWriters(live)));
  const failure = await rehearse(parts, { key, cluster, decided });
  const after = parts.caches.canaries.get(key) ?? view;
  const told = failure ?? verdictOn(view, after.status, decided);
  const writer = view.foreignWriter;
  return {
    namespace: view.namespace,
    name: view.name,
    phase: view.status.phase ?? '',
    ...told,
    weight: after.status.run?.split.canary ?? after.status.canaryWeight ?? 0,
    writes: deeds.map(({ verb, kind, name, before, after: made }) => ({
      verb,
      kind,
      name,
      changes: changesOf(before, made),
    })),
    ...(writer === undefined ? {} : { writer }),
    differs: !SAME.has(told.first),
  };
}

function withoutWriters(object: KubeObject): KubeObject {
  const { managedFields: _whoWrote, ...metadata } = object.metadata;
  return { ...object, metadata };
}

interface Decided {
  readonly seen: Observation;
  readonly decision: Decision;
}

type Told = Pick<Foretold, 'first' | 'message'>;

/** @returns why it stopped before its end. */
async function rehearse(
  { cluster: real, caches, settings, presenceOf, nowMs }: ForetellParts,
  { key, cluster, decided }: { readonly key: string; readonly cluster: Cluster; readonly decided: Decided[] },
): Promise<Told | undefined> {
  const pass = createPass({
    cluster,
    caches,
    settings,
    questioning: { ask: () => undefined, answers: () => ({}), keep: () => undefined },
    outbox: { send: () => undefined, delivered: () => [], forget: () => undefined },
    authors: { stamped: () => Promise.resolve(new Set<string>()) },
    configs: settings.enableConfigTracking
      ? createConfigReader({ cluster: real, configMaps: caches.configMaps, nowMs })
      : undefined,
    presenceOf,
    nowMs,
    chance: () => 'foretold',
    listener: {
      decided: (seen, decision) => {
        decided.push({ seen, decision });
      },
      intended: () => undefined,
    },
    isOurs: () => true,
  });
  try {
    await pass(key);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) {
      return { first: 'refuse', message: `the API server refuses a write: ${error.message}` };
    }
    // What was not stored cannot be read again: as far as can be foretold.
    return error instanceof Retry ? undefined : Promise.reject(error);
  }
}

function verdictOn(view: CanaryView, status: CanaryStatus, decided: readonly Decided[]): Told {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const said = ready?.message ?? '';
  if (view.deleting) {
    return { first: 'nothing', message: 'is being deleted' };
  }
  if (decided.some(({ decision }) => decision.reason === 'Suspended')) {
    return { first: 'nothing', message: 'is suspended' };
  }
  const stalled = status.conditions?.some(({ type }) => type === 'Stalled') === true;
  if (stalled && status.phase !== 'Failed') {
    return { first: 'refuse', message: `${ready?.reason ?? ''}: ${said}` };
  }
  if (!isForeign(view.status) && view.status.lastPromotedSpec !== undefined) {
    return { first: 'nothing', message: 'is Serin’s already' };
  }
  const adoption = decided.find(({ decision }) => decision.kind === 'intend' && LEADING.has(decision.reason));
  return adoption === undefined
    ? { first: 'wait', message: said }
    : verdictOnAdoption(adoption.decision, status);
}

const LEADING = new Set(['Adopted', 'RunCancelled', 'ThresholdReached', 'Initializing', 'NewRevision']);

function verdictOnAdoption(adoption: Decision, status: CanaryStatus): Told {
  const first = adoption.kind === 'intend' ? adoption.status : status;
  const message = first.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  const { run } = first;
  const ended = ENDING.get(adoption.reason);
  if (ended !== undefined) {
    return { first: ended, message };
  }
  if (run === undefined) {
    return status.run === undefined
      ? { first: 'adopt', message: 'unchanged' }
      : {
          first: 'start a run',
          message: 'the target or its configuration differs from what the primary serves',
        };
  }
  if (run.stage === 'scale-up') {
    return { first: message.includes('anew') ? 'start a run' : 'continue', message };
  }
  return { first: GOING_ON.get(run.stage) ?? 'finish', message };
}

const ENDING: ReadonlyMap<Reason, First> = new Map<Reason, First>([
  ['RunCancelled', 'cancel'],
  ['ThresholdReached', 'roll back'],
  ['Initializing', 'set up'],
]);

const GOING_ON: ReadonlyMap<Stage, First> = new Map<Stage, First>([
  ['confirm-rollout', 'wait'],
  ['analysis', 'continue'],
]);
