// What is wrong with an input, so that a person can mend it.

/**
 * `error`: nothing may be written for this Canary; `warning`: said once, the run goes on without the field.
 * `reason` is the CamelCase word for the condition; `field` a path such as `spec.analysis.stepWeights[2]`.
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly reason: string;
  readonly field: string;
  readonly value?: unknown;
  readonly message: string;
  readonly fix: string;
}
