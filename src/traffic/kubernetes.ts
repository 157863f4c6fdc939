// No mesh: requests follow the Services alone, so that a release is blue/green and users never meet the canary.
import type { CanarySpec } from '../api/canary.ts';
import type { Problem } from '../model/problem.ts';
import {
  affinityProblems,
  ignoredServiceFields,
  mirrorProblems,
  missingService,
  warning,
} from './problems.ts';
import type { RouterCapabilities, TrafficRouter } from './router.ts';

const provider = 'kubernetes';
const capabilities: RouterCapabilities = { weighted: false, match: false, mirror: false, affinity: false };

export const kubernetes: TrafficRouter = {
  provider,
  capabilities,
  route: undefined,
  problems,
};

function problems(spec: CanarySpec): readonly Problem[] {
  return [
    ...strategyProblems(spec),
    ...affinityProblems(spec, provider),
    ...mirrorProblems(spec, provider),
    ...ignoredServiceFields(spec, provider, []),
    ...(spec.service === undefined ? [missingService(provider)] : []),
  ];
}

function strategyProblems({ analysis }: CanarySpec): Problem[] {
  const found: Problem[] = [];
  if ((analysis.match ?? []).length > 0) {
    found.push(
      warning(['spec', 'analysis', 'match'], {
        message: `is not honoured by ${provider}: users stay on the primary until promotion`,
        fix: 'remove it, or choose a provider that routes requests',
      }),
    );
  }
  if ((analysis.iterations ?? 0) < 1) {
    found.push(
      warning(['spec', 'analysis', 'iterations'], {
        reason: 'AdjustedValue',
        message: `is taken as 10, because ${provider} cannot divide requests by weight`,
        fix: 'set iterations instead of weights, or choose a provider that routes requests',
      }),
    );
  }
  return found;
}
