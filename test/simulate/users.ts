// What people edit: small changes to the simulated application and its Canary. Who does what, and when, is in habits.ts; what
// a seed's Canary is like, in shapes.ts; what the application runs as, in targets.ts.
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { APP, NAMESPACE } from './targets.ts';
import type { World } from './world.ts';

const namespace = NAMESPACE;

/** The configuration that every version uses. */
export function configOf(level: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data: { level } };
}

export function push(world: World, image: string): string {
  world.pushed.push(image);
  patchWorkload(world, APP, world.target.edit(image));
  return `pushes ${image}`;
}

export function patchWorkload(world: World, name: string, spec: Readonly<Record<string, unknown>>): void {
  // A revision of Knative's is no object that anybody edits.
  const editable = name === APP || world.target.name !== 'Knative';
  if (editable && world.workload(name) !== undefined) {
    world.store.patch(world.target.resource, { namespace, name }, { kind: 'merge', body: { spec } });
  }
}

export function setSpec(world: World, spec: Record<string, unknown>): void {
  if (world.canary() !== undefined) {
    world.store.patch(resources.canaries, { namespace, name: APP }, { kind: 'merge', body: { spec } });
  }
}

export function canaryOf(name: string, spec: Readonly<Record<string, unknown>>): KubeObject {
  return { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: { name, namespace }, spec };
}

/** What Git says, whatever somebody has made of it. */
export function applyCanary(world: World): void {
  const live = world.canary();
  if (live !== undefined) {
    world.store.replace(resources.canaries, { ...live, spec: world.manifest });
  }
}
