// What a MeshHTTPRoute cannot say, and values of a Canary that its schema or Kuma's webhook refuses (Kuma 2.14).
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { HeaderOperations, Service } from '../../api/service.ts';
import { pathMatch } from '../gateway-api/render.ts';
import {
  matcherProblems,
  routeMatches,
  unmappable,
  type MatchAbility,
  type RequestMatch,
} from '../matches.ts';
import { error, ignoredKeys, warning } from '../problems.ts';

const METHOD = /^(CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|TRACE)$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/;
const HOST = /^(?=.{1,253}$)(?![\d.]+$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_OPERATIONS = 16;

const service: Path = ['spec', 'service'];

export function problemsOf(spec: CanarySpec, ability: MatchAbility): readonly Problem[] {
  const { analysis } = spec;
  return [
    ...(spec.service?.match ?? []).flatMap((match, index) => {
      const path: Path = [...service, 'match', index];
      const known = ['name', 'uri', 'method', 'headers', 'queryParams'];
      return [
        ...matcherProblems(match, path, ability),
        ...ignoredKeys(match, known, { path, provider: ability.provider }),
        ...valueProblems(match, path, ability),
      ];
    }),
    ...(analysis.match ?? []).flatMap((match, index) =>
      valueProblems(match, ['spec', 'analysis', 'match', index], ability),
    ),
    ...(spec.service === undefined ? [] : serviceProblems(spec, spec.service)),
  ];
}

function refused(field: Path, value: unknown, fix: string): Problem {
  return error(field, { value, message: 'would be refused by Kuma', fix });
}

function valueProblems(match: RequestMatch, path: Path, ability: MatchAbility): Problem[] {
  const { uri, method, headers = {} } = match;
  const { type, value } = pathMatch(uri);
  const relative = type !== 'RegularExpression' && !value.startsWith('/');
  const trailing = type === 'PathPrefix' && value !== '/' && value.endsWith('/');
  return [
    ...(value === '' || relative || trailing
      ? [refused([...path, 'uri'], value, 'start it with a slash, and end a prefix with none')]
      : []),
    ...(method !== undefined && method.exact === undefined
      ? [unmappable([...path, 'method'], method, ability)]
      : []),
    ...(method?.exact !== undefined && !METHOD.test(method.exact)
      ? [refused([...path, 'method', 'exact'], method.exact, 'write a method of HTTP in upper case')]
      : []),
    ...nameProblems(Object.keys(headers), [...path, 'headers']),
  ];
}

function nameProblems(names: readonly string[], path: Path): Problem[] {
  return names
    .filter((name) => !HEADER_NAME.test(name))
    .map((name) => refused([...path, name], name, 'use letters, digits and hyphens'));
}

function serviceProblems(spec: CanarySpec, { headers, rewrite, ...of }: Service): Problem[] {
  const { uri = '', authority = '', type } = rewrite ?? {};
  const byPrefix = routeMatches(spec).every((match) => pathMatch(match.uri).type === 'PathPrefix');
  return [
    ...operationProblems(headers?.request, [...service, 'headers', 'request']),
    ...operationProblems(headers?.response, [...service, 'headers', 'response']),
    ...(authority === '' || HOST.test(authority)
      ? []
      : [
          refused(
            [...service, 'rewrite', 'authority'],
            authority,
            'write a host name in lower case, without a port',
          ),
        ]),
    ...(uri !== '' && type === 'ReplacePrefixMatch' && !byPrefix
      ? [
          refused(
            [...service, 'rewrite', 'type'],
            type,
            'match by uri prefix alone, or replace the full path',
          ),
        ]
      : []),
    ...(isHttp(of) ? [] : [plainTcp()]),
  ];
}

/** Kuma takes a header once in all operations of a kind together. */
function operationProblems(
  { add = {}, set = {}, remove = [] }: HeaderOperations = {},
  path: Path,
): Problem[] {
  const names = [...Object.keys(add), ...Object.keys(set), ...remove];
  const lower = names.map((name) => name.toLowerCase());
  const twice = names.filter((_, index) => lower.indexOf(lower[index] ?? '') !== index);
  const sizes = [Object.keys(add), Object.keys(set), remove].map(({ length }) => length);
  return [
    ...nameProblems(names, path),
    ...twice.map((name) => refused(path, name, 'name each header once, in one of add, set and remove')),
    ...(Math.max(...sizes) > MAX_OPERATIONS
      ? [refused(path, Math.max(...sizes), `use at most ${MAX_OPERATIONS} entries`)]
      : []),
  ];
}

/** Kuma takes a port for TCP unless it is told otherwise, and a route of requests has no effect on that. */
function isHttp({
  port,
  appProtocol = '',
  apex,
  primary,
  canary,
}: Omit<Service, 'headers' | 'rewrite'>): boolean {
  const key = `${port}.service.kuma.io/protocol`;
  return (
    appProtocol !== '' ||
    [apex, primary, canary].every((metadata) => metadata?.annotations?.[key] !== undefined)
  );
}

function plainTcp(): Problem {
  return warning([...service, 'appProtocol'], {
    message: 'is missing, so that Kuma takes the port for TCP and the route for no concern of it',
    fix: 'set it to http, or to what the application speaks, such as grpc',
  });
}
