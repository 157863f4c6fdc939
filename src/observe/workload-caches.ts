// Where workloads of each kind are known. A kind whose objects are watched for another reason too, as Services are, is kept in
// that cache, so that nothing is watched or held twice.
import { keyOf } from '../model/kube.ts';
import type { KubeObject, Resource } from '../model/kube.ts';
import { createCache } from '../watch/cache.ts';
import type { Cache } from '../watch/cache.ts';
import { configKey } from '../workload/configs.ts';
import type { WorkloadKind, WorkloadView } from '../workload/kind.ts';
import { kindOf, workloadKinds } from '../workload/kinds.ts';
import type { CanaryView } from './canary-view.ts';

/** The workloads of one kind, by `namespace/name`. */
export interface WorkloadCache {
  get(key: string): WorkloadView | undefined;
  /** The answer to a write of ours. */
  put(object: KubeObject): void;
  onChange(listener: (key: string) => void): void;
  /** Keys of the workloads that use a ConfigMap or Secret, by `namespace/configmap/name`. */
  usersOf(config: string): readonly string[];
}

/** Of a kind that has a cache, and a watch, to itself. */
export interface WorkloadFeed {
  readonly resource: Resource;
  readonly cache: Cache<WorkloadView, 'config'>;
}

/** What a cache that is kept for another reason holds of a workload. */
export interface WithWorkload {
  /** Absent for kinds that are no targets. */
  readonly workload?: WorkloadView;
}

export function isSameKind(a: Resource, b: Resource): boolean {
  return a.group === b.group && a.version === b.version && a.plural === b.plural;
}

/** What is kept of an object if its kind can be a target. */
export function workloadOf(resource: Resource, object: KubeObject): WithWorkload {
  const kind = workloadKinds.find((one) => isSameKind(one.resource, resource));
  return kind === undefined ? {} : { workload: kind.view(object) };
}

type Failed = (kind: string) => (error: unknown, key: string) => void;

/** `others`: the caches that hold workloads beside something else. */
export function workloadCaches(
  others: readonly { readonly resource: Resource; readonly cache: Cache<WithWorkload> }[],
  failed: Failed,
): {
  readonly workloads: ReadonlyMap<WorkloadKind, WorkloadCache>;
  readonly workloadFeeds: readonly WorkloadFeed[];
} {
  const workloads = new Map<WorkloadKind, WorkloadCache>();
  const workloadFeeds: WorkloadFeed[] = [];
  for (const kind of workloadKinds) {
    const { resource } = kind;
    const other = others.find((one) => isSameKind(one.resource, resource));
    if (other === undefined) {
      const cache = createCache({
        project: (object) => kind.view(object),
        indexes: { config: configIndex },
        onError: failed(resource.kind),
      });
      workloadFeeds.push({ resource, cache });
      workloads.set(kind, ownCache(cache));
    } else {
      workloads.set(kind, sharedCache(other.cache));
    }
  }
  return { workloads, workloadFeeds };
}

function ownCache(cache: WorkloadFeed['cache']): WorkloadCache {
  return {
    get: (key) => cache.get(key),
    put: (object) => {
      cache.put(object);
    },
    onChange: (listener) => cache.onChange(listener),
    usersOf: (config) => cache.byIndex('config', config).map(({ key }) => key),
  };
}

function sharedCache(cache: Cache<WithWorkload>): WorkloadCache {
  return {
    get: (key) => cache.get(key)?.workload,
    put: (object) => {
      cache.put(object);
    },
    onChange: (listener) => cache.onChange(listener),
    usersOf: () => [],
  };
}

function configIndex({ configRefs }: WorkloadView, key: string): string[] {
  const namespace = key.slice(0, key.indexOf('/'));
  return configRefs.map((ref) => `${namespace}/${configKey(ref)}`);
}

/** What is known of the target of a Canary. */
export function targetOf(
  { workloads }: { readonly workloads: ReadonlyMap<WorkloadKind, WorkloadCache> },
  { canary, namespace }: CanaryView,
): WorkloadView | undefined {
  const target = canary?.spec.targetRef;
  const kind = target === undefined ? undefined : kindOf(target);
  return target === undefined || kind === undefined
    ? undefined
    : workloads.get(kind)?.get(keyOf({ namespace, name: target.name }));
}
