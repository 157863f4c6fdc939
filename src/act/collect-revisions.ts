// Deletes revisions that nobody needs any more, and the copies of configuration that they alone use. Copies are known by the
// record of their revision, never by listing.
import type { Cluster } from '../cluster/cluster.ts';
import { resources } from '../model/kube.ts';
import type { Revision } from '../model/revision.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import { isOwnCopy } from '../workload/configs.ts';
import { readRevision } from '../workload/stored-revision.ts';
import type { StoredRevision } from '../workload/stored-revision.ts';
import { translated } from './apply.ts';
import type { Stage } from './act.ts';
import { fetchRevision } from './store-revision.ts';

export async function collectRevisions(
  { cluster, caches, scene: { view } }: Stage,
  keep: readonly Revision[],
): Promise<void> {
  const { namespace } = view;
  for (const { value } of caches.revisions.byIndex('owner', view.uid)) {
    if (value.revision === undefined || keep.includes(value.revision)) {
      continue;
    }
    const key = { namespace, name: value.name };
    await translated(`delete revision ${value.name}`, async () => {
      const object = await cluster.get(resources.controllerRevisions, key);
      const stored = object === undefined ? undefined : readRevision(object);
      await deleteCopies(cluster, view, stored, await keptCopies(cluster, view, keep));
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

async function deleteCopies(
  cluster: Cluster,
  { namespace }: CanaryView,
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
