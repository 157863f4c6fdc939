// Copies of requests, cookies, and steps home: what an HTTPRoute says of them, which seeds have them, who meddles with them,
// and what must never be.
import type { KubeObject } from '../../src/model/kube.ts';
import { objectOf, objectsOf, textOf } from '../../src/model/json.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import type { Chance } from './chance.ts';
import type { Habit } from './habits.ts';
import type { Rule } from './rules.ts';
import type { Shape } from './shapes.ts';
import { APP, NAMESPACE } from './targets.ts';
import { setSpec } from './users.ts';

function rulesOf(route: KubeObject | undefined): readonly JsonObject[] {
  return objectsOf(objectOf(route?.['spec'])['rules']);
}

function backendsOf(rule: JsonObject): readonly string[] {
  return objectsOf(rule['backendRefs']).map(({ name }) => textOf(name) ?? '');
}

/** Percent of the requests whose copies go to the canary; 0: none. */
export function copiesIn(route: KubeObject | undefined): number {
  const copies = rulesOf(route)
    .flatMap((rule) => objectsOf(rule['filters']))
    .map(({ requestMirror }) => objectOf(requestMirror))
    .filter(({ backendRef }) => objectOf(backendRef)['name'] === `${APP}-canary`);
  return Math.max(0, ...copies.map(({ percent = 100 }) => Number(percent)));
}

/** Every `name=value` that a rule of the route asks for or an answer sets. */
function cookiesIn(route: KubeObject | undefined): readonly string[] {
  return [...new Set(JSON.stringify(route?.['spec'] ?? {}).match(/cart-(?:track|home)=[A-Za-z]+/g))];
}

/** What answers set: `name=value; Max-Age=3600`, and so on. */
export function cookiesSetBy(route: KubeObject | undefined): readonly string[] {
  return rulesOf(route)
    .flatMap((rule) => [rule, ...objectsOf(rule['backendRefs'])])
    .flatMap(({ filters }) => objectsOf(filters))
    .flatMap(({ responseHeaderModifier }) => objectsOf(objectOf(responseHeaderModifier)['add']))
    .map(({ value }) => textOf(value) ?? '');
}

function sticky(chance: Chance): Readonly<Record<string, unknown>> {
  const primary = chance.happens(0.5) ? { primaryCookieName: 'cart-home' } : {};
  return { cookieName: 'cart-track', ...primary, maxAge: 3600 };
}

export const besideShapes: readonly Shape[] = [
  {
    // Also where the provider cannot: then the run goes on without.
    name: 'copies of requests',
    share: 0.25,
    draw: ({ analysis }, chance) => {
      analysis['mirror'] = true;
      analysis['mirrorWeight'] = chance.pick([0, 50]);
    },
  },
  {
    name: 'session affinity',
    share: 0.3,
    suits: ({ provider, analysis }) =>
      routerFor(provider)?.capabilities.affinity !== undefined && analysis['iterations'] === undefined,
    draw: ({ analysis }, chance) => {
      analysis['sessionAffinity'] = sticky(chance);
    },
  },
  {
    name: 'a stepped rollback',
    share: 0.25,
    draw: ({ analysis }) => {
      analysis['stepWeightRollback'] = 20;
    },
  },
];

export const besideHabits: readonly Habit[] = [
  {
    name: 'edits the weights',
    act: (world) => {
      const stepWeights = world.chance.pick([[10, 70], [25, 50, 75], [100], [40, 60]]);
      setSpec(world, { analysis: { stepWeight: null, maxWeight: null, iterations: null, stepWeights } });
      return `edits the weights to ${stepWeights.join(', ')}`;
    },
  },
  {
    name: 'edits the affinity',
    act: (world) => {
      const sessionAffinity = world.chance.happens(0.3) ? null : sticky(world.chance);
      setSpec(world, { analysis: { sessionAffinity } });
      return sessionAffinity === null ? 'takes the affinity away' : 'edits the affinity';
    },
  },
  {
    name: 'edits the copies',
    act: (world) => {
      const mirror = world.chance.happens(0.5);
      setSpec(world, { analysis: { mirror, mirrorWeight: world.chance.pick([0, 20]) } });
      return mirror ? 'wants copies' : 'wants no copies';
    },
  },
  {
    name: 'takes filters and cookies out of the route',
    act: (world) => {
      const [rule] = rulesOf(world.route()).slice(-1);
      if (world.routeResource === undefined || rule === undefined) {
        return undefined;
      }
      const { filters: _filters, ...plain } = rule;
      const body = { spec: { rules: [plain] } };
      world.store.patch(world.routeResource, { namespace: NAMESPACE, name: APP }, { kind: 'merge', body });
      return 'takes filters and cookies out of the route';
    },
  },
];

export const besideRules: readonly Rule[] = [
  {
    name: 'status names a cookie before a route carries it',
    broken: ({ before, now: { route, status } }) => {
      const stored = [
        status['sessionAffinityCookie'],
        status['previousSessionAffinityCookie'],
        status['primarySessionAffinityCookie'],
      ];
      return route === before.route ? undefined : cookiesIn(route).find((cookie) => !stored.includes(cookie));
    },
  },
  {
    name: 'copies are made only while status says so',
    broken: ({ before, now: { route, status } }) => {
      const { mirror, plan } = objectOf(status['run']);
      const wanted = mirror === true ? Number(objectOf(plan)['mirrorPercent'] ?? 0) : 0;
      const copies = copiesIn(route);
      // Until its target serves, a Canary that goes leaves to the canary what that has had.
      const goesOn = status['phase'] === 'Terminating' && copies === copiesIn(before.route);
      return route === before.route || copies === 0 || copies === wanted || goesOn
        ? undefined
        : `${copies} % are copied, ${wanted} % should be`;
    },
  },
  {
    name: 'no cookie leads to a canary that goes',
    broken: ({ before, now: { target, route } }) => {
      const goes = target?.size === 0 && (before.target?.size ?? 0) > 0;
      const stuck = rulesOf(route).some((rule) => backendsOf(rule).join(' ') === `${APP}-canary`);
      return goes && stuck ? 'one does' : undefined;
    },
  },
];
