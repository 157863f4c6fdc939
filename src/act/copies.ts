// The workloads that are copies of a stored revision: the primary, and the one that is kept warm during probation.
import { Retry } from '../model/errors.ts';
import type { Action } from '../model/decision.ts';
import type { Revision } from '../model/revision.ts';
import { captureRevision } from '../workload/stored-revision.ts';
import type { StoredRevision } from '../workload/stored-revision.ts';
import { absorbServerChanges } from '../workload/primary.ts';
import { fetchRevision } from './fetch-revision.ts';
import type { Stage } from './act.ts';
import { apply, guard, translated } from './apply.ts';
import { kindOf, landingOf } from './workloads.ts';

interface Copy {
  readonly revision: Revision;
  readonly replicas: number | undefined;
}

/** Promotion and restoration copy from what is stored, never from the live target, which may have moved on. */
export async function writePrimary(stage: Stage, copy: Copy, dryRun: boolean): Promise<void> {
  const { cluster, scene } = stage;
  const stored = dryRun ? await captureLive(stage) : await fetchRevision(cluster, scene.view, copy.revision);
  await writeCopy(stage, stored, { ...scene.primaryKey, replicas: copy.replicas, dryRun });
}

export type WarmAction = Extract<Action, { kind: 'writeWarm' | 'removeWarm' }>;

export function isWarmAction(action: Action): action is WarmAction {
  return action.kind === 'writeWarm' || action.kind === 'removeWarm';
}

/** Never part of a rehearsal: nothing of it is there before the first set-up is long done. */
export async function tendWarm(stage: Stage, action: WarmAction): Promise<void> {
  const { cluster, scene } = stage;
  const { warm, warmKey } = scene;
  if (action.kind === 'writeWarm') {
    const stored = await fetchRevision(cluster, scene.view, action.revision);
    await writeCopy(stage, stored, { ...warmKey, replicas: action.replicas, dryRun: false, role: 'warm' });
  } else if (warm !== undefined) {
    // The UID guards against one of the same name that somebody made meanwhile.
    const { resource } = kindOf(scene);
    await translated(`delete ${warmKey.name}`, () => cluster.delete(resource, warmKey, { uid: warm.uid }));
  }
}

interface Wish {
  readonly name: string;
  readonly replicas: number | undefined;
  readonly dryRun: boolean;
  readonly role?: 'warm';
}

async function writeCopy(
  { cluster, caches, scene }: Stage,
  stored: StoredRevision,
  { name, replicas, dryRun, role }: Wish,
): Promise<void> {
  const { view, selector, owner, includeLabelPrefix } = scene;
  const { namespace } = view;
  const kind = kindOf(scene);
  const wanted = kind.renderPrimary(stored, {
    name,
    namespace,
    selector,
    replicas,
    owner,
    includeLabelPrefix,
    ...(role === undefined ? {} : { role }),
  });
  const landing = landingOf(caches, kind);
  const { resource, primaryShape: shape } = kind;
  const neverCreated = kind.services === 'none';
  const written = await apply(cluster, { resource, wanted, shape, landing, dryRun, neverCreated });
  const note = dryRun ? undefined : absorbServerChanges(written, shape);
  if (note !== undefined) {
    const body = guard({ metadata: { annotations: note } }, written);
    await translated(`note what the server made of ${name}`, async () => {
      landing.put(await cluster.patch(resource, { namespace, name }, { kind: 'merge', body }));
    });
  }
}

/** A rehearsal has nothing stored yet: it tries what the target holds now. */
async function captureLive({ cluster, scene, checksums }: Stage): Promise<StoredRevision> {
  const kind = kindOf(scene);
  const target = await translated(`read ${scene.targetKey.name}`, () =>
    cluster.get(kind.resource, scene.targetKey),
  );
  if (target === undefined) {
    throw new Retry(`${scene.targetKey.name} is gone`);
  }
  return captureRevision(kind, target, { checksums, ownerUid: scene.view.uid });
}
