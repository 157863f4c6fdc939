// Which Canaries a change concerns: from any watched object to the keys that go on the queue.
import type { Caches } from '../observe/caches.ts';
import { targetKeyOf } from '../observe/canary-view.ts';
import type { CanaryView } from '../observe/canary-view.ts';

/** Calls `add` with the key of every Canary that a change concerns. */
export function wakeOnChanges(caches: Caches, add: (key: string) => void): void {
  const interested = (what: string): void => {
    for (const { key } of caches.canaries.byIndex('interest', what)) {
      add(key);
    }
  };
  caches.canaries.onChange((key, before, after) => {
    if (!changedOnlyByUs(before, after)) {
      add(key);
    }
    // A target that changes hands: the other Canary on it may have its turn now.
    for (const target of new Set(
      [before, after].map((view) => (view === undefined ? undefined : targetKeyOf(view))),
    )) {
      if (
        target !== undefined &&
        (before === undefined || after === undefined || targetKeyOf(before) !== targetKeyOf(after))
      ) {
        for (const other of caches.canaries.byIndex('target', target)) {
          add(other.key);
        }
      }
    }
  });
  for (const [{ resource }, cache] of caches.workloads) {
    cache.onChange((key) => {
      interested(`${resource.kind}/${key}`);
    });
  }
  caches.services.onChange((key) => {
    interested(`Service/${key}`);
  });
  caches.autoscalers.onChange((key) => {
    interested(`Autoscaler/${key}`);
  });
  caches.templates.onChange((key) => {
    interested(`MetricTemplate/${key}`);
  });
  caches.revisions.onChange((_key, before, after) => {
    for (const uid of [...(before?.ownerUids ?? []), ...(after?.ownerUids ?? [])]) {
      interested(`Owner/${uid}`);
    }
  });
  caches.configMaps.onChange((key) => {
    const slash = key.indexOf('/');
    const config = `${key.slice(0, slash)}/configmap/${key.slice(slash + 1)}`;
    for (const [{ resource }, cache] of caches.workloads) {
      for (const workload of cache.byIndex('config', config)) {
        interested(`${resource.kind}/${workload.key}`);
      }
    }
  });
  for (const { cache } of caches.traffic.values()) {
    cache.onChange((key) => {
      interested(`Route/${key}`);
    });
  }
}

/** The echo of a status write of ours: the pass that made it goes on by itself. */
function changedOnlyByUs(before: CanaryView | undefined, after: CanaryView | undefined): boolean {
  return before !== undefined && after !== undefined && before.resourceVersion === after.resourceVersion;
}
