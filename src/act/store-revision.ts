// Keeps a revision: its pod template as an immutable ControllerRevision, and copies of the configuration it uses. The
// record comes last, so that a revision that is found stored has everything it names.
import { isApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Retry } from '../model/errors.ts';
import { resources } from '../model/kube.ts';
import type { KubeObject, Resource } from '../model/kube.ts';
import type { Revision } from '../model/revision.ts';
import type { Scene } from '../observe/scene.ts';
import { checksumOfConfig, isCopyOf, renderConfigCopy } from '../workload/configs.ts';
import { holdsRevision, recaptureRevision } from '../workload/recapture.ts';
import { captureRevision, renderRevision } from '../workload/stored-revision.ts';
import type { StoredRevision } from '../workload/stored-revision.ts';
import { translated } from './apply.ts';
import type { Stage } from './act.ts';
import { kindOf, landingOf } from './workloads.ts';

/** Throws Retry where nothing in the cluster holds this revision any more: then the next pass sees another one. */
export async function storeRevision(stage: Stage, revision: Revision): Promise<void> {
  const { cluster, caches, scene } = stage;
  const { view, owner: canary } = scene;
  await translated(`store revision ${revision}`, async () => {
    const stored = (await fromTarget(stage, revision)) ?? (await fromPrimary(stage, revision));
    if (stored === undefined) {
      throw new Retry(`nothing holds revision ${revision} any more`);
    }
    const wish = { canary: view.name, namespace: view.namespace, owner: canary };
    const created = await createOnce(cluster, resources.controllerRevisions, renderRevision(stored, wish));
    const { name, uid = '', ownerReferences: owners = [] } = created.metadata;
    if (owners.length === 0) {
      // Left by an earlier Canary that went without it, as when it is restored from a backup: nobody else takes it away.
      await cluster.delete(resources.controllerRevisions, { namespace: view.namespace, name }, { uid });
    }
    if (!owners.some((owner) => owner.uid === view.uid)) {
      // The garbage collector is about to take what an earlier Canary of this name owned.
      throw new Retry(`${name} belonged to an earlier ${view.name}`);
    }
    caches.revisions.put(created);
  });
}

async function fromTarget(
  { cluster, caches, scene, checksums }: Stage,
  revision: Revision,
): Promise<StoredRevision | undefined> {
  const kind = kindOf(scene);
  const target = await cluster.get(kind.resource, scene.targetKey);
  if (target === undefined) {
    return undefined;
  }
  landingOf(caches, kind).put(target);
  const captured = captureRevision(kind, target, { checksums, ownerUid: scene.view.uid });
  const counts = scene.view.status.absorbed?.[captured.revision] ?? captured.revision;
  if (counts !== revision) {
    return undefined;
  }
  const stored = { ...captured, revision };
  await copyConfigs(cluster, scene, stored);
  return stored;
}

/** What is live may be held by the primary alone, where its record was deleted or somebody else made it. */
async function fromPrimary(
  { cluster, scene }: Stage,
  revision: Revision,
): Promise<StoredRevision | undefined> {
  const kind = kindOf(scene);
  const primary = await cluster.get(kind.resource, scene.primaryKey);
  return primary !== undefined && holdsRevision(kind, primary, revision)
    ? recaptureRevision(kind, primary, revision)
    : undefined;
}

async function copyConfigs(
  cluster: Cluster,
  { view, owner, includeLabelPrefix }: Scene,
  stored: StoredRevision,
): Promise<void> {
  const { namespace } = view;
  // All of them are looked at before the first copy is made, so that a revision that is gone leaves none behind.
  const wanted = await Promise.all(
    Object.entries(stored.configs).map(async ([key, { copy, checksum }]) => {
      const resource = key.startsWith('secret/') ? resources.secrets : resources.configMaps;
      const source = await cluster.get(resource, { namespace, name: key.slice(key.indexOf('/') + 1) });
      if (source === undefined || checksumOfConfig(source) !== checksum) {
        throw new Retry(`${key} has changed since it was looked at`);
      }
      const whole = { ...source, apiVersion: 'v1', kind: resource.kind };
      return {
        resource,
        checksum,
        object: renderConfigCopy(whole, { name: copy, owner, includeLabelPrefix }),
      };
    }),
  );
  for (const { resource, checksum, object } of wanted) {
    const live = await createOnce(cluster, resource, object);
    if (!isCopyOf({ ...live, kind: resource.kind }, checksum)) {
      throw new Retry(`${resource.kind} ${object.metadata.name} exists and holds something else: delete it`);
    }
  }
}

/** The object that is stored under the name: ours, or the one that was there. */
async function createOnce(cluster: Cluster, resource: Resource, wanted: KubeObject): Promise<KubeObject> {
  try {
    return await cluster.create(resource, wanted);
  } catch (error) {
    const { namespace = '', name } = wanted.metadata;
    const live = isApiError(error, 409) ? await cluster.get(resource, { namespace, name }) : undefined;
    if (live === undefined) {
      throw error;
    }
    return live;
  }
}
