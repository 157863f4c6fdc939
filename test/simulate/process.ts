// One life of the controller in the simulation: its caches, which lag behind the store, its pass, and the questions that it
// has asked. A crash drops all of it; the next life starts from a list, like any process.
import type { Cluster } from '../../src/cluster/cluster.ts';
import { asServed, servedBy } from './upgrade.ts';
import type { Answer, Question } from '../../src/model/question.ts';
import { createAuthorCheck } from '../../src/observe/author.ts';
import { createCaches, feedsOf, resourceKey } from '../../src/observe/caches.ts';
import type { Caches, Feed } from '../../src/observe/caches.ts';
import { createConfigReader } from '../../src/observe/configs.ts';
import type { Resource } from '../../src/model/kube.ts';
import { createPass } from '../../src/reconcile.ts';
import { resourcesOf } from '../../src/traffic/router.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import type { Pass, PassListener } from '../../src/reconcile.ts';
import type { WatchEvent } from '../../src/cluster/cluster.ts';
import { APP, PRIMARY } from './targets.ts';
import type { World } from './world.ts';
import { KEY } from './world.ts';

const settings = {
  meshProvider: 'kubernetes',
  minimumIntervalMs: 10_000,
  noCrossNamespaceRefs: true,
  ingressClass: '',
  selectorLabels: ['app', 'name', 'app.kubernetes.io/name'],
  includeLabelPrefix: [],
};

interface Stream {
  readonly feed: Feed;
  readonly pending: WatchEvent[];
  readonly sink: ReturnType<Feed['cache']['sink']>;
  last: WatchEvent | undefined;
  stop: () => void;
}

export type Respond = (question: Question) => Answer | undefined;

/** Kinds that no seed has a route of are not listened to: they would only cost time. */
const routed = new Set(
  ['gatewayapi:v1', 'contour', 'knative'].flatMap((provider) => {
    const router = routerFor(provider);
    return router === undefined ? [] : resourcesOf(router).map(resourceKey);
  }),
);
const isRouted = (resource: Resource): boolean => routed.has(resourceKey(resource));

export class Process {
  readonly caches: Caches;
  readonly #world: World;
  readonly #streams: Stream[];
  readonly #pass: Pass;
  readonly #asked = new Map<string, Question>();
  readonly #answers = new Map<string, Answer>();
  /** Notices under way, by UID and number, and those that have arrived. */
  readonly #owed = new Map<string, string>();
  readonly #told = new Set<string>();
  /** Of the Canary that was last seen. */
  #uid = '';
  /** When the key is due; undefined: not queued. */
  dueMs: number | undefined;

  constructor(world: World, server: Cluster, listener: PassListener) {
    const cluster = servedBy(world, server);
    this.#world = world;
    this.caches = createCaches((error) => {
      throw error;
    });
    this.#streams = feedsOf(this.caches)
      .filter(({ resource }) => !this.caches.traffic.has(resourceKey(resource)) || isRouted(resource))
      .map((feed) => this.#open(feed));
    this.#pass = createPass({
      cluster,
      caches: this.caches,
      settings,
      questioning: {
        ask: (_key, _view, questions) => {
          for (const question of questions) {
            if (!this.#answers.has(question.key)) {
              this.#asked.set(question.key, question);
            }
          }
        },
        answers: () => Object.fromEntries(this.#answers),
        keep: (_key, round) => {
          for (const key of [...this.#answers.keys(), ...this.#asked.keys()]) {
            if (round === undefined || !key.startsWith(round)) {
              this.#answers.delete(key);
              this.#asked.delete(key);
            }
          }
        },
      },
      outbox: {
        send: (_key, { uid, status }) => {
          this.#uid = uid;
          for (const notice of status.outbox?.notices ?? []) {
            if (!this.#told.has(`${uid}/${notice.seq}`)) {
              this.#owed.set(`${uid}/${notice.seq}`, notice.message);
            }
          }
        },
        delivered: () =>
          [...this.#told]
            .filter((id) => id.startsWith(`${this.#uid}/`))
            .map((id) => Number(id.slice(id.lastIndexOf('/') + 1))),
        forget: () => undefined,
      },
      configs: createConfigReader({ cluster, configMaps: this.caches.configMaps, nowMs: () => world.nowMs }),
      authors: createAuthorCheck(cluster),
      presenceOf: () => (world.troubles.notServed ? 'missing' : 'served'),
      nowMs: () => world.nowMs,
      chance: () => `run-${world.chance.between(0, 1e9).toString(36)}`,
      listener,
      isOurs: () => true,
    });
    this.dueMs = world.nowMs;
  }

  #open(feed: Feed): Stream {
    const stream: Stream = {
      feed,
      pending: [],
      sink: feed.cache.sink(),
      last: undefined,
      stop: () => undefined,
    };
    this.#relist(stream);
    return stream;
  }

  /** A broken watch: everything is listed again, and events in between are never heard. */
  #relist(stream: Stream): void {
    stream.stop();
    stream.pending.length = 0;
    const { items, resourceVersion } = this.#world.store.list(stream.feed.resource, {});
    const listing = stream.sink.begin();
    for (const item of items) {
      listing.add(asServed(this.#world, item));
    }
    listing.commit(resourceVersion);
    const watch = this.#world.store.watch(stream.feed.resource, { resourceVersion }, (event) => {
      stream.pending.push(
        event.type === 'BOOKMARK' ? event : { ...event, object: asServed(this.#world, event.object) },
      );
    });
    stream.stop = () => {
      watch.stop();
    };
  }

  /** Lets some of what has happened through; all of it when calm. */
  hear(calm: boolean): void {
    const { chance } = this.#world;
    for (const stream of this.#streams) {
      if (!calm && chance.happens(0.02)) {
        this.#relist(stream);
        this.wake();
        continue;
      }
      if (!calm && stream.last !== undefined && chance.happens(0.05)) {
        stream.sink.apply(stream.last);
      }
      const count =
        calm || chance.happens(0.7) ? stream.pending.length : chance.between(0, stream.pending.length);
      for (const event of stream.pending.splice(0, count)) {
        stream.sink.apply(event);
        stream.last = event;
        this.wake();
      }
    }
  }

  /** What the process believes of the availability of a workload. */
  believes(name: string): number {
    const { resource } = this.#world.target;
    const known = [...this.caches.workloads].find(([kind]) => kind.resource === resource)?.[1];
    const target = known?.get(`shop/${APP}`);
    const primary = target?.primary ?? known?.get(`shop/${PRIMARY}`);
    return (name === APP ? target : primary)?.availableReplicas ?? 0;
  }

  wake(): void {
    this.dueMs = this.#world.nowMs;
  }

  answerSome(respond: Respond, calm: boolean): void {
    for (const [key, question] of this.#asked) {
      if (!calm && this.#world.chance.happens(0.4)) {
        continue;
      }
      const answer = respond(question);
      if (answer !== undefined) {
        this.#asked.delete(key);
        this.#answers.set(key, answer);
        this.wake();
      }
    }
  }

  /** Some notices arrive; all of them when calm. */
  deliverSome(arrive: (id: string, message: string) => void, calm: boolean): void {
    for (const [id, message] of this.#owed) {
      if (calm || this.#world.chance.happens(0.6)) {
        this.#owed.delete(id);
        this.#told.add(id);
        arrive(id, message);
        this.wake();
      }
    }
  }

  /** One pass, if one is due. */
  async work(): Promise<void> {
    if (this.dueMs === undefined || this.dueMs > this.#world.nowMs) {
      return;
    }
    this.dueMs = undefined;
    const wakeAtMs = await this.#pass(KEY);
    if (wakeAtMs !== undefined) {
      this.dueMs = Math.min(wakeAtMs, this.dueMs ?? Number.POSITIVE_INFINITY);
    }
  }

  end(): void {
    for (const stream of this.#streams) {
      stream.stop();
    }
  }
}
