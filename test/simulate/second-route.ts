// A second route to the same Services: which seeds have it, who meddles with it, and what must never be. It moves with the
// first one, and what holds for that holds for it.
import type { KubeObject } from '../../src/model/kube.ts';
import { objectOf } from '../../src/model/json.ts';
import { splitToward, type Split } from '../../src/model/split.ts';
import { splitOf } from '../../src/traffic/router.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import type { Habit } from './habits.ts';
import type { Rule } from './rules.ts';
import type { Shape } from './shapes.ts';
import { APP, NAMESPACE, PRIMARY, WARM } from './targets.ts';
import { setSpec } from './users.ts';
import type { World } from './world.ts';

const SECOND = `${APP}-inside`;
const PROVIDER = 'gatewayapi:v1';
const shape = routerFor(PROVIDER)?.route;

const entry = {
  provider: PROVIDER,
  name: SECOND,
  gatewayRefs: [{ group: '', kind: 'Service', name: APP, port: 80 }],
};

export function secondRoute({ store }: World): KubeObject | undefined {
  return shape === undefined ? undefined : store.find(shape.resource, { namespace: NAMESPACE, name: SECOND });
}

export function secondSplit(world: World): Split | undefined {
  const route = secondRoute(world);
  return shape === undefined || route === undefined ? undefined : splitOf(shape.view(route), APP);
}

export const secondShapes: readonly Shape[] = [
  {
    name: 'a second route',
    share: 0.3,
    suits: ({ provider }) => provider !== 'kubernetes' && provider !== 'knative',
    draw: ({ provider, spec }) => {
      spec['routes'] = [{ provider }, entry];
    },
  },
];

export const secondHabits: readonly Habit[] = [
  {
    name: 'moves the weights of the second route',
    act: (world) => {
      const live = secondRoute(world);
      if (live === undefined || shape === undefined) {
        return undefined;
      }
      const weight = world.chance.pick([0, 35, 100]);
      world.store.replace(shape.resource, shape.reweigh(live, splitToward(weight)));
      return `moves the second route's weight to ${weight}`;
    },
  },
  {
    name: 'deletes the second route',
    act: (world) => {
      if (shape === undefined || secondRoute(world) === undefined) {
        return undefined;
      }
      world.store.delete(shape.resource, { namespace: NAMESPACE, name: SECOND });
      return 'deletes the second route';
    },
  },
  {
    name: 'asks for a second route, or for none',
    act: (world) => {
      if (world.provider === 'kubernetes' || world.provider === 'knative') {
        return undefined;
      }
      const there = world.manifest['routes'] !== undefined;
      setSpec(world, { routes: there ? null : [{ provider: world.provider }, entry] });
      return there ? 'asks for one route alone' : 'asks for a second route';
    },
  },
];

/** One that the Canary names no more stays as it was left. */
const isNamed = (status: Readonly<Record<string, unknown>>): boolean =>
  objectOf(objectOf(status['run'])['plan'])['routes'] !== undefined;

export const secondRules: readonly Rule[] = [
  {
    name: 'a second route sends to where it is served',
    broken: ({ before, now: { second, status }, believes }) => {
      if (
        second === undefined ||
        before.second?.canary === second.canary ||
        status['phase'] === 'Terminating'
      ) {
        return undefined;
      }
      const canary = believes(objectOf(status['run'])['warm'] === true ? WARM : APP);
      return second.canary > (before.second?.canary ?? 0) && canary === 0 && believes(PRIMARY) > 0
        ? `weight ${second.canary} was given to a canary without pods`
        : undefined;
    },
  },
  {
    name: 'a second route says what status says',
    broken: ({ before, now: { second, status } }) => {
      const wanted = Number(objectOf(objectOf(status['run'])['split'])['canary'] ?? 0);
      const leaving = status['phase'] === 'Terminating' || status['phase'] === undefined;
      const written = second !== undefined && before.second?.canary !== second.canary;
      return written && !leaving && second.canary !== wanted
        ? `it says ${second.canary}, status ${wanted}`
        : undefined;
    },
  },
  {
    name: 'the target is scaled down only when no second route sends to it',
    broken: ({ before, now: { target, second, status } }) => {
      const goes = target?.size === 0 && (before.target?.size ?? 0) > 0;
      return goes && isNamed(status) && (second?.canary ?? 0) > 0
        ? `it was, while it gets ${second?.canary} %`
        : undefined;
    },
  },
];
