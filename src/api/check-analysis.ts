// Checks of the strategy in `spec.analysis`: a plan that leads nowhere is refused, a value out of range is adjusted.
import type { Analysis, AnalysisMatch } from './analysis.ts';
import { affinityProblems } from './check-affinity.ts';
import type { Checked } from './check.ts';
import { contradictionProblems } from './check-contradictions.ts';
import { intervalMs, iterations, stepWeights } from './defaults.ts';
import { parseDurationMs } from './duration.ts';
import { type Path, type Problem, errorAt, warningAt } from './problem.ts';

const at = (...path: Path): Path => ['spec', 'analysis', ...path];

export function analysisProblems(checked: Checked): Problem[] {
  const { analysis } = checked.canary.spec;
  return [
    ...wholeNumberProblems(checked),
    ...strategyProblems(checked),
    ...intervalProblems(checked),
    ...rangeProblems(checked),
    ...matchProblems(analysis.match ?? [], checked.provider),
    ...proofProblems(analysis),
    ...affinityProblems(checked),
    ...contradictionProblems(checked),
  ];
}

const wholeFields = [
  'iterations',
  'threshold',
  'maxWeight',
  'stepWeight',
  'stepWeightPromotion',
  'stepWeightRollback',
  'mirrorWeight',
] as const;

function wholeNumberProblems({ canary: { spec } }: Checked): Problem[] {
  const weights = (spec.analysis.stepWeights ?? []).map((value, index) => ({
    path: at('stepWeights', index),
    value,
  }));
  const others = wholeFields.map((field) => ({ path: at(field), value: spec.analysis[field] }));
  return [...others, ...weights].flatMap(({ path, value }) =>
    value === undefined || Number.isInteger(value)
      ? []
      : errorAt(path, {
          value,
          message: `is ${value}, which is not a whole number`,
          fix: 'use a whole number',
        }),
  );
}

/** Steps must lead upward; a run that never gets on would stay for ever. */
function strategyProblems({ canary: { spec }, provider }: Checked): Problem[] {
  const { analysis } = spec;
  // Without a provider, nobody can say whether weights are used at all.
  if (spec.skipAnalysis === true || iterations(analysis, provider ?? 'kubernetes') > 0) {
    return provider === undefined
      ? ascendingProblems(analysis.stepWeights ?? [])
      : unusedWeights(analysis, provider);
  }
  const { stepWeight } = analysis;
  if (stepWeight !== undefined && stepWeight <= 0) {
    return [stuck('stepWeight', stepWeight, 'use a step from 1 to 100')];
  }
  if (analysis.stepWeights !== undefined && stepWeight === undefined) {
    return analysis.stepWeights.length === 0
      ? [stuck('stepWeights', [], 'list the weights, for example [10, 30, 50]')]
      : ascendingProblems(analysis.stepWeights);
  }
  if (stepWeights(analysis).length > 0) {
    return [];
  }
  return analysis.iterations === undefined
    ? [
        errorAt(at(), {
          message: 'has no strategy',
          fix: 'set stepWeight or stepWeights for a canary, iterations for blue/green or A/B',
        }),
      ]
    : [stuck('iterations', analysis.iterations, 'use at least 1')];
}

function stuck(field: 'stepWeight' | 'stepWeights' | 'iterations', value: unknown, fix: string): Problem {
  return errorAt(at(field), {
    value,
    message: `is ${JSON.stringify(value)}, so that a run would never get on`,
    fix,
  });
}

/** Two strategies at once are refused by the API server today, but older objects may have them. */
function unusedWeights(analysis: Analysis, provider: string): Problem[] {
  if (provider === 'kubernetes' || analysis.iterations === undefined) {
    return [];
  }
  return (['stepWeight', 'stepWeights'] as const)
    .filter((field) => analysis[field] !== undefined)
    .map((field) =>
      warningAt(at(field), {
        reason: 'IgnoredField',
        message: 'is not used, because iterations is set',
        fix: 'remove one of them',
      }),
    );
}

function ascendingProblems(weights: readonly number[]): Problem[] {
  return weights.flatMap((value, index) => {
    const before = weights[index - 1] ?? 0;
    if (value > before) {
      return [];
    }
    const message = index === 0 ? `is ${value}` : `is ${value}, after ${before}`;
    return errorAt(at('stepWeights', index), {
      value,
      message,
      fix: 'list weights in ascending order, from 1 to 100',
    });
  });
}

function intervalProblems({ canary: { spec }, minimumIntervalMs }: Checked): Problem[] {
  const { interval = '' } = spec.analysis;
  const takenMs = intervalMs(spec.analysis, minimumIntervalMs);
  if (interval === '' || parseDurationMs(interval) === takenMs) {
    return [];
  }
  return [
    warningAt(at('interval'), {
      value: interval,
      message: `is ${JSON.stringify(interval)}, which is taken as ${takenMs / 1000}s`,
      fix: `write a duration of at least ${minimumIntervalMs / 1000}s`,
    }),
  ];
}

interface Range {
  readonly path: Path;
  readonly value: number | undefined;
  readonly isGood: (value: number) => boolean;
  readonly taken: (value: number) => number;
  readonly fix: string;
}

const isPercent = (value: number): boolean => value >= 0 && value <= 100;
const toPercent = (value: number): number => Math.min(100, Math.max(0, value));

function rangeProblems({ canary: { spec } }: Checked): Problem[] {
  const { analysis } = spec;
  const percent = { isGood: isPercent, taken: toPercent, fix: 'use a percentage' };
  const atMost100 = { isGood: (value: number) => value <= 100, taken: () => 100, fix: 'use at most 100' };
  const ranges: Range[] = [
    {
      path: at('threshold'),
      value: analysis.threshold,
      isGood: (value) => value >= 1,
      taken: () => 1,
      fix: 'use at least 1',
    },
    {
      path: at('maxWeight'),
      value: analysis.maxWeight,
      isGood: (value) => value > 0 && value <= 100,
      taken: () => 100,
      fix: 'use 1 to 100',
    },
    { path: at('stepWeight'), value: analysis.stepWeight, ...atMost100 },
    ...(analysis.stepWeights ?? []).map((value, index) => ({
      path: at('stepWeights', index),
      value,
      ...atMost100,
    })),
    { path: at('stepWeightPromotion'), value: analysis.stepWeightPromotion, ...percent },
    { path: at('stepWeightRollback'), value: analysis.stepWeightRollback, ...percent },
    { path: at('mirrorWeight'), value: analysis.mirrorWeight, ...percent },
    { path: at('primaryReadyThreshold'), value: analysis.primaryReadyThreshold, ...percent },
    { path: at('canaryReadyThreshold'), value: analysis.canaryReadyThreshold, ...percent },
    {
      path: ['spec', 'progressDeadlineSeconds'],
      value: spec.progressDeadlineSeconds,
      isGood: (value) => value > 0,
      taken: () => 600,
      fix: 'use at least 1',
    },
  ];
  return ranges.flatMap(({ path, value, isGood, taken, fix }) =>
    value === undefined || isGood(value)
      ? []
      : warningAt(path, { value, message: `is ${value}, which is taken as ${taken(value)}`, fix }),
  );
}

function proofProblems({ trafficProof: value }: Analysis): Problem[] {
  const fits =
    typeof value === 'number'
      ? value >= 0 && value <= 100
      : typeof value !== 'string' || value === 'on' || value === 'off';
  const message = `is ${JSON.stringify(value)}, which is neither off nor a number of percentage points`;
  const fix = 'use off, or a number from 0 to 100 such as 5';
  return fits ? [] : [errorAt(at('trafficProof'), { value, message, fix })];
}

/**
 * An empty entry means "everybody", so that an A/B test would take all users. The API server makes such entries itself
 * when it drops conditions that it does not know.
 */
function matchProblems(match: readonly AnalysisMatch[], provider: string | undefined): Problem[] {
  if (provider === 'kubernetes') {
    return [];
  }
  return match.flatMap((entry, index) => {
    const conditions = [entry.headers, entry.queryParams, entry.sourceLabels];
    if (conditions.some((condition) => Object.keys(condition ?? {}).length > 0)) {
      return [];
    }
    return errorAt(at('match', index), {
      reason: 'UnsupportedMatch',
      value: entry,
      message: 'has no condition and would take every user',
      fix: 'add headers, queryParams or sourceLabels; other conditions belong to spec.service.match',
    });
  });
}
