// A route of the user's, which the Canary names: Serin moves weights in it, and writes nothing else. In every rule that
// sends to the apex Service primary and canary take its place; other rules, other backends and what others wrote stay as they
// are. Several Canaries may share a route, so everything here is about the pair of one apex. The route is never created, and
// on it stands, for each apex, what its rules said of the weight before. borrowed-route/ has one rule, and the view.
import type { CanarySpec } from '../api/canary.ts';
import { numberOf, withValueAt, type JsonObject } from '../model/json.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../model/kube.ts';
import { notedWeights, withNotedWeights } from '../model/original.ts';
import { allPrimary, splitToward, type Split } from '../model/split.ts';
import {
  mapPlaces,
  namesIn,
  percentIn,
  placesIn,
  withApex,
  withNamed,
  withPair,
} from './borrowed-route/rule.ts';
import type { PairWords, RuleWords } from './borrowed-route/rule.ts';
import { fingerprint, referenceProblems, sharedView } from './borrowed-route/view.ts';
import { backendNames, withBackends, type RuleKeys, type ServiceKey } from './live.ts';
import { isMatched } from './matches.ts';
import type { Acceptance, RouteShape, RouteWish, RouterVariant, TrafficRouter } from './router.ts';

/** How routes of one kind are read and written. */
export interface BorrowedParts {
  readonly resource: Resource;
  readonly keys: RuleKeys;
  /** How a backend names a Service of this namespace. */
  readonly serviceIn: (namespace: string) => ServiceKey;
  readonly weightOf: RuleWords['weightOf'];
  readonly acceptanceOf: (live: KubeObject) => Acceptance;
  /** Left out: false. */
  readonly namesOnlyUsed?: true;
  /** Which reference of the spec names it; left out: `routeRef`. */
  readonly reference?: 'ingressRef';
  /** Left out: they can stand anywhere. */
  readonly unfit?: RuleWords['unfit'];
}

export function borrowedRoute(parts: BorrowedParts): RouteShape {
  const { resource, serviceIn, namesOnlyUsed = false, unfit = () => undefined } = parts;
  const nameIn = (spec: CanarySpec): string => spec[parts.reference ?? 'routeRef']?.name ?? '';
  const wordsFor = (namespace = ''): RuleWords => ({
    keys: parts.keys,
    weightOf: parts.weightOf,
    service: serviceIn(namespace),
    namesOnlyUsed,
    unfit,
  });
  const wordsOf = ({ metadata }: KubeObject): RuleWords => wordsFor(metadata.namespace);
  const pairOf = (live: KubeObject, apex: string): PairWords => ({ apex, words: wordsOf(live) });
  return {
    resource,
    nameOf: nameIn,
    render: (wish) => ({
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { name: nameIn(wish.spec), namespace: wish.namespace },
      spec: specOf(wish, wordsFor(wish.namespace)),
    }),
    merge: (live, wanted) => {
      const { apex, split } = wishIn(wanted, wordsOf(wanted));
      return moved(noted(live, pairOf(live, apex)), split, pairOf(live, apex));
    },
    fingerprint: (route) => fingerprint(route, wordsOf(route)),
    view: (live) => sharedView(live, wordsOf(live), parts.acceptanceOf(live)),
    reweigh: (live, split, apex = '') => moved(live, split, pairOf(live, apex)),
    givenBack: (live, apex) => givenBack(live, pairOf(live, apex)),
    leadingToApex: (live, apex) => givenBack(live, pairOf(live, apex)),
    ...(namesOnlyUsed
      ? {}
      : {
          naming: (live: KubeObject, other: unknown, apex: string) => naming(live, other, pairOf(live, apex)),
        }),
    problems: (spec, view) =>
      referenceProblems(spec, view, { kind: resource.kind, reference: parts.reference ?? 'routeRef' }),
  };
}

/** For a Canary that names a route of this router's kind. */
export function whereNamed(router: TrafficRouter & { readonly borrows: string }): RouterVariant {
  const { borrows } = router;
  return {
    where: `where \`routeRef\` names ${/^(HTTP|[AEIO])/.test(borrows) ? 'an' : 'a'} ${borrows}`,
    applies: ({ routeRef }) => routeRef?.kind === borrows,
    router,
  };
}

/** The user's rules are not known here: one of theirs, as it shall be. */
function specOf({ apex, spec, split }: RouteWish, { keys, service }: RuleWords): JsonObject {
  // It cannot choose users: a match is refused, and here nobody must see the canary because of it.
  const { primary, canary } = isMatched(spec) ? allPrimary : split;
  const names = backendNames(apex);
  const pair = [
    { ...service.set({}, names.primary), weight: primary },
    { ...service.set({}, names.canary), weight: canary },
  ];
  const [path = ''] = keys.rules;
  return withValueAt({}, path, [withBackends({}, keys, pair)]);
}

function wishIn(wanted: KubeObject, words: RuleWords): { readonly apex: string; readonly split: Split } {
  const [first = ''] = namesIn(wanted['spec'], words);
  const apex = first.replace(/-primary$/, '');
  const [place] = placesIn(wanted, apex, words);
  return { apex, split: splitToward((place && percentIn(place, words)) ?? 0) };
}

function moved(live: KubeObject, split: Split, pair: PairWords): KubeObject {
  return mapPlaces(live, pair, (rule, place) => withPair(rule, place, { ...pair, split }));
}

/** Its rules lead to the apex as they did, and the note of that is gone. */
function givenBack(live: KubeObject, pair: PairWords): KubeObject {
  const before = [...weightsBefore(live, pair)];
  const restored = mapPlaces(live, pair, (rule, place) => {
    const weight = before.shift() ?? null;
    return place.isTaken ? withApex(rule, place, { ...pair, before: weight }) : rule;
  });
  return withNotedWeights(restored, pair.apex, undefined);
}

/** What `other` names of apex, primary and canary its rules name too. */
function naming(live: KubeObject, other: unknown, pair: PairWords): KubeObject {
  const { apex, words } = pair;
  const { primary, canary } = backendNames(apex);
  const named = namesIn(other, words);
  const names = [primary, canary, apex].filter((name) => named.includes(name));
  return mapPlaces(noted(live, pair), pair, (rule, place) => withNamed(rule, place, { names, words }));
}

/** Written once for each rule: what primary and canary have is never taken for what was before. */
function noted(live: KubeObject, pair: PairWords): KubeObject {
  const weights = weightsBefore(live, pair);
  return weights.length === 0 ? live : withNotedWeights(live, pair.apex, weights);
}

/**
 * What each rule of the apex says of its weight, or said before primary and canary took its place. Where rules have come or
 * gone since that was noted, some may get what another one said: that makes no difference, as a weight counts only beside
 * others, and then it is what the two have together.
 */
function weightsBefore(live: KubeObject, { apex, words }: PairWords): readonly (number | null)[] {
  const places = placesIn(live, apex, words);
  const note = notedWeights(live, apex) ?? [];
  const isComplete = note.length === places.length;
  const left = [...note];
  return places.map(({ isTaken, apex: entry }, index) => {
    if (!isTaken) {
      return numberOf(entry?.['weight']) ?? null;
    }
    return (isComplete ? note[index] : left.shift()) ?? null;
  });
}
