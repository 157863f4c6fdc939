// Which requests a route takes, and which of them an A/B test shows the canary; the same for all routers that can match.
import type { AnalysisMatch, HeaderMatch } from '../api/analysis.ts';
import type { CanarySpec } from '../api/canary.ts';
import type { Path, Problem } from '../api/problem.ts';
import type { HttpMatch, StringMatch } from '../api/service.ts';
import { error } from './problems.ts';

/** A match of the route, or one narrowed to those who see the canary. */
export interface RequestMatch extends Omit<HttpMatch, 'headers'> {
  readonly headers?: Readonly<Record<string, HeaderMatch>>;
}

/** Matches of the whole route; at least one, as no match means every request. */
export function routeMatches({ service }: CanarySpec): readonly RequestMatch[] {
  const written = service?.match ?? [];
  return written.length === 0 ? [{}] : written;
}

export function isMatched({ analysis }: CanarySpec): boolean {
  return (analysis.match ?? []).length > 0;
}

/**
 * The entries of the analysis, each of which chooses users. Entries that would take every request are left out: problems()
 * refuses them, and here they must not widen.
 */
export function cohorts(
  { analysis }: CanarySpec,
  { sourceLabels = false }: Pick<MatchAbility, 'sourceLabels'> = {},
): readonly AnalysisMatch[] {
  return (analysis.match ?? []).filter((entry) => narrows(entry, sourceLabels));
}

/** Every cohort with every match of the route; headers and query parameters of the cohort replace those of the match. */
export function canaryMatches(
  spec: CanarySpec,
  ability: Pick<MatchAbility, 'sourceLabels'> = {},
): readonly RequestMatch[] {
  return cohorts(spec, ability).flatMap((entry) =>
    routeMatches(spec).map((match) => ({
      ...match,
      ...(isFilled(entry.sourceLabels) ? { sourceLabels: entry.sourceLabels } : {}),
      ...(isFilled(entry.headers) ? { headers: entry.headers } : {}),
      ...(isFilled(entry.queryParams) ? { queryParams: entry.queryParams } : {}),
    })),
  );
}

export function sortedEntries<T>(map: Readonly<Record<string, T>> | undefined): [string, T][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Literal text in a regular expression, as RE2 and PCRE read it. */
export function literalPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** What to look for anywhere in a value that is there; a regular expression of a Canary means the whole of it. */
export function searchPattern({ prefix, suffix, regex }: Omit<HeaderMatch, 'exact'>): string {
  if (prefix !== undefined) {
    return `^${literalPattern(prefix)}`;
  }
  if (suffix !== undefined) {
    return `${literalPattern(suffix)}$`;
  }
  return regex === undefined ? '.*' : `^(?:${regex})$`;
}

/** Which matchers a router can express; the rest would change who sees the canary, so it is refused. */
export interface MatchAbility {
  readonly provider: string;
  header(match: HeaderMatch): boolean;
  queryParam(match: StringMatch): boolean;
  /** Whether it can tell requests by the labels of the workload that sends them. */
  readonly sourceLabels?: boolean;
}

export function analysisMatchProblems({ analysis }: CanarySpec, ability: MatchAbility): Problem[] {
  return (analysis.match ?? []).flatMap((entry, index) => {
    const path: Path = ['spec', 'analysis', 'match', index];
    return [
      ...sourceLabelProblems(entry, path, ability),
      ...(isFilled(entry.headers) ||
      isFilled(entry.queryParams) ||
      (ability.sourceLabels === true && isFilled(entry.sourceLabels))
        ? []
        : [emptyMatch(path, ability)]),
      ...matcherProblems(entry, path, ability),
    ];
  });
}

/** Matchers in `entry` that cannot be expressed. */
export function matcherProblems(entry: RequestMatch, path: Path, ability: MatchAbility): Problem[] {
  const headers = sortedEntries(entry.headers)
    .filter(([, matcher]) => !ability.header(matcher))
    .map(([name, matcher]) => unmappable([...path, 'headers', name], matcher, ability));
  const queryParams = sortedEntries(entry.queryParams)
    .filter(([, matcher]) => !ability.queryParam(matcher))
    .map(([name, matcher]) => unmappable([...path, 'queryParams', name], matcher, ability));
  return [...headers, ...queryParams];
}

export function unmappable(field: Path, value: unknown, { provider }: { provider: string }): Problem {
  return error(field, {
    reason: 'UnsupportedMatch',
    value,
    message: `cannot be expressed with ${provider}: without it other requests would be taken`,
    fix: 'match in a way that the provider knows, such as exact',
  });
}

function emptyMatch(path: Path, { provider }: MatchAbility): Problem {
  return error(path, {
    reason: 'UnsupportedMatch',
    message: `has no header or query parameter that ${provider} could match, so it would take every request`,
    fix: 'match a header or a query parameter, or remove the entry',
  });
}

function sourceLabelProblems({ sourceLabels }: AnalysisMatch, path: Path, ability: MatchAbility): Problem[] {
  return isFilled(sourceLabels) && ability.sourceLabels !== true
    ? [unmappable([...path, 'sourceLabels'], sourceLabels, ability)]
    : [];
}

function narrows({ headers, queryParams, sourceLabels }: AnalysisMatch, byLabels: boolean): boolean {
  const other = isFilled(headers) || isFilled(queryParams);
  return isFilled(sourceLabels) ? byLabels : other;
}

function isFilled<T extends object>(map: T | undefined): map is T {
  return map !== undefined && Object.keys(map).length > 0;
}
