// Checks of one match against the schema of HTTPRouteMatch.
import type { HeaderMatch } from '../../api/analysis.ts';
import type { Path, Problem } from '../../api/problem.ts';
import { unmappable, type MatchAbility, type RequestMatch } from '../matches.ts';
import { error } from '../problems.ts';
import { pathMatch } from './render.ts';
import { namedValueProblems, textProblem } from './values.ts';

const METHOD = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)$/;
const REFUSED_IN_PATH = ['//', '/./', '/../', '%2f', '%2F', '#'];
const REFUSED_AT_END = ['/..', '/.'];
const PATH = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/;
const MAX_PATH_LENGTH = 1024;
export const MAX_HEADER_LENGTH = 4096;
const MAX_QUERY_LENGTH = 1024;
const MAX_CONDITIONS = 16;

export function matchValueProblems(match: RequestMatch, path: Path, ability: MatchAbility): Problem[] {
  const { uri, method, headers, queryParams } = match;
  return [
    ...(uri === undefined ? [] : pathProblems(pathMatch(uri), [...path, 'uri'])),
    ...methodProblems(method, [...path, 'method'], ability),
    ...conditionProblems(headers, [...path, 'headers'], MAX_HEADER_LENGTH),
    ...conditionProblems(queryParams, [...path, 'queryParams'], MAX_QUERY_LENGTH),
  ];
}

function methodProblems(method: RequestMatch['method'], path: Path, ability: MatchAbility): Problem[] {
  if (method === undefined) {
    return [];
  }
  return method.exact === undefined
    ? [unmappable(path, method, ability)]
    : textProblem([...path, 'exact'], method.exact, { pattern: METHOD, fix: 'write it in upper case' });
}

function pathProblems({ type, value }: { type: string; value: string }, path: Path): Problem[] {
  const strict = type !== 'RegularExpression';
  const malformed =
    !value.startsWith('/') ||
    !PATH.test(value) ||
    REFUSED_IN_PATH.some((part) => value.includes(part)) ||
    REFUSED_AT_END.some((end) => value.endsWith(end));
  return (strict && malformed) || value.length > MAX_PATH_LENGTH
    ? [
        error(path, {
          value,
          message: 'would be refused by the Gateway API',
          fix: 'start it with one slash, without empty or dotted parts, escaped slashes or fragments',
        }),
      ]
    : [];
}

/** Names and values of conditions, and how many there are. */
export function conditionProblems(
  matchers: Readonly<Record<string, HeaderMatch>> | undefined,
  path: Path,
  maxLength: number,
): Problem[] {
  const values = Object.entries(matchers ?? {}).flatMap(([name, { exact, regex }]) => {
    const value = exact ?? regex;
    return value === undefined ? [] : [[name, value] as const];
  });
  return [
    ...namedValueProblems(path, Object.fromEntries(values), maxLength),
    ...(values.length > MAX_CONDITIONS
      ? [error(path, { message: `has more than ${MAX_CONDITIONS} entries`, fix: 'use fewer' })]
      : []),
  ];
}
