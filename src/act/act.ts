// Carries out one Decision: writes in order, each idempotent, each answer straight into the cache. It decides nothing; what
// it is told to write it fetches by name, checks, and writes. It throws Retry or Stalled, and whatever else is a bug.
import type { CanaryStatus } from '../api/status.ts';
import { isApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Action } from '../model/decision.ts';
import { Retry } from '../model/errors.ts';
import { keyOf, resources } from '../model/kube.ts';
import { backUp } from '../model/original.ts';
import type { Caches } from '../observe/caches.ts';
import { FINALIZER } from '../observe/canary-view.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import type { Scene } from '../observe/scene.ts';
import { isOwnCopy } from '../workload/configs.ts';
import { readRevision } from '../workload/stored-revision.ts';
import type { StoredRevision } from '../workload/stored-revision.ts';
import { serviceShape } from '../workload/services.ts';
import { apply, translated } from './apply.ts';
import { pauseAutoscaler, removeAutoscaler, writeAutoscaler } from './autoscalers.ts';
import { announceRoute, restoreRoute, restoreService } from './give-back.ts';
import { isRouteAction, writeRoutes } from './routes.ts';
import type { RouteAction } from './routes.ts';
import { isCommandAction, tendCommand } from './commands.ts';
import type { CommandAction } from './commands.ts';
import { mergePatchOf } from './merge-patch.ts';
import { isWarmAction, tendWarm, writePrimary } from './copies.ts';
import type { WarmAction } from './copies.ts';
import { fetchRevision } from './fetch-revision.ts';
import type { Revision } from '../model/revision.ts';
import { storeRevision } from './store-revision.ts';
import { kindOf, landingOf, writeClone } from './workloads.ts';

export interface Stage {
  readonly cluster: Cluster;
  readonly caches: Caches;
  readonly scene: Scene;
  /** Checksums of the tracked configuration, as the observation saw them. */
  readonly checksums: Readonly<Record<string, string>> | undefined;
}

export async function enact(stage: Stage, actions: readonly Action[], dryRun = false): Promise<void> {
  for (const action of actions) {
    await enactEither(stage, action, dryRun);
  }
}

function enactEither(stage: Stage, action: Action, dryRun: boolean): Promise<unknown> {
  if (isCommandAction(action)) {
    return tendCommand(stage, stage.scene.view.namespace, action);
  }
  if (isRouteAction(action)) {
    return writeRoutes(stage, action, dryRun);
  }
  return isWarmAction(action) ? tendWarm(stage, action) : enactOne(stage, action, dryRun);
}

function enactOne(
  stage: Stage,
  action: Exclude<Action, CommandAction | RouteAction | WarmAction>,
  dryRun: boolean,
): Promise<unknown> {
  switch (action.kind) {
    case 'storeRevision':
      return dryRun ? Promise.resolve() : storeRevision(stage, action.revision);
    case 'writePrimary':
      return writePrimary(stage, action, dryRun);
    case 'writeAutoscaler':
      return writeAutoscaler(stage, dryRun);
    case 'pauseAutoscaler':
      return pauseAutoscaler(stage, action.paused);
    case 'removeAutoscaler':
      return removeAutoscaler(stage, action.autoscaler);
    case 'writeService':
      return writeService(stage, action.role, dryRun);
    case 'scaleTarget':
      return scaleTarget(stage, action.replicas);
    case 'collectRevisions':
      return collectRevisions(stage, action.keep);
    case 'announceRoute':
      return announceRoute(stage, action.to);
    case 'setFinalizer':
      return setFinalizer(stage, stage.scene.view, action.present);
    case 'restoreService':
      return restoreService(stage);
    case 'restoreRoute':
      return restoreRoute(stage, action.keeping);
  }
}

async function writeService(
  { cluster, caches, scene }: Omit<Stage, 'checksums'>,
  role: 'apex' | 'primary' | 'canary',
  dryRun: boolean,
): Promise<void> {
  if (scene.kind?.services !== 'generated') {
    const isClone = scene.kind?.services === 'cloned' && role === 'canary';
    await (isClone ? writeClone({ cluster, caches, scene }, dryRun) : undefined);
    return;
  }
  const wanted = scene.services?.[role];
  if (wanted === undefined) {
    throw new Retry(
      `cannot write the ${role} Service of ${scene.view.name}: the target's pods are not known yet`,
    );
  }
  await apply(cluster, {
    resource: resources.services,
    wanted,
    shape: serviceShape,
    landing: caches.services,
    dryRun,
    backUp: (live, merged) => backUp(live, scene.view.uid, merged),
  });
}

async function scaleTarget({ cluster, caches, scene }: Stage, replicas: number): Promise<void> {
  const { targetKey, target } = scene;
  if (target === undefined) {
    return;
  }
  // The UID guards against a target that was deleted and made again: that one has not been decided about.
  const kind = kindOf(scene);
  const scaled = kind.scaled?.(replicas);
  if (scaled === undefined) {
    return;
  }
  const body = { ...scaled, metadata: { uid: target.uid } };
  await translated(`scale ${targetKey.name} to ${replicas}`, async () => {
    const patch = { kind: 'merge', body } as const;
    landingOf(caches, kind).put(await cluster.patch(kind.resource, targetKey, patch));
  });
}

async function collectRevisions({ cluster, caches, scene }: Stage, keep: readonly Revision[]): Promise<void> {
  const { view } = scene;
  const { namespace } = view;
  for (const { value } of caches.revisions.byIndex('owner', view.uid)) {
    if (value.revision === undefined || keep.includes(value.revision)) {
      continue;
    }
    const key = { namespace, name: value.name };
    await translated(`delete revision ${value.name}`, async () => {
      const object = await cluster.get(resources.controllerRevisions, key);
      const stored = object === undefined ? undefined : readRevision(object);
      await deleteCopies(cluster, namespace, stored, await keptCopies(cluster, view, keep));
      await cluster.delete(resources.controllerRevisions, key, { uid: value.uid });
    });
  }
}

async function keptCopies(
  cluster: Cluster,
  view: CanaryView,
  keep: readonly Revision[],
): Promise<ReadonlySet<string>> {
  const kept = await Promise.all(keep.map((revision) => fetchRevision(cluster, view, revision)));
  return new Set(kept.flatMap(({ configs }) => Object.values(configs).map(({ copy }) => copy)));
}

/** Copies are known by the record of their revision, never by listing. */
async function deleteCopies(
  cluster: Cluster,
  namespace: string,
  stored: StoredRevision | undefined,
  kept: ReadonlySet<string>,
): Promise<void> {
  for (const [key, { copy }] of Object.entries(stored?.configs ?? {})) {
    // A copy of Flagger's may be used by other Canaries too: its owners keep it, and take it with them.
    if (isOwnCopy(copy) && !kept.has(copy)) {
      const resource = key.startsWith('secret/') ? resources.secrets : resources.configMaps;
      await cluster.delete(resource, { namespace, name: copy });
    }
  }
}

/** Needs no more than the object itself, so that a Canary whose spec cannot be read can go. */
export async function setFinalizer(
  { cluster, caches }: Pick<Stage, 'cluster' | 'caches'>,
  view: CanaryView,
  present: boolean,
): Promise<void> {
  const others = view.finalizers.filter((finalizer) => finalizer !== FINALIZER);
  const finalizers = present ? [...others, FINALIZER] : others;
  const body = { metadata: { finalizers, resourceVersion: view.resourceVersion } };
  await translated(`${present ? 'add' : 'remove'} the finalizer of ${view.name}`, async () => {
    const key = { namespace: view.namespace, name: view.name };
    try {
      caches.canaries.put(await cluster.patch(resources.canaries, key, { kind: 'merge', body }));
    } catch (error) {
      // Gone with the finalizer that was taken away before: the cache has not heard of it yet.
      if (present || !isApiError(error, 404)) {
        throw error;
      }
    }
  });
}

/**
 * Stores what shall be true next. Guarded by the version that the decision was made from: where the Canary has moved on
 * meanwhile, nothing is stored, and the next pass decides anew.
 */
export async function storeStatus(
  { cluster, caches }: Pick<Stage, 'cluster' | 'caches'>,
  view: CanaryView,
  status: CanaryStatus,
): Promise<void> {
  const body = mergePatchOf({ status: view.storedStatus }, { status });
  if (body === undefined) {
    return;
  }
  const guarded = { ...body, metadata: { resourceVersion: view.resourceVersion } };
  try {
    const key = { namespace: view.namespace, name: view.name };
    const patch = { kind: 'merge', body: guarded } as const;
    caches.canaries.put(await cluster.patch(resources.canaries, key, patch, { subresource: 'status' }));
  } catch (error) {
    const what = `store the status of ${keyOf(view)}`;
    if (isApiError(error, 409)) {
      throw new Retry(`cannot ${what}: it has been changed meanwhile`, { cause: error });
    }
    await translated(what, () => Promise.reject(error));
  }
}
