// One stored revision, by name.
import type { Cluster } from '../cluster/cluster.ts';
import { Retry } from '../model/errors.ts';
import { resources } from '../model/kube.ts';
import type { Revision } from '../model/revision.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import { readRevision, revisionNameOf } from '../workload/stored-revision.ts';
import type { StoredRevision } from '../workload/stored-revision.ts';
import { translated } from './apply.ts';

/** Throws Retry where it is not there. */
export async function fetchRevision(
  cluster: Cluster,
  view: CanaryView,
  revision: Revision,
): Promise<StoredRevision> {
  const name = revisionNameOf(view.name, revision);
  const object = await translated(`read revision ${name}`, () =>
    cluster.get(resources.controllerRevisions, { namespace: view.namespace, name }),
  );
  const stored = object === undefined ? undefined : readRevision(object);
  if (stored === undefined || stored.revision !== revision) {
    throw new Retry(`revision ${revision} of ${view.name} is not stored`);
  }
  return stored;
}
