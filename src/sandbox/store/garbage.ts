// The garbage collector and the namespace controller of the embedded cluster, as steps the owner of the store takes.
import type { KubeObject, OwnerReference, Resource } from '../../model/kube.ts';
import type { Store } from '../store.ts';
import { foregroundFinalizer, orphanFinalizer } from './access.ts';
import { clusterResources } from './built-in.ts';
import { objectAt } from './json.ts';
import { storageKeyOf } from './kind.ts';

interface Found {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** Deletes what has lost its last owner, cascading, and the content of deleted namespaces. Returns the writes it took. */
export function collectGarbage(store: Store): number {
  let total = 0;
  for (let writes = collectOnce(store); writes > 0; writes = collectOnce(store)) total += writes;
  return total;
}

/** One pass over everything: as far as the garbage collector gets before it looks again. */
function collectOnce(store: Store): number {
  const found = everything(store);
  const byUid = new Map(found.map((item) => [item.object.metadata.uid ?? '', item]));
  const before = store.resourceVersion;
  for (const item of found) {
    const current = store.find(item.resource, item.object.metadata);
    if (current?.metadata.uid !== item.object.metadata.uid || current === undefined) continue;
    const { resource } = item;
    collectObject(store, { resource, object: current }, byUid);
  }
  for (const item of found) releaseOwner(store, item, found);
  emptyNamespaces(store, found);
  return Number(store.resourceVersion) - Number(before);
}

function everything(store: Store): readonly Found[] {
  const kinds = new Map(store.kinds().map(({ resource }) => [storageKeyOf(resource), resource]));
  return [...kinds.values()].flatMap((resource) =>
    store.list(resource).items.map((object) => ({ resource, object })),
  );
}

type Owners = ReadonlyMap<string, Found>;

/** Owners are told by UID, and an owner in another namespace counts as absent. */
function ownerOf(reference: OwnerReference, dependent: KubeObject, owners: Owners): KubeObject | undefined {
  const owner = owners.get(reference.uid)?.object;
  const { namespace } = owner?.metadata ?? {};
  return namespace === undefined || namespace === dependent.metadata.namespace ? owner : undefined;
}

const isGoing = ({ metadata }: KubeObject, finalizer: string): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(finalizer);

function collectObject(store: Store, { resource, object }: Found, owners: Owners): void {
  const { ownerReferences = [], uid, deletionTimestamp } = object.metadata;
  if (ownerReferences.length === 0) return;
  const kept = ownerReferences.filter((reference) => {
    const owner = ownerOf(reference, object, owners);
    return owner !== undefined && !isGoing(owner, foregroundFinalizer) && !isGoing(owner, orphanFinalizer);
  });
  const orphaned = ownerReferences.filter((reference) => {
    const owner = ownerOf(reference, object, owners);
    return owner !== undefined && isGoing(owner, orphanFinalizer);
  });
  if (kept.length === ownerReferences.length) return;
  if (kept.length > 0 || orphaned.length > 0) {
    const body = { metadata: { ownerReferences: kept, resourceVersion: object.metadata.resourceVersion } };
    store.patch(resource, object.metadata, { kind: 'merge', body });
  } else if (deletionTimestamp === undefined) {
    store.delete(resource, object.metadata, {
      ...(uid === undefined ? {} : { uid }),
      propagation: 'Background',
    });
  }
}

/** Lets an owner go once its dependents are orphaned, or, in the foreground, once those that block it are gone. */
function releaseOwner(store: Store, { resource, object }: Found, found: readonly Found[]): void {
  const owner = store.find(resource, object.metadata);
  if (owner === undefined || owner.metadata.uid !== object.metadata.uid) return;
  const foreground = isGoing(owner, foregroundFinalizer);
  if (!foreground && !isGoing(owner, orphanFinalizer)) return;
  const blocked = found.some(({ resource: kind, object: seen }) => {
    const dependent = store.find(kind, seen.metadata);
    return (dependent?.metadata.ownerReferences ?? []).some(
      ({ uid, blockOwnerDeletion }) =>
        uid === owner.metadata.uid && (!foreground || blockOwnerDeletion === true),
    );
  });
  if (blocked) return;
  const finalizers = (owner.metadata.finalizers ?? []).filter(
    (name) => name !== foregroundFinalizer && name !== orphanFinalizer,
  );
  store.patch(resource, owner.metadata, { kind: 'merge', body: { metadata: { finalizers } } });
}

function emptyNamespaces(store: Store, found: readonly Found[]): void {
  for (const namespace of store.list(clusterResources.namespaces).items) {
    const { name, deletionTimestamp } = namespace.metadata;
    if (deletionTimestamp === undefined) continue;
    for (const { resource, object } of found) {
      if (object.metadata.namespace !== name) continue;
      const current = store.find(resource, object.metadata);
      if (current !== undefined && current.metadata.deletionTimestamp === undefined)
        store.delete(resource, current.metadata);
    }
    const left = everything(store).some(({ object }) => object.metadata.namespace === name);
    if (left) continue;
    const spec = { ...objectAt(namespace, 'spec'), finalizers: [] };
    store.replace(clusterResources.namespaces, { ...namespace, spec });
  }
}
