// By which label the pods of a target are told from those of its primary.
import type { Problem } from '../model/problem.ts';

/** The label by which the pods of a target are told from those of its primary; `<value>-primary` are the latter. */
export interface Selector {
  readonly key: string;
  readonly value: string;
}

export type SelectorResult =
  | { readonly kind: 'selector'; readonly selector: Selector }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** A label value may have 63 characters; the primary's is longer by `-primary`. */
const LONGEST_VALUE = 63 - '-primary'.length;

/** The first of `selectorKeys` that the target selects its pods by. */
export function selectorOf(
  matchLabels: Readonly<Record<string, string>>,
  selectorKeys: readonly string[],
): SelectorResult {
  const key = selectorKeys.find((candidate) => matchLabels[candidate] !== undefined);
  const value = key === undefined ? undefined : matchLabels[key];
  const problem = (message: string, fix: string): SelectorResult => ({
    kind: 'problem',
    problem: {
      severity: 'error',
      reason: 'SelectorNotFound',
      field: 'spec.targetRef',
      value: matchLabels,
      message,
      fix,
    },
  });
  if (key === undefined || value === undefined) {
    return problem(
      `the target selects its pods by none of the labels ${selectorKeys.join(', ')}`,
      'add one of them to spec.selector.matchLabels of the target, or name its label in -selector-labels',
    );
  }
  if (value === '' || value.length > LONGEST_VALUE) {
    return problem(
      `the label ${key} of the target must have 1 to ${LONGEST_VALUE} characters, because its primary's adds -primary`,
      'use a shorter value',
    );
  }
  return { kind: 'selector', selector: { key, value } };
}
