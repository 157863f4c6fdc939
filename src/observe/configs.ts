// Checksums of the ConfigMaps and Secrets that a target uses. ConfigMaps are watched as metadata and read when their
// version changes; Secrets are read by name, when they are first needed and then on a slow schedule, never listed.
import type { Cluster } from '../cluster/cluster.ts';
import { Retry } from '../model/errors.ts';
import { digestOfText } from '../model/hash.ts';
import { resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Problem } from '../model/problem.ts';
import type { Cache } from '../watch/cache.ts';
import { checksumOfConfig, configKey, isTrackedConfig } from '../workload/configs.ts';
import type { ConfigRef } from '../workload/pod-template.ts';
import type { ConfigView } from './caches.ts';

const SECRET_IDLE_AGE_MS = 3_600_000;
/** Each Secret has a schedule of its own, so that those that were first read together are not read together for ever. */
const SECRET_SPREAD_MS = 900_000;

export interface ConfigReader {
  /** `maxAgeMs`: how old what is known of a Secret may be; undefined: an hour, and up to a quarter more by its name. */
  read(namespace: string, refs: readonly ConfigRef[], maxAgeMs: number | undefined): Promise<ConfigReading>;
}

export interface ConfigReading {
  /** By `configmap/<name>` or `secret/<name>`; only tracked objects. */
  readonly checksums: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  /** When the oldest Secret is read again; undefined where there is none. */
  readonly dueMs: number | undefined;
}

interface Known {
  readonly version: string;
  readonly readAtMs: number;
  /** undefined: it is not there, or not tracked. */
  readonly checksum: string | undefined;
  readonly missing: boolean;
}

export function createConfigReader(options: {
  readonly cluster: Cluster;
  readonly configMaps: Cache<ConfigView>;
  readonly nowMs: () => number;
}): ConfigReader {
  const { cluster, configMaps, nowMs } = options;
  const known = new Map<string, Known>();

  const fetch = async (namespace: string, ref: ConfigRef, version: string): Promise<Known> => {
    const resource = ref.kind === 'ConfigMap' ? resources.configMaps : resources.secrets;
    try {
      return remembered(await cluster.get(resource, { namespace, name: ref.name }), version, nowMs());
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Retry(`cannot read ${ref.kind} ${namespace}/${ref.name}: ${why}`, { cause: error });
    }
  };

  const find = async (namespace: string, ref: ConfigRef, maxAgeMs: number | undefined): Promise<Known> => {
    const key = `${namespace}/${configKey(ref)}`;
    const before = known.get(key);
    const version =
      ref.kind === 'ConfigMap' ? configMaps.get(`${namespace}/${ref.name}`)?.resourceVersion : '';
    if (version === undefined) {
      known.delete(key);
      return { version: '', readAtMs: nowMs(), checksum: undefined, missing: true };
    }
    const fresh = before !== undefined && before.version === version;
    if (fresh && (ref.kind === 'ConfigMap' || isYoung(before, nowMs(), dueMs(before, key, maxAgeMs)))) {
      return before;
    }
    const now = await fetch(namespace, ref, version);
    known.set(key, now);
    return now;
  };

  return {
    async read(namespace, refs, maxAgeMs) {
      const found = await Promise.all(
        refs.map(async (ref) => ({ ref, now: await find(namespace, ref, maxAgeMs) })),
      );
      const checksums: Record<string, string> = {};
      for (const { ref, now } of found) {
        if (now.checksum !== undefined) {
          checksums[configKey(ref)] = now.checksum;
        }
      }
      const secrets = found
        .filter(({ ref }) => ref.kind === 'Secret')
        .map(({ ref, now }) => dueMs(now, `${namespace}/${configKey(ref)}`, maxAgeMs));
      return {
        checksums,
        problems: found
          .filter(({ ref, now }) => now.missing && !ref.optional)
          .map(({ ref }) => notFound(ref)),
        dueMs: secrets.length === 0 ? undefined : Math.min(...secrets),
      };
    },
  };
}

function dueMs({ readAtMs }: Known, key: string, maxAgeMs = idleAgeMs(key)): number {
  return readAtMs + maxAgeMs;
}

/** What was read later than now is as old as nobody knows: the clock was set back. */
function isYoung({ readAtMs }: Known, nowMs: number, untilMs: number): boolean {
  return readAtMs <= nowMs && nowMs < untilMs;
}

function idleAgeMs(key: string): number {
  return SECRET_IDLE_AGE_MS + (Number.parseInt(digestOfText(key).slice(0, 8), 16) % SECRET_SPREAD_MS);
}

function remembered(object: KubeObject | undefined, version: string, readAtMs: number): Known {
  const tracked = object !== undefined && isTrackedConfig(object);
  return {
    version,
    readAtMs,
    checksum: tracked ? checksumOfConfig(object) : undefined,
    missing: object === undefined,
  };
}

function notFound({ kind, name }: ConfigRef): Problem {
  return {
    severity: 'error',
    reason: 'ConfigNotFound',
    field: 'spec.targetRef',
    value: name,
    message: `uses ${kind} ${name}, which does not exist`,
    fix: 'create it, or mark the reference as optional',
  };
}
