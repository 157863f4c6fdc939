// All objects of one kind: their current state, a bounded history, and those who watch it.
import type { WatchEvent } from '../../cluster/cluster.ts';
import type { KubeObject } from '../../model/kube.ts';
import { expired } from './refusals.ts';
import type { Predicate } from './selector.ts';

/** One write. `object` is the new state, or, after a deletion, the last state under the deletion's version. */
export interface Change {
  readonly version: number;
  readonly key: string;
  readonly previous: KubeObject | undefined;
  readonly object: KubeObject;
  readonly removed: boolean;
}

interface Watcher {
  readonly matches: Predicate;
  readonly listener: (event: WatchEvent) => void;
}

export class Table {
  readonly #objects = new Map<string, KubeObject>();
  readonly #watchers = new Set<Watcher>();
  readonly #historyLimit: number;
  readonly #undelivered: Change[] = [];
  #history: Change[] = [];
  /** The history is complete after this version. */
  #compactedAt: number;
  #delivering = false;

  constructor(historyLimit: number, since: number) {
    this.#historyLimit = historyLimit;
    this.#compactedAt = since;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  values(): Iterable<KubeObject> {
    return this.#objects.values();
  }

  /** Sorted by key, as etcd lists. */
  entries(): readonly (readonly [string, KubeObject])[] {
    return sorted(this.#objects);
  }

  /** The state right after `version`; throws a 410 where the history does not reach back so far. */
  entriesAt(version: number): readonly (readonly [string, KubeObject])[] {
    if (version < this.#compactedAt) {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      );
    }
    const objects = new Map(this.#objects);
    for (const { version: at, key, previous } of this.#history.toReversed()) {
      if (at <= version) break;
      if (previous === undefined) objects.delete(key);
      else objects.set(key, previous);
    }
    return sorted(objects);
  }

  apply(change: Change): void {
    if (change.removed) this.#objects.delete(change.key);
    else this.#objects.set(change.key, change.object);
    this.#history.push(change);
    if (this.#history.length > 2 * this.#historyLimit) this.#trim(this.#historyLimit);
    this.#undelivered.push(change);
    this.#deliver();
  }

  /** Forgets the whole history: every watch and continue token of the past is answered 410 from now on. */
  compact(version: number): void {
    this.#history = [];
    this.#compactedAt = version;
  }

  /** Replays what came after `version`, then follows. Throws a 410 where the history does not reach back so far. */
  watch(version: number, watcher: Watcher): () => void {
    if (version < this.#compactedAt)
      throw expired(`too old resource version: ${version} (${this.#compactedAt})`);
    const queued = new Set(this.#undelivered);
    for (const change of this.#history) {
      if (change.version > version && !queued.has(change)) send(change, watcher);
    }
    return this.follow(watcher);
  }

  follow(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #trim(keep: number): void {
    const dropped = this.#history.slice(0, -keep);
    this.#history = this.#history.slice(-keep);
    this.#compactedAt = dropped.at(-1)?.version ?? this.#compactedAt;
  }

  // A listener may write, watch or stop watching; everybody still sees the changes of one kind in their order, once.
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let change = this.#undelivered.shift(); change !== undefined; change = this.#undelivered.shift()) {
        for (const watcher of Array.from(this.#watchers))
          if (this.#watchers.has(watcher)) send(change, watcher);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

function sorted(objects: ReadonlyMap<string, KubeObject>): readonly (readonly [string, KubeObject])[] {
  return [...objects].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** An object that leaves the selection is deleted for this watcher, one that enters it is new. */
function send({ previous, object, removed }: Change, { matches, listener }: Watcher): void {
  const was = previous !== undefined && matches(previous);
  const is = !removed && matches(object);
  if (is) listener({ type: was ? 'MODIFIED' : 'ADDED', object });
  else if (was) listener({ type: 'DELETED', object: lastSeen(previous, object) });
}

function lastSeen(previous: KubeObject, { metadata }: KubeObject): KubeObject {
  if (metadata.resourceVersion === undefined) return previous;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: metadata.resourceVersion } };
}
