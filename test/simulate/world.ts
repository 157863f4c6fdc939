// The simulated cluster: the sandbox's store on a virtual clock, pods that come and go by the sandbox's own arithmetic, and
// gateways that accept routes late. What versions are like is in their image tag.
import { Store } from '../../src/sandbox/store.ts';
import { collectGarbage } from '../../src/sandbox/store/garbage.ts';
import { carryOut } from '../../src/sandbox/rollout.ts';
import type { Generation } from '../../src/sandbox/rollout-spec.ts';
import { apiVersionOf, resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { objectOf } from '../../src/model/json.ts';
import { allPrimary } from '../../src/model/split.ts';
import type { Split } from '../../src/model/split.ts';
import { resourcesOf, splitOf } from '../../src/traffic/router.ts';
import { allRouters, routerFor } from '../../src/traffic/routers.ts';
import { isBuiltIn, resourceKey } from '../../src/observe/caches.ts';
import { PRIMARY_REVISION, primaryRevisionOf } from '../../src/workload/knative.ts';
import type { Chance } from './chance.ts';
import { scaleWorkloads } from './scaling.ts';
import { SimulatedKnative } from './knative.ts';
import { secondRoute } from './second-route.ts';
import { APP, NAMESPACE, PRIMARY, deploymentTarget, knativeTarget } from './targets.ts';
import type { SimulatedTarget } from './targets.ts';
import { Troubles } from './troubles.ts';

const COLLECT_EVERY = 10;
/** Enough to tell any weight by. */
const REQUESTS_A_PERCENT = 100;
const STRAY_REQUESTS = 900;
const httpRoutes = routerFor('gatewayapi:v1')?.route?.resource;
export const KEY = `${NAMESPACE}/${APP}`;

/** `good` passes its checks, `bad` fails them, `broken` never has a ready pod. */
export type Quality = 'good' | 'bad' | 'broken';

export function qualityOf(image: string): Quality {
  if (image.includes('bad')) {
    return 'bad';
  }
  return image.includes('broken') ? 'broken' : 'good';
}

interface Resting {
  readonly resourceVersion: string;
  readonly state: string;
  /** Every pod is ready, and the last look changed nothing. */
  readonly steady: boolean;
  readonly untilMs: number | undefined;
}

export class World {
  nowMs = 1_700_000_000_000;
  /** By how much the clock has been set back, in all: so much less may seem to have passed than has. */
  setBackMs = 0;
  readonly store: Store;
  readonly chance: Chance;
  readonly target: SimulatedTarget;
  readonly routeResource: Resource | undefined;
  readonly provider: string;
  readonly troubles = new Troubles();
  /** The spec of the Canary as Git has it. */
  manifest: Readonly<Record<string, unknown>> = {};
  readonly #generations = new Map<string, Generation[]>();
  readonly #knative = new SimulatedKnative((service) => knativeTarget.imageOf(service));
  #uids = 0;
  #steps = 0;
  #pods = 0;
  #version = 1;
  /** While true pods get ready and routes get accepted without delay. */
  calm = false;
  /** Every image that the target has held. */
  readonly pushed: string[] = ['app:good-1'];
  /** The API server has been upgraded: it answers with a field that it did not know before, and nothing was written. */
  upgraded = false;
  /** While true, pods of the primary die and do not come back. */
  primaryDown = false;

  constructor(chance: Chance, provider: string, target = deploymentTarget) {
    this.chance = chance;
    this.target = target;
    this.store = new Store({ now: () => this.nowMs, newUid: () => `uid-${(this.#uids += 1)}` });
    this.store.register(resources.canaries, { statusSubresource: true });
    this.store.register(resources.metricTemplates, { statusSubresource: true });
    this.store.register(resources.alertProviders, { statusSubresource: true });
    this.store.register(resources.scaledObjects, { statusSubresource: true });
    this.store.register(resources.canaryCommands, { statusSubresource: true });
    this.#makeGateway();
    const kinds = allRouters.flatMap(resourcesOf).filter((resource) => !isBuiltIn(resource));
    for (const [, resource] of new Map(kinds.map((kind) => [resourceKey(kind), kind]))) {
      this.store.register(resource, { statusSubresource: true });
    }
    this.provider = provider;
    this.routeResource = routerFor(provider)?.route?.resource;
  }

  /** One that has whatever a route of a scenario needs. */
  #makeGateway(): void {
    const { gateways, gatewayClasses } = resources;
    const apiVersion = apiVersionOf(gateways);
    const features = ['', 'RequestMirror', 'RequestPercentageMirror', 'ResponseHeaderModification'];
    this.store.register(gateways, { statusSubresource: true });
    this.store.register(gatewayClasses);
    this.store.create(gatewayClasses, {
      apiVersion,
      kind: gatewayClasses.kind,
      metadata: { name: 'simulated' },
      status: { supportedFeatures: features.map((name) => ({ name: `HTTPRoute${name}` })) },
    });
    this.store.create(gateways, {
      apiVersion,
      kind: gateways.kind,
      metadata: { name: 'public', namespace: 'edge' },
      spec: { gatewayClassName: 'simulated' },
    });
  }

  /** For the next image that somebody builds. */
  nextVersion(): number {
    return (this.#version += 1);
  }

  /** The target or its primary. */
  workload(name: string): KubeObject | undefined {
    if (this.target === knativeTarget && name === PRIMARY) {
      return this.#primaryRevision();
    }
    return this.store.find(this.target.resource, { namespace: NAMESPACE, name });
  }

  /** As an object of the form that others have. */
  #primaryRevision(): KubeObject | undefined {
    const service = this.workload(APP);
    const name = service && primaryRevisionOf(service);
    const image = service && this.#knative.imageOf(service, name);
    return service === undefined || image === undefined
      ? undefined
      : { ...service, spec: knativeTarget.edit(image) };
  }

  /** What a user does who wants to be rid of it. */
  deletePrimary(): void {
    const key = { namespace: NAMESPACE, name: this.target === knativeTarget ? APP : PRIMARY };
    if (this.target === knativeTarget) {
      const body = { metadata: { annotations: { [PRIMARY_REVISION]: null } } };
      this.store.patch(this.target.resource, key, { kind: 'merge', body });
    } else {
      this.store.delete(this.target.resource, key);
    }
  }

  canary(): KubeObject | undefined {
    return this.store.find(resources.canaries, { namespace: NAMESPACE, name: APP });
  }

  route(): KubeObject | undefined {
    return this.routeResource === undefined
      ? undefined
      : this.store.find(this.routeResource, { namespace: NAMESPACE, name: APP });
  }

  /** How the gateway splits requests; undefined where there is nothing to split them by. */
  traffic(): Split | undefined {
    const shape = routerFor(this.provider)?.route;
    const route = this.route();
    const split = shape === undefined || route === undefined ? undefined : splitOf(shape.view(route), APP);
    return this.troubles.deaf && split !== undefined ? allPrimary : split;
  }

  /** How many requests the gateway counts for one side; undefined where it has no route. */
  requestsTo(side: 'canary' | 'primary'): number | undefined {
    const split = this.traffic();
    const stray = this.troubles.straying && side === 'canary' ? STRAY_REQUESTS : 0;
    return split === undefined ? undefined : split[side] * REQUESTS_A_PERCENT + stray;
  }

  /** Empty where there is no such workload. */
  imageOf(name: string): string {
    return this.target.imageOf(this.workload(name));
  }

  availableOf(name: string): number {
    const workload = this.workload(name);
    if (this.target.plan === undefined) {
      return workload === undefined ? 0 : 1;
    }
    const status = objectOf(workload?.['status']);
    return Number(status['availableReplicas'] ?? status['numberAvailable'] ?? 0);
  }

  sizeOf(name: string): number {
    const workload = this.workload(name);
    return workload === undefined ? 0 : this.target.sizeOf(workload);
  }

  /** One step of everything that is not Serin. */
  advance(byMs: number): void {
    this.nowMs += byMs;
    scaleWorkloads(this, NAMESPACE);
    for (const { metadata } of this.store.list(this.target.resource, { namespace: NAMESPACE }).items) {
      this.#roll(metadata.name);
    }
    if (this.target === knativeTarget) {
      this.#serve();
    } else {
      this.#acceptRoutes();
    }
    // Looking everywhere is dear, and a cluster's collector takes its time as well.
    this.#steps += 1;
    if (this.#steps % COLLECT_EVERY === 0) {
      collectGarbage(this.store);
    }
  }

  #serve(): void {
    const service = this.workload(APP);
    if (service !== undefined) {
      const starts = this.calm || this.chance.happens(0.5);
      const routes = this.calm || this.chance.happens(0.6);
      const status = this.#knative.look(service, { starts, routes });
      this.store.replace(this.target.resource, { ...service, status }, { subresource: 'status' });
    }
  }

  #roll(name: string): void {
    const workload = this.workload(name);
    const planOf = this.target.plan;
    if (workload === undefined || planOf === undefined) {
      return;
    }
    const { uid = name, resourceVersion = '' } = workload.metadata;
    const resting = this.#resting.get(uid);
    const early = resting?.untilMs === undefined || this.nowMs < resting.untilMs;
    if (early && resting?.resourceVersion === resourceVersion && resting.steady && !this.#isDown(name)) {
      return;
    }
    const living = (this.#generations.get(uid) ?? []).map((generation) => ({
      ...generation,
      pods: generation.pods
        .filter(({ deleting }) => !deleting)
        .map((pod) => this.#age(workload, generation, pod)),
    }));
    const pods = living.flatMap((generation) => generation.pods);
    const state = pods.map(({ name: pod, readySinceMs }) => `${pod}@${readySinceMs ?? ''}`).join();
    if (early && resting?.resourceVersion === resourceVersion && resting.state === state) {
      return;
    }
    const plan = planOf(workload, living, this.nowMs);
    const newest = plan.generations.reduce(
      (a, b) => (a.revision > b.revision ? a : b),
      plan.generations[0] ?? { templateHash: '', revision: 0 },
    );
    this.#images.set(`${uid} ${newest.templateHash}`, this.target.imageOf(workload));
    this.#generations.set(
      uid,
      carryOut(living, plan, this.nowMs, () => `pod-${(this.#pods += 1)}`),
    );
    // Replaced, not merged: a count that is left out is zero.
    const stored = this.store.replace(
      this.target.resource,
      { ...workload, status: plan.status },
      { subresource: 'status' },
    );
    this.#resting.set(uid, {
      resourceVersion: stored.metadata.resourceVersion ?? '',
      state,
      steady:
        stored.metadata.resourceVersion === resourceVersion &&
        pods.every(({ readySinceMs }) => readySinceMs !== undefined),
      untilMs: plan.wakeAtMs,
    });
  }

  #isDown(name: string): boolean {
    return this.primaryDown && name.endsWith('-primary');
  }

  /** What a workload was like when its controller last looked: nothing new, nothing to do. */
  readonly #resting = new Map<string, Resting>();
  readonly #images = new Map<string, string>();

  #age(
    { metadata }: KubeObject,
    { templateHash }: Generation,
    pod: Generation['pods'][number],
  ): Generation['pods'][number] {
    const image = this.#images.get(`${metadata.uid} ${templateHash}`) ?? '';
    if (qualityOf(image) === 'broken' || this.#isDown(metadata.name)) {
      return { ...pod, readySinceMs: undefined };
    }
    const starts = pod.readySinceMs === undefined && (this.calm || this.chance.happens(0.5));
    return starts ? { ...pod, readySinceMs: this.nowMs } : pod;
  }

  /** Kills every pod of a workload; they start again by themselves. */
  kill(name: string): void {
    const uid = this.workload(name)?.metadata.uid;
    const generations = uid === undefined ? undefined : this.#generations.get(uid);
    if (uid !== undefined && generations !== undefined) {
      this.#resting.delete(uid);
      this.#generations.set(
        uid,
        generations.map((generation) => ({
          ...generation,
          pods: generation.pods.map((pod) => ({ ...pod, readySinceMs: undefined })),
        })),
      );
    }
  }

  #acceptRoutes(): void {
    const { routeRejected } = this.troubles;
    for (const route of [this.route(), secondRoute(this)]) {
      const resource = route?.kind === httpRoutes?.kind ? httpRoutes : this.routeResource;
      if (route === undefined || resource === undefined || !(this.calm || this.chance.happens(0.6))) {
        continue;
      }
      const status =
        route.kind === 'HTTPProxy' ? proxyStatus(route, !routeRejected) : routeStatus(route, !routeRejected);
      this.store.patch(
        resource,
        route.metadata,
        { kind: 'merge', body: { status } },
        { subresource: 'status' },
      );
    }
  }
}

function routeStatus({ metadata, ...route }: KubeObject, accepted: boolean): unknown {
  const parents = objectOf(route['spec'])['parentRefs'];
  const observedGeneration = metadata.generation ?? 1;
  const condition = (type: string): unknown => ({
    type,
    status: accepted ? 'True' : 'False',
    reason: accepted ? type : 'Refused',
    message: '',
    observedGeneration,
  });
  return {
    parents: (Array.isArray(parents) ? parents : []).map((parentRef: unknown) => ({
      parentRef,
      controllerName: 'example.com/gateway',
      conditions: [condition('Accepted'), condition('ResolvedRefs')],
    })),
  };
}

function proxyStatus({ metadata }: KubeObject, accepted: boolean): unknown {
  const observedGeneration = metadata.generation ?? 1;
  return {
    currentStatus: accepted ? 'valid' : 'invalid',
    description: accepted ? 'Valid HTTPProxy' : 'refused',
    conditions: [
      {
        type: 'Valid',
        status: accepted ? 'True' : 'False',
        reason: 'Valid',
        message: '',
        observedGeneration,
      },
    ],
  };
}
