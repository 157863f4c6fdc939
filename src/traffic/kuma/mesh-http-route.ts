// From a Canary to the spec of its MeshHTTPRoute (kuma.io/v1alpha1, Kuma 2.9 to 2.14): what requests to the apex Service meet,
// wherever in the mesh they come from. Header names are lower case there.
import type { HeaderMatch } from '../../api/analysis.ts';
import type { HeaderOperations, Service, StringMatch } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { filtersOf, ifFilled } from '../gateway-api/filters.ts';
import { pathMatch } from '../gateway-api/render.ts';
import { backendNames } from '../live.ts';
import { canaryMatches, isMatched, routeMatches, sortedEntries, type RequestMatch } from '../matches.ts';
import type { RouteWish } from '../router.ts';

export function specOf(wish: RouteWish): JsonObject {
  const { namespace, apex, spec, split, mirrorPercent } = wish;
  const { service } = spec;
  const everybody = routeMatches(spec).flatMap(matchOf);
  const chosen = isMatched(spec) ? canaryMatches(spec).flatMap(matchOf) : everybody;
  const copies = mirrorPercent === undefined ? [] : [copiesTo(wish, mirrorPercent)];
  const own = filtersOf(headersInLowerCase(service));
  return {
    to: [
      {
        targetRef: { kind: 'MeshService', name: apex, namespace, sectionName: portNameOf(service) },
        rules: [
          ruleOf(
            chosen,
            [backend(wish, 'primary', split.primary), backend(wish, 'canary', split.canary)],
            [...own, ...copies],
          ),
          ...(isMatched(spec) ? [ruleOf(everybody, [backend(wish, 'primary', 100)], own)] : []),
        ].filter(({ matches }) => Array.isArray(matches) && matches.length > 0),
      },
    ],
  };
}

function ruleOf(
  matches: readonly JsonObject[],
  backendRefs: readonly JsonObject[],
  filters: readonly JsonObject[],
): JsonObject {
  return { matches, default: { ...ifFilled('filters', filters), backendRefs } };
}

function backend(wish: RouteWish, role: 'primary' | 'canary', weight: number): JsonObject {
  return { ...meshService(wish, role), weight };
}

function meshService({ namespace, apex, spec }: RouteWish, role: 'primary' | 'canary'): JsonObject {
  return { kind: 'MeshService', name: backendNames(apex)[role], namespace, port: spec.service?.port };
}

/** Without a percentage all requests are copied. */
function copiesTo(wish: RouteWish, percent: number): JsonObject {
  return {
    type: 'RequestMirror',
    requestMirror: {
      backendRef: meshService(wish, 'canary'),
      ...(percent < 100 ? { percentage: percent } : {}),
    },
  };
}

/** As the apex Service calls its port. */
function portNameOf(service: Service | undefined): string {
  const name = service?.portName ?? '';
  return name === '' ? 'http' : name;
}

/** Nothing for a match with a condition that cannot be expressed: it must not take more requests. problems.ts refuses it. */
function matchOf({ uri, method, headers, queryParams }: RequestMatch): readonly JsonObject[] {
  const byHeader = sortedEntries(headers).map(([name, matcher]) =>
    named(name.toLowerCase(), headerMatcher(matcher)),
  );
  const byParam = sortedEntries(queryParams).map(([name, matcher]) => named(name, queryMatcher(matcher)));
  return [...byHeader, ...byParam].includes(undefined)
    ? []
    : [
        {
          path: pathMatch(uri),
          ...(method?.exact === undefined ? {} : { method: method.exact }),
          ...ifFilled('headers', byHeader),
          ...ifFilled('queryParams', byParam),
        },
      ];
}

function named(name: string, matcher: JsonObject | undefined): JsonObject | undefined {
  return matcher && { name, ...matcher };
}

function headerMatcher(matcher: HeaderMatch): JsonObject | undefined {
  const { prefix } = matcher;
  if (Object.keys(matcher).length === 0) {
    return { type: 'Present' };
  }
  return prefix === undefined ? queryMatcher(matcher) : { type: 'Prefix', value: prefix };
}

function queryMatcher({ exact, regex }: StringMatch): JsonObject | undefined {
  if (exact !== undefined) {
    return { type: 'Exact', value: exact };
  }
  return regex === undefined ? undefined : { type: 'RegularExpression', value: regex };
}

/** Only what a rule can do to requests and answers: header names are told apart without regard to case. */
function headersInLowerCase(service: Service | undefined): Service | undefined {
  if (service === undefined) {
    return undefined;
  }
  const { port, rewrite, headers } = service;
  return {
    port,
    ...(rewrite === undefined ? {} : { rewrite }),
    headers: { request: inLowerCase(headers?.request), response: inLowerCase(headers?.response) },
  };
}

function inLowerCase({ add, set, remove }: HeaderOperations = {}): HeaderOperations {
  return { add: lowered(add), set: lowered(set), remove: (remove ?? []).map((name) => name.toLowerCase()) };
}

function lowered(map: HeaderOperations['set'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name.toLowerCase(), value]));
}
