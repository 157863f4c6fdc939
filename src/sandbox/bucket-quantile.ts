// A quantile from the cumulative buckets of a classic Prometheus histogram. Imports nothing.

export interface Bucket {
  /** Upper bound, included; the last one's is +Infinity. */
  readonly upTo: number;
  /** Of everything up to the bound, so that counts never fall from bucket to bucket. */
  readonly count: number;
}

/**
 * Interpolates linearly inside the bucket that holds the rank, and answers the highest finite bound where that is the last
 * one; NaN without observations or without a +Inf bucket. Follows bucketQuantile of Prometheus' promql/quantile.go.
 */
export function bucketQuantile(quantile: number, unsorted: readonly Bucket[]): number {
  if (quantile < 0 || quantile > 1) {
    return quantile < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const buckets = unsorted.toSorted((a, b) => a.upTo - b.upTo);
  const last = buckets.at(-1);
  const beforeLast = buckets.at(-2);
  if (last?.upTo !== Number.POSITIVE_INFINITY || beforeLast === undefined || !(last.count > 0)) {
    return Number.NaN;
  }
  const rank = quantile * last.count;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const bucket = buckets[index] ?? last;
  if (bucket === last) {
    return beforeLast.upTo;
  }
  const below = buckets[index - 1] ?? { upTo: 0, count: 0 };
  if (bucket.upTo <= 0) {
    return bucket.upTo;
  }
  return below.upTo + (bucket.upTo - below.upTo) * ((rank - below.count) / (bucket.count - below.count));
}
