// What the cache keeps of a route of the user's: for every Service that may be somebody's apex, what the route holds of it.
// And what is wrong with it for a Canary that names it.
import type { CanarySpec } from '../../api/canary.ts';
import { apexName } from '../../api/defaults.ts';
import type { Path } from '../../api/problem.ts';
import { digest } from '../../model/hash.ts';
import type { JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { notedWeights } from '../../model/original.ts';
import type { Problem } from '../../model/problem.ts';
import { apexOfBackend, backendNames } from '../live.ts';
import { error } from '../problems.ts';
import { objectView } from '../router.ts';
import type { Acceptance, RouteFault, RouteView, SharedReading } from '../router.ts';
import { faultIn, namesIn, percentIn, placesIn } from './rule.ts';
import type { PairWords, Place, RuleWords } from './rule.ts';

export function sharedView(live: KubeObject, words: RuleWords, acceptance: Acceptance): RouteView {
  const readings = apexesIn(live, words).flatMap((apex) => {
    const places = placesIn(live, apex, words);
    return places.length === 0 ? [] : [[apex, readingOf(live, places, { apex, words })] as const];
  });
  return {
    ...objectView(live, fingerprint(live, words)),
    // The user's, whoever owns it.
    ownerUids: [],
    weights: undefined,
    acceptance,
    shared: new Map(readings),
  };
}

/** Of a route as a whole: whose pairs it holds. What else stands in it is not ours. */
export function fingerprint(route: KubeObject, words: RuleWords): string {
  return digest(apexesIn(route, words).filter((apex) => isHeld(placesIn(route, apex, words), words)));
}

function readingOf(live: KubeObject, places: readonly Place[], pair: PairWords): SharedReading {
  const { apex, words } = pair;
  const names = backendNames(apex);
  const [percent, ...others] = places.map((place) => percentIn(place, words));
  const agreed = others.every((other) => other === percent) ? percent : undefined;
  return {
    fingerprint: digest(isHeld(places, words) ? [apex] : []),
    weights: agreed === undefined ? undefined : { [names.primary]: 100 - agreed, [names.canary]: agreed },
    faults: places.flatMap((place) => faultIn(place, pair) ?? []),
    ...(words.namesOnlyUsed ? {} : namedIn(places, pair)),
    ...(notedWeights(live, apex) === undefined ? {} : { originalBackends: [apex] }),
  };
}

function namedIn(
  places: readonly Place[],
  { apex, words }: PairWords,
): Pick<SharedReading, 'backends' | 'lingers'> {
  const names = backendNames(apex);
  const everywhere = (name: string, entry: (place: Place) => JsonObject | undefined): readonly string[] =>
    places.every((place) => entry(place) !== undefined) ? [name] : [];
  return {
    backends: [
      ...everywhere(apex, (place) => place.apex),
      ...everywhere(names.primary, (place) => place.primary),
      ...everywhere(names.canary, (place) => place.canary),
    ],
    lingers: places.some((place) => place.apex !== undefined && percentIn(place, words) !== undefined),
  };
}

/** Primary and canary have what the apex had, in all of its rules. */
function isHeld(places: readonly Place[], words: RuleWords): boolean {
  return places.length > 0 && places.every((place) => percentIn(place, words) !== undefined);
}

function apexesIn({ spec }: KubeObject, words: RuleWords): readonly string[] {
  const names = namesIn(spec, words).flatMap((name) => [name, apexOfBackend(name)]);
  return [...new Set(names)].toSorted();
}

export function referenceProblems(
  spec: CanarySpec,
  view: RouteView | undefined,
  { kind, reference }: { readonly kind: string; readonly reference: 'ingressRef' | 'routeRef' },
): readonly Problem[] {
  const apex = apexName(spec);
  const value = spec[reference]?.name ?? '';
  const field: Path = ['spec', reference, 'name'];
  const subject = `names ${kind} ${value}, which`;
  if (view === undefined) {
    const message = `${subject} does not exist in this namespace`;
    const fix = 'create it, or name another one';
    return [error(field, { reason: 'MissingReference', value, message, fix })];
  }
  const faults: readonly RouteFault[] = view.shared?.get(apex)?.faults ?? [
    {
      message: `has no rule that sends to the Service ${apex}`,
      fix: `let one of its rules send to ${apex}, or name another one`,
    },
  ];
  return faults.map(({ message, fix }) => error(field, { value, message: `${subject} ${message}`, fix }));
}
