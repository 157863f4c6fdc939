// The cookies of session affinity as a function of what is stored and where the traffic is: status names them in the same
// write that moves the weight, so before any route carries them (D25).
import type { SessionAffinity } from '../api/analysis.ts';
import type { CanaryStatus, Run } from '../api/status.ts';
import { digest } from '../model/hash.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const VALUE_LENGTH = 10;

/**
 * While a weighted canary gets traffic there is one cookie for it a run, and one for the primary that is new with every step,
 * so that every step asks everybody again. Back at weight 0, for whatever cause, the canary's cookie is the one to forget.
 * `affinity` is undefined where the spec has none, `unreadable` where there is no spec: then nothing new is made.
 */
export function withCookies(
  status: CanaryStatus,
  affinity: SessionAffinity | 'unreadable' | undefined,
): CanaryStatus {
  const {
    sessionAffinityCookie: current = '',
    previousSessionAffinityCookie: previous = '',
    primarySessionAffinityCookie: _primary,
    ...rest
  } = status;
  const { run } = status;
  if (run === undefined || run.split.canary === 0) {
    return { ...rest, ...named('previousSessionAffinityCookie', current || previous) };
  }
  if (affinity === 'unreadable') {
    return status;
  }
  if (affinity === undefined || run.plan.strategy !== 'canary') {
    return rest;
  }
  const { cookieName, primaryCookieName = '' } = affinity;
  const kept = current.startsWith(`${cookieName}=`) ? current : `${cookieName}=${valueFrom(run.id)}`;
  // Nobody is kept at a primary that gets no traffic.
  const keepsHome = primaryCookieName !== '' && run.split.primary > 0;
  return {
    ...rest,
    ...named('sessionAffinityCookie', kept),
    ...named('primarySessionAffinityCookie', keepsHome ? `${primaryCookieName}=${stepValue(run)}` : ''),
  };
}

function named(
  field: 'sessionAffinityCookie' | 'previousSessionAffinityCookie' | 'primarySessionAffinityCookie',
  cookie: string,
): Partial<CanaryStatus> {
  return cookie === '' ? {} : { [field]: cookie };
}

function stepValue({ id, split }: Run): string {
  return valueFrom(`${id} ${split.canary}`);
}

/** Ten letters. The id of a run is chance that has been observed and stored, so what follows from it needs no more. */
function valueFrom(seed: string): string {
  let rest = BigInt(`0x${digest(seed)}`);
  let letters = '';
  while (letters.length < VALUE_LENGTH) {
    letters += LETTERS.charAt(Number(rest % 52n));
    rest /= 52n;
  }
  return letters;
}
