// For a mesh that drops a whole route when one Service in it has no pods, whatever its weight: of primary and canary only
// the one that gets requests is named. All else sees both.
import { objectOf, type JsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import {
  apexOfBackend,
  backendNames,
  backendsOf,
  byName,
  mapRules,
  withBackends,
  type RuleKeys,
} from './live.ts';
import { namedBackends } from './name-backends.ts';
import type { RouteShape } from './router.ts';

/** `shape`, with what has no weight left out where it is written, and filled in where it is read; the primary stands first. */
export function namingOnlyUsed(shape: RouteShape, keys: RuleKeys): RouteShape {
  const { leadingToApex } = shape;
  const used = (route: KubeObject): KubeObject => changed(route, keys, withoutIdle);
  const both = (route: KubeObject): KubeObject => changed(route, keys, withIdle);
  return {
    ...shape,
    render: (wish) => used(shape.render(wish)),
    merge: (live, wanted) => used(shape.merge(both(live), both(wanted))),
    fingerprint: (route) => shape.fingerprint(both(route)),
    view: (live) => shape.view(both(live)),
    reweigh: (live, split) => used(shape.reweigh(both(live), split)),
    ...(leadingToApex && {
      leadingToApex: (live: KubeObject, apex: string) => leadingToApex(both(live), apex),
    }),
  };
}

interface Pair {
  /** The entry that leads to this Service. */
  readonly entry: JsonObject | undefined;
  readonly service: string;
}

type Change = (
  all: readonly JsonObject[],
  primary: Pair,
  canary: Pair,
  keys: RuleKeys,
) => readonly JsonObject[];

function changed(route: KubeObject, keys: RuleKeys, change: Change): KubeObject {
  const { service = byName } = keys;
  const names = backendNames(apexIn(route, keys));
  const changeRule = (rule: JsonObject): JsonObject => {
    const all = backendsOf(rule, keys);
    const pairOf = (name: string): Pair => ({
      entry: all.find((one) => service.of(one) === name),
      service: name,
    });
    const list = change(all, pairOf(names.primary), pairOf(names.canary), keys);
    return list === all ? rule : withBackends(rule, keys, list);
  };
  return { ...route, spec: mapRules(objectOf(route['spec']), keys, changeRule) };
}

/** Also of an object with a name of its own, which may name but one of the two. */
function apexIn(route: KubeObject, keys: RuleKeys): string {
  const names = namedBackends(route['spec'], keys);
  const bases = new Set(names.map(apexOfBackend));
  const [base = '', ...others] = bases;
  return others.length === 0 && names.length > 0 && !names.includes(base) ? base : route.metadata.name;
}

const withoutIdle: Change = (all, primary, canary) => {
  if (primary.entry === undefined || canary.entry === undefined) {
    return all;
  }
  const idle = [canary.entry, primary.entry].find(({ weight }) => weight === 0);
  return idle === undefined ? all : all.filter((one) => one !== idle);
};

/** The one that comes back takes after the one that is there: its port, and what others have written in it. */
const withIdle: Change = (all, primary, canary, { service = byName }) => {
  const like = (entry: JsonObject, name: string): JsonObject => ({ ...service.set(entry, name), weight: 0 });
  return all.flatMap((one) => {
    if (one === primary.entry && canary.entry === undefined) {
      return [one, like(one, canary.service)];
    }
    return one === canary.entry && primary.entry === undefined ? [like(one, primary.service), one] : [one];
  });
};
