// What a route says beside the split, from what status has stored: so it is known before any route carries it, and comes
// back by itself where somebody takes it away.
import type { CanaryStatus } from '../api/status.ts';
import type { RouteWish } from './router.ts';

export function storedWish(status: CanaryStatus): Pick<RouteWish, 'mirrorPercent' | 'affinity'> {
  const { run, sessionAffinityCookie, previousSessionAffinityCookie, primarySessionAffinityCookie } = status;
  const mirrorPercent = run?.mirror === true ? run.plan.mirrorPercent : undefined;
  return {
    ...(mirrorPercent === undefined ? {} : { mirrorPercent }),
    affinity: {
      ...named('canary', sessionAffinityCookie),
      ...named('primary', primarySessionAffinityCookie),
      ...named('previous', previousSessionAffinityCookie),
    },
  };
}

/** Flagger writes an empty text where there is no cookie. */
function named(key: string, cookie = ''): Readonly<Record<string, string>> {
  return cookie === '' ? {} : { [key]: cookie };
}
