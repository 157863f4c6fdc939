// Which Canaries a change concerns: from any watched object to the keys that go on the queue.
import { claimantsOf } from '../observe/caches.ts';
import type { Caches } from '../observe/caches.ts';
import { targetKeyOf } from '../observe/canary-view.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import { canaryKeyOf } from '../observe/command-view.ts';

interface Owned {
  readonly ownerUids: readonly string[];
}

/** Calls `add` with the key of every Canary that a change concerns. */
export function wakeOnChanges(caches: Caches, add: (key: string) => void): void {
  const interested = (what: string): void => {
    for (const { key } of caches.canaries.byIndex('interest', what)) {
      add(key);
    }
  };
  const ownedBy = (...views: readonly (Owned | undefined)[]): void => {
    for (const uid of new Set(views.flatMap((view) => view?.ownerUids ?? []))) {
      interested(`Owner/${uid}`);
    }
  };
  caches.canaries.onChange((key, before, after) => {
    if (!changedOnlyByUs(before, after)) {
      add(key);
    }
    // What changes hands: the other Canary on this target or autoscaler may have its turn now.
    const [left, taken] = [holdingsOf(before), holdingsOf(after)];
    for (const { target, autoscaler } of [left, taken]) {
      if (target !== undefined && left.target !== taken.target) {
        for (const other of caches.canaries.byIndex('target', target)) {
          add(other.key);
        }
      }
      if (autoscaler !== undefined && left.autoscaler !== taken.autoscaler) {
        interested(autoscaler);
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
  for (const cache of Object.values(caches.autoscalers)) {
    cache.onChange((key, before, after) => {
      interested(`Autoscaler/${key}`);
      ownedBy(before, after);
    });
  }
  caches.templates.onChange((key) => {
    interested(`MetricTemplate/${key}`);
  });
  // By the key of the Canary, also where there is none: somebody has to say so.
  caches.commands.onChange((_key, before, after) => {
    for (const key of new Set(
      [before, after].flatMap((view) => (view === undefined ? [] : [canaryKeyOf(view)])),
    )) {
      add(key);
    }
  });
  caches.revisions.onChange((_key, before, after) => {
    ownedBy(before, after);
  });
  caches.configMaps.onChange((key) => {
    const slash = key.indexOf('/');
    const config = `${key.slice(0, slash)}/configmap/${key.slice(slash + 1)}`;
    for (const [{ resource }, cache] of caches.workloads) {
      for (const user of cache.usersOf(config)) {
        interested(`${resource.kind}/${user}`);
      }
    }
  });
  wakeOnGateways(caches, interested);
  for (const { cache } of caches.traffic.values()) {
    cache.onChange((key, before, after) => {
      interested(`Route/${key}`);
      // What shows for the first time may be left over from a Canary that is gone: somebody has to see to it.
      for (const claimed of before === undefined ? claimantsOf(after) : []) {
        add(claimed);
      }
    });
  }
}

function wakeOnGateways({ gateways, gatewayClasses }: Caches, interested: (what: string) => void): void {
  gateways.onChange((key) => {
    interested(`Gateway/${key}`);
  });
  gatewayClasses.onChange((name) => {
    for (const { key, value } of gateways.entries()) {
      if (value.className === name) {
        interested(`Gateway/${key}`);
      }
    }
  });
}

/** What no two Canaries can have. */
function holdingsOf(view: CanaryView | undefined): {
  readonly target: string | undefined;
  readonly autoscaler: string | undefined;
} {
  const name = view?.canary?.spec.autoscalerRef?.name;
  return {
    target: view === undefined ? undefined : targetKeyOf(view),
    autoscaler: name === undefined ? undefined : `Autoscaler/${view?.namespace ?? ''}/${name}`,
  };
}

/** The echo of a status write of ours: the pass that made it goes on by itself. */
function changedOnlyByUs(before: CanaryView | undefined, after: CanaryView | undefined): boolean {
  return before !== undefined && after !== undefined && before.resourceVersion === after.resourceVersion;
}
