// The embedded Kubernetes API, in memory and synchronous: the semantics of an API server for every kind registered.
// Not here: HTTP, time and chance (both are handed in), controllers, graceful deletion (pods go at once), server-side apply.
// May import model/, the port in cluster/cluster.ts and store/. Stored objects are immutable and handed out as they are.
import { isApiError, type Patch, type WatchEvent, type WriteOptions } from '../cluster/cluster.ts';
import { apiVersionOf, keyOf, type KubeObject, type ObjectKey, type Resource } from '../model/kube.ts';
import {
  checkPreconditions,
  finalizersFor,
  generatedName,
  inVersion,
  isHeld,
  patched,
  predicateOf,
  versionNumber,
} from './store/access.ts';
import { clusterResources } from './store/built-in.ts';
import { Catalog, isDefinition } from './store/catalog.ts';
import { customKind, kindsOf, type KindOptions, type SchemaReader } from './store/definition.ts';
import { equalJson, freezeDeep } from './store/json.ts';
import type { Kind } from './store/kind.ts';
import { pageOf, type Page } from './store/page.ts';
import type { DeleteOptions, ListOptions, UpdateOptions, Watch, WatchOptions } from './store/requests.ts';
import * as refusal from './store/refusals.ts';
import { created, markedForDeletion, updated } from './store/write.ts';

export interface StoreOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newUid: () => string;
  /** Reads the `openAPIV3Schema` of a CRD version. Without it no schema is looked at. */
  readonly readSchema?: SchemaReader;
  /** Changes kept for each kind before a watch from the past is answered 410; 1000 unless told. */
  readonly historyLimit?: number;
  /** `implicit` (the default) takes every namespace for existing until it is deleted. */
  readonly namespaces?: 'implicit' | 'required';
  /** Freezes what is stored, so that a caller who changes an object he was given fails at once. */
  readonly freeze?: boolean;
}

/** Every method throws ApiError for what an API server would refuse. */
export class Store {
  readonly #options: StoreOptions;
  readonly #catalog: Catalog;
  #version = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#catalog = new Catalog(options.historyLimit ?? 1000, options.readSchema);
  }

  /** Serves a custom kind. Another version of a kind shares its objects, under its own apiVersion. */
  register(resource: Resource, options: KindOptions = {}): void {
    this.#catalog.serve(customKind(resource, options, this.#catalog.readSchema), this.#version);
  }

  /** What is served, in order of registration. */
  kinds(): readonly Kind[] {
    return this.#catalog.kinds();
  }

  /** The kind as it is served; throws a 404 where it is not. */
  kindOf(resource: Pick<Resource, 'group' | 'version' | 'plural'>): Kind {
    return this.#catalog.kindOf(resource);
  }

  get resourceVersion(): string {
    return String(this.#version);
  }

  find(resource: Resource, key: ObjectKey): KubeObject | undefined {
    const object = this.#catalog.tableOf(this.kindOf(resource)).get(keyOf(key));
    return object === undefined ? undefined : inVersion(object, resource);
  }

  get(resource: Resource, key: ObjectKey): KubeObject {
    const object = this.find(resource, key);
    if (object === undefined) throw refusal.notFound(resource, key.name);
    return object;
  }

  list(resource: Resource, options: ListOptions = {}): Page {
    const kind = this.kindOf(resource);
    const page = pageOf(this.#catalog.tableOf(kind), this.#version, {
      ...options,
      matches: predicateOf(kind, options),
    });
    return { ...page, items: page.items.map((object) => inVersion(object, resource)) };
  }

  /** Calls the listener for every change after the version, in order, within the write that makes the change. */
  watch(resource: Resource, options: WatchOptions, listener: (event: WatchEvent) => void): Watch {
    const kind = this.kindOf(resource);
    const table = this.#catalog.tableOf(kind);
    const matches = predicateOf(kind, options);
    const send = ({ type, object }: WatchEvent): void =>
      listener({ type, object: inVersion(object, resource) });
    const { resourceVersion } = options;
    const fromNow = resourceVersion === '' || resourceVersion === '0';
    if (fromNow)
      for (const [, object] of table.entries()) if (matches(object)) send({ type: 'ADDED', object });
    const watcher = { matches, listener: send };
    const stop = fromNow ? table.follow(watcher) : table.watch(versionNumber(resourceVersion), watcher);
    const bookmark = (): void => {
      const metadata = { name: '', resourceVersion: this.resourceVersion };
      listener({
        type: 'BOOKMARK',
        object: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata },
      });
    };
    return { bookmark, stop };
  }

  create(resource: Resource, sent: KubeObject, options: WriteOptions = {}): KubeObject {
    const kind = this.kindOf(resource);
    const table = this.#catalog.tableOf(kind);
    if (sent.metadata.resourceVersion !== undefined && sent.metadata.resourceVersion !== '') {
      throw refusal.internal('resourceVersion should not be set on objects to be created');
    }
    const named = this.#named(kind, sent);
    const origin = { uid: this.#options.newUid(), creationTimestamp: this.#time() };
    const object = created(kind, named, origin, table.values());
    this.#checkNamespace(kind, object.metadata);
    if (table.get(keyOf(object.metadata)) !== undefined) {
      throw refusal.alreadyExists(resource, object.metadata.name);
    }
    return options.dryRun === true ? object : this.#put(kind, undefined, object);
  }

  /** Replaces the object, guarded by the resourceVersion it carries; a write that changes nothing keeps its version. */
  replace(resource: Resource, sent: KubeObject, options: WriteOptions = {}): KubeObject {
    const kind = this.#kindFor(resource, options);
    const found = this.find(resource, sent.metadata);
    if (found === undefined && kind.createOnUpdate && options.subresource === undefined) {
      // Only the uid tells that another object was meant; an old version alone does not keep it from coming back.
      const { resourceVersion: _, uid, ...metadata } = sent.metadata;
      if (uid !== undefined)
        throw refusal.conflict(resource, metadata.name, `Precondition failed: UID in precondition: ${uid}`);
      return this.create(resource, { ...sent, metadata }, options);
    }
    const previous = found ?? this.get(resource, sent.metadata);
    if ((sent.metadata.resourceVersion ?? '') === '' && !kind.unconditionalUpdate) {
      const message = 'Invalid value: 0: must be specified for an update';
      throw refusal.invalid(resource, sent.metadata.name, [{ path: 'metadata.resourceVersion', message }]);
    }
    return this.#update(kind, previous, sent, options);
  }

  patch(resource: Resource, key: ObjectKey, patch: Patch, options: WriteOptions = {}): KubeObject {
    const kind = this.#kindFor(resource, options);
    const previous = this.get(resource, key);
    const sent = patched(previous, patch);
    if (keyOf(sent.metadata) !== keyOf(previous.metadata)) {
      const why = `the name of the object (${sent.metadata.name}) does not match the name on the URL (${key.name})`;
      throw refusal.badRequest(why);
    }
    try {
      return this.#update(kind, previous, sent, { ...options, patched: true });
    } catch (error) {
      if (!isApiError(error, 400)) throw error;
      throw refusal.unreadablePatch(error instanceof Error ? error.message : '');
    }
  }

  /** Deletes, or marks for deletion while finalizers hold the object: then the marked object is the answer. */
  delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): KubeObject | undefined {
    const kind = this.kindOf(resource);
    const previous = this.get(resource, key);
    checkPreconditions(resource, previous, options);
    const finalizers = finalizersFor(previous, options.propagation);
    const held = finalizers.length > 0 || isHeld(kind, previous);
    if (!held) {
      if (options.dryRun !== true) this.#remove(kind, previous);
      return undefined;
    }
    const marked = markedForDeletion(previous, this.#time(), finalizers);
    const peers = this.#catalog.tableOf(kind).values();
    const object = kind.complete?.({ object: marked, previous, peers }) ?? marked;
    if (equalJson(object, previous)) return previous;
    return options.dryRun === true ? object : this.#put(kind, previous, object);
  }

  /** Forgets the past: watches and continue tokens from before are answered 410. */
  compact(): void {
    for (const table of this.#catalog.tables()) table.compact(this.#version);
  }

  #kindFor(resource: Resource, { subresource }: WriteOptions): Kind {
    const kind = this.kindOf(resource);
    if (subresource === 'status' && !kind.statusSubresource) throw refusal.notServed();
    return kind;
  }

  #update(kind: Kind, previous: KubeObject, sent: KubeObject, options: UpdateOptions): KubeObject {
    const { subresource, dryRun, patched: byPatch } = options;
    const peers = this.#catalog.tableOf(kind).values();
    const next = updated(kind, sent, previous, { subresource, patched: byPatch, peers });
    if (dryRun === true) return next;
    const { deletionTimestamp, finalizers } = next.metadata;
    const released = deletionTimestamp !== undefined && finalizers === undefined && !isHeld(kind, next);
    if (released) return this.#remove(kind, next);
    return next === previous ? previous : this.#put(kind, previous, next);
  }

  // A definition serves its kinds from the moment it is stored, and takes their objects with it.
  #put(kind: Kind, previous: KubeObject | undefined, object: KubeObject): KubeObject {
    this.#version++;
    const metadata = { ...object.metadata, resourceVersion: this.resourceVersion };
    const stored = { ...object, metadata };
    if (this.#options.freeze === true) freezeDeep(stored);
    if (isDefinition(kind)) this.#catalog.define(stored, previous, this.#version);
    const change = { version: this.#version, key: keyOf(metadata), previous, object: stored, removed: false };
    this.#catalog.tableOf(kind).apply(change);
    return stored;
  }

  #remove(kind: Kind, last: KubeObject): KubeObject {
    if (isDefinition(kind)) this.#withdraw(last);
    const table = this.#catalog.tableOf(kind);
    const key = keyOf(last.metadata);
    this.#version++;
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: this.resourceVersion } };
    table.apply({ version: this.#version, key, previous: table.get(key), object, removed: true });
    return object;
  }

  #withdraw(definition: KubeObject): void {
    for (const kind of kindsOf(definition)) {
      for (const object of this.list(kind.resource).items) this.#remove(kind, object);
    }
    this.#catalog.undefine(definition);
  }

  /** Whole seconds, as the server writes times. */
  #time(): string {
    return new Date(this.#options.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  #named({ resource }: Kind, sent: KubeObject): KubeObject {
    const { name, generateName, namespace } = sent.metadata;
    if (resource.namespaced !== (namespace !== undefined && namespace !== ''))
      throw refusal.methodNotAllowed();
    if (name !== '' && name !== undefined) return sent;
    if (typeof generateName !== 'string' || generateName === '') {
      const findings = [
        { path: 'metadata.name', message: 'Required value: name or generateName is required' },
      ];
      throw refusal.invalid(resource, '', findings);
    }
    const generated = generatedName(generateName, this.#options.newUid());
    return { ...sent, metadata: { ...sent.metadata, name: generated } };
  }

  #checkNamespace({ resource }: Kind, { name, namespace }: KubeObject['metadata']): void {
    if (namespace === undefined) return;
    const found = this.find(clusterResources.namespaces, { name: namespace });
    if (found === undefined && this.#options.namespaces === 'required') {
      throw refusal.notFound(clusterResources.namespaces, namespace);
    }
    if (found?.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw refusal.forbidden(resource, name, why);
  }
}
