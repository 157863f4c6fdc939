// A copy of all objects of one kind that follows the API server: list, then watch, again after any break. For the sandbox's
// own parts, which are few and keep whole objects; the controller has its own (watch/). May import model/ and the port.
import { setTimeout as sleep } from 'node:timers/promises';
import { isApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf } from '../model/kube.ts';
import type { KubeObject, Resource } from '../model/kube.ts';

export interface Followed {
  /** By `namespace/name`. */
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Resolves after the first list. A kind that is not served is listed again until it is. */
  readonly listed: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** `onChange` is told of every object that is new, changed or gone (then without the object); it must not throw. */
export function follow(
  cluster: Cluster,
  resource: Resource,
  onChange: (key: string, object: KubeObject | undefined) => void,
): Followed {
  const objects = new Map<string, KubeObject>();
  const ending = new AbortController();
  const { signal } = ending;
  let settleListed: (() => void) | undefined;
  const listed = new Promise<void>((resolve) => {
    settleListed = resolve;
  });

  const put = (object: KubeObject): void => {
    const key = keyOf(object.metadata);
    if (objects.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion) {
      objects.set(key, object);
      onChange(key, object);
    }
  };
  const drop = (key: string): void => {
    if (objects.delete(key)) {
      onChange(key, undefined);
    }
  };
  const list = async (): Promise<string> => {
    const page = await cluster.list(resource, { signal });
    const present = new Set(page.items.map(({ metadata }) => keyOf(metadata)));
    for (const key of [...objects.keys()].filter((known) => !present.has(known))) {
      drop(key);
    }
    for (const object of page.items) {
      put(object);
    }
    settleListed?.();
    return page.resourceVersion;
  };
  const watch = async (from: string): Promise<string> => {
    let resourceVersion = from;
    for await (const { type, object } of cluster.watch(resource, { resourceVersion, signal })) {
      resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
      if (type === 'DELETED') {
        drop(keyOf(object.metadata));
      } else if (type !== 'BOOKMARK') {
        put(object);
      }
    }
    return resourceVersion;
  };
  const run = async (): Promise<void> => {
    let resourceVersion: string | undefined;
    while (!signal.aborted) {
      try {
        resourceVersion ??= await list();
        resourceVersion = await watch(resourceVersion);
      } catch (error) {
        resourceVersion = undefined;
        if (!isApiError(error, 410)) {
          await sleep(200, undefined, { signal }).catch(() => undefined);
        }
      }
    }
  };
  const running = run();
  return {
    objects,
    listed,
    stop: async () => {
      ending.abort();
      settleListed?.();
      await running;
    },
  };
}
