// A cluster for finding out what would be written: reads are real, writes are tried with a dry run and then remembered here, so
// that what follows from one is seen as well. Nothing is ever stored. A status is not even tried: a definition that is
// about to be replaced would refuse it.
import type { Cluster, Patch, WriteOptions } from '../cluster/cluster.ts';
import { isJsonObject, objectOf } from '../model/json.ts';
import { keyOf, resources } from '../model/kube.ts';
import type { KubeObject, ObjectKey, Resource } from '../model/kube.ts';
import { resourceKey } from '../observe/caches.ts';
import { applyMergePatch } from '../sandbox/store/patch.ts';

export interface Rehearsed {
  readonly verb: 'create' | 'change' | 'delete';
  readonly kind: string;
  readonly name: string;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

interface Pretended {
  readonly object: KubeObject | undefined;
  /** What is stored, which a write has to name. */
  readonly version: string | undefined;
}

export class RehearsalCluster implements Cluster {
  readonly list: Cluster['list'];
  readonly watch: Cluster['watch'];
  readonly #cluster: Cluster;
  readonly #note: (deed: Rehearsed) => void;
  readonly #pretended = new Map<string, Pretended>();

  constructor(cluster: Cluster, note: (deed: Rehearsed) => void) {
    this.#cluster = cluster;
    this.#note = note;
    this.list = (resource, options) => cluster.list(resource, options);
    this.watch = (resource, options) => cluster.watch(resource, options);
  }

  /** From here on the object is like this. */
  pretend(resource: Resource, object: KubeObject): KubeObject {
    return this.#keep(resource, {
      answered: object,
      since: object.metadata.resourceVersion,
      version: object.metadata.resourceVersion,
    });
  }

  get(resource: Resource, key: ObjectKey): Promise<KubeObject | undefined> {
    const pretended = this.#pretended.get(idOf(resource, key));
    return pretended === undefined ? this.#cluster.get(resource, key) : Promise.resolve(pretended.object);
  }

  async create(resource: Resource, object: KubeObject): Promise<KubeObject> {
    const answered = await this.#cluster.create(resource, object, { dryRun: true });
    return this.#remember(resource, { before: undefined, answered, version: undefined });
  }

  replace(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return this.#change(resource, object.metadata, {
      try: (version) => this.#cluster.replace(resource, withVersion(object, version), { dryRun: true }),
      pretend: () => object,
    });
  }

  patch(resource: Resource, key: ObjectKey, patch: Patch, options: WriteOptions = {}): Promise<KubeObject> {
    const pretend = (before: KubeObject): KubeObject =>
      patch.kind === 'merge' ? { ...before, ...objectOf(applyMergePatch(before, patch.body)) } : before;
    return this.#change(resource, key, {
      try: (version) =>
        options.subresource === 'status'
          ? undefined
          : this.#cluster.patch(resource, key, guarded(patch, version), { ...options, dryRun: true }),
      pretend,
    });
  }

  async delete(resource: Resource, key: ObjectKey): Promise<void> {
    const before = await this.get(resource, key);
    if (before !== undefined) {
      this.#pretended.set(idOf(resource, key), { object: undefined, version: undefined });
      this.#note({ verb: 'delete', kind: resource.kind, name: key.name, before, after: undefined });
    }
  }

  async #change(
    resource: Resource,
    key: ObjectKey,
    how: {
      readonly try: (version: string | undefined) => Promise<KubeObject> | undefined;
      readonly pretend: (before: KubeObject) => KubeObject;
    },
  ): Promise<KubeObject> {
    const id = idOf(resource, key);
    const pretended = this.#pretended.get(id);
    const before = pretended === undefined ? await this.#cluster.get(resource, key) : pretended.object;
    const version = pretended === undefined ? before?.metadata.resourceVersion : pretended.version;
    // What was pretended before is unknown to the server: from then on nobody but us can say what comes of a write.
    const answered = pretended === undefined ? await how.try(version) : undefined;
    if (before === undefined) {
      throw new Error(`${resource.kind} ${key.name} does not exist`);
    }
    return this.#remember(resource, { before, answered: answered ?? how.pretend(before), version });
  }

  #remember(
    resource: Resource,
    {
      before,
      answered,
      version,
    }: {
      readonly before: KubeObject | undefined;
      readonly answered: KubeObject;
      readonly version: string | undefined;
    },
  ): KubeObject {
    const after = this.#keep(resource, { answered, since: before?.metadata.resourceVersion, version });
    if (resource !== resources.canaries) {
      const verb = before === undefined ? 'create' : 'change';
      this.#note({ verb, kind: resource.kind, name: after.metadata.name, before, after });
    }
    return after;
  }

  /** Newer than what the caches know, so that they take it in. */
  #keep(
    resource: Resource,
    {
      answered,
      since = '0',
      version,
    }: {
      readonly answered: KubeObject;
      readonly since: string | undefined;
      readonly version: string | undefined;
    },
  ): KubeObject {
    const { name, uid = `not-stored-${resource.plural}-${name}` } = answered.metadata;
    const resourceVersion = String(BigInt(since) + 1n);
    const object = { ...answered, metadata: { ...answered.metadata, uid, resourceVersion } };
    this.#pretended.set(idOf(resource, answered.metadata), { object, version });
    return object;
  }
}

function idOf(resource: Resource, { namespace, name }: ObjectKey): string {
  return `${resourceKey(resource)} ${keyOf(namespace === undefined ? { name } : { namespace, name })}`;
}

function withVersion(object: KubeObject, resourceVersion: string | undefined): KubeObject {
  return resourceVersion === undefined
    ? object
    : { ...object, metadata: { ...object.metadata, resourceVersion } };
}

/** The guard names what is stored, not what is pretended. */
function guarded(patch: Patch, resourceVersion: string | undefined): Patch {
  if (patch.kind === 'json' || resourceVersion === undefined) {
    return patch;
  }
  const metadata = patch.body['metadata'];
  return isJsonObject(metadata) && 'resourceVersion' in metadata
    ? { kind: 'merge', body: { ...patch.body, metadata: { ...metadata, resourceVersion } } }
    : patch;
}
