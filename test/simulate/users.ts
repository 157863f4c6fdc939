// What people apply and edit: the manifests of the simulated application, and small changes to them. Who does what, and when,
// is in habits.ts; what a seed's Canary is like, in shapes.ts.
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { APP, NAMESPACE } from './world.ts';
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

export function push(world: World, image: string): string {
  patchDeployment(world, APP, { template: { spec: { containers: containersOf(image) } } });
  return `pushes ${image}`;
}

export function patchDeployment(world: World, name: string, spec: Record<string, unknown>): void {
  if (world.deployment(name) !== undefined) {
    world.store.patch(resources.deployments, { namespace, name }, { kind: 'merge', body: { spec } });
  }
}

export function setSpec(world: World, spec: Record<string, unknown>): void {
  if (world.canary() !== undefined) {
    world.store.patch(resources.canaries, { namespace, name: APP }, { kind: 'merge', body: { spec } });
  }
}
