// One cluster under test, with fresh names for every test and ways to wait for what a cluster does in its own time.
import { setTimeout as after } from 'node:timers/promises';
import { ApiError, type Cluster, type WatchEvent, type WatchOptions } from '../../../src/cluster/cluster.ts';
import { apiVersionOf, type KubeObject, type ObjectKey, type Resource } from '../../../src/model/kube.ts';
import type { ClusterUnderTest } from '../api-semantics.ts';

export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

export class Lab {
  #made: ClusterUnderTest | undefined;
  #names = 0;

  use(made: ClusterUnderTest): void {
    this.#made = made;
  }

  get #under(): ClusterUnderTest {
    if (this.#made === undefined) throw new Error('the cluster was not made');
    return this.#made;
  }

  get cluster(): Cluster {
    return this.#under.cluster;
  }

  get namespace(): string {
    return this.#under.namespace;
  }

  close(): Promise<void> {
    return this.#made?.close() ?? Promise.resolve();
  }

  collectGarbage(): void {
    this.#under.collectGarbage?.();
  }

  freshName(prefix = 'thing'): string {
    return `${prefix}-${++this.#names}`;
  }

  key(object: KubeObject): ObjectKey {
    return { namespace: this.namespace, name: object.metadata.name };
  }

  /** An object as a user would send it, in the suite's namespace and under a fresh name unless `metadata` says otherwise. */
  draft(
    resource: Resource,
    fields: Record<string, unknown> = {},
    metadata: Record<string, unknown> = {},
  ): KubeObject {
    return {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { name: this.freshName(resource.plural), namespace: this.namespace, ...metadata },
      ...fields,
    };
  }

  create(
    resource: Resource,
    fields?: Record<string, unknown>,
    metadata?: Record<string, unknown>,
  ): Promise<KubeObject> {
    return this.cluster.create(resource, this.draft(resource, fields, metadata));
  }

  async stored(resource: Resource, object: KubeObject): Promise<KubeObject> {
    const found = await this.cluster.get(resource, this.key(object));
    if (found === undefined) throw new Error(`${resource.kind} ${object.metadata.name} is gone`);
    return found;
  }

  /** What the server answered instead; undefined where it did as asked. */
  async refusal(answer: Promise<unknown>): Promise<Refusal | undefined> {
    try {
      await answer;
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, reason, message } = error;
      return { status, reason, message };
    }
  }

  /** Watches until `count` events have come, bookmarks left out. */
  async events(resource: Resource, options: WatchOptions, count: number): Promise<readonly WatchEvent[]> {
    const seen: WatchEvent[] = [];
    for await (const event of this.cluster.watch(resource, options)) {
      if (event.type !== 'BOOKMARK') seen.push(event);
      if (seen.length === count) break;
    }
    return seen;
  }

  /** Asks again until there is an answer: for what happens a moment later on a real cluster. Refusals count as none. */
  async eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const answer = await ask().catch((error: unknown) => {
        if (error instanceof ApiError) return undefined;
        throw error;
      });
      if (answer !== undefined) return answer;
      await after(20);
    }
  }

  /** Resolves once the garbage collector has removed the object. */
  async gone(resource: Resource, object: KubeObject): Promise<void> {
    this.collectGarbage();
    await this.eventually(async () =>
      (await this.cluster.get(resource, this.key(object))) === undefined ? true : undefined,
    );
  }
}
