// What is known of one kind: projections of its objects, made at the door, so that thousands cost little. Fed by a
// reflector for each namespace watched and by the answers to our own writes; whichever is newer stays.
// Knows neither the network nor the clock; imports model/ and the order of versions.
import { isDeepStrictEqual } from 'node:util';
import type { WatchEvent } from '../cluster/cluster.ts';
import { keyOf, type KubeObject } from '../model/kube.ts';
import { compareVersions, isOlder, newest } from './resource-version.ts';
import { Table, type CacheEntry, type IndexFunctions } from './table.ts';

/** `before` is undefined for a new object, `after` for one that is gone. Called after the cache has changed. */
type ChangeListener<T> = (key: string, before: T | undefined, after: T | undefined) => void;

/** Where one reflector puts what it hears of one namespace, or of all. */
export interface Sink {
  /** A whole list: `add` each object, then `commit`; what is not committed has never been. */
  begin(): { add(object: KubeObject): void; commit(resourceVersion: string): void };
  apply(event: WatchEvent): void;
  /** The kind is not served: there are no objects, and that is known. */
  clear(): void;
}

export interface Cache<T, Index extends string = never> {
  get(key: string): T | undefined;
  entry(key: string): CacheEntry<T> | undefined;
  values(): IterableIterator<T>;
  entries(): IterableIterator<CacheEntry<T>>;
  readonly size: number;
  /** The entries for which the index function gave this value, in no order. */
  byIndex(index: Index, value: string): readonly CacheEntry<T>[];
  /** The answer to a write of ours. An event that is older than it cannot undo it; one that came first wins. */
  put(object: KubeObject): void;
  /** @returns how to stop listening */
  onChange(listener: ChangeListener<T>): () => void;
  /** Every sink has had its first list. */
  readonly synced: boolean;
  whenSynced(): Promise<void>;
  /** Without a namespace: for all of them. */
  sink(namespace?: string): Sink;
}

export interface CacheOptions<T, Index extends string> {
  /**
   * What is kept of an object; undefined: the object is as good as not there. Changes are told only where it differs.
   * `known` is what is kept already under this name, which may save the work of reading a part that is still the same.
   */
  readonly project: (object: KubeObject, known?: T) => T | undefined;
  readonly indexes?: IndexFunctions<T, Index>;
  /** A projection, an index function or a listener threw: a bug, and no reason to stop watching. */
  readonly onError: (error: unknown, key: string) => void;
}

interface Scope {
  readonly namespace: string | undefined;
  /** Everything up to this version has been heard; what is not in the cache by then is gone. */
  heard: string | undefined;
  ready: boolean;
}

type Change<T> = readonly [key: string, before: T | undefined, after: T | undefined];

export function createCache<T, Index extends string = never>(
  options: CacheOptions<T, Index>,
): Cache<T, Index> {
  return new ProjectionCache(options);
}

class ProjectionCache<T, Index extends string> implements Cache<T, Index> {
  readonly #options: CacheOptions<T, Index>;
  readonly #table: Table<T, Index>;
  readonly #scopes: Scope[] = [];
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly #waiting: (() => void)[] = [];

  constructor(options: CacheOptions<T, Index>) {
    this.#options = options;
    this.#table = new Table(options.indexes);
  }

  get(key: string): T | undefined {
    return this.#table.get(key)?.value;
  }

  entry(key: string): CacheEntry<T> | undefined {
    return this.#table.get(key);
  }

  *values(): IterableIterator<T> {
    for (const { value } of this.#table.entries()) {
      yield value;
    }
  }

  entries(): IterableIterator<CacheEntry<T>> {
    return this.#table.entries();
  }

  get size(): number {
    return this.#table.size;
  }

  byIndex(index: Index, value: string): readonly CacheEntry<T>[] {
    return this.#table.find(index, value);
  }

  put(object: KubeObject): void {
    const entry = this.#project(object);
    if (entry !== undefined) {
      const { namespace } = object.metadata;
      const scope =
        this.#scopes.find((one) => one.namespace === namespace) ??
        this.#scopes.find((one) => one.namespace === undefined);
      this.#tell(this.#accept(entry, scope?.heard));
    }
  }

  onChange(listener: ChangeListener<T>): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  get synced(): boolean {
    return this.#scopes.length > 0 && this.#scopes.every(({ ready }) => ready);
  }

  async whenSynced(): Promise<void> {
    while (!this.synced) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  sink(namespace?: string): Sink {
    const scope: Scope = { namespace, heard: undefined, ready: false };
    this.#scopes.push(scope);
    return {
      begin: () => {
        const listed = new Map<string, CacheEntry<T>>();
        return {
          add: (object) => {
            const entry = this.#project(object);
            if (entry !== undefined) {
              listed.set(entry.key, entry);
            }
          },
          commit: (version) => {
            this.#commit(scope, listed, version);
          },
        };
      },
      apply: (event) => {
        this.#apply(scope, event);
      },
      clear: () => {
        const gone = [...this.#table.entries()].filter(({ key }) => isIn(scope, key));
        scope.heard = undefined;
        this.#tell(gone.flatMap(({ key }) => this.#remove(key)));
        this.#markReady(scope);
      },
    };
  }

  #apply(scope: Scope, { type, object }: WatchEvent): void {
    const version = object.metadata.resourceVersion ?? '';
    const { heard } = scope;
    scope.heard = heard === undefined ? version : newest(heard, version);
    if (type === 'BOOKMARK') {
      return;
    }
    const entry = type === 'DELETED' ? undefined : this.#project(object);
    if (entry !== undefined) {
      this.#tell(this.#accept(entry, heard));
      return;
    }
    const known = this.#table.get(keyOf(object.metadata));
    if (known !== undefined && !isOlder(version, known.resourceVersion)) {
      this.#tell(this.#remove(known.key));
    }
  }

  #commit(scope: Scope, listed: ReadonlyMap<string, CacheEntry<T>>, version: string): void {
    // Only a restored backup goes back in time: then nothing that was known before counts.
    const restored = scope.heard !== undefined && isOlder(version, scope.heard);
    const gone = [...this.#table.entries()].filter(
      ({ key, resourceVersion }) =>
        isIn(scope, key) && !listed.has(key) && (restored || !isOlder(version, resourceVersion)),
    );
    const changes = gone.flatMap(({ key }) => this.#remove(key));
    for (const entry of listed.values()) {
      changes.push(...(restored ? this.#set(entry) : this.#accept(entry, undefined)));
    }
    scope.heard = version;
    this.#tell(changes);
    this.#markReady(scope);
  }

  #project(object: KubeObject): CacheEntry<T> | undefined {
    const { uid = '', resourceVersion = '' } = object.metadata;
    const key = keyOf(object.metadata);
    const known = this.#table.get(key);
    if (known !== undefined && known.uid === uid && known.resourceVersion === resourceVersion && uid !== '') {
      // Heard before: the echo of a write of ours, or a list of what has not changed.
      return known;
    }
    const value = this.#guarded(key, () => this.#options.project(object, known?.value));
    return value === undefined ? undefined : { key, uid, resourceVersion, value };
  }

  /** Takes the entry in unless what is known is newer. */
  #accept(entry: CacheEntry<T>, heard: string | undefined): Change<T>[] {
    const known = this.#table.get(entry.key);
    // Everything up to `heard` has been heard of, and yet it is not here: it has been deleted since.
    const versus = known?.resourceVersion ?? heard;
    const order = versus === undefined ? undefined : compareVersions(entry.resourceVersion, versus);
    return order === undefined || order > 0 ? this.#set(entry) : [];
  }

  #set(entry: CacheEntry<T>): Change<T>[] {
    const { key, uid, value } = entry;
    const before = this.#table.get(key);
    this.#guarded(key, () => {
      this.#table.set(entry);
    });
    if (before !== undefined && before.uid !== uid) {
      return [
        [key, before.value, undefined],
        [key, undefined, value],
      ];
    }
    return isDeepStrictEqual(before?.value, value) ? [] : [[key, before?.value, value]];
  }

  #remove(key: string): Change<T>[] {
    const before = this.#table.get(key);
    this.#table.remove(key);
    return before === undefined ? [] : [[key, before.value, undefined]];
  }

  #tell(changes: readonly Change<T>[]): void {
    for (const [key, before, after] of changes) {
      for (const listener of this.#listeners) {
        this.#guarded(key, () => {
          listener(key, before, after);
        });
      }
    }
  }

  #markReady(scope: Scope): void {
    scope.ready = true;
    const woken = this.synced ? this.#waiting.splice(0) : [];
    for (const wake of woken) {
      wake();
    }
  }

  #guarded<R>(key: string, run: () => R): R | undefined {
    try {
      return run();
    } catch (error) {
      this.#options.onError(error, key);
      return undefined;
    }
  }
}

function isIn({ namespace }: Scope, key: string): boolean {
  return namespace === undefined || key.startsWith(`${namespace}/`);
}
