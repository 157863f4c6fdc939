// From a Canary to the spec of its RouteTable (gateway.solo.io/v1, Gloo 1.22). Conditions of one matcher must all hold, so
// each entry of an A/B test becomes a route of its own, before one for everybody else: Gloo takes the first that matches.
// The path comes from the route of the VirtualService that delegates.
import type { AnalysisMatch, HeaderMatch } from '../../api/analysis.ts';
import type { JsonObject } from '../../model/json.ts';
import { backendNames } from '../live.ts';
import { cohorts, isMatched, literalPattern, sortedEntries } from '../matches.ts';
import type { RouteWish } from '../router.ts';
import { upstreamName } from './upstreams.ts';

export function specOf(wish: RouteWish): JsonObject {
  const { apex, spec, split, namespace } = wish;
  const { primary, canary } = backendNames(apex);
  const destination = (service: string, weight: number): JsonObject => ({
    destination: { upstream: { name: upstreamName(wish, service), namespace } },
    weight,
  });
  const both = [destination(primary, split.primary), destination(canary, split.canary)];
  return {
    routes: isMatched(spec)
      ? [
          ...cohorts(spec).map((entry) => ({ matchers: [matcherOf(entry)], ...routeTo(both) })),
          routeTo([destination(primary, 100)]),
        ]
      : [routeTo(both)],
  };
}

function routeTo(destinations: readonly JsonObject[]): JsonObject {
  return { inheritablePathMatchers: true, routeAction: { multi: { destinations } } };
}

function matcherOf({ headers, queryParams }: AnalysisMatch): JsonObject {
  return { ...conditions('headers', headers), ...conditions('queryParameters', queryParams) };
}

function conditions(key: string, map: Readonly<Record<string, HeaderMatch>> = {}): JsonObject {
  const list = sortedEntries(map).map(([name, matcher]) => ({ name, ...valueOf(matcher) }));
  return list.length === 0 ? {} : { [key]: list };
}

/** A regular expression must match the whole value. Without a value Gloo asks no more than that there is one. */
function valueOf({ exact, prefix, suffix, regex }: HeaderMatch): JsonObject {
  if (exact !== undefined && exact !== '') {
    return { value: exact };
  }
  const pattern =
    (exact ?? regex) === ''
      ? '^$'
      : (regex ??
        (prefix === undefined ? undefined : `${literalPattern(prefix)}.*`) ??
        (suffix === undefined ? undefined : `.*${literalPattern(suffix)}`));
  return pattern === undefined ? {} : { value: pattern, regex: true };
}
