// What an observation says of the routes of a Canary: of each one, and of several as if they were one, which is as far as
// the one that is furthest behind, and says where they disagree.
import type { SeenObject, SeenRoute } from '../model/observation.ts';
import { keyOf } from '../model/kube.ts';
import { allPrimary, sameSplit } from '../model/split.ts';
import { claimsOf } from '../traffic/cluster-scoped.ts';
import { splitOf } from '../traffic/router.ts';
import type { ObjectView, RouteView } from '../traffic/router.ts';
import { isForeign } from './claims.ts';
import type { RouteScene, Scene } from './scene.ts';

export const noRoute: SeenRoute = { state: 'none', split: undefined, acceptance: 'unknown', message: '' };

export function seenRoutes(scene: Scene): SeenRoute {
  const all = scene.routes.map((route) => named(route, seenRoute(route, scene), scene.routes.length > 1));
  const seen = all.filter(({ state }) => state !== 'none');
  const [first = noRoute, ...others] = seen;
  return others.reduce(asOne, first);
}

/** From what needs most attention to what needs none. */
const states: readonly SeenRoute['state'][] = ['foreign', 'missing', 'drifted', 'inPlace', 'none'];
const acceptances: readonly SeenRoute['acceptance'][] = ['rejected', 'pending', 'unknown', 'accepted'];

function asOne(one: SeenRoute, other: SeenRoute): SeenRoute {
  const agree = one.split !== undefined && sameSplit(one.split, other.split);
  const state = worst(states, one.state, other.state);
  const acceptance = worst(acceptances, one.acceptance, other.acceptance);
  return {
    // Where they disagree, at least one has to be written.
    state: state === 'inPlace' && !agree ? 'drifted' : state,
    split: mostCanary(one, other),
    ...(agree && one.divided !== true && other.divided !== true ? {} : { divided: true }),
    acceptance,
    message: one.acceptance === acceptance ? one.message : other.message,
    namesOurs: one.namesOurs !== false && other.namesOurs !== false,
    namesTheirs: one.namesTheirs !== false && other.namesTheirs !== false,
    lingers: one.lingers === true || other.lingers === true,
    taken: one.taken === true || other.taken === true,
    unprepared: one.unprepared === true || other.unprepared === true,
  };
}

function worst<T>(order: readonly T[], one: T, other: T): T {
  return order.indexOf(one) <= order.indexOf(other) ? one : other;
}

/** A route without a split is the user's so far, and there is none for all of them. */
function mostCanary({ split: one }: SeenRoute, { split: other }: SeenRoute): SeenRoute['split'] {
  if (one === undefined || other === undefined) {
    return undefined;
  }
  return one.canary >= other.canary ? one : other;
}

function named({ router, key }: RouteScene, seen: SeenRoute, several: boolean): SeenRoute {
  const said = seen.message === '' ? seen.acceptance : seen.message;
  return several && seen.state !== 'none'
    ? { ...seen, message: `${router?.route?.resource.kind ?? ''} ${key.name}: ${said}` }
    : seen;
}

function seenRoute(route: RouteScene, { view, apex }: Scene): SeenRoute {
  const { router, view: live, source, companions, wish } = route;
  const shape = router?.route;
  if (shape === undefined) {
    return noRoute;
  }
  const isPrepared = companionsHold(companions.filter((one) => one.shape.beforePods === true));
  const unprepared = isPrepared ? {} : { unprepared: true };
  // What the route is made from is missing: a problem says so, and nothing can be said of the route.
  if (live === undefined || (router?.source !== undefined && source === undefined)) {
    const state = companions.some((one) => isTheirs(one.view, view.uid)) ? 'foreign' : 'missing';
    return { state, split: undefined, acceptance: 'pending', message: '', ...unprepared };
  }
  const { acceptance } = live;
  const wanted = shape.fingerprint(shape.render(wish(allPrimary)));
  const held: SeenObject = live.fingerprint === wanted && companionsHold(companions) ? 'inPlace' : 'drifted';
  const foreign = [live, ...companions.map((one) => one.view)].some((one) => isTheirs(one, view.uid));
  const theirs = foreign || isClaimed(live, { view, apex });
  return {
    state: theirs ? 'foreign' : held,
    split: splitOf(live, apex),
    acceptance: acceptance.state,
    message: theirs ? `belongs to ${live.belongsTo ?? 'another controller'}` : acceptance.message,
    ...naming(live, apex),
    ...unprepared,
  };
}

function isTheirs(live: ObjectView | undefined, ownUid: string): boolean {
  return live !== undefined && isForeign(live.ownerUids, ownUid);
}

/** By somebody else, of an object that nobody can own. */
function isClaimed({ belongsTo }: RouteView, { view, apex }: Pick<Scene, 'view' | 'apex'>): boolean {
  const { namespace, name } = view;
  const mine = claimsOf(keyOf({ namespace, name }), keyOf({ namespace, name: apex }));
  return belongsTo !== undefined && !mine.includes(belongsTo);
}

/** A route that somebody owns goes with its owner: nothing comes after it. */
function naming(
  live: RouteView,
  apex: string,
): Pick<SeenRoute, 'namesOurs' | 'namesTheirs' | 'lingers' | 'taken'> {
  const { backends = [], ownerUids, belongsTo } = live;
  const owned = ownerUids.length > 0 || belongsTo !== undefined;
  const primary = `${apex}-primary`;
  const names = (wanted: readonly string[]) => wanted.every((name) => backends.includes(name));
  const before = live.originalBackends ?? (names([primary]) ? [apex] : []);
  return {
    namesOurs:
      backends.length === 0 || splitOf(live, apex) !== undefined || names([primary, `${apex}-canary`]),
    namesTheirs: backends.length === 0 || owned || names(before),
    lingers: live.lingers === true,
    taken: !owned && (live.originalBackends !== undefined || names([primary])),
  };
}

function companionsHold(companions: RouteScene['companions']): boolean {
  return companions.every(({ shape, wanted, view }) => view?.fingerprint === shape.fingerprint(wanted));
}
