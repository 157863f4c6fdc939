// Session affinity as every route of rules says it: one rule for each cookie, before the rule that carries the split, and
// the cookies that answers set. Cookies come from status, their attributes from the spec.
import type { SessionAffinity } from '../api/analysis.ts';
import { cookieMaxAgeSeconds, intervalMs } from '../api/defaults.ts';
import type { RouteWish } from './router.ts';

/** Takes the requests that carry a cookie. */
interface CookieRule {
  /** A regular expression over the whole `Cookie` header: name and value, whatever cookies stand around them. */
  readonly pattern: string;
  readonly to: 'primary' | 'canary';
  /** Value of a `Set-Cookie` header in the answers. */
  readonly setCookie?: string;
}

export interface Stickiness {
  /** In order. */
  readonly rules: readonly CookieRule[];
  /** What answers of each side set in the rule that carries the split. */
  readonly setCookie: { readonly primary?: string; readonly canary?: string };
}

export function stickinessOf({ spec, affinity = {} }: RouteWish): Stickiness {
  const { sessionAffinity } = spec.analysis;
  if (sessionAffinity === undefined) {
    return { rules: [], setCookie: {} };
  }
  const { canary, primary, previous } = affinity;
  if (canary === undefined) {
    const expire = (cookie: string): CookieRule => ({
      pattern: cookiePattern(cookie),
      to: 'primary',
      setCookie: setCookie(cookie, sessionAffinity, -1),
    });
    return { rules: previous === undefined ? [] : [expire(previous)], setCookie: {} };
  }
  const maxAge = cookieMaxAgeSeconds(sessionAffinity);
  const interval = Math.round(intervalMs(spec.analysis) / 1000);
  return {
    rules: [
      { pattern: cookiePattern(canary), to: 'canary' },
      ...(primary === undefined ? [] : [{ pattern: cookiePattern(primary), to: 'primary' as const }]),
    ],
    setCookie: {
      canary: setCookie(canary, sessionAffinity, maxAge),
      // Users of the primary are asked again with every step, or no step would reach them.
      ...(primary === undefined ? {} : { primary: setCookie(primary, sessionAffinity, interval) }),
    },
  };
}

/** Name and value stand alone or between other cookies: `cart=1` is neither `my-cart=1` nor `cart=12`. */
function cookiePattern(cookie: string): string {
  return `^(.*;\\s*)?${cookie.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(\\s*;.*)?$`;
}

/** In the order in which Flagger writes the attributes. */
function setCookie(cookie: string, affinity: SessionAffinity, maxAgeSeconds: number): string {
  const { domain = '', httpOnly, partitioned, path = '', sameSite, secure } = affinity;
  return [
    cookie,
    `Max-Age=${maxAgeSeconds}`,
    ...(domain === '' ? [] : [`Domain=${domain}`]),
    ...(httpOnly === true ? ['HttpOnly'] : []),
    ...(partitioned === true ? ['Partitioned'] : []),
    ...(path === '' ? [] : [`Path=${path}`]),
    ...(sameSite === undefined ? [] : [`SameSite=${sameSite}`]),
    ...(secure === true ? ['Secure'] : []),
  ].join('; ');
}
