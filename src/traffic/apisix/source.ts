// The route of the user's that ours is made from, and what is wrong with it for this purpose.
import { apexName } from '../../api/defaults.ts';
import { objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { Problem } from '../../model/problem.ts';
import { error, warning } from '../problems.ts';
import type { RouteSource } from '../router.ts';
import { resource, rulesTo } from './rule.ts';

const field = ['spec', 'routeRef', 'name'] as const;

export const routeSource: RouteSource = {
  resource,
  reference: 'routeRef',
  nameOf: ({ routeRef }) => routeRef?.name,
  problems: (spec, source) => {
    const apex = apexName(spec);
    const value = source.metadata.name;
    const [first, ...others] = rulesTo(apex, source);
    if (first === undefined) {
      return [
        error(field, {
          reason: 'MissingReference',
          value,
          message: `has no rule that leads to the Service ${apex}`,
          fix: `let a rule of it lead to ${apex}, or name another ApisixRoute`,
        }),
      ];
    }
    return [...shareProblems(first, apex, value), ...otherProblems(others, apex, value)];
  },
};

/** Its requests could not be divided between two without changing what the others get. */
function shareProblems(rule: JsonObject, apex: string, value: string): readonly Problem[] {
  const others = [...objectsOf(rule['backends']), ...objectsOf(rule['upstreams'])].length - 1;
  return others === 0
    ? []
    : [
        error(field, {
          value,
          message: `leads to ${apex} in its rule ${nameOf(rule)}, but to others as well`,
          fix: `let the rule have one backend, ${apex}, and no upstreams`,
        }),
      ];
}

function otherProblems(rules: readonly JsonObject[], apex: string, value: string): readonly Problem[] {
  return rules.length === 0
    ? []
    : [
        warning(field, {
          value,
          message: `leads to ${apex} in other rules too, whose requests stay at the primary: ${rules.map(nameOf).join(', ')}`,
          fix: 'join the rules to one, with the paths and hosts of all',
        }),
      ];
}

function nameOf({ name }: JsonObject): string {
  return textOf(name) ?? 'without a name';
}
