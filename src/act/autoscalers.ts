// Writes autoscalers: the primary's as a copy of the target's, and one annotation of the target's own.
import { Retry } from '../model/errors.ts';
import { objectOf } from '../model/json.ts';
import type { AutoscalerName } from '../model/observation.ts';
import { wantedAutoscaler } from '../observe/autoscalers.ts';
import { autoscalerShape } from '../workload/autoscaler.ts';
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
export async function pauseAutoscaler({ cluster, caches, scene }: Stage, paused: boolean): Promise<void> {
  const { named } = scene.autoscalers;
  if (named?.target === undefined || named.kind.pause === undefined) {
    return;
  }
  const { kind, target, targetKey } = named;
  const [annotation, value] = named.kind.pause;
  // The UID guards against one that was deleted and made again: that one has not been decided about.
  const body = { metadata: { uid: target.uid, annotations: { [annotation]: paused ? value : null } } };
  await translated(`${paused ? 'pause' : 'resume'} ${kind.resource.kind} ${targetKey.name}`, async () => {
    const written = await cluster.patch(kind.resource, targetKey, { kind: 'merge', body });
    caches.autoscalers[kind.name].put(written);
  });
}

/** The primary keeps its size, also where KEDA has been told to give back the one it found. */
export async function removeAutoscaler(
  { cluster, scene }: Stage,
  { kind, name }: AutoscalerName,
): Promise<void> {
  const retired = scene.autoscalers.retired.find((one) => one.kind === kind && one.name === name);
  if (retired === undefined) {
    return;
  }
  const { uid } = retired;
  const { resource } = autoscalerKinds[kind];
  const key = { namespace: scene.view.namespace, name };
  await translated(`delete ${kind} ${name}`, async () => {
    const live = await cluster.get(resource, key);
    if (objectOf(objectOf(live?.['spec'])['advanced'])['restoreToOriginalReplicaCount'] === true) {
      const body = { metadata: { uid }, spec: { advanced: { restoreToOriginalReplicaCount: false } } };
      await cluster.patch(resource, key, { kind: 'merge', body });
    }
    await cluster.delete(resource, key, { uid });
  });
}
