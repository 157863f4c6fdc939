// Checks of single values against the schema of HTTPRoute.
import type { Path, Problem } from '../../api/problem.ts';
import type { HeaderOperations } from '../../api/service.ts';
import { sortedEntries } from '../matches.ts';
import { error } from '../problems.ts';

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/;
const MAX_VALUE_LENGTH = 4096;
const MAX_OPERATIONS = 16;

interface TextRule {
  readonly pattern: RegExp;
  readonly fix: string;
}

interface ListRule extends TextRule {
  readonly max: number;
  /** `*` is allowed, but only alone. */
  readonly star?: boolean;
}

export function textProblem(path: Path, value: string, { pattern, fix }: TextRule): Problem[] {
  return pattern.test(value)
    ? []
    : [error(path, { value, message: 'would be refused by the Gateway API', fix })];
}

export function listProblems(path: Path, list: readonly string[] = [], rule: ListRule): Problem[] {
  const single = list.flatMap((value, index) => textProblem([...path, index], value, rule));
  const mixed = rule.star === true && list.includes('*') && new Set(list).size > 1;
  const size = new Set(list).size;
  return [
    ...single,
    ...(mixed ? [error(path, { message: 'has * beside other entries', fix: rule.fix })] : []),
    ...(size > rule.max
      ? [error(path, { message: `has more than ${rule.max} entries`, fix: 'use fewer' })]
      : []),
  ];
}

/** Header operations: names are tokens, values are not empty, at most sixteen of a kind. */
export function headerProblems(path: Path, operations: HeaderOperations | undefined): Problem[] {
  const { add = {}, set = {}, remove = [] } = operations ?? {};
  const kinds = [
    ['add', add],
    ['set', set],
  ] as const;
  return [
    ...kinds.flatMap(([kind, map]) => namedValueProblems([...path, kind], map, MAX_VALUE_LENGTH)),
    ...kinds
      .filter(([, map]) => Object.keys(map).length > MAX_OPERATIONS)
      .map(([kind]) => tooMany([...path, kind])),
    ...(new Set(remove).size > MAX_OPERATIONS ? [tooMany([...path, 'remove'])] : []),
  ];
}

/** Names and values of headers or query parameters, to be written or to be matched. */
export function namedValueProblems(
  path: Path,
  values: Readonly<Record<string, string>>,
  maxLength: number,
): Problem[] {
  return sortedEntries(values).flatMap(([name, value]) => [
    ...textProblem([...path, name], name, { pattern: HEADER_NAME, fix: 'use letters, digits and hyphens' }),
    ...(value === '' || value.length > maxLength
      ? [
          error([...path, name], {
            value,
            message: `has no value of 1 to ${maxLength} characters`,
            fix: 'set one',
          }),
        ]
      : []),
  ]);
}

function tooMany(path: Path): Problem {
  return error(path, { message: `has more than ${MAX_OPERATIONS} entries`, fix: 'use fewer' });
}
