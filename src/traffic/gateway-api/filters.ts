// Filters of an HTTPRoute or GRPCRoute: what the Canary wants done to requests and answers on their way. Fields and defaults:
// Gateway API v1.6, HTTPRouteFilter and GRPCRouteFilter.
import { parseDurationMs } from '../../api/duration.ts';
import type { CorsPolicy, HeaderOperations, Service } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { sortedEntries } from '../matches.ts';

/** In the order in which Flagger writes them. */
export function filtersOf(service: Service | undefined): readonly JsonObject[] {
  const { rewrite, corsPolicy } = service ?? {};
  const urlRewrite = urlRewriteOf(rewrite);
  return [
    ...headerFilters(service),
    ...(urlRewrite === undefined ? [] : [{ type: 'URLRewrite', urlRewrite }]),
    ...mirrorFilters(service),
    ...(corsPolicy === undefined ? [] : [{ type: 'CORS', cors: corsOf(corsPolicy) }]),
  ];
}

/** Of these a GRPCRoute has the same. */
export function grpcFiltersOf(service: Service | undefined): readonly JsonObject[] {
  return [...headerFilters(service), ...mirrorFilters(service)];
}

function headerFilters({ headers }: Pick<Service, 'headers'> = {}): JsonObject[] {
  const request = modifier(headers?.request);
  const response = modifier(headers?.response);
  return [
    ...(request === undefined ? [] : [{ type: 'RequestHeaderModifier', requestHeaderModifier: request }]),
    ...(response === undefined ? [] : [{ type: 'ResponseHeaderModifier', responseHeaderModifier: response }]),
  ];
}

function mirrorFilters({ mirror = [] }: Pick<Service, 'mirror'> = {}): JsonObject[] {
  return mirror.flatMap(({ backendRef }) =>
    backendRef === undefined ? [] : [{ type: 'RequestMirror', requestMirror: { backendRef } }],
  );
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

/** Copies of `percent` of the requests go to `service`. Without a percentage the API copies all. */
export function copiesTo(service: string, port: number | undefined, percent: number): JsonObject {
  const backendRef = { group: '', kind: 'Service', name: service, port };
  return { type: 'RequestMirror', requestMirror: { backendRef, ...(percent < 100 ? { percent } : {}) } };
}

/** Answers set a cookie: all of a rule, or those of the backend beside which it stands, whatever the rule does to headers. */
export function settingCookie(value: string): JsonObject {
  return { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'Set-Cookie', value }] } };
}

/** The API holds these lists as sets. */
function unique(list: readonly string[] | undefined): readonly string[] {
  return [...new Set(list)];
}

export function ifFilled(key: string, value: object): JsonObject {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}
