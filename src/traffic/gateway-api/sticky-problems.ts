// What stands in the way of session affinity with an HTTPRoute: conditions on the same header, and headers that the whole
// rule replaces.
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import { cookieMatchProblems } from '../cookie-matches.ts';
import { error } from '../problems.ts';

/** Rules that one run's cookies add at most. */
export function cookieRules({ analysis: { sessionAffinity } }: CanarySpec): number {
  if (sessionAffinity === undefined) {
    return 0;
  }
  return (sessionAffinity.primaryCookieName ?? '') === '' ? 1 : 2;
}

export function stickyProblems(spec: CanarySpec): Problem[] {
  return spec.analysis.sessionAffinity === undefined
    ? []
    : [...cookieMatchProblems(spec), ...replacedCookies(spec)];
}

/** A header that the rule sets or removes is gone from every answer, ours with it. */
function replacedCookies({ service }: CanarySpec): Problem[] {
  const { set = {}, remove = [] } = service?.headers?.response ?? {};
  const path: Path = ['spec', 'service', 'headers', 'response'];
  const paths: Path[] = [
    ...Object.keys(set)
      .filter(isSetCookie)
      .map((name) => [...path, 'set', name]),
    ...remove.flatMap((name, index) => (isSetCookie(name) ? [[...path, 'remove', index]] : [])),
  ];
  return paths.map((at) =>
    error(at, {
      reason: 'UnsupportedAffinity',
      message: 'would take the cookies of session affinity out of every answer',
      fix: 'add cookies with headers.response.add, or remove sessionAffinity',
    }),
  );
}

function isSetCookie(name: string): boolean {
  return name.toLowerCase() === 'set-cookie';
}
