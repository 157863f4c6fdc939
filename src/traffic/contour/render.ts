// From a Canary to the spec of its HTTPProxy (projectcontour.io/v1, Contour 1.33). Conditions of one route must all hold,
// so each match becomes a route of its own.
import type { HeaderMatch } from '../../api/analysis.ts';
import type { HeaderOperations, Service, StringMatch } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { backendNames } from '../live.ts';
import {
  canaryMatches,
  isMatched,
  literalPattern,
  routeMatches,
  sortedEntries,
  type RequestMatch,
} from '../matches.ts';
import type { RouteWish } from '../router.ts';

/** By this header Linkerd goes to the Service that Contour chose. */
export const LINKERD_HEADER = 'l5d-dst-override';
/** Contour's own idle time-out would end slow requests before a longer time-out does. */
const IDLE_TIMEOUT = '5m';

export function specOf({ namespace, apex, spec, split, ingressClass }: RouteWish): JsonObject {
  const { service } = spec;
  const names = backendNames(apex);
  const backend = (name: string, weight: number): JsonObject => ({
    name,
    port: service?.port,
    weight,
    requestHeadersPolicy: {
      set: [{ name: LINKERD_HEADER, value: `${name}.${namespace}.svc.cluster.local:${service?.port}` }],
    },
  });
  const both = [backend(names.primary, split.primary), backend(names.canary, split.canary)];
  const toRoute = (match: RequestMatch, services: readonly JsonObject[]): JsonObject => ({
    conditions: conditionsOf(match),
    ...policiesOf(service),
    services,
  });
  const everybody = routeMatches(spec);
  return {
    ...(ingressClass === '' ? {} : { ingressClassName: ingressClass }),
    routes: isMatched(spec)
      ? [
          ...canaryMatches(spec).map((match) => toRoute(match, both)),
          ...everybody.map((match) => toRoute(match, [backend(names.primary, 100)])),
        ]
      : everybody.map((match) => toRoute(match, both)),
  };
}

function conditionsOf({ uri, headers, queryParams }: RequestMatch): readonly JsonObject[] {
  return [
    pathCondition(uri),
    ...sortedEntries(headers).map(([name, matcher]) => ({ header: { name, ...headerMatcher(matcher) } })),
    ...sortedEntries(queryParams).map(([name, matcher]) => ({
      queryParameter: { name, ...queryMatcher(matcher) },
    })),
  ];
}

function pathCondition(uri: StringMatch | undefined): JsonObject {
  if (uri?.regex !== undefined) {
    return { regex: uri.regex };
  }
  return uri?.exact === undefined ? { prefix: uri?.prefix ?? '/' } : { exact: uri.exact };
}

/** Contour knows no prefix or suffix of headers; `contains`, as Flagger writes, would take more requests than meant. */
function headerMatcher({ exact, prefix, suffix, regex }: HeaderMatch): JsonObject {
  if (exact !== undefined) {
    return { exact };
  }
  if (prefix !== undefined) {
    return { regex: `${literalPattern(prefix)}.*` };
  }
  if (suffix !== undefined) {
    return { regex: `.*${literalPattern(suffix)}` };
  }
  return regex === undefined ? { present: true } : { regex };
}

function queryMatcher({ exact, prefix, regex }: StringMatch): JsonObject {
  if (exact !== undefined) {
    return { exact };
  }
  if (prefix !== undefined) {
    return { prefix };
  }
  return regex === undefined ? { present: true } : { regex };
}

function policiesOf(service: Service | undefined): JsonObject {
  const { timeout = '', retries, headers, rewrite } = service ?? {};
  const authority = rewrite?.authority ?? '';
  const host = authority === '' ? [] : [{ name: 'Host', value: authority }];
  return {
    ...(timeout === '' ? {} : { timeoutPolicy: { response: timeout, idle: IDLE_TIMEOUT } }),
    ...(retries === undefined ? {} : { retryPolicy: retryPolicyOf(retries) }),
    ...(isPrefixRewrite(service)
      ? { pathRewritePolicy: { replacePrefix: [{ replacement: rewrite?.uri }] } }
      : {}),
    ...ifFilled('requestHeadersPolicy', headersPolicyOf(headers?.request, host)),
    ...ifFilled('responseHeadersPolicy', headersPolicyOf(headers?.response, [])),
  };
}

/** HTTPProxy replaces prefixes only, and only where the route is matched by one. */
export function isPrefixRewrite(service: Service | undefined): boolean {
  const { uri = '', type } = service?.rewrite ?? {};
  const byPrefix = (service?.match ?? []).every(
    ({ uri: of }) => of?.exact === undefined && of?.regex === undefined,
  );
  return uri !== '' && type === 'ReplacePrefixMatch' && byPrefix;
}

/** For Contour 0 means its default of one retry, and -1 none. Without `retryOn` it retries on 5xx. */
function retryPolicyOf({
  attempts,
  perTryTimeout = '',
  retryOn,
}: NonNullable<Service['retries']>): JsonObject {
  return {
    count: attempts === 0 ? -1 : (attempts ?? DEFAULT_RETRY_COUNT),
    ...(perTryTimeout === '' ? {} : { perTryTimeout }),
    ...ifFilled('retryOn', retryWords(retryOn)),
  };
}

/** The API's own default. */
export const DEFAULT_RETRY_COUNT = 1;

/** A list of words separated by commas; blanks around and between them mean nothing. */
export function retryWords(retryOn: string | undefined): readonly string[] {
  return (retryOn ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function headersPolicyOf(operations: HeaderOperations | undefined, first: readonly JsonObject[]): JsonObject {
  const set = sortedEntries(operations?.set).map(([name, value]) => ({ name, value }));
  return { ...ifFilled('set', [...first, ...set]), ...ifFilled('remove', operations?.remove ?? []) };
}

function ifFilled(key: string, value: object): JsonObject {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}
