// An API server of one kind that a test drives by hand: it answers lists as told and holds watches open.
import {
  ApiError,
  type Cluster,
  type ListOptions,
  type ListPage,
  type WatchEvent,
  type WatchOptions,
} from '../../src/cluster/cluster.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';

interface OpenWatch {
  readonly options: WatchOptions;
  readonly resource: Resource;
  send(type: WatchEvent['type'], object: KubeObject): void;
  end(): void;
  fail(error: Error): void;
  readonly closed: () => boolean;
}

export interface ScriptedCluster extends Cluster {
  readonly lists: { readonly resource: Resource; readonly options: ListOptions }[];
  readonly watches: OpenWatch[];
  readonly lastWatch: () => OpenWatch;
  /** Answers the next lists and watches, first in first out; without one, what `otherwise` says. */
  readonly answers: { list: (() => ListPage)[]; watch: (() => void)[] };
}

const unused = (): never => {
  throw new Error('not part of this test');
};

export function fails(status: number, reason = 'Refused', retryAfterMs?: number): () => never {
  return () => {
    throw new ApiError(status, reason, reason, retryAfterMs);
  };
}

export function breaks(): never {
  throw new Error('connection reset');
}

export function page(version: number, ...items: readonly KubeObject[]): () => ListPage {
  return () => ({ items, resourceVersion: String(version) });
}

export function object(name: string, version: number, uid = `uid-${name}`): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'shop',
      uid,
      resourceVersion: String(version),
    },
  };
}

type Signal = { event: WatchEvent } | { error: Error } | 'end';

function openWatch(
  resource: Resource,
  options: WatchOptions,
): OpenWatch & { next(): Promise<Signal>; close(): void } {
  const queue: Signal[] = [];
  let wake: (() => void) | undefined;
  let isClosed = false;
  const push = (signal: Signal): void => {
    queue.push(signal);
    wake?.();
  };
  options.signal?.addEventListener('abort', () => push('end'));
  return {
    options,
    resource,
    send: (type, of) => push({ event: { type, object: of } }),
    end: () => push('end'),
    fail: (error) => push({ error }),
    closed: () => isClosed,
    close() {
      isClosed = true;
    },
    async next() {
      while (queue.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return queue.shift() ?? 'end';
    },
  };
}

export function scriptedCluster(otherwise: () => ListPage = page(1)): ScriptedCluster {
  const lists: ScriptedCluster['lists'] = [];
  const watches: OpenWatch[] = [];
  const answers: ScriptedCluster['answers'] = { list: [], watch: [] };
  return {
    lists,
    watches,
    answers,
    lastWatch: () => watches.at(-1) ?? unused(),
    async list(resource, options = {}) {
      lists.push({ resource, options });
      await Promise.resolve();
      return (answers.list.shift() ?? otherwise)();
    },
    async *watch(resource, options) {
      const watch = openWatch(resource, options);
      watches.push(watch);
      answers.watch.shift()?.();
      try {
        for (;;) {
          const signal = await watch.next();
          if (signal === 'end') {
            return;
          }
          if ('error' in signal) {
            throw signal.error;
          }
          yield signal.event;
        }
      } finally {
        watch.close();
      }
    },
    get: unused,
    create: unused,
    replace: unused,
    patch: unused,
    delete: unused,
  };
}
