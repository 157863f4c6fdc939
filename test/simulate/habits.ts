// What people and other controllers do to a cluster while a run is under way. A new feature adds the ways to misuse it here.
import { resources } from '../../src/model/kube.ts';
import { objectOf } from '../../src/model/json.ts';
import { anotherController } from './another-controller.ts';
import { autoscalerHabits } from './autoscalers.ts';
import { configurationHabits } from './configuration.ts';
import { besideHabits } from './beside.ts';
import type { Chance } from './chance.ts';
import { giveCommand, takeBack } from './commands.ts';
import { meddling } from './controllers.ts';
import type { Invariants } from './invariants.ts';
import { secondHabits } from './second-route.ts';
import { spoiling } from './spoils.ts';
import { APP, NAMESPACE, PRIMARY, WARM } from './targets.ts';
import type { Troubles } from './troubles.ts';
import { patchWorkload, push, setSpec } from './users.ts';
import type { World } from './world.ts';

const namespace = NAMESPACE;
/** How many of the habits a seed knows. */
const SHARE = 0.4;

export interface Habit {
  readonly name: string;
  /** How often, against the others; 1 where nothing is said. */
  readonly weight?: number;
  /** What was done, for the transcript; undefined: there was nothing to do it to. */
  readonly act: (world: World, invariants: Invariants) => string | undefined;
}

const habits: readonly [Habit, ...Habit[]] = [
  {
    name: 'pushes a new revision',
    weight: 6,
    act: (world) =>
      push(world, `app:${world.chance.pick(['good', 'good', 'bad', 'broken'])}-${world.nextVersion()}`),
  },
  {
    name: 'pushes the live revision',
    act: (world) => {
      const live = world.imageOf(PRIMARY);
      return live === '' ? undefined : `${push(world, live)} (back to what is live)`;
    },
  },
  {
    name: 'pushes an earlier revision',
    act: (world) => `${push(world, world.chance.pick(['app:good-1', ...world.pushed.slice(-4)]))} (again)`,
  },
  {
    name: 'scales the target',
    act: (world) => {
      if (world.target.resource !== resources.deployments) {
        return undefined;
      }
      patchWorkload(world, APP, { replicas: world.chance.between(0, 3) });
      return 'scales the target';
    },
  },
  {
    name: 'deletes the primary',
    act: (world, invariants) => {
      // A primary that is deleted comes back with what it had; so that is allowed again.
      const image = world.imageOf(PRIMARY);
      if (image === '') {
        return undefined;
      }
      invariants.allowed.add(image);
      world.deletePrimary();
      return 'deletes the primary';
    },
  },
  {
    name: 'deletes a Service',
    act: (world) => {
      const canary = `${APP}-canary`;
      // Where the target is one, others do that to it and to its primary.
      const own = world.target.resource === resources.services;
      const name = own ? canary : world.chance.pick([APP, PRIMARY, canary]);
      if (world.store.find(resources.services, { namespace, name }) === undefined) {
        return undefined;
      }
      world.store.delete(resources.services, { namespace, name });
      return `deletes Service ${name}`;
    },
  },
  {
    name: 'deletes the route',
    act: (world) => {
      // Where the route is the target, others delete that.
      if (
        world.routeResource === undefined ||
        world.route() === undefined ||
        world.routeResource === world.target.resource
      ) {
        return undefined;
      }
      world.store.delete(world.routeResource, { namespace, name: APP });
      return 'deletes the route';
    },
  },
  {
    name: 'labels the route',
    act: (world) => {
      if (world.routeResource === undefined || world.route() === undefined) {
        return undefined;
      }
      const body = { metadata: { labels: { team: `team-${world.chance.between(1, 3)}` } } };
      world.store.patch(world.routeResource, { namespace, name: APP }, { kind: 'merge', body });
      return 'labels the route';
    },
  },
  {
    name: 'deletes the Canary',
    weight: 2,
    act: (world) => {
      if (world.canary() === undefined) {
        return undefined;
      }
      world.store.delete(resources.canaries, { namespace, name: APP });
      return 'deletes the Canary';
    },
  },
  {
    name: 'deletes the target',
    act: (world) => {
      if (world.workload(APP) === undefined) {
        return undefined;
      }
      world.store.delete(world.target.resource, { namespace, name: APP });
      return 'deletes the target';
    },
  },
  {
    name: 'deletes a stored revision',
    act: (world) => {
      const [revision] = world.store.list(resources.controllerRevisions, { namespace }).items;
      if (revision === undefined) {
        return undefined;
      }
      world.store.delete(resources.controllerRevisions, revision.metadata);
      return 'deletes a stored revision';
    },
  },
  {
    name: 'deletes the warm pods',
    // Few seeds are ever on probation.
    weight: 12,
    act: (world) => {
      if (world.workload(WARM) === undefined) {
        return undefined;
      }
      world.store.delete(world.target.resource, { namespace, name: WARM });
      return 'deletes the warm pods';
    },
  },
  {
    name: 'kills pods',
    act: (world) => {
      const name = world.chance.pick([APP, PRIMARY, WARM]);
      world.kill(name);
      return `kills the pods of ${name}`;
    },
  },
  {
    name: 'takes the primary down',
    act: (world) => {
      world.primaryDown = !world.primaryDown;
      return world.primaryDown ? 'takes the primary down' : 'lets the primary live';
    },
  },
  {
    name: 'edits the configuration',
    act: (world) => {
      if (world.store.find(resources.configMaps, { namespace, name: 'settings' }) === undefined) {
        return undefined;
      }
      const body = { data: { level: `level-${world.chance.between(1, 3)}` } };
      world.store.patch(resources.configMaps, { namespace, name: 'settings' }, { kind: 'merge', body });
      return 'edits the configuration';
    },
  },
  {
    name: 'suspends',
    act: (world) => {
      const suspend = objectOf(world.canary()?.['spec'])['suspend'] !== true;
      setSpec(world, { suspend });
      return suspend ? 'suspends' : 'resumes';
    },
  },
  {
    name: 'edits the threshold',
    act: (world) => {
      setSpec(world, { analysis: { threshold: world.chance.between(1, 3) } });
      return 'edits the threshold';
    },
  },
  { name: 'gives a command', weight: 5, act: giveCommand },
  { name: 'takes a command back', act: takeBack },
  anotherController,
  {
    name: 'lets a gate wait over the weekend',
    weight: 4,
    act: (world) => {
      const { gate, paused } = objectOf(objectOf(world.canary()?.['status'])['run']);
      if (gate === undefined && paused === undefined) {
        return undefined;
      }
      world.troubles.gatesClosed = true;
      world.nowMs += 25 * 3_600_000;
      return 'lets the gate wait for a day';
    },
  },
  {
    name: 'loses the primary and all records of it',
    act: (world, invariants) => {
      if (world.workload(PRIMARY) === undefined) {
        return undefined;
      }
      for (const { metadata } of world.store.list(resources.controllerRevisions, { namespace }).items) {
        world.store.delete(resources.controllerRevisions, metadata);
      }
      world.deletePrimary();
      // The target is all that is left, and goes live.
      const image = `app:good-${world.nextVersion()}`;
      invariants.allowed.add(image);
      return `loses the primary and its records, and ${push(world, image)}`;
    },
  },
  {
    name: 'restores the Canary from a backup',
    act: (world) => {
      // What a route still says of cookies and copies would be nobody's any more.
      const beside = /cookie|mirror/i.test(JSON.stringify(world.route() ?? {}));
      if (world.canary() === undefined || beside) {
        return undefined;
      }
      world.store.delete(resources.canaries, { namespace, name: APP }, { propagation: 'Orphan' });
      return 'deletes the Canary, and leaves what it made';
    },
  },
  ...autoscalerHabits,
  ...configurationHabits,
  ...besideHabits,
  ...secondHabits,
  toggle('metricsDown', ['lets metrics vanish', 'lets metrics return'], 4),
  toggle('gatesClosed', ['closes the gates', 'opens the gates'], 2),
  toggle('deaf', ['makes the gateway deaf', 'lets the gateway hear'], 2),
  toggle('straying', ['calls the canary through the gateway', 'calls the canary no more'], 1),
  toggle('routeRejected', ['breaks the gateway', 'mends the gateway'], 1),
  toggle('refusing', ['has a policy refuse everything', 'takes the policy back'], 1),
  toggle('noRoom', ['leaves no room for warm pods', 'makes room for warm pods'], 3),
  toggle('notServed', ['takes the kind of the route away', 'installs the kind of the route'], 0.5),
  ...spoiling,
  ...meddling,
];

export const habitNames: readonly string[] = habits.map(({ name }) => name);

/** A seed knows some of the habits only, so that what they do together is different in each; everybody pushes. */
export function habitsOf(chance: Chance): readonly Habit[] {
  return habits.filter((habit) => habit === habits[0] || chance.happens(SHARE));
}

function toggle(
  trouble: Exclude<keyof Troubles, 'end'>,
  [begin, end]: readonly [string, string],
  weight: number,
): Habit {
  return {
    name: begin,
    weight,
    act: ({ troubles }) => {
      troubles[trouble] = !troubles[trouble];
      return troubles[trouble] ? begin : end;
    },
  };
}

/** One thing somebody does: its habit, and what was done where there was something to do it to. */
export function meddle(
  known: readonly Habit[],
  world: World,
  invariants: Invariants,
): { name: string; done: string | undefined } {
  let left = world.chance.next() * known.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const habit = known.find(({ weight = 1 }) => (left -= weight) <= 0) ?? habits[0];
  return { name: habit.name, done: habit.act(world, invariants) };
}
