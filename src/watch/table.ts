// The entries of one cache and their indexes, kept in step.

export interface CacheEntry<T> {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly value: T;
}

export type IndexFunctions<T, Index extends string> = Readonly<
  Record<Index, (value: T, key: string) => Iterable<string>>
>;

interface Row<T> {
  readonly entry: CacheEntry<T>;
  /** By index, in the order of `#indexes`; remembered, so that leaving an index never depends on the function. */
  readonly indexed: readonly (readonly string[])[];
}

export class Table<T, Index extends string> {
  readonly #rows = new Map<string, Row<T>>();
  readonly #indexes: readonly {
    readonly name: string;
    readonly valuesOf: (value: T, key: string) => Iterable<string>;
    readonly keys: Map<string, Set<string>>;
  }[];

  constructor(indexes: IndexFunctions<T, Index> | undefined) {
    const named: [string, (value: T, key: string) => Iterable<string>][] = Object.entries(indexes ?? {});
    this.#indexes = named.map(([name, valuesOf]) => ({ name, valuesOf, keys: new Map() }));
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): CacheEntry<T> | undefined {
    return this.#rows.get(key)?.entry;
  }

  *entries(): IterableIterator<CacheEntry<T>> {
    for (const { entry } of this.#rows.values()) {
      yield entry;
    }
  }

  find(index: Index, value: string): CacheEntry<T>[] {
    const keys = this.#indexes.find(({ name }) => name === index)?.keys.get(value) ?? [];
    return [...keys].flatMap((key) => this.get(key) ?? []);
  }

  /** Changes nothing where an index function throws. */
  set(entry: CacheEntry<T>): void {
    const { key } = entry;
    const indexed = this.#indexes.map(({ valuesOf }) => [...valuesOf(entry.value, key)]);
    this.remove(key);
    this.#rows.set(key, { entry, indexed });
    for (const [at, { keys }] of this.#indexes.entries()) {
      for (const value of indexed[at] ?? []) {
        keys.set(value, (keys.get(value) ?? new Set()).add(key));
      }
    }
  }

  remove(key: string): void {
    const row = this.#rows.get(key);
    this.#rows.delete(key);
    for (const [at, { keys }] of this.#indexes.entries()) {
      for (const value of row?.indexed[at] ?? []) {
        const found = keys.get(value);
        found?.delete(key);
        if (found?.size === 0) {
          keys.delete(value);
        }
      }
    }
  }
}
