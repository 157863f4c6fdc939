// What people do to a cluster while a run is under way.
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { objectOf } from '../../src/model/json.ts';
import type { Chance } from './chance.ts';
import type { Invariants } from './invariants.ts';
import { APP, NAMESPACE, imageOfDeployment } from './world.ts';
import type { World } from './world.ts';

const namespace = NAMESPACE;

/** The configuration that every version uses. */
export function configOf(level: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data: { level } };
}

function containersOf(image: string): unknown {
  const envFrom = [{ configMapRef: { name: 'settings' } }];
  return [{ name: 'app', image, ports: [{ containerPort: 8080 }], envFrom }];
}

export function deploymentOf(image: string, replicas: number): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: APP, namespace, labels: { app: APP } },
    spec: {
      replicas,
      selector: { matchLabels: { app: APP } },
      template: {
        metadata: { labels: { app: APP } },
        spec: { containers: containersOf(image) },
      },
    },
  };
}

const hookTypes = [
  'confirm-rollout',
  'pre-rollout',
  'rollout',
  'confirm-traffic-increase',
  'confirm-promotion',
  'post-rollout',
  'rollback',
] as const;

/** A Canary as a seed would have it: any strategy this provider has, any hooks, short deadlines. */
export function canaryOf(chance: Chance, provider: string): KubeObject {
  const strategy = chance.pick<Record<string, unknown>>([
    { stepWeight: 20, maxWeight: 50 },
    { stepWeights: [5, 30, 60] },
    { stepWeight: 50, maxWeight: 100, stepWeightPromotion: 40 },
    { iterations: 2 },
  ]);
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: APP, namespace },
    spec: {
      provider,
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: APP },
      progressDeadlineSeconds: 120,
      ...(chance.happens(0.3) ? { revertOnDeletion: true } : {}),
      service: { port: 80, targetPort: 8080, gatewayRefs: [{ name: 'public', namespace: 'edge' }] },
      analysis: {
        interval: '10s',
        threshold: chance.between(1, 3),
        ...strategy,
        metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 }, interval: '1m' }],
        webhooks: hookTypes
          .filter(() => chance.happens(0.25))
          .map((type) => ({ name: type, type, url: `http://hooks.example.com/${type}` })),
      },
    },
  };
}

/** One thing somebody does, or nothing. Returns what, for the transcript. */
export function meddle(world: World, invariants: Invariants): string | undefined {
  const { chance } = world;
  return chance.pick(acts)(world, invariants);
}

type Act = (world: World, invariants: Invariants) => string | undefined;

let version = 1;

export function resetVersions(): void {
  version = 1;
}

export function push(world: World, image: string): string {
  patchDeployment(world, APP, { template: { spec: { containers: containersOf(image) } } });
  return `pushes ${image}`;
}

function patchDeployment(world: World, name: string, spec: Record<string, unknown>): void {
  if (world.deployment(name) !== undefined) {
    world.store.patch(resources.deployments, { namespace, name }, { kind: 'merge', body: { spec } });
  }
}

const pushNew: Act = (world) => {
  version += 1;
  return push(world, `app:${world.chance.pick(['good', 'good', 'bad', 'broken'])}-${version}`);
};

const acts: readonly [Act, ...Act[]] = [
  pushNew,
  pushNew,
  (world) => {
    const live = imageOfDeployment(world.deployment(`${APP}-primary`));
    return live === '' ? undefined : `${push(world, live)} (back to what is live)`;
  },
  (world) => {
    patchDeployment(world, APP, { replicas: world.chance.between(0, 3) });
    return 'scales the target';
  },
  (world, invariants) => {
    // A primary that is deleted comes back with what it had; so that is allowed again.
    const image = imageOfDeployment(world.deployment(`${APP}-primary`));
    if (image === '') {
      return undefined;
    }
    invariants.allowed.add(image);
    world.store.delete(resources.deployments, { namespace, name: `${APP}-primary` });
    return 'deletes the primary';
  },
  (world) => {
    const name = world.chance.pick([APP, `${APP}-primary`, `${APP}-canary`]);
    if (world.store.find(resources.services, { namespace, name }) === undefined) {
      return undefined;
    }
    world.store.delete(resources.services, { namespace, name });
    return `deletes Service ${name}`;
  },
  (world) => {
    if (world.routeResource === undefined || world.route() === undefined) {
      return undefined;
    }
    world.store.delete(world.routeResource, { namespace, name: APP });
    return 'deletes the route';
  },
  (world) => {
    if (world.routeResource === undefined || world.route() === undefined) {
      return undefined;
    }
    const body = { metadata: { labels: { team: `team-${world.chance.between(1, 3)}` } } };
    world.store.patch(world.routeResource, { namespace, name: APP }, { kind: 'merge', body });
    return 'labels the route';
  },
  (world) => {
    if (world.canary() === undefined) {
      return undefined;
    }
    world.store.delete(resources.canaries, { namespace, name: APP });
    return 'deletes the Canary';
  },
  (world) => {
    if (world.deployment(APP) === undefined) {
      return undefined;
    }
    world.store.delete(resources.deployments, { namespace, name: APP });
    return 'deletes the target';
  },
  (world) => {
    const [revision] = world.store.list(resources.controllerRevisions, { namespace }).items;
    if (revision === undefined) {
      return undefined;
    }
    world.store.delete(resources.controllerRevisions, revision.metadata);
    return 'deletes a stored revision';
  },
  (world) => {
    const name = world.chance.pick([APP, `${APP}-primary`]);
    world.kill(name);
    return `kills the pods of ${name}`;
  },
  (world) => {
    world.primaryDown = !world.primaryDown;
    return world.primaryDown ? 'takes the primary down' : 'lets the primary live';
  },
  (world) => {
    const body = { data: { level: `level-${world.chance.between(1, 3)}` } };
    world.store.patch(resources.configMaps, { namespace, name: 'settings' }, { kind: 'merge', body });
    return 'edits the configuration';
  },
  (world) => {
    const suspend = objectOf(world.canary()?.['spec'])['suspend'] !== true;
    setSpec(world, { suspend });
    return suspend ? 'suspends' : 'resumes';
  },
  (world) => {
    setSpec(world, { analysis: { threshold: world.chance.between(1, 3) } });
    return 'edits the threshold';
  },
  (world) => {
    setSpec(world, { targetRef: { name: world.chance.happens(0.5) ? 'nothing' : APP } });
    return 'edits targetRef';
  },
];

export function setSpec(world: World, spec: Record<string, unknown>): void {
  if (world.canary() !== undefined) {
    world.store.patch(resources.canaries, { namespace, name: APP }, { kind: 'merge', body: { spec } });
  }
}
