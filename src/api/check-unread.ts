// Fields that are accepted and have no effect yet: said once, so that nobody relies on them.
import type { Checked } from './check.ts';
import { warningAt, type Problem } from './problem.ts';

const unreadOfAnalysis = ['inconclusiveLimit', 'steps', 'baseline'] as const;
const unreadOfMetric = ['compare', 'minSamples', 'failureLimit'] as const;

export function unreadProblems({ canary }: Checked): Problem[] {
  const { analysis } = canary.spec;
  const { metrics = [], alerts = [] } = analysis;
  const path = ['spec', 'analysis'] as const;
  return [
    ...unreadOfAnalysis.filter((key) => analysis[key] !== undefined).map((key) => unread([...path, key])),
    ...metrics.flatMap((metric, index) =>
      unreadOfMetric
        .filter((key) => metric[key] !== undefined)
        .map((key) => unread([...path, 'metrics', index, key])),
    ),
    ...(alerts.length > 0 ? [unread([...path, 'alerts'])] : []),
  ];
}

function unread(field: readonly (string | number)[]): Problem {
  return warningAt(field, {
    reason: 'IgnoredField',
    message: 'has no effect in this version',
    fix: 'do not rely on it yet, or take it out',
  });
}
