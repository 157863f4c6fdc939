// The normal form of an HTTPProxy: only what we write, with the API's defaults filled in and order taken out where it has
// no meaning.
import { listOf, numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { isOwnRule, sortedByContent } from '../live.ts';
import { DEFAULT_RETRY_COUNT, LINKERD_HEADER } from './render.ts';

export function normalSpec({ metadata, spec }: KubeObject): unknown {
  const { ingressClassName, routes } = objectOf(spec);
  return {
    ingressClassName,
    routes: objectsOf(routes)
      .filter((route) => isOwnRule(Object.keys(weightsOf(route)), metadata.name))
      .map((route) => ({
        conditions: normalConditions(route['conditions']),
        timeoutPolicy: normalTimeouts(route['timeoutPolicy']),
        retryPolicy: normalRetries(route['retryPolicy']),
        pathRewritePolicy: normalRewrite(route['pathRewritePolicy']),
        requestHeadersPolicy: normalHeaders(route['requestHeadersPolicy']),
        responseHeadersPolicy: normalHeaders(route['responseHeadersPolicy']),
        services: sortedByContent(objectsOf(route['services']).map(normalService)),
      })),
  };
}

/** Weight by Service of one route. Where no Service has a weight Contour divides evenly; else a missing one is 0. */
export function weightsOf(route: JsonObject): Readonly<Record<string, number>> {
  const services = objectsOf(route['services']);
  const missing = services.some(({ weight }) => weight !== undefined) ? 0 : 1;
  return Object.fromEntries(
    services.map(({ name, weight }) => [textOf(name) ?? '', numberOf(weight) ?? missing]),
  );
}

/** All conditions must hold, so their order means nothing; none at all is the prefix of everything. */
export function normalConditions(list: unknown): unknown {
  const conditions = objectsOf(list).map(({ prefix, exact, regex, header, queryParameter }) => ({
    prefix,
    exact,
    regex,
    header,
    queryParameter,
  }));
  return sortedByContent(conditions.length === 0 ? [{ prefix: '/' }] : conditions);
}

export function normalTimeouts(policy: unknown): JsonObject {
  const { response, idle } = objectOf(policy);
  return { response, idle };
}

export function normalRetries(policy: unknown): JsonObject | undefined {
  if (policy === undefined) {
    return undefined;
  }
  const { count = DEFAULT_RETRY_COUNT, perTryTimeout, retryOn } = objectOf(policy);
  return { count, perTryTimeout, retryOn: sortedByContent(listOf(retryOn)) };
}

export function normalRewrite(policy: unknown): JsonObject {
  const prefixes = objectsOf(objectOf(policy)['replacePrefix']);
  return { replacePrefix: prefixes.map(({ prefix, replacement }) => ({ prefix, replacement })) };
}

export function normalHeaders(policy: unknown): JsonObject {
  const { set, remove } = objectOf(policy);
  return {
    set: sortedByContent(objectsOf(set).map(({ name, value }) => ({ name, value }))),
    remove: sortedByContent(listOf(remove)),
  };
}

function normalService({ name, port, requestHeadersPolicy }: JsonObject): JsonObject {
  const override = objectsOf(objectOf(requestHeadersPolicy)['set']).filter(isLinkerdHeader);
  return { name, port, override: override.map(({ value }) => value) };
}

export function isLinkerdHeader({ name }: JsonObject): boolean {
  return textOf(name)?.toLowerCase() === LINKERD_HEADER;
}
