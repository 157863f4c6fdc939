// Conditions of the user's on cookies, beside which the rules of session affinity could have none of their own: of two
// conditions on one header only one counts, or only one can be written.
import type { CanarySpec } from '../api/canary.ts';
import type { Path, Problem } from '../api/problem.ts';
import type { RequestMatch } from './matches.ts';
import { error } from './problems.ts';

export function cookieMatchProblems({ analysis, service }: CanarySpec): Problem[] {
  return analysis.sessionAffinity === undefined
    ? []
    : [
        ...cookieMatches(analysis.match ?? [], ['spec', 'analysis', 'match']),
        ...cookieMatches(service?.match ?? [], ['spec', 'service', 'match']),
      ];
}

function cookieMatches(list: readonly RequestMatch[], path: Path): Problem[] {
  return list.flatMap(({ headers = {} }, index) =>
    Object.keys(headers)
      .filter(isCookieHeader)
      .map((name) =>
        error([...path, index, 'headers', name], {
          reason: 'UnsupportedAffinity',
          message: 'is a condition on cookies, beside which session affinity can have none of its own',
          fix: 'match another header, or remove sessionAffinity',
        }),
      ),
  );
}

/** Names of headers are told apart without regard to case. */
export function isCookieHeader(name: string): boolean {
  return name.toLowerCase() === 'cookie';
}
