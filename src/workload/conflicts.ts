// What no write could bring about: fields of a workload that a server never lets anybody change.
import type { Problem } from '../model/problem.ts';
import type { WorkloadView } from './kind.ts';
import type { Selector } from './selector.ts';

/**
 * A primary that is there already must select the pods that it would be given: its selector cannot be changed, and the
 * server refuses a template that it does not fit.
 */
export function selectorConflict(
  target: WorkloadView,
  primary: WorkloadView,
  { key, value }: Selector,
): Problem | undefined {
  const labels = { ...target.podLabels, [key]: `${value}-primary` };
  const [label, wanted] =
    Object.entries(primary.matchLabels).find(([name, text]) => labels[name] !== text) ?? [];
  if (label === undefined && primary.matchLabels[key] !== undefined) {
    return undefined;
  }
  const found = label === undefined ? `nothing by ${key}` : `its pods by ${label}=${wanted}`;
  return {
    severity: 'error',
    reason: 'PrimaryConflict',
    field: 'spec.targetRef',
    value: primary.matchLabels,
    message: `has a primary that selects ${found}, and not by ${key}=${labels[key]}; a selector cannot be changed`,
    fix: 'delete the primary at a quiet moment, so that it is made anew, or correct the labels of the target',
  };
}
