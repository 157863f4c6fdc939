// One Canary on a cluster and what Serin writes for it, by the code that writes it in a controller; decisions are the test's.
import { enact } from '../../../src/act/act.ts';
import type { Cluster } from '../../../src/cluster/cluster.ts';
import { apiVersionOf, keyOf, resources } from '../../../src/model/kube.ts';
import type { KubeObject, ObjectKey, Resource } from '../../../src/model/kube.ts';
import type { Action } from '../../../src/model/decision.ts';
import type { SeenRoute } from '../../../src/model/observation.ts';
import type { Problem } from '../../../src/model/problem.ts';
import { splitToward } from '../../../src/model/split.ts';
import { createCaches, resourceKey } from '../../../src/observe/caches.ts';
import { viewOfCanary } from '../../../src/observe/canary-view.ts';
import { sceneOf } from '../../../src/observe/scene.ts';
import type { RouteScene, Scene } from '../../../src/observe/scene.ts';
import { seenRoutes } from '../../../src/observe/seen-routes.ts';
import { routerProblems } from '../../../src/traffic/capabilities.ts';
import type { RouteShape, RouteWish, TrafficRouter } from '../../../src/traffic/router.ts';
import { specOf } from '../../traffic/wish.ts';
import type { RouterCase } from './cases.ts';

/** What a route says beside the split. */
export type Beside = Pick<RouteWish, 'mirrorPercent' | 'affinity'>;

interface Setting extends Pick<RouterCase, 'provider' | 'router' | 'example' | 'presenceOf'> {
  readonly cluster: Cluster;
}

export interface CanaryParts {
  readonly namespace: string;
  readonly service?: object;
  readonly analysis?: object;
  /** Of its Services; `cart` where it is left out. */
  readonly apex?: string;
}

export class RoutedCanary {
  readonly #setting: Setting;
  readonly #caches = createCaches((error) => {
    throw error;
  });
  readonly #canary: KubeObject;
  readonly #recorded: Cluster;
  #beside: Beside = {};
  #writes: string[] = [];

  private constructor(setting: Setting, canary: KubeObject) {
    this.#setting = setting;
    this.#canary = canary;
    this.#recorded = recording(setting.cluster, (call) => this.#writes.push(call));
  }

  /** A Canary, with the objects of the user's that its route needs. */
  static async create(setting: Setting, parts: CanaryParts): Promise<RoutedCanary> {
    const { cluster, example } = setting;
    const made = new RoutedCanary(
      setting,
      await cluster.create(resources.canaries, canaryOf(setting, parts)),
    );
    const { namespace, apex = 'cart' } = parts;
    const { route, source } = setting.router;
    for (const [resource, object] of [
      [source?.resource, example.source],
      [route?.resource, example.given],
    ] as const) {
      if (resource !== undefined && object !== undefined) {
        const own = {
          ...object,
          apiVersion: apiVersionOf(resource),
          metadata: { ...object.metadata, namespace },
        };
        made.#learn(resource, await cluster.create(resource, leadingTo(own, apex)));
      }
    }
    return made;
  }

  #learn(resource: Resource, object: KubeObject): void {
    this.#caches.traffic.get(resourceKey(resource))?.cache.put(object);
  }

  get scene(): Scene {
    const { example, presenceOf } = this.#setting;
    const scene = sceneOf(viewOfCanary(this.#canary), this.#caches, {
      meshProvider: '',
      ingressClass: example.ingressClass ?? '',
      selectorLabels: ['app'],
      includeLabelPrefix: [],
      presenceOf,
    });
    if (scene === undefined) {
      throw new Error('the Canary cannot be read');
    }
    const beside = this.#beside;
    return {
      ...scene,
      routes: scene.routes.map((route) => ({
        ...route,
        wish: (split) => ({ ...route.wish(split), ...beside }),
      })),
    };
  }

  get #route(): RouteScene {
    const [route] = this.scene.routes;
    if (route === undefined) {
      throw new Error('the Canary has no route');
    }
    return route;
  }

  get router(): TrafficRouter | undefined {
    return this.#route.router;
  }

  /** What stands in the way of its route. */
  errors(): readonly Problem[] {
    const { router, spec } = this.#route;
    const found = router === undefined ? [] : routerProblems(router, spec);
    return found.filter(({ severity }) => severity === 'error');
  }

  get shape(): RouteShape {
    const shape = this.#route.router?.route;
    if (shape === undefined) {
      throw new Error('the router has no route');
    }
    return shape;
  }

  get key(): ObjectKey {
    return this.#route.key;
  }

  seen(): SeenRoute {
    return seenRoutes(this.scene);
  }

  /** Everything that would be created for this split, the route last. */
  rendered(canary: number): readonly (readonly [Resource, KubeObject])[] {
    const { companions, wish } = this.#route;
    return [
      ...companions.map(({ shape, wanted }) => [shape.resource, wanted] as const),
      [this.shape.resource, this.shape.render(wish(splitToward(canary)))] as const,
    ];
  }

  async enact(action: Action, dryRun = false): Promise<void> {
    const stage = {
      cluster: this.#recorded,
      caches: this.#caches,
      scene: this.scene,
      checksums: undefined,
    };
    await enact(stage, [action], dryRun);
  }

  /** @returns the requests that changed something, as `patch HTTPRoute cart` */
  async write(canary: number, beside: Beside = {}): Promise<readonly string[]> {
    this.#beside = beside;
    await this.enact({ kind: 'writeRoute', split: splitToward(canary) });
    return this.#since();
  }

  /** @returns the same; nothing of it is stored */
  async tryWrite(canary: number): Promise<readonly string[]> {
    await this.enact({ kind: 'writeRoute', split: splitToward(canary) }, true);
    return this.#since();
  }

  #since(): readonly string[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  /** The route, or another object of this kind and name, as it is stored. */
  async stored(resource = this.shape.resource, key = this.key): Promise<KubeObject> {
    const object = await this.#setting.cluster.get(resource, key);
    if (object === undefined) {
      throw new Error(`there is no ${resource.kind} ${keyOf(key)}`);
    }
    return object;
  }

  /** Somebody else changes the route. */
  async edit(change: (live: KubeObject) => KubeObject): Promise<void> {
    const { cluster } = this.#setting;
    const { resource } = this.shape;
    this.#learn(resource, await cluster.replace(resource, change(await this.stored())));
  }

  /** Somebody else has made an object already. */
  async provide(resource: Resource, object: KubeObject): Promise<KubeObject> {
    const stored = await this.#setting.cluster.create(resource, object);
    this.#learn(resource, stored);
    return stored;
  }

  /** Reads the route as a watch would, where there is one. */
  async look(): Promise<void> {
    const { resource } = this.shape;
    const found = await this.#setting.cluster.get(resource, this.key);
    if (found !== undefined) {
      this.#learn(resource, found);
    }
  }

  /** Everything goes, also what has no owner. */
  async end(): Promise<void> {
    const { cluster, example, router } = this.#setting;
    const { namespace = '' } = this.#canary.metadata;
    const users = [
      [router.source?.resource, example.source],
      [router.route?.resource, example.given],
    ] as const;
    const objects: (readonly [Resource, ObjectKey])[] = [
      [resources.canaries, { namespace, name: this.#canary.metadata.name }],
      ...this.rendered(0).map(([resource, { metadata }]) => [resource, keyIn(metadata)] as const),
      ...users.flatMap(([resource, object]) =>
        resource === undefined || object === undefined
          ? []
          : [[resource, { namespace, name: object.metadata.name }] as const],
      ),
    ];
    await Promise.all(objects.map(([resource, key]) => cluster.delete(resource, key)));
  }
}

export function keyIn({ namespace, name }: ObjectKey): ObjectKey {
  return namespace === undefined ? { name } : { namespace, name };
}

function canaryOf({ provider, example }: Setting, parts: CanaryParts): KubeObject {
  const { namespace, apex = 'cart' } = parts;
  const analysis = { ...example.analysis, ...parts.analysis };
  const service = { ...example.service, ...parts.service, ...(apex === 'cart' ? {} : { name: apex }) };
  const { analysis: whole, ...spec } = specOf({ provider, service, analysis });
  const { stepWeight: _steps, ...withoutSteps } = whole;
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: 'cart', namespace },
    spec: { ...spec, analysis: 'iterations' in analysis ? withoutSteps : whole, ...example.spec },
  };
}

/** The user's object, with a Service of this name where `cart` was, also in the text of an annotation. */
function leadingTo(object: KubeObject, apex: string): KubeObject {
  const { name } = object.metadata;
  const parsed: KubeObject = JSON.parse(
    JSON.stringify(object).replaceAll(/(\\*")cart(\\*")/g, `$1${apex}$2`),
  );
  return { ...parsed, metadata: { ...parsed.metadata, name } };
}

function recording(cluster: Cluster, onWrite: (call: string) => void): Cluster {
  const said = (verb: string, { kind }: Resource, { name }: ObjectKey): void =>
    onWrite(`${verb} ${kind} ${name}`);
  return {
    get: (resource, key) => cluster.get(resource, key),
    list: (resource, options) => cluster.list(resource, options),
    watch: (resource, options) => cluster.watch(resource, options),
    create: (resource, object, options) => {
      said('create', resource, object.metadata);
      return cluster.create(resource, object, options);
    },
    replace: (resource, object, options) => {
      said('replace', resource, object.metadata);
      return cluster.replace(resource, object, options);
    },
    patch: (resource, key, patch, options) => {
      said('patch', resource, key);
      return cluster.patch(resource, key, patch, options);
    },
    delete: (resource, key, options) => {
      said('delete', resource, key);
      return cluster.delete(resource, key, options);
    },
  };
}
