// What an HTTPRoute cannot say, and values of a Canary that its schema refuses. Limits and patterns: Gateway API v1.6,
// the HTTPRoute definition. Found here, before anything is written, instead of by the server in the middle of a run.
import { parseDurationMs } from '../../api/duration.ts';
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { Service } from '../../api/service.ts';
import { canaryMatches, isMatched, matcherProblems, routeMatches, type MatchAbility } from '../matches.ts';
import { error, ignoredKeys } from '../problems.ts';
import { corsProblems } from './cors-problems.ts';
import { filtersOf } from './filters.ts';
import { matchValueProblems } from './match-values.ts';
import { hostProblems, mirrorRefProblems, parentProblems } from './reference-problems.ts';
import { pathMatch } from './render.ts';
import { sizeProblems } from './size-problems.ts';
import { stickyProblems } from './sticky-problems.ts';
import { headerProblems, textProblem } from './values.ts';

const PLAIN_HOST = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DURATION = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;
const MAX_PATH_LENGTH = 1024;

const service: Path = ['spec', 'service'];

export function problemsOf(spec: CanarySpec, ability: MatchAbility): readonly Problem[] {
  return [
    ...stickyProblems(spec),
    ...matchProblems(spec, ability),
    ...(spec.service === undefined ? [] : serviceProblems(spec.service, ability.provider)),
    ...rewriteProblems(spec),
    ...sizeProblems(spec, filtersOf(spec.service).length),
  ];
}

function matchProblems(spec: CanarySpec, ability: MatchAbility): Problem[] {
  const routes = (spec.service?.match ?? []).flatMap((match, index) => {
    const path: Path = [...service, 'match', index];
    return [
      ...matcherProblems(match, path, ability),
      ...matchValueProblems(match, path, ability),
      ...ignoredKeys(match, ['name', 'uri', 'method', 'headers', 'queryParams'], {
        path,
        provider: ability.provider,
      }),
    ];
  });
  const chosen = (spec.analysis.match ?? []).flatMap((match, index) =>
    matchValueProblems(match, ['spec', 'analysis', 'match', index], ability),
  );
  return [...routes, ...chosen];
}

function serviceProblems(of: Service, provider: string): Problem[] {
  return [
    ...parentProblems(of),
    ...hostProblems(of),
    ...timeoutProblems(of),
    ...headerProblems([...service, 'headers', 'request'], of.headers?.request),
    ...headerProblems([...service, 'headers', 'response'], of.headers?.response),
    ...mirrorRefProblems(of),
    ...(of.corsPolicy === undefined ? [] : corsProblems(of.corsPolicy, provider)),
  ];
}

function timeoutProblems({ timeout = '', backendTimeout = '' }: Service): Problem[] {
  const fix = 'write whole numbers of at most five digits with h, m, s or ms, such as 1500ms';
  const rule = { pattern: DURATION, fix };
  const written = [
    ...(timeout === '' ? [] : textProblem([...service, 'timeout'], timeout, rule)),
    ...(backendTimeout === '' ? [] : textProblem([...service, 'backendTimeout'], backendTimeout, rule)),
  ];
  const requestMs = parseDurationMs(timeout) ?? 0;
  const backendMs = parseDurationMs(backendTimeout) ?? 0;
  return requestMs > 0 && backendMs > requestMs
    ? [
        ...written,
        error([...service, 'backendTimeout'], {
          value: backendTimeout,
          message: `is longer than the timeout of the whole request, ${timeout}`,
          fix: 'make it at most as long',
        }),
      ]
    : written;
}

function rewriteProblems(spec: CanarySpec): Problem[] {
  const { uri = '', authority = '', type } = spec.service?.rewrite ?? {};
  const path: Path = [...service, 'rewrite'];
  const lists = [routeMatches(spec), ...(isMatched(spec) ? [canaryMatches(spec)] : [])];
  const onePrefix = lists.every(
    (matches) => matches.length === 1 && matches.every(({ uri: of }) => pathMatch(of).type === 'PathPrefix'),
  );
  return [
    ...(authority === ''
      ? []
      : textProblem([...path, 'authority'], authority, {
          pattern: PLAIN_HOST,
          fix: 'write a host name in lower case without a port',
        })),
    ...(uri.length > MAX_PATH_LENGTH
      ? [error([...path, 'uri'], { message: `is longer than ${MAX_PATH_LENGTH}`, fix: 'shorten it' })]
      : []),
    ...(uri !== '' && type === 'ReplacePrefixMatch' && !onePrefix
      ? [
          error([...path, 'type'], {
            value: type,
            message: 'needs exactly one match, by prefix, in each rule of the route',
            fix: 'match one uri prefix and one set of headers, or replace the full path',
          }),
        ]
      : []),
  ];
}
