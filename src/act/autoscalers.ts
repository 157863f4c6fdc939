// Writes autoscalers: the primary's as a copy of the target's, and one annotation of the target's own.
import { Retry } from '../model/errors.ts';
import { objectOf } from '../model/json.ts';
import { keyOf } from '../model/kube.ts';
import type { ObjectKey } from '../model/kube.ts';
import type { AutoscalerName } from '../model/observation.ts';
import { wantedAutoscaler } from '../observe/autoscalers.ts';
import { autoscalerShape } from '../workload/autoscaler.ts';
import type { AutoscalerKind, AutoscalerView } from '../workload/autoscaler.ts';
import { autoscalerKinds } from '../workload/autoscalers.ts';
import { apply, translated } from './apply.ts';
import type { Stage } from './act.ts';

/** From the target's as it is now, read whole: the copy has fields that nobody here knows. */
export async function writeAutoscaler({ cluster, caches, scene }: Stage, dryRun: boolean): Promise<void> {
  const { named } = scene.autoscalers;
  if (named === undefined) {
    return;
  }
  const { kind, targetKey } = named;
  const { resource } = kind;
  const target = await translated(`read ${resource.kind} ${targetKey.name}`, () =>
    cluster.get(resource, targetKey),
  );
  if (target === undefined) {
    throw new Retry(`${resource.kind} ${targetKey.name} is gone`);
  }
  await apply(cluster, {
    resource,
    wanted: wantedAutoscaler(kind, target, scene),
    shape: autoscalerShape(kind),
    landing: caches.autoscalers[kind.name],
    dryRun,
  });
}

/** Touches one annotation of the user's object and nothing else (D19). */
export async function pauseAutoscaler(stage: Stage, paused: boolean): Promise<void> {
  const { named } = stage.scene.autoscalers;
  if (named?.target !== undefined) {
    await setPaused(stage, { ...named, target: named.target, paused });
  }
}

interface Pause {
  readonly kind: AutoscalerKind;
  readonly targetKey: ObjectKey;
  readonly target: AutoscalerView;
  readonly paused: boolean;
}

async function setPaused(
  { cluster, caches }: Stage,
  { kind, targetKey, target, paused }: Pause,
): Promise<void> {
  if (kind.pause === undefined) {
    return;
  }
  const [annotation, value] = kind.pause;
  // The UID guards against one that was deleted and made again: that one has not been decided about.
  const body = { metadata: { uid: target.uid, annotations: { [annotation]: paused ? value : null } } };
  await translated(`${paused ? 'pause' : 'resume'} ${kind.name} ${targetKey.name}`, async () => {
    caches.autoscalers[kind.name].put(await cluster.patch(kind.resource, targetKey, { kind: 'merge', body }));
  });
}

/** The primary keeps its size, also where KEDA has been told to give back the one it found; the target's is let go. */
export async function removeAutoscaler(stage: Stage, { kind, name }: AutoscalerName): Promise<void> {
  const { cluster, caches, scene } = stage;
  const retired = scene.autoscalers.retired.find((one) => one.kind === kind && one.name === name);
  if (retired === undefined) {
    return;
  }
  const { namespace } = scene.view;
  const targetKey = { namespace, name: targetNameOf(name) };
  const target = caches.autoscalers[kind].get(keyOf(targetKey));
  if (target?.paused === true) {
    await setPaused(stage, { kind: autoscalerKinds[kind], targetKey, target, paused: false });
  }
  const { uid } = retired;
  const { resource } = autoscalerKinds[kind];
  const key = { namespace, name };
  await translated(`delete ${kind} ${name}`, async () => {
    const live = await cluster.get(resource, key);
    if (objectOf(objectOf(live?.['spec'])['advanced'])['restoreToOriginalReplicaCount'] === true) {
      const body = { metadata: { uid }, spec: { advanced: { restoreToOriginalReplicaCount: false } } };
      await cluster.patch(resource, key, { kind: 'merge', body });
    }
    await cluster.delete(resource, key, { uid });
  });
}

/** Of the autoscaler that the primary's was made from. */
function targetNameOf(primaryName: string): string {
  return primaryName.replace(/-primary$/, '');
}
