// How many matches and filters a route and each of its rules may have.
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import { canaryMatches, isMatched, routeMatches } from '../matches.ts';
import { error } from '../problems.ts';
import { cookieRules } from './sticky-problems.ts';

const MAX_FILTERS = 16;
const MAX_MATCHES_PER_RULE = 64;
const MAX_MATCHES = 128;

const service: Path = ['spec', 'service'];

/** `filters`: how many each rule has for what `spec.service` says, beside the one for copies to the canary. */
export function sizeProblems(spec: CanarySpec, filters: number): Problem[] {
  const all = routeMatches(spec).length;
  const chosen = isMatched(spec) ? canaryMatches(spec).length : 0;
  const total = all + chosen + (isMatched(spec) ? chosen : all) * cookieRules(spec);
  const tooMany = Math.max(all, chosen) > MAX_MATCHES_PER_RULE || total > MAX_MATCHES;
  return [
    ...(tooMany
      ? [
          error(isMatched(spec) ? ['spec', 'analysis', 'match'] : [...service, 'match'], {
            message: `makes ${total} matches, ${Math.max(all, chosen)} in one rule; ${MAX_MATCHES} and ${MAX_MATCHES_PER_RULE} are allowed`,
            fix: 'use fewer entries',
          }),
        ]
      : []),
    ...(filters + (spec.analysis.mirror === true ? 1 : 0) > MAX_FILTERS
      ? [
          error([...service, 'mirror'], {
            message: `makes more than ${MAX_FILTERS} filters in a rule`,
            fix: 'use fewer mirrors',
          }),
        ]
      : []),
  ];
}
