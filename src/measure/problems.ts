// Checks that nothing can answer, said before a run: it could only wait for a number until it is rolled back. And a proof of
// traffic that nothing can give.
import type { Metric } from '../api/analysis.ts';
import type { CanarySpec } from '../api/canary.ts';
import { isBuiltin, trafficTolerancePercent } from '../api/defaults.ts';
import { formatPath, warningAt } from '../api/problem.ts';
import type { Path } from '../api/problem.ts';
import type { Problem } from '../model/problem.ts';
import { builtinQuery } from './built-in.ts';
import { countsWhereSplit } from './query-sets.ts';
import { scopeOf } from './scope.ts';

/** Of a provider that is known. An entry that names a template as well is two checks, of which the built-in one is meant. */
export function measureProblems(spec: CanarySpec, provider: string): Problem[] {
  return [...unansweredProblems(spec, provider), ...unprovenProblems(spec, provider)];
}

/** A proof of traffic that is asked for where nobody counts requests as they are split. */
function unprovenProblems({ analysis }: CanarySpec, provider: string): Problem[] {
  const { trafficProof: value } = analysis;
  if (value === undefined || trafficTolerancePercent(analysis) === undefined || countsWhereSplit(provider)) {
    return [];
  }
  return [
    warningAt(['spec', 'analysis', 'trafficProof'], {
      reason: 'IgnoredField',
      value,
      message: `is not used: with provider ${provider} no proxy counts the requests of each side where it splits them`,
      fix: 'remove it',
    }),
  ];
}

function unansweredProblems(spec: CanarySpec, provider: string): Problem[] {
  const { metrics = [], steps = [] } = spec.analysis;
  const analysis: Path = ['spec', 'analysis'];
  const entries: (readonly [Path, Metric])[] = [
    ...metrics.map((metric, index) => [[...analysis, 'metrics', index], metric] as const),
    ...steps.flatMap((step, at) =>
      (step.metrics ?? []).map(
        (metric, index) => [[...analysis, 'steps', at, 'metrics', index], metric] as const,
      ),
    ),
  ];
  return entries.flatMap(([path, metric]) => {
    const { name } = metric;
    const scope = scopeOf({ name: '', namespace: '', spec }, metric);
    return isBuiltin(name) && builtinQuery(name, provider, scope) === undefined
      ? [
          {
            severity: 'error',
            reason: 'UnsupportedField',
            field: formatPath([...path, 'name']),
            value: name,
            message: `is ${name}, which is not built in for provider ${provider}`,
            fix: 'measure it with a MetricTemplate, under another name',
          },
        ]
      : [];
  });
}
