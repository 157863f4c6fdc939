// What was measured, and what it means.

/** An answer came and holds nothing to judge. */
export type NoDataReason = 'NoSeries' | 'NotANumber' | 'InfiniteValue';

/** An answer came and can be read in more than one way. */
type InconclusiveReason = 'TooManySeries';

/** No usable answer came. The first group is mended in the cluster, the second at the provider or on the way to it. */
export type UnavailableReason =
  | 'UnknownMetric'
  | 'TemplateNotFound'
  | 'CrossNamespaceRef'
  | 'UnsupportedProvider'
  | 'InvalidAddress'
  | 'SecretNotFound'
  | 'SecretKeyMissing'
  | 'SecretUnreadable'
  | 'QueryNotRendered'
  | 'QueryRefused'
  | 'AccessDenied'
  | 'ConnectionFailed'
  | 'TimedOut'
  | 'ProviderError'
  | 'UnreadableReply'
  | 'WrongResultType'
  | 'InternalError';

/** How the call of a webhook ended. */
export type HookReason = 'HookPassed' | 'HookDenied' | 'HookError' | 'HookTimedOut' | 'HookUnreachable';

/** How a value stands to its limits. */
export type LimitReason = 'WithinLimits' | 'BelowMinimum' | 'AboveMaximum';

/** The word for one check of a round, whatever kind of check it was. */
type CheckReason = LimitReason | NoDataReason | InconclusiveReason | UnavailableReason | HookReason;

/** What a metric provider answered. Silence is an answer, and so is failing to reach it. */
export type Measurement =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'noData'; readonly reason: NoDataReason; readonly message: string }
  | { readonly kind: 'inconclusive'; readonly reason: InconclusiveReason; readonly message: string }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason; readonly message: string };

/** The measurement for what stopped us from measuring. */
export function unavailable(reason: UnavailableReason, message: string): Measurement {
  return { kind: 'unavailable', reason, message };
}

export const outcomes = ['pass', 'fail', 'inconclusive', 'noData', 'unavailable'] as const;

/** Only `fail` speaks against the canary; the last three say that nothing can be said. */
export type Outcome = (typeof outcomes)[number];

/** One metric or hook judged in one round. `value` and `threshold` as a person reads them: `97.2`, `min 99`. */
export interface Verdict {
  readonly name: string;
  readonly outcome: Outcome;
  readonly reason?: CheckReason;
  readonly value?: number;
  readonly threshold?: string;
  readonly message?: string;
}
