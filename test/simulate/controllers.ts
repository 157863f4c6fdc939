// Other controllers, and people with kubectl, who write where Serin writes.
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import type { Habit } from './habits.ts';
import { APP, NAMESPACE, PRIMARY } from './targets.ts';
import { patchWorkload } from './users.ts';
import type { World } from './world.ts';

const namespace = NAMESPACE;

/** What Serin did not write on an object that it writes too. */
const NOTE = 'example.com/note';

function annotated(world: World): readonly (readonly [Resource, string])[] {
  return [
    // Of a Service that is released itself, the two others are copies, notes and all.
    ...(world.target.resource === resources.services ? [] : ['', '-primary', '-canary']).map(
      (suffix) => [resources.services, `${APP}${suffix}`] as const,
    ),
    ...(world.routeResource === undefined ? [] : [[world.routeResource, APP] as const]),
    [world.target.resource, APP],
    [resources.canaries, APP],
  ];
}

function patch(world: World, resource: Resource, name: string, body: JsonObject): boolean {
  const there = world.store.find(resource, { namespace, name }) !== undefined;
  if (there) {
    world.store.patch(resource, { namespace, name }, { kind: 'merge', body });
  }
  return there;
}

export const meddling: readonly Habit[] = [
  {
    name: 'annotates what Serin writes',
    weight: 2,
    act: (world) => {
      const targets = annotated(world);
      const [resource, name] = world.chance.pick([targets[0] ?? [resources.services, APP], ...targets]);
      const body = { metadata: { annotations: { [NOTE]: String(world.nextVersion()) } } };
      return patch(world, resource, name, body) ? `annotates ${resource.kind} ${name}` : undefined;
    },
  },
  {
    name: 'moves the weights of the route',
    act: (world) => {
      const live = world.route();
      const shape = routerFor(world.provider)?.route;
      if (live === undefined || shape === undefined || world.routeResource === undefined) {
        return undefined;
      }
      const weight = world.chance.pick([0, 35, 100]);
      world.store.replace(world.routeResource, shape.reweigh(live, splitToward(weight)));
      return `moves the canary's weight to ${weight}`;
    },
  },
  {
    name: 'empties the route',
    weight: 0.5,
    act: (world) => {
      const rules = world.route()?.kind === 'HTTPProxy' ? { routes: [] } : { rules: [] };
      const resource = world.routeResource;
      return resource !== undefined && patch(world, resource, APP, { spec: rules })
        ? 'empties the route'
        : undefined;
    },
  },
  {
    name: 'edits the selector of a Service',
    act: (world) => {
      const name = world.chance.pick([APP, `${APP}-primary`, `${APP}-canary`]);
      const body = { spec: { selector: { app: 'nobody' } } };
      return patch(world, resources.services, name, body) ? `edits the selector of ${name}` : undefined;
    },
  },
  {
    name: 'scales the primary',
    act: (world) => {
      if (world.target.resource !== resources.deployments) {
        return undefined;
      }
      patchWorkload(world, PRIMARY, { replicas: world.chance.between(1, 3) });
      return 'scales the primary';
    },
  },
  {
    name: 'restarts the primary',
    act: (world) => {
      const annotations = { 'kubectl.kubernetes.io/restartedAt': String(world.nowMs) };
      patchWorkload(world, PRIMARY, { template: { metadata: { annotations } } });
      return 'restarts the primary';
    },
  },
  {
    name: 'edits the primary',
    act: (world, invariants) => {
      // By hand, and good: should the record of what was live get lost, this is what is live.
      const image = `app:good-${world.nextVersion()}`;
      if (world.workload(PRIMARY) === undefined) {
        return undefined;
      }
      invariants.allowed.add(image);
      patchWorkload(world, PRIMARY, world.target.edit(image));
      return `gives the primary ${image}`;
    },
  },
  {
    name: 'writes what status only shows',
    act: (world) => {
      if (world.canary() === undefined) {
        return undefined;
      }
      const key = { namespace, name: APP };
      const body = { status: { canaryWeight: 77, failedChecks: 9, iterations: -1 } };
      world.store.patch(resources.canaries, key, { kind: 'merge', body }, { subresource: 'status' });
      // Half of them are at work on this Canary themselves, and the server notes who they are.
      if (world.chance.happens(0.5)) {
        const time = new Date(world.nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
        const managedFields = [{ manager: 'flagger', operation: 'Update', subresource: 'status', time }];
        world.store.patch(resources.canaries, key, { kind: 'merge', body: { metadata: { managedFields } } });
      }
      return 'writes the status as Flagger would';
    },
  },
];

/** The notes on everything that Serin writes too, by kind, name and UID; what is not there has none. */
export function notesOf(world: World): ReadonlyMap<string, string> {
  const notes = new Map<string, string>();
  for (const [resource, name] of annotated(world)) {
    const object: KubeObject | undefined = world.store.find(resource, { namespace, name });
    if (object !== undefined) {
      notes.set(
        `${resource.kind} ${name} ${object.metadata.uid ?? ''}`,
        object.metadata.annotations?.[NOTE] ?? '',
      );
    }
  }
  return notes;
}
