// Starts the watches that fill the caches; kinds that come with a definition only while they are served.
import type { Cluster } from '../cluster/cluster.ts';
import { resources } from '../model/kube.ts';
import type { PresenceOf, Resource } from '../model/kube.ts';
import { feedsOf, isBuiltIn } from '../observe/caches.ts';
import type { Caches, Feed } from '../observe/caches.ts';
import type { Settings } from '../settings.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { systemClock } from '../watch/clock.ts';
import { createKinds } from '../watch/kinds.ts';
import { watchKind } from '../watch/watch.ts';
import type { WatchedKind } from '../watch/watch.ts';

interface WatchParts {
  readonly cluster: Cluster;
  readonly settings: Settings;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Watching {
  /** Kinds of the API server itself are served everywhere, and not asked for. */
  readonly presenceOf: PresenceOf;
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

export function startWatches(
  { cluster, settings, log, metrics }: WatchParts,
  caches: Caches,
  wakeAll: () => void,
): Watching {
  const shared = {
    cluster,
    clock: systemClock,
    random: Math.random,
    onTrouble: ({
      resource,
      reason,
      error,
    }: {
      resource: Resource;
      reason: string;
      error: unknown;
    }): void => {
      metrics.watchRestart({ resource: resource.plural, reason });
      const fields = { resource: resource.plural, reason, error };
      if (reason === 'refused') {
        log.warn('a kind may not be watched: grant get, list and watch on it', fields);
      } else {
        log.debug('a watch begins anew', fields);
      }
    },
  };
  const watch = ({ resource, cache, metadataOnly, optional }: Feed): WatchedKind =>
    watchKind({
      ...shared,
      resource,
      cache: optional ? wakingCache(cache, wakeAll) : cache,
      namespaces: settings.namespaces,
      metadataOnly,
    });
  const feeds = feedsOf(caches);
  const wanted = settings.enableConfigTracking
    ? feeds
    : feeds.filter(({ resource }) => resource !== resources.configMaps);
  const fixed = wanted.filter(({ optional }) => !optional);
  const watches = fixed.map(watch);
  const kinds = createKinds({
    ...shared,
    optional: wanted.filter(({ optional }) => optional).map(watch),
    onError: (error, key) => {
      log.error('a definition could not be read', { key, error });
    },
  });
  for (const one of watches) {
    one.start();
  }
  kinds.start();
  return {
    presenceOf: (resource, addition) =>
      isBuiltIn(resource) ? 'served' : kinds.presenceOf(resource, addition),
    ready: Promise.all([kinds.whenKnown(), ...fixed.map(({ cache }) => cache.whenSynced())]).then(
      () => undefined,
    ),
    async stop() {
      await Promise.all([kinds.stop(), ...watches.map((one) => one.stop())]);
    },
  };
}

/** A kind that comes or goes concerns every Canary that has been waiting for it. */
function wakingCache(cache: Feed['cache'], wakeAll: () => void): Pick<Feed['cache'], 'sink'> {
  return {
    sink(namespace) {
      const sink = cache.sink(namespace);
      return {
        begin() {
          const listing = sink.begin();
          return {
            add: (object) => {
              listing.add(object);
            },
            commit(resourceVersion) {
              listing.commit(resourceVersion);
              wakeAll();
            },
          };
        },
        apply: (event) => {
          sink.apply(event);
        },
        clear() {
          sink.clear();
          wakeAll();
        },
      };
    },
  };
}
