// One kind, watched: a cache of projections and the reflectors that feed it, one for each namespace or one for all.
// What is kept and who listens is the caller's; imports the port, the cache and the reflector.
import { createCache, type Cache, type CacheOptions } from './cache.ts';
import { createReflector, type ReflectorOptions, type ReflectorState } from './reflector.ts';

/** What kinds.ts starts and stops, whatever is kept of it. */
export interface WatchedKind {
  readonly resource: ReflectorOptions['resource'];
  /** `synced` or `missing` only where all namespaces are. */
  readonly state: ReflectorState;
  start(): void;
  assumeMissing(): void;
  recheck(): void;
  stop(): Promise<void>;
}

export interface Watched<T, Index extends string = never> extends WatchedKind {
  readonly cache: Cache<T, Index>;
}

export type WatchKindOptions<T, Index extends string> = CacheOptions<T, Index> &
  Omit<ReflectorOptions, 'sink' | 'namespace'> & {
    /** Empty or not given: all namespaces. */
    readonly namespaces?: readonly string[] | undefined;
  };

export function watchKind<T, Index extends string = never>(
  options: WatchKindOptions<T, Index>,
): Watched<T, Index> {
  const { resource, namespaces = [] } = options;
  const cache = createCache<T, Index>(options);
  const scopes = namespaces.length === 0 || !resource.namespaced ? [undefined] : namespaces;
  const reflectors = scopes.map((namespace) =>
    createReflector({ ...options, namespace, sink: cache.sink(namespace) }),
  );
  return {
    resource,
    cache,
    get state() {
      const [first = 'idle', ...others] = reflectors.map(({ state }) => state);
      return others.find((state) => state !== first) === undefined ? first : 'syncing';
    },
    start() {
      for (const reflector of reflectors) {
        reflector.start();
      }
    },
    assumeMissing() {
      for (const reflector of reflectors) {
        reflector.assumeMissing();
      }
    },
    recheck() {
      for (const reflector of reflectors) {
        reflector.recheck();
      }
    },
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
    },
  };
}
