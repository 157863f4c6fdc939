// What the simulated application can run as: how a user applies and edits it, and how its pods come and go.
import type { RolloutPlan } from '../../src/sandbox/rollout.ts';
import { planRollout } from '../../src/sandbox/rollout.ts';
import { planDaemonRollout } from '../../src/sandbox/daemon-rollout.ts';
import type { Generation } from '../../src/sandbox/rollout-spec.ts';
import { objectOf, textOf } from '../../src/model/json.ts';
import { apiVersionOf, resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';

export const NAMESPACE = 'shop';
export const APP = 'cart';
export const PRIMARY = `${APP}-primary`;
export const WARM = `${APP}-warm`;
const NODES = 3;

export interface SimulatedTarget {
  readonly name: string;
  /** The only provider it goes with; undefined: any but those of others. */
  readonly provider?: string;
  readonly resource: Resource;
  /** As somebody applies it; `replicas` where it has some. */
  manifest(image: string, replicas: number): KubeObject;
  /** What a push of this image changes in the spec. */
  edit(image: string): Readonly<Record<string, unknown>>;
  /** Of the target and of its primary; empty for an object without one. */
  imageOf(object: KubeObject | undefined): string;
  /** How many pods it wants; 1 where nobody can say. */
  sizeOf(object: KubeObject): number;
  /** Its pods; undefined: it has none. */
  readonly plan:
    | ((object: KubeObject, generations: readonly Generation[], nowMs: number) => RolloutPlan<unknown>)
    | undefined;
}

function containersOf(image: string): unknown {
  const envFrom = [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys', optional: true } }];
  return [{ name: 'app', image, ports: [{ containerPort: 8080 }], envFrom }];
}

const templateOf = (image: string): Record<string, unknown> => ({
  metadata: { labels: { app: APP } },
  spec: { containers: containersOf(image) },
});

function objectFor(resource: Resource, spec: Record<string, unknown>): KubeObject {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { name: APP, namespace: NAMESPACE, labels: { app: APP } },
    spec,
  };
}

const podSpecOf = (object: KubeObject | undefined): Readonly<Record<string, unknown>> =>
  objectOf(objectOf(objectOf(object?.['spec'])['template'])['spec']);

const pods = {
  edit: (image: string) => ({ template: { spec: { containers: containersOf(image) } } }),
  imageOf: (object: KubeObject | undefined) => {
    const { containers } = podSpecOf(object);
    const [first] = Array.isArray(containers) ? containers : [];
    return textOf(objectOf(first)['image']) ?? '';
  },
};

export const deploymentTarget: SimulatedTarget = {
  name: 'Deployment',
  resource: resources.deployments,
  ...pods,
  manifest: (image, replicas) =>
    objectFor(resources.deployments, {
      replicas,
      selector: { matchLabels: { app: APP } },
      template: templateOf(image),
    }),
  sizeOf: (object) => Number(objectOf(object['spec'])['replicas'] ?? 1),
  plan: planRollout,
};

const daemonSetTarget: SimulatedTarget = {
  name: 'DaemonSet',
  resource: resources.daemonSets,
  ...pods,
  manifest: (image) =>
    objectFor(resources.daemonSets, {
      selector: { matchLabels: { app: APP } },
      template: templateOf(image),
    }),
  sizeOf: (object) => (Object.keys(objectOf(podSpecOf(object)['nodeSelector'])).length > 0 ? 0 : NODES),
  plan: (object, generations, nowMs) => planDaemonRollout(object, generations, nowMs, NODES),
};

/** What it leads to stands in its selector: it has no pods of its own. */
const serviceTarget: SimulatedTarget = {
  name: 'Service',
  resource: resources.services,
  manifest: (image) =>
    objectFor(resources.services, {
      selector: { app: APP, version: image.slice('app:'.length) },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    }),
  edit: (image) => ({ selector: { version: image.slice('app:'.length) } }),
  imageOf: (object) => {
    const version = textOf(objectOf(objectOf(object?.['spec'])['selector'])['version']);
    return version === undefined ? '' : `app:${version}`;
  },
  sizeOf: () => 1,
  plan: undefined,
};

/** Its primary is a revision, which the world shows as an object of the same form. */
export const knativeTarget: SimulatedTarget = {
  name: 'Knative',
  provider: 'knative',
  resource: resources.knativeServices,
  ...pods,
  manifest: (image) =>
    objectFor(resources.knativeServices, { template: { spec: { containers: [{ image }] } } }),
  edit: (image) => ({ template: { spec: { containers: [{ image }] } } }),
  sizeOf: () => 1,
  plan: undefined,
};

export const simulatedTargets: readonly [SimulatedTarget, ...SimulatedTarget[]] = [
  deploymentTarget,
  daemonSetTarget,
  serviceTarget,
  knativeTarget,
];
