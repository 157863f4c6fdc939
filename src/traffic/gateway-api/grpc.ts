// How a GRPCRoute says what the rules of a Canary shall do, and what it cannot say. Calls have no query parameters, and the
// path of a call is its service and method. Limits and patterns: Gateway API v1.6, the GRPCRoute definition.
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { StringMatch } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { matcherProblems, unmappable, type MatchAbility, type RequestMatch } from '../matches.ts';
import { error, ignoredKeys } from '../problems.ts';
import type { RouteWish } from '../router.ts';
import { grpcFiltersOf, ifFilled } from './filters.ts';
import { MAX_HEADER_LENGTH, conditionProblems } from './match-values.ts';
import { hostProblems, mirrorRefProblems, parentProblems } from './reference-problems.ts';
import { conditionsOf, routeSpec, type RuleDialect } from './route-spec.ts';
import { sizeProblems } from './size-problems.ts';
import { headerProblems } from './values.ts';

const SERVICE_NAME = /^\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$/i;
const METHOD_NAME = /^[a-z_][a-z_0-9]*$/i;
const MAX_NAME_LENGTH = 1024;

const servicePath: Path = ['spec', 'service'];

const dialect: RuleDialect = { matchOf, filtersOf: grpcFiltersOf, policiesOf: () => ({}) };

/** Its clients keep no cookies. */
export function grpcSpecOf({ affinity: _cookies, ...wish }: RouteWish): JsonObject {
  return routeSpec(wish, dialect);
}

function matchOf({ uri, headers, queryParams }: RequestMatch): JsonObject | undefined {
  const calls = callsOf(uri);
  const conditions = conditionsOf(headers);
  return calls === undefined || conditions === undefined || Object.keys(queryParams ?? {}).length > 0
    ? undefined
    : { ...ifFilled('method', calls), ...ifFilled('headers', conditions) };
}

/** `/pkg.Service/Method` exactly, or `/pkg.Service/` as a prefix. Empty: every call; undefined: it is no such path. */
function callsOf({ exact, prefix, regex }: StringMatch = {}): JsonObject | undefined {
  if (exact !== undefined) {
    const [, service, method] = /^\/([^/]+)\/([^/]+)$/.exec(exact) ?? [];
    return isName(service, SERVICE_NAME) && isName(method, METHOD_NAME)
      ? { type: 'Exact', service, method }
      : undefined;
  }
  if (regex !== undefined) {
    return undefined;
  }
  if (prefix === undefined || prefix === '' || prefix === '/') {
    return {};
  }
  const [, service] = /^\/([^/]+)\/?$/.exec(prefix) ?? [];
  return isName(service, SERVICE_NAME) ? { type: 'Exact', service } : undefined;
}

function isName(name: string | undefined, pattern: RegExp): boolean {
  return name !== undefined && name.length <= MAX_NAME_LENGTH && pattern.test(name);
}

export function grpcProblems(spec: CanarySpec, ability: MatchAbility): readonly Problem[] {
  const { service, analysis } = spec;
  const routes = (service?.match ?? []).flatMap((match, index) =>
    matchProblems(match, [...servicePath, 'match', index], ability),
  );
  const chosen = (analysis.match ?? []).flatMap(({ headers }, index) =>
    conditionProblems(headers, ['spec', 'analysis', 'match', index, 'headers'], MAX_HEADER_LENGTH),
  );
  return [
    ...routes,
    ...chosen,
    ...(service === undefined
      ? []
      : [
          ...parentProblems(service),
          ...hostProblems(service),
          ...headerProblems([...servicePath, 'headers', 'request'], service.headers?.request),
          ...headerProblems([...servicePath, 'headers', 'response'], service.headers?.response),
          ...mirrorRefProblems(service),
        ]),
    ...sizeProblems(spec, grpcFiltersOf(service).length),
  ];
}

function matchProblems(match: RequestMatch, path: Path, ability: MatchAbility): Problem[] {
  return [
    ...matcherProblems(match, path, ability),
    ...conditionProblems(match.headers, [...path, 'headers'], MAX_HEADER_LENGTH),
    ...uriProblems(match.uri, [...path, 'uri'], ability),
    ...ignoredKeys(match, ['name', 'uri', 'headers', 'queryParams'], { path, provider: ability.provider }),
  ];
}

function uriProblems(uri: StringMatch | undefined, path: Path, ability: MatchAbility): Problem[] {
  if (callsOf(uri) !== undefined) {
    return [];
  }
  return uri?.regex === undefined
    ? [
        error(path, {
          reason: 'UnsupportedMatch',
          value: uri?.exact ?? uri?.prefix,
          message: 'is not the path of a gRPC service or method',
          fix: 'write exact: /package.Service/Method or prefix: /package.Service/',
        }),
      ]
    : [unmappable(path, uri, ability)];
}
