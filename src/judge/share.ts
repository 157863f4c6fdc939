// Whether the requests that were counted fit the split. Pure arithmetic: what becomes of a split that does not fit is decide/'s.
import type { Measurement } from '../model/measurement.ts';

/** `tooFew`: nothing can be said, for want of requests or of an answer. */
export interface ShareVerdict {
  readonly outcome: 'agrees' | 'disagrees' | 'tooFew';
  /** With figures: `the canary got 19.6% of 812 requests`. */
  readonly message: string;
}

export interface Counted {
  readonly canary: Measurement;
  readonly primary: Measurement;
}

export interface WantedShare {
  /** Of the canary: 0 to 100. */
  readonly percent: number;
  /** In percentage points. */
  readonly tolerancePercent: number;
}

/** With fewer the count itself, which is read between scrapes, is too coarse. */
const FEWEST_REQUESTS = 30;
/** Chance exceeds so many standard deviations less than once in ten thousand times. */
const DEVIATIONS = 4;

/**
 * A share p of n requests that are sent by chance varies by sqrt(p(1-p)/n), the standard error of a proportion
 * (https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval). It agrees within the tolerance and four times that.
 * The tolerance is at most half of the smaller side, and requests are too few as long as a side that gets nothing would not be
 * noticed: a weight of 4 is never proven by no requests at all.
 */
export function judgeShare(counted: Counted, { percent, tolerancePercent }: WantedShare): ShareVerdict {
  const unclear = uncounted(counted, percent);
  if (unclear !== undefined) {
    return { outcome: 'tooFew', message: unclear };
  }
  const canary = requestsIn(counted.canary);
  const requests = canary + requestsIn(counted.primary);
  const wanted = percent / 100;
  const smaller = Math.min(wanted, 1 - wanted);
  const tolerance = smaller === 0 ? tolerancePercent / 100 : Math.min(tolerancePercent / 100, smaller / 2);
  const allowed = tolerance + DEVIATIONS * Math.sqrt((wanted * (1 - wanted)) / requests);
  if (requests < FEWEST_REQUESTS || (smaller > 0 && allowed >= smaller)) {
    return { outcome: 'tooFew', message: `${Math.round(requests)} requests are too few to tell` };
  }
  const share = canary / requests;
  const figures = `the canary got ${percentOf(share)} of ${Math.round(requests)} requests`;
  return Math.abs(share - wanted) <= allowed
    ? { outcome: 'agrees', message: figures }
    : { outcome: 'disagrees', message: `${figures}, which does not fit ${percent}%` };
}

/** How many requests a canary without weight still got; undefined: none, or nobody knows. */
export function strayRequests(counted: Measurement): number | undefined {
  const requests = requestsIn(counted);
  return requests > 0 ? Math.max(1, Math.round(requests)) : undefined;
}

/**
 * Why there is nothing to compare. A canary that was never sent anything has no series, and counts as one without requests; a
 * primary always had some, so that its silence says that its series are called otherwise, unless it shall get nothing.
 */
function uncounted({ canary, primary }: Counted, percent: number): string | undefined {
  for (const [side, counted] of Object.entries({ canary, primary })) {
    if (counted.kind === 'unavailable' || counted.kind === 'inconclusive') {
      return `the requests of the ${side} cannot be counted: ${counted.message}`;
    }
  }
  return primary.kind === 'noData' && percent < 100 ? 'no requests of the primary are counted' : undefined;
}

function requestsIn(counted: Measurement): number {
  return counted.kind === 'value' ? Math.max(0, counted.value) : 0;
}

function percentOf(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}
