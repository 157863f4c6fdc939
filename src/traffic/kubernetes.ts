// No mesh: requests follow the Services alone, so that a release is blue/green and users never meet the canary.
import type { CanarySpec } from '../api/canary.ts';
import type { Problem } from '../model/problem.ts';
import { warning } from './problems.ts';
import type { TrafficRouter } from './router.ts';

const provider = 'kubernetes';

export const kubernetes: TrafficRouter = {
  provider,
  capabilities: { weighted: false, serviceFields: [], acceptance: false, tcp: true },
  route: undefined,
  problems: iterationProblems,
};

function iterationProblems({ analysis }: CanarySpec): readonly Problem[] {
  return (analysis.iterations ?? 0) >= 1
    ? []
    : [
        warning(['spec', 'analysis', 'iterations'], {
          reason: 'AdjustedValue',
          message: `is taken as 10, because ${provider} cannot divide requests by weight`,
          fix: 'set iterations instead of weights, or choose a provider that routes requests',
        }),
      ];
}
