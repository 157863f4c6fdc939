// The kinds a store serves, and the table behind each.
import { resources, type KubeObject, type Resource } from '../../model/kube.ts';
import { builtInKinds } from './built-in.ts';
import { kindsOf, type SchemaReader } from './definition.ts';
import { storageKeyOf, type Kind } from './kind.ts';
import { notServed } from './refusals.ts';
import { Table } from './table.ts';

type Served = Pick<Resource, 'group' | 'version' | 'plural'>;

export class Catalog {
  readonly #kinds = new Map<string, Kind>();
  /** Callers ask with the same few constants again and again. */
  #known = new WeakMap<Served, Kind>();
  readonly #tables = new Map<string, Table>();
  readonly #tableOf = new WeakMap<Kind, Table>();
  readonly #historyLimit: number;
  readonly readSchema: SchemaReader | undefined;

  constructor(historyLimit: number, readSchema: SchemaReader | undefined) {
    this.#historyLimit = historyLimit;
    this.readSchema = readSchema;
    for (const kind of builtInKinds) this.serve(kind, 0);
  }

  kinds(): readonly Kind[] {
    return [...this.#kinds.values()];
  }

  /** Throws a 404 where the kind is not served. */
  kindOf(resource: Served): Kind {
    const known = this.#known.get(resource);
    if (known !== undefined) return known;
    const kind = this.#kinds.get(servedKeyOf(resource));
    if (kind === undefined) throw notServed();
    this.#known.set(resource, kind);
    return kind;
  }

  tableOf(kind: Kind): Table {
    const known = this.#tableOf.get(kind);
    if (known !== undefined) return known;
    const table = this.#tables.get(storageKeyOf(kind.resource));
    if (table === undefined) throw notServed();
    this.#tableOf.set(kind, table);
    return table;
  }

  tables(): Iterable<Table> {
    return this.#tables.values();
  }

  /** `version` is the store's: nothing can be watched from before a kind was served. */
  serve(kind: Kind, version: number): void {
    this.#kinds.set(servedKeyOf(kind.resource), kind);
    this.#known = new WeakMap();
    const key = storageKeyOf(kind.resource);
    if (!this.#tables.has(key)) this.#tables.set(key, new Table(this.#historyLimit, version));
  }

  /** Serves what a definition says, from the moment it is stored. */
  define(definition: KubeObject, previous: KubeObject | undefined, version: number): void {
    if (previous !== undefined) this.undefine(previous);
    for (const kind of kindsOf(definition, this.readSchema)) this.serve(kind, version);
  }

  undefine(definition: KubeObject): void {
    this.#known = new WeakMap();
    for (const { resource } of kindsOf(definition)) this.#kinds.delete(servedKeyOf(resource));
  }
}

const servedKeyOf = ({ group, version, plural }: Served): string => `${group}/${version}/${plural}`;

export const isDefinition = ({ resource }: Kind): boolean =>
  storageKeyOf(resource) === storageKeyOf(resources.customResourceDefinitions);
