// Deletes what a Canary that is gone has left behind, because no object that is scoped to the cluster goes with its owner.
import { isApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { resources } from '../model/kube.ts';
import type { ObjectKey } from '../model/kube.ts';
import type { ClaimedObject } from '../observe/caches.ts';
import { translated } from './apply.ts';

export async function deleteLeftRoutes(
  cluster: Cluster,
  left: readonly ClaimedObject[],
  canary: ObjectKey,
): Promise<void> {
  if (left.length === 0 || !(await isGone(cluster, canary))) {
    return;
  }
  for (const { resource, name, uid } of left) {
    await translated(`delete ${resource.kind} ${name}`, () => cluster.delete(resource, { name }, { uid }));
  }
}

/** One that no cache knows need not be gone: its namespace may not be watched, or be none of our business. */
async function isGone(cluster: Cluster, canary: ObjectKey): Promise<boolean> {
  return translated(`read Canary ${canary.name}`, async () => {
    try {
      return (await cluster.get(resources.canaries, canary)) === undefined;
    } catch (error) {
      if (isApiError(error, 403)) {
        return false;
      }
      throw error;
    }
  });
}
