// What the cache keeps of a CanaryCommand, and how a Canary's commands are seen by its decisions.
import { parseDurationMs } from '../api/duration.ts';
import { excerpt } from '../model/excerpt.ts';
import { objectOf, textOf } from '../model/json.ts';
import { keyOf } from '../model/kube.ts';
import type { KubeObject, ObjectKey } from '../model/kube.ts';
import type { SeenCommand } from '../model/observation.ts';
import { msFromIso } from '../model/time.ts';
import type { Caches } from './caches.ts';

export interface CommandView {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly canary: string;
  readonly verb: string;
  readonly gate: string | undefined;
  readonly reason: string | undefined;
  /** What stands there; whether it may be believed is another question. */
  readonly claimedAuthor: string | undefined;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly answeredAtMs: number | undefined;
}

const DEFAULT_EXPIRY_MS = 3_600_000;
const WORD_BYTES = 256;
const UNKNOWN_AUTHOR = 'unknown';

/** undefined for what names no Canary: the definition refuses it, so it is not from today. */
export function viewOfCommand({ metadata, ...object }: KubeObject): CommandView | undefined {
  const spec = objectOf(object['spec']);
  const status = objectOf(object['status']);
  const canary = textOf(spec['canary']);
  if (canary === undefined) {
    return undefined;
  }
  const createdAtMs = msFromIso(metadata.creationTimestamp ?? '');
  const answered = textOf(status['result']) !== undefined;
  const answeredAt = textOf(status['at']);
  return {
    uid: metadata.uid ?? '',
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    canary,
    verb: wordOf(spec['verb']) ?? '',
    gate: wordOf(spec['gate']),
    reason: wordOf(spec['reason']),
    claimedAuthor: wordOf(spec['author']),
    createdAtMs,
    expiresAtMs: createdAtMs + (parseDurationMs(textOf(spec['expiresAfter']) ?? '') ?? DEFAULT_EXPIRY_MS),
    answeredAtMs: answered ? (answeredAt === undefined ? createdAtMs : msFromIso(answeredAt)) : undefined,
  };
}

/** One line: it is quoted in events and messages. */
function wordOf(value: unknown): string | undefined {
  const text = excerpt(textOf(value) ?? '', WORD_BYTES);
  return text === '' ? undefined : text;
}

/** The key of the Canary that a command is for. */
export function canaryKeyOf({ namespace, canary }: CommandView): string {
  return keyOf({ namespace, name: canary });
}

export function commandsFor(caches: Pick<Caches, 'commands'>, key: ObjectKey): readonly CommandView[] {
  return caches.commands
    .byIndex('canary', keyOf(key))
    .map(({ value }) => value)
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.uid < b.uid ? -1 : 1));
}

export interface Beholder {
  /** When the Canary was created; undefined where there is none. */
  readonly createdAt: string | undefined;
  /** UIDs of the commands whose author an admission policy has stamped. */
  readonly stamped: ReadonlySet<string>;
}

export function seenCommands(
  views: readonly CommandView[],
  { createdAt, stamped }: Beholder,
): readonly SeenCommand[] {
  return views.map((view) => ({
    uid: view.uid,
    name: view.name,
    verb: view.verb,
    ...(view.gate === undefined ? {} : { gate: view.gate }),
    author: stamped.has(view.uid) ? (view.claimedAuthor ?? UNKNOWN_AUTHOR) : UNKNOWN_AUTHOR,
    ...(view.reason === undefined ? {} : { reason: view.reason }),
    stale: createdAt !== undefined && view.createdAtMs < msFromIso(createdAt),
    createdAtMs: view.createdAtMs,
    expiresAtMs: view.expiresAtMs,
    ...(view.answeredAtMs === undefined ? {} : { answeredAtMs: view.answeredAtMs }),
  }));
}
