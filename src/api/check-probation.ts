// Checks of `analysis.probation`: what it cannot do here is said before a run relies on it.
import type { Checked } from './check.ts';
import { probationMs, whyNotWarm } from './defaults.ts';
import { warningAt } from './problem.ts';
import type { Problem } from './problem.ts';

export function probationProblems({ canary: { spec }, provider }: Checked): Problem[] {
  const { analysis } = spec;
  const value = analysis.probation;
  if (value === undefined || probationMs(analysis) === 0) {
    return [];
  }
  const at = (message: string, fix: string): Problem[] => [
    warningAt(['spec', 'analysis', 'probation'], { reason: 'IgnoredField', value, message, fix }),
  ];
  if (spec.skipAnalysis === true) {
    return at('is not used, because skipAnalysis judges nothing', 'remove one of them');
  }
  if ((analysis.metrics ?? []).length === 0) {
    return at('has no metrics to judge by', 'add metrics, or remove it');
  }
  const why = provider === undefined ? undefined : whyNotWarm(spec, provider);
  return why === undefined
    ? []
    : at(
        `keeps no pods of the revision before, because ${why}: the primary is restored in place`,
        'nothing, if that will do',
      );
}
