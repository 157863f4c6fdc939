// The normal form of a route: only what we write, with the API's defaults filled in and order taken out where it has
// no meaning. Two routes with the same normal form differ in nothing but weights and what others added.
import { isJsonObject, listOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { isOwnRule, sortedByContent } from '../live.ts';
import { DEFAULT_MAX_AGE_SECONDS } from './filters.ts';
import { normalRetry, ownsRetry } from './retry.ts';

export function normalSpec(route: KubeObject): unknown {
  const { metadata, spec } = route;
  const { parentRefs, hostnames, rules } = objectOf(spec);
  const retried = ownsRetry(route);
  return {
    parentRefs: normalParents(metadata.namespace)(parentRefs),
    hostnames: normalSet(hostnames),
    rules: objectsOf(rules)
      .filter((rule) => isOwnRule(Object.keys(weightsOf(rule)), metadata.name))
      .map((rule) => ({
        matches: normalMatches(rule['matches']),
        filters: normalFilters(rule['filters']),
        timeouts: normalTimeouts(rule['timeouts']),
        ...(retried ? { retry: normalRetry(rule['retry']) } : {}),
        backendRefs: sortedByContent(objectsOf(rule['backendRefs']).map(normalRef)),
      })),
  };
}

/** Weight by Service of one rule; a backend without a weight has 1. */
export function weightsOf(rule: JsonObject): Readonly<Record<string, number>> {
  return Object.fromEntries(
    objectsOf(rule['backendRefs']).map(({ name, weight }) => [textOf(name) ?? '', Number(weight ?? 1)]),
  );
}

export function normalParents(namespace: string | undefined): (list: unknown) => unknown {
  return (list) => sortedByContent(objectsOf(list).map((ref) => normalParent(ref, namespace)));
}

/** A parent without a namespace is in the route's; `core` is how some write the core group. */
export function normalParent(ref: JsonObject, namespace: string | undefined): JsonObject {
  const { group = 'gateway.networking.k8s.io', kind = 'Gateway', name, sectionName, port } = ref;
  return {
    group: group === 'core' ? '' : group,
    kind,
    name,
    namespace: ref['namespace'] ?? namespace,
    sectionName,
    port,
  };
}

export function normalSet(list: unknown): unknown {
  return sortedByContent(listOf(list));
}

export function normalMatches(list: unknown): unknown {
  const matches = objectsOf(list);
  return sortedByContent((matches.length === 0 ? [{}] : matches).map(normalMatch));
}

function normalMatch({ path, method, headers, queryParams }: JsonObject): JsonObject {
  const { type = 'PathPrefix', value = '/' } = objectOf(path);
  return {
    path: { type, value },
    method: normalMethod(method),
    headers: normalNamed(headers),
    queryParams: normalNamed(queryParams),
  };
}

/** A word in an HTTPRoute; service and method of the call in a GRPCRoute. */
function normalMethod(method: unknown): unknown {
  if (!isJsonObject(method)) {
    return method;
  }
  const { type = 'Exact', service, method: name } = method;
  return { type, service, method: name };
}

function normalNamed(list: unknown): unknown {
  return sortedByContent(objectsOf(list).map(({ name, type = 'Exact', value }) => ({ name, type, value })));
}

/** The types of filter that we write; all others are somebody else's. */
const filterTypes: Readonly<Record<string, (filter: JsonObject) => unknown>> = {
  RequestHeaderModifier: ({ requestHeaderModifier }) => normalModifier(requestHeaderModifier),
  ResponseHeaderModifier: ({ responseHeaderModifier }) => normalModifier(responseHeaderModifier),
  URLRewrite: ({ urlRewrite }) => {
    const { hostname, path } = objectOf(urlRewrite);
    const { type, replaceFullPath, replacePrefixMatch } = objectOf(path);
    return { hostname, path: { type, replaceFullPath, replacePrefixMatch } };
  },
  RequestMirror: ({ requestMirror }) => {
    const { backendRef, percent = 100 } = objectOf(requestMirror);
    return { ...normalBackend(objectOf(backendRef)), percent };
  },
  CORS: ({ cors }) => normalCors(objectOf(cors)),
};

export function isOwnFilter({ type }: JsonObject): boolean {
  return typeof type === 'string' && type in filterTypes;
}

export function normalFilters(list: unknown): unknown {
  const own = objectsOf(list).filter(isOwnFilter);
  return sortedByContent(
    own.map((filter) => ({ type: filter['type'], is: filterTypes[textOf(filter['type']) ?? '']?.(filter) })),
  );
}

function normalModifier(modifier: unknown): JsonObject {
  const { add, set, remove } = objectOf(modifier);
  return { add: normalPairs(add), set: normalPairs(set), remove: normalSet(remove) };
}

function normalPairs(list: unknown): unknown {
  return sortedByContent(objectsOf(list).map(({ name, value }) => ({ name, value })));
}

function normalCors(cors: JsonObject): JsonObject {
  return {
    allowOrigins: normalSet(cors['allowOrigins']),
    allowMethods: normalSet(cors['allowMethods']),
    allowHeaders: normalSet(cors['allowHeaders']),
    exposeHeaders: normalSet(cors['exposeHeaders']),
    allowCredentials: cors['allowCredentials'] === true,
    maxAge: cors['maxAge'] ?? DEFAULT_MAX_AGE_SECONDS,
  };
}

export function normalTimeouts(timeouts: unknown): JsonObject {
  const { request, backendRequest } = objectOf(timeouts);
  return { request, backendRequest };
}

function normalRef(ref: JsonObject): JsonObject {
  return { ...normalBackend(ref), cookies: sortedByContent(objectsOf(ref['filters']).flatMap(cookiesSet)) };
}

/** What a filter beside one backend adds as `Set-Cookie`; all else there is somebody else's. */
function cookiesSet({ type, responseHeaderModifier }: JsonObject): readonly unknown[] {
  const added = type === 'ResponseHeaderModifier' ? objectsOf(objectOf(responseHeaderModifier)['add']) : [];
  return added.flatMap(({ name, value }) => (textOf(name)?.toLowerCase() === 'set-cookie' ? [value] : []));
}

export function setsCookie(filter: JsonObject): boolean {
  return cookiesSet(filter).length > 0;
}

/**
 * Where answers set cookies, the rule that carries the split is the one whose backends do; Flagger gives its rules for cookies
 * both backends as well.
 */
export function carriers(rules: readonly JsonObject[]): readonly JsonObject[] {
  const setting = rules.filter(({ backendRefs }) => {
    const refs = objectsOf(backendRefs);
    return refs.length > 1 && refs.some(({ filters }) => objectsOf(filters).some(setsCookie));
  });
  return setting.length === 0 ? rules : setting;
}

function normalBackend({ group = '', kind = 'Service', name, namespace, port }: JsonObject): JsonObject {
  return { group, kind, name, namespace, port };
}
