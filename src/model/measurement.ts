// What was measured, and what it means.

/** What a metric provider answered. Silence is an answer, and so is failing to reach it. */
export type Measurement =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'noData'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly message: string };

export const outcomes = ['pass', 'fail', 'inconclusive', 'noData', 'unavailable'] as const;

/** Only `fail` speaks against the canary; the last three say that nothing can be said. */
export type Outcome = (typeof outcomes)[number];

/** One metric judged in one round. `value` and `threshold` as a person reads them: `97.2`, `min 99`. */
export interface Verdict {
  readonly name: string;
  readonly outcome: Outcome;
  readonly value?: number;
  readonly threshold?: string;
  readonly message?: string;
}
