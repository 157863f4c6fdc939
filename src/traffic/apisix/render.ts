// From a Canary and the route of the user's to the spec of ours. Everything in the user's rule is kept, also what no release
// knows yet, and so is the class of the route: without it controllers from 2.0 on do not look at it.
import type { AnalysisMatch, HeaderMatch } from '../../api/analysis.ts';
import { listOf, numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import { backendNames, byServiceName } from '../live.ts';
import { cohorts, isMatched, searchPattern, sortedEntries } from '../matches.ts';
import type { RouteWish } from '../router.ts';
import { rulesTo } from './rule.ts';

/** Of two rules for one path the one with the higher priority counts. Flagger's, above what users write. */
const PRIORITY = 10_000;

export function specOf(wish: RouteWish): JsonObject {
  const { apex, spec, source } = wish;
  // Connections to a port are divided by nobody here, and a second route for the port would be in the way of the first.
  const { http: _rules, stream: _connections, ...around } = objectOf(source?.['spec']);
  const [rule] = rulesTo(apex, source);
  if (rule === undefined) {
    return { ...around, http: [] };
  }
  const ours = splitRule(rule, wish);
  return {
    ...around,
    http: isMatched(spec) ? cohorts(spec).map((entry, index) => narrowed(ours, entry, index)) : [ours],
  };
}

function splitRule(rule: JsonObject, { apex, split }: RouteWish): JsonObject {
  const { primary, canary } = backendNames(apex);
  return {
    ...rule,
    priority: Math.max(PRIORITY, (numberOf(rule['priority']) ?? 0) + 1),
    backends: objectsOf(rule['backends'])
      .filter((backend) => byServiceName.of(backend) === apex)
      .flatMap((backend) => [
        { ...byServiceName.set(backend, primary), weight: split.primary },
        { ...byServiceName.set(backend, canary), weight: split.canary },
      ]),
  };
}

/** Expressions of a rule must all hold, so each entry of the analysis is a rule of its own. Names must differ. */
function narrowed(rule: JsonObject, { headers, queryParams }: AnalysisMatch, index: number): JsonObject {
  const match = objectOf(rule['match']);
  const exprs = [...listOf(match['exprs']), ...exprsOf('Header', headers), ...exprsOf('Query', queryParams)];
  const name = index === 0 ? rule['name'] : `${textOf(rule['name']) ?? 'canary'}-${index + 1}`;
  return { ...rule, ...(name === undefined ? {} : { name }), match: { ...match, exprs } };
}

function exprsOf(
  scope: 'Header' | 'Query',
  map: Readonly<Record<string, HeaderMatch>> = {},
): readonly JsonObject[] {
  return sortedEntries(map).map(([name, matcher]) => ({ subject: { scope, name }, ...comparison(matcher) }));
}

function comparison({ exact, ...pattern }: HeaderMatch): JsonObject {
  return exact === undefined
    ? { op: 'RegexMatch', value: searchPattern(pattern) }
    : { op: 'Equal', value: exact };
}
