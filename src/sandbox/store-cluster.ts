// The Cluster port on the store itself, without HTTP: what the simulation and the fast tests run on.
// Not here: time (a watch ends when it is told to, never by timeoutSeconds), faults (they come in through hooks).
// May import model/, the port in cluster/cluster.ts and the store.
import {
  isApiError,
  type Cluster,
  type DeleteOptions,
  type ListOptions,
  type ListPage,
  type Patch,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from '../cluster/cluster.ts';
import { keyOf, type KubeObject, type ObjectKey, type Resource } from '../model/kube.ts';
import type { Store } from './store.ts';
import type { Watch } from './store/requests.ts';
import { metadataOf } from './store/access.ts';
import { EventQueue } from './store/event-queue.ts';

type Verb = 'get' | 'list' | 'watch' | 'create' | 'replace' | 'patch' | 'delete';

/** One request, as a fault hook sees it. `key` is `namespace/name`; for list and watch the namespace, or empty. */
export interface Call {
  readonly verb: Verb;
  readonly resource: Resource;
  readonly key: string;
  readonly subresource?: 'status' | undefined;
  readonly dryRun?: boolean | undefined;
}

/** Both may throw or take their time. What `before` throws never reached the store; what `after` throws did. */
export interface Hooks {
  readonly before?: (call: Call) => Promise<void> | void;
  readonly after?: (call: Call) => Promise<void> | void;
}

export class StoreCluster implements Cluster {
  readonly #store: Store;
  readonly #hooks: Hooks;
  readonly #queues = new Set<EventQueue>();
  #held = false;

  constructor(store: Store, hooks: Hooks = {}) {
    this.#store = store;
    this.#hooks = hooks;
  }

  get(resource: Resource, key: ObjectKey): Promise<KubeObject | undefined> {
    return this.#run({ verb: 'get', resource, key: keyOf(key) }, () =>
      orMissing(() => this.#store.find(resource, key)),
    );
  }

  list(resource: Resource, options: ListOptions = {}): Promise<ListPage> {
    return this.#run({ verb: 'list', resource, key: options.namespace ?? '' }, () => {
      const { items, resourceVersion, continueToken } = this.#store.list(resource, options);
      return {
        items: options.metadataOnly === true ? items.map(metadataOf) : items,
        resourceVersion,
        ...(continueToken === undefined ? {} : { continueToken }),
      };
    });
  }

  async *watch(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent> {
    const { signal, metadataOnly = false, namespace = '' } = options;
    const isAborted = (): boolean => signal?.aborted === true;
    if (isAborted()) return;
    const queue = new EventQueue(this.#held);
    const stop = (): void => queue.end();
    let watch: Watch | undefined;
    try {
      await this.#run({ verb: 'watch', resource, key: namespace }, () => {
        watch = this.#store.watch(resource, options, (event) => queue.push(event));
      });
      queue.onBookmark = () => watch?.bookmark();
      this.#queues.add(queue);
      signal?.addEventListener('abort', stop, { once: true });
      // While it was being opened: nobody will be told again.
      if (isAborted()) stop();
      for await (const { type, object } of queue) {
        yield { type, object: metadataOnly && type !== 'BOOKMARK' ? metadataOf(object) : object };
      }
    } finally {
      watch?.stop();
      this.#queues.delete(queue);
      signal?.removeEventListener('abort', stop);
    }
  }

  create(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const call = { verb: 'create', resource, key: keyOf(object.metadata), ...options } as const;
    return this.#run(call, () => this.#store.create(resource, object, options));
  }

  replace(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const call = { verb: 'replace', resource, key: keyOf(object.metadata), ...options } as const;
    return this.#run(call, () => this.#store.replace(resource, object, options));
  }

  patch(resource: Resource, key: ObjectKey, patch: Patch, options: WriteOptions = {}): Promise<KubeObject> {
    const call = { verb: 'patch', resource, key: keyOf(key), ...options } as const;
    return this.#run(call, () => this.#store.patch(resource, key, patch, options));
  }

  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    await this.#run({ verb: 'delete', resource, key: keyOf(key) }, () =>
      orMissing(() => this.#store.delete(resource, key, options)),
    );
  }

  /** Sends a bookmark to every open watch. */
  bookmark(): void {
    for (const queue of this.#queues) queue.onBookmark();
  }

  /** Open and new watches deliver nothing until released: caches become stale, and catch up in order. */
  holdWatches(): void {
    this.#held = true;
    for (const queue of this.#queues) queue.hold();
  }

  releaseWatches(): void {
    this.#held = false;
    for (const queue of this.#queues) queue.release();
  }

  /** Ends every open watch at once, undelivered events lost: quietly as a time-out does, or with an error. */
  endWatches(error?: Error): void {
    for (const queue of this.#queues) queue.end(error);
  }

  async #run<T>(call: Call, answer: () => T): Promise<T> {
    const { before, after } = this.#hooks;
    if (before !== undefined) await before(call);
    const result = answer();
    if (after !== undefined) await after(call);
    return result;
  }
}

function orMissing<T>(answer: () => T): T | undefined {
  try {
    return answer();
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}
