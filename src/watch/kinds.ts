// Which optional kinds the cluster serves. One watch of the definitions' metadata starts the watch of a kind when its CRD
// appears and lists it again when the CRD goes; a kind that is not there costs no request, but for one where no CRD can say.
import { isApiError, type Cluster } from '../cluster/cluster.ts';
import { resources, type KubeObject, type Presence, type PresenceOf, type Resource } from '../model/kube.ts';
import { createCache } from './cache.ts';
import type { Clock } from './clock.ts';
import type { ReflectorState, Trouble } from './reflector.ts';
import { watchKind, type WatchedKind } from './watch.ts';

export interface Kinds {
  start(): void;
  stop(): Promise<void>;
  /** A watched kind is served once it has been listed; any other, where it has a definition. */
  presenceOf: PresenceOf;
  /** The first definitions are known, and the watches of the kinds that have one are started. */
  whenKnown(): Promise<void>;
}

export interface KindsOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: () => number;
  readonly optional: readonly WatchedKind[];
  readonly onTrouble?: (trouble: Trouble) => void;
  readonly onError: (error: unknown, key: string) => void;
}

/** A copy of the whole definition. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const presences: Readonly<Record<ReflectorState, Presence>> = {
  idle: 'unknown',
  syncing: 'unknown',
  synced: 'served',
  missing: 'missing',
  stopped: 'unknown',
};

function definitionOf({ plural, group }: Resource): string {
  return `${plural}.${group}`;
}

function isSameVersion(one: Resource, other: Resource): boolean {
  return definitionOf(one) === definitionOf(other) && one.version === other.version;
}

/** Told at every change of the definition: a kind is served some time after its definition appears. */
function definitionView({ metadata }: KubeObject): {
  readonly version: string;
  readonly annotations: Readonly<Record<string, string>>;
} {
  const { [LAST_APPLIED]: _copy, ...annotations } = metadata.annotations ?? {};
  return { version: metadata.resourceVersion ?? '', annotations };
}

export function createKinds(options: KindsOptions): Kinds {
  const { optional, onTrouble } = options;
  let isKnown = false;
  const waiting: (() => void)[] = [];
  const know = (): void => {
    isKnown = true;
    for (const wake of waiting.splice(0)) {
      wake();
    }
  };

  const known = createCache({
    project: definitionView,
    onError: options.onError,
  });
  const definitions = watchKind({
    ...options,
    cache: known,
    resource: resources.customResourceDefinitions,
    metadataOnly: true,
    onTrouble(trouble) {
      onTrouble?.(trouble);
      if (isApiError(trouble.error, 403)) {
        // Definitions are hidden from us: each kind has to find out for itself.
        for (const kind of optional) {
          kind.start();
        }
        know();
      }
    },
  });

  known.onChange((name, _, after) => {
    if (isKnown) {
      for (const kind of optional) {
        if (definitionOf(kind.resource) === name && (after === undefined || kind.state !== 'synced')) {
          kind.recheck(after === undefined ? 'gone' : 'there');
        }
      }
    }
  });

  const begin = async (): Promise<void> => {
    await known.whenSynced();
    for (const kind of optional) {
      const defined = known.get(definitionOf(kind.resource)) !== undefined;
      if (!defined && kind.resource.aggregated !== true) {
        kind.assumeMissing();
      } else {
        kind.start();
      }
    }
    know();
  };

  return {
    start() {
      definitions.start();
      void begin();
    },
    async stop() {
      await Promise.all([definitions.stop(), ...optional.map((kind) => kind.stop())]);
    },
    presenceOf(resource, addition) {
      const definition = known.get(definitionOf(resource));
      if (addition !== undefined && !addition.isIn(definition?.annotations ?? {})) {
        return 'missing';
      }
      const watched = optional.find((kind) => isSameVersion(kind.resource, resource));
      if (watched === undefined) {
        return definition === undefined ? 'missing' : 'served';
      }
      return presences[watched.state];
    },
    async whenKnown() {
      if (!isKnown) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
      }
    },
  };
}
