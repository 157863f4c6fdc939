// One kind, watched: the reflectors that feed a cache, one for each namespace or one for all of them.
// What is kept and who listens is the cache's; when to begin is kinds.ts's or the caller's. Imports the reflector.
import type { Sink } from './cache.ts';
import { createReflector, type ReflectorOptions, type ReflectorState } from './reflector.ts';

export interface WatchedKind {
  readonly resource: ReflectorOptions['resource'];
  /** `synced` or `missing` only where all namespaces are. */
  readonly state: ReflectorState;
  start(): void;
  assumeMissing(): void;
  recheck(said: 'there' | 'gone'): void;
  stop(): Promise<void>;
}

export type WatchKindOptions = Omit<ReflectorOptions, 'sink' | 'namespace'> & {
  /** The cache to feed; it counts as synced once all its namespaces have been listed. */
  readonly cache: { sink(namespace?: string): Sink };
  /** Empty or not given: all namespaces. */
  readonly namespaces?: readonly string[] | undefined;
};

export function watchKind(options: WatchKindOptions): WatchedKind {
  const { resource, cache, namespaces = [] } = options;
  const scopes = namespaces.length === 0 || !resource.namespaced ? [undefined] : namespaces;
  const reflectors = scopes.map((namespace) =>
    createReflector({ ...options, namespace, sink: cache.sink(namespace) }),
  );
  return {
    resource,
    get state() {
      const [first = 'idle', ...others] = reflectors.map(({ state }) => state);
      return others.every((state) => state === first) ? first : 'syncing';
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
    recheck(said) {
      for (const reflector of reflectors) {
        reflector.recheck(said);
      }
    },
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
    },
  };
}
