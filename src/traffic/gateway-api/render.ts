// From a Canary to the spec of its HTTPRoute. Fields and defaults: Gateway API v1.6, HTTPRouteSpec. Values that the API
// server would default are spelled out, so that what is stored is what was sent.
import type { HeaderMatch } from '../../api/analysis.ts';
import type { GatewayRef, Service, StringMatch } from '../../api/service.ts';
import { listOf, objectsOf, type JsonObject } from '../../model/json.ts';
import { isCookieHeader } from '../cookie-matches.ts';
import { backendNames } from '../live.ts';
import { canaryMatches, isMatched, routeMatches, sortedEntries, type RequestMatch } from '../matches.ts';
import type { RouteWish } from '../router.ts';
import { stickinessOf } from '../sticky.ts';
import { copiesTo, filtersOf, ifFilled, settingCookie } from './filters.ts';

export function specOf(wish: RouteWish): JsonObject {
  const { spec } = wish;
  const { service } = spec;
  const everybody = matchList(routeMatches(spec));
  const chosen = isMatched(spec) ? matchList(canaryMatches(spec)) : everybody;
  const rest = backend(wish, 'primary', { weight: 100 });
  return {
    parentRefs: (service?.gatewayRefs ?? []).map(parentRef),
    ...ifFilled('hostnames', service?.hosts ?? []),
    rules: [
      ...chosenRules(wish, chosen),
      ...(isMatched(spec) ? [rule(service, { matches: everybody, backendRefs: [rest] })] : []),
    ].filter(({ matches }) => listOf(matches).length > 0),
  };
}

/** Rules for cookies name one backend each: so nobody takes them for the rule that carries the split, the last one. */
function chosenRules(wish: RouteWish, matches: readonly JsonObject[]): readonly JsonObject[] {
  const { apex, spec, split, mirrorPercent } = wish;
  const { rules, setCookie } = stickinessOf(wish);
  const copies =
    mirrorPercent === undefined
      ? []
      : [copiesTo(backendNames(apex).canary, spec.service?.port, mirrorPercent)];
  return [
    ...rules.map(({ pattern, to, setCookie: cookie }) =>
      rule(spec.service, {
        matches: withCookie(matches, pattern),
        backendRefs: [backend(wish, to, { weight: 100, cookie })],
      }),
    ),
    rule(spec.service, {
      matches,
      copies,
      backendRefs: [
        backend(wish, 'primary', { weight: split.primary, cookie: setCookie.primary }),
        backend(wish, 'canary', { weight: split.canary, cookie: setCookie.canary }),
      ],
    }),
  ];
}

interface RuleParts {
  readonly matches: readonly JsonObject[];
  readonly backendRefs: readonly JsonObject[];
  readonly copies?: readonly JsonObject[];
}

function rule(service: Service | undefined, { matches, backendRefs, copies = [] }: RuleParts): JsonObject {
  return {
    matches,
    ...ifFilled('filters', [...filtersOf(service), ...copies]),
    ...ifFilled('timeouts', timeoutsOf(service)),
    backendRefs,
  };
}

function backend(
  { apex, spec }: RouteWish,
  role: 'primary' | 'canary',
  { weight, cookie }: { readonly weight: number; readonly cookie?: string | undefined },
): JsonObject {
  const port = spec.service?.port;
  return {
    group: '',
    kind: 'Service',
    name: backendNames(apex)[role],
    port,
    weight,
    ...(cookie === undefined ? {} : { filters: [settingCookie(cookie)] }),
  };
}

/** The API takes one condition for a header: a match that has one for cookies is left out, and refused by problems.ts. */
function withCookie(matches: readonly JsonObject[], pattern: string): readonly JsonObject[] {
  const cookie = { name: 'Cookie', type: 'RegularExpression', value: pattern };
  return matches
    .filter(({ headers }) => !objectsOf(headers).some(({ name }) => isCookieHeader(String(name))))
    .map((match) => ({ ...match, headers: [...objectsOf(match['headers']), cookie] }));
}

function parentRef({ group, kind, namespace, name, sectionName, port }: GatewayRef): JsonObject {
  return {
    group,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(sectionName === undefined ? {} : { sectionName }),
    ...(port === undefined ? {} : { port }),
  };
}

/** Entries with a matcher that HTTPRoute lacks are left out, never widened; problems.ts refuses them before. */
function matchList(matches: readonly RequestMatch[]): readonly JsonObject[] {
  return matches.flatMap((match) => {
    const headers = sortedEntries(match.headers).map(([name, matcher]) => named(name, matcher));
    const queryParams = sortedEntries(match.queryParams).map(([name, matcher]) => named(name, matcher));
    if (headers.includes(undefined) || queryParams.includes(undefined)) {
      return [];
    }
    const method = match.method?.exact;
    return [
      {
        path: pathMatch(match.uri),
        ...(method === undefined ? {} : { method }),
        ...ifFilled('headers', headers),
        ...ifFilled('queryParams', queryParams),
      },
    ];
  });
}

export function pathMatch(uri: StringMatch | undefined): { readonly type: string; readonly value: string } {
  if (uri?.regex !== undefined) {
    return { type: 'RegularExpression', value: uri.regex };
  }
  if (uri?.exact !== undefined) {
    return { type: 'Exact', value: uri.exact };
  }
  return { type: 'PathPrefix', value: uri?.prefix ?? '/' };
}

function named(name: string, matcher: HeaderMatch): JsonObject | undefined {
  if (matcher.exact !== undefined) {
    return { name, type: 'Exact', value: matcher.exact };
  }
  return matcher.regex === undefined ? undefined : { name, type: 'RegularExpression', value: matcher.regex };
}

function timeoutsOf(service: Service | undefined): JsonObject {
  const { timeout = '', backendTimeout = '' } = service ?? {};
  return {
    ...(timeout === '' ? {} : { request: timeout }),
    ...(backendTimeout === '' ? {} : { backendRequest: backendTimeout }),
  };
}
