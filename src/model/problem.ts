// What is wrong with an input, so that a person can mend it.
import type { Reason } from './reason.ts';

/**
 * `error`: nothing may be written for this Canary; `warning`: said once, the run goes on without the field.
 * `reason` is the CamelCase word for the condition; `field` a path such as `spec.analysis.stepWeights[2]`.
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly reason: Reason;
  readonly field: string;
  readonly value?: unknown;
  readonly message: string;
  readonly fix: string;
}
