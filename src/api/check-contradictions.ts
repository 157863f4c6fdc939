// Fields of `spec.analysis` that belong to another strategy than the one that is chosen: said once, as they have no effect.
import type { Analysis } from './analysis.ts';
import type { Checked } from './check.ts';
import { strategyOf } from './defaults.ts';
import type { Strategy } from './defaults.ts';
import { type Problem, warningAt } from './problem.ts';

interface Contradiction {
  readonly field: keyof Analysis;
  readonly holds: (analysis: Analysis, strategy: Strategy) => boolean;
  readonly why: string;
  readonly fix: string;
}

const contradictions: readonly Contradiction[] = [
  {
    field: 'sessionAffinity',
    holds: ({ sessionAffinity, iterations = 0 }) => sessionAffinity !== undefined && iterations > 0,
    why: 'is not used, because iterations is set: no user moves between primary and canary during the run',
    fix: 'remove it, or set stepWeight instead of iterations',
  },
  {
    field: 'mirror',
    holds: ({ mirror }, strategy) => mirror === true && strategy === 'ab-testing',
    why: 'is not used in an A/B test: the canary gets the requests themselves',
    fix: 'remove it, or remove match',
  },
  {
    field: 'mirrorWeight',
    holds: ({ mirror, mirrorWeight = 0 }) => mirrorWeight > 0 && mirror !== true,
    why: 'is not used, because mirror is not true',
    fix: 'set mirror, or remove mirrorWeight',
  },
  {
    field: 'trafficProof',
    holds: ({ trafficProof, match = [], sessionAffinity }) =>
      typeof trafficProof === 'number' && (match.length > 0 || sessionAffinity !== undefined),
    why: 'is not used as a tolerance: match and sessionAffinity choose who meets the canary, so that no share is known',
    fix: 'remove it, or remove match and sessionAffinity',
  },
  {
    field: 'maxWeight',
    holds: ({ maxWeight = 0, stepWeights = [] }) => maxWeight > 0 && stepWeights.length > 0,
    why: 'is not used, because stepWeights is set: the last one of them is the maximum',
    fix: 'remove it',
  },
];

/** Without a provider nobody can say which strategy it comes to. */
export function contradictionProblems({ canary, provider }: Checked): Problem[] {
  const { analysis } = canary.spec;
  const strategy = provider === undefined ? 'canary' : strategyOf(analysis, provider);
  return contradictions
    .filter(({ holds }) => holds(analysis, strategy))
    .map(({ field, why, fix }) =>
      warningAt(['spec', 'analysis', field], { reason: 'IgnoredField', message: why, fix }),
    );
}
