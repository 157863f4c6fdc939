// From a Canary to the spec of its HTTPRoute. Fields and defaults: Gateway API v1.6, HTTPRouteSpec. Values that the API
// server would default are spelled out, so that what is stored is what was sent.
import type { HeaderMatch } from '../../api/analysis.ts';
import { parseDurationMs } from '../../api/duration.ts';
import type { CorsPolicy, GatewayRef, HeaderOperations, Service, StringMatch } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { backendNames } from '../live.ts';
import { canaryMatches, isMatched, routeMatches, sortedEntries, type RequestMatch } from '../matches.ts';
import type { RouteWish } from '../router.ts';

export function specOf({ apex, spec, split }: RouteWish): JsonObject {
  const { service } = spec;
  const names = backendNames(apex);
  const backend = (name: string, weight: number): JsonObject => ({
    group: '',
    kind: 'Service',
    name,
    port: service?.port,
    weight,
  });
  const both = [backend(names.primary, split.primary), backend(names.canary, split.canary)];
  const everybody = matchList(routeMatches(spec));
  const chosen = isMatched(spec) ? matchList(canaryMatches(spec)) : everybody;
  const rule = (matches: readonly JsonObject[], backendRefs: readonly JsonObject[]): JsonObject => ({
    matches,
    ...ifFilled('filters', filtersOf(service)),
    ...ifFilled('timeouts', timeoutsOf(service)),
    backendRefs,
  });
  return {
    parentRefs: (service?.gatewayRefs ?? []).map(parentRef),
    ...ifFilled('hostnames', service?.hosts ?? []),
    rules: [
      ...(chosen.length === 0 ? [] : [rule(chosen, both)]),
      ...(isMatched(spec) ? [rule(everybody, [backend(names.primary, 100)])] : []),
    ],
  };
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

/** In the order in which Flagger writes them. */
export function filtersOf(service: Service | undefined): readonly JsonObject[] {
  const { headers, rewrite, mirror = [], corsPolicy } = service ?? {};
  const request = modifier(headers?.request);
  const response = modifier(headers?.response);
  const urlRewrite = urlRewriteOf(rewrite);
  return [
    ...(request === undefined ? [] : [{ type: 'RequestHeaderModifier', requestHeaderModifier: request }]),
    ...(response === undefined ? [] : [{ type: 'ResponseHeaderModifier', responseHeaderModifier: response }]),
    ...(urlRewrite === undefined ? [] : [{ type: 'URLRewrite', urlRewrite }]),
    ...mirror.flatMap(({ backendRef }) =>
      backendRef === undefined ? [] : [{ type: 'RequestMirror', requestMirror: { backendRef } }],
    ),
    ...(corsPolicy === undefined ? [] : [{ type: 'CORS', cors: corsOf(corsPolicy) }]),
  ];
}

function modifier(operations: HeaderOperations | undefined): JsonObject | undefined {
  const written = {
    ...ifFilled('add', pairs(operations?.add)),
    ...ifFilled('set', pairs(operations?.set)),
    ...ifFilled('remove', unique(operations?.remove)),
  };
  return Object.keys(written).length === 0 ? undefined : written;
}

function pairs(map: HeaderOperations['add']): JsonObject[] {
  return sortedEntries(map).map(([name, value]) => ({ name, value }));
}

function urlRewriteOf(rewrite: Service['rewrite']): JsonObject | undefined {
  const { uri = '', authority = '', type } = rewrite ?? {};
  if (uri === '' && authority === '') {
    return undefined;
  }
  const path =
    type === 'ReplacePrefixMatch'
      ? { type, replacePrefixMatch: uri }
      : { type: 'ReplaceFullPath', replaceFullPath: uri };
  return { ...(authority === '' ? {} : { hostname: authority }), ...(uri === '' ? {} : { path }) };
}

function corsOf(policy: CorsPolicy): JsonObject {
  const maxAgeMs = policy.maxAge === undefined ? undefined : parseDurationMs(policy.maxAge);
  return {
    ...ifFilled('allowOrigins', unique(policy.allowOrigin)),
    ...ifFilled('allowMethods', unique(policy.allowMethods)),
    ...ifFilled('allowHeaders', unique(policy.allowHeaders)),
    ...ifFilled('exposeHeaders', unique(policy.exposeHeaders)),
    ...(policy.allowCredentials === true ? { allowCredentials: true } : {}),
    maxAge: maxAgeMs === undefined ? DEFAULT_MAX_AGE_SECONDS : Math.trunc(maxAgeMs / 1000),
  };
}

/** The API's own default. */
export const DEFAULT_MAX_AGE_SECONDS = 5;

function timeoutsOf(service: Service | undefined): JsonObject {
  const { timeout = '', backendTimeout = '' } = service ?? {};
  return {
    ...(timeout === '' ? {} : { request: timeout }),
    ...(backendTimeout === '' ? {} : { backendRequest: backendTimeout }),
  };
}

/** The API holds these lists as sets. */
function unique(list: readonly string[] | undefined): readonly string[] {
  return [...new Set(list)];
}

function ifFilled(key: string, value: object): JsonObject {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}
