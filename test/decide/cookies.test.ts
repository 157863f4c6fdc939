import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { SessionAffinity } from '../../src/api/analysis.ts';
import type { CanaryStatus, Run } from '../../src/api/status.ts';
import { withCookies } from '../../src/decide/cookies.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Observation } from '../../src/model/observation.ts';
import { splitToward } from '../../src/model/split.ts';
import { deedsOf, intended, stored } from '../fixture/decision.ts';
import {
  V1,
  V3,
  ago,
  canary,
  hooks,
  heard,
  measured,
  plan,
  primary,
  route,
  run,
  running,
  spec,
  status,
} from '../fixture/observation.ts';

const affinity: SessionAffinity = { cookieName: 'cart-track', primaryCookieName: 'cart-home', maxAge: 3600 };
const sticky = spec({ analysis: { sessionAffinity: affinity } });
const TEN_LETTERS = /^cart-track=[A-Za-z]{10}$/;

function at(weight: number, override: Partial<Run> = {}): Run {
  return run({ split: splitToward(weight), ...override });
}

/** Cookies after this status is stored with that run. */
function cookies(
  before: Partial<CanaryStatus>,
  next: Run | undefined,
  wanted: Parameters<typeof withCookies>[1] | 'none' = affinity,
): readonly (string | undefined)[] {
  const stale = { ...status(before), ...(next === undefined ? {} : { run: next }) };
  const after = withCookies(stale, wanted === 'none' ? undefined : wanted);
  return [
    after.sessionAffinityCookie,
    after.primarySessionAffinityCookie,
    after.previousSessionAffinityCookie,
  ];
}

function begun(first: Run): Partial<CanaryStatus> {
  const [current, home] = cookies({}, first);
  return {
    ...(current === undefined ? {} : { sessionAffinityCookie: current }),
    ...(home === undefined ? {} : { primarySessionAffinityCookie: home }),
  };
}

describe('the cookies of session affinity', () => {
  it('begin when the weight first leaves 0', () => {
    expect(cookies({}, at(0))).toEqual([undefined, undefined, undefined]);
    const [current, home, previous] = cookies({}, at(20));

    expect(current).toMatch(TEN_LETTERS);
    expect(home).toMatch(/^cart-home=[A-Za-z]{10}$/);
    expect(previous).toBeUndefined();
  });

  it('are the canary one for the run, and a new one of the primary with every step', () => {
    const first = begun(at(20));
    const [current, home] = cookies(first, at(40));

    expect(current).toBe(first.sessionAffinityCookie);
    expect(home).toMatch(/^cart-home=[A-Za-z]{10}$/);
    expect(home).not.toBe(first.primarySessionAffinityCookie);
    expect(cookies(first, at(20))).toEqual([
      first.sessionAffinityCookie,
      first.primarySessionAffinityCookie,
      undefined,
    ]);
  });

  it('keep nobody at a primary that gets no traffic', () => {
    const [current, home] = cookies(begun(at(60)), at(100));

    expect(current).toMatch(TEN_LETTERS);
    expect(home).toBeUndefined();
  });

  it('are others in another run', () => {
    const [first] = cookies({}, at(20));
    const [second] = cookies({ previousSessionAffinityCookie: first ?? '' }, at(20, { id: 'r2' }));

    expect(second).toMatch(TEN_LETTERS);
    expect(second).not.toBe(first);
  });

  it('are to be forgotten at weight 0, in a run and after it, until the next ones begin', () => {
    const first = begun(at(20));
    const forgotten = [undefined, undefined, first.sessionAffinityCookie];

    expect(cookies(first, at(0))).toEqual(forgotten);
    expect(cookies(first, undefined)).toEqual(forgotten);
    const previous = { previousSessionAffinityCookie: first.sessionAffinityCookie ?? '' };
    expect(cookies(previous, undefined)).toEqual(forgotten);
    expect(cookies(previous, at(0))).toEqual(forgotten);
    expect(cookies(previous, at(20))[2]).toBeUndefined();
  });

  it('end with their fields in the spec, and stay while the spec cannot be read', () => {
    const first = begun(at(20));

    expect(cookies(first, at(20), 'none')).toEqual([undefined, undefined, undefined]);
    expect(cookies(first, at(20), { cookieName: 'cart-track', maxAge: 60 })[1]).toBeUndefined();
    expect(cookies(first, at(20), 'unreadable')).toEqual([
      first.sessionAffinityCookie,
      first.primarySessionAffinityCookie,
      undefined,
    ]);
    expect(cookies(first, at(0), 'unreadable')).toEqual([undefined, undefined, first.sessionAffinityCookie]);
  });

  it('take another name from the spec with the next step, and keep what another controller called the same', () => {
    const renamed = cookies(begun(at(20)), at(40), { cookieName: 'till', maxAge: 60 });
    const taken = cookies({ sessionAffinityCookie: 'cart-track=QwErTyUiOp' }, at(40));

    expect(renamed[0]).toMatch(/^till=/);
    expect(taken[0]).toBe('cart-track=QwErTyUiOp');
  });

  it('are none in a run that does not go by weights', () => {
    const matched = plan(spec({ analysis: { iterations: 2 } }));

    expect(cookies({}, at(100, { plan: matched }))).toEqual([undefined, undefined, undefined]);
  });

  it('are a function: the same of the same, and of what it has stored', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(100), (id, weight) => {
        const once = withCookies(status({ run: at(weight, { id }) }), affinity);

        expect(withCookies(once, affinity)).toEqual(once);
        const [current] = cookies({}, at(weight, { id }));
        expect(weight === 0 ? 'cart-track=AAAAAAAAAA' : current).toMatch(TEN_LETTERS);
      }),
    );
  });
});

function inRun(
  weight: number,
  override: Partial<Observation> = {},
  differing: Partial<Run> = {},
): Observation {
  const seen = running({ split: splitToward(weight), ...differing }, { spec: sticky, ...override });
  return { ...seen, status: withCookies(seen.status, affinity) };
}

describe('a decision about a run with cookies', () => {
  it('D25: names the cookie in the write that moves the weight, and only then writes the route', () => {
    const seen = inRun(0, { answers: heard({}) }, { prepared: true });
    const decision = intended({ ...seen, status: { ...seen.status, lastAppliedSpec: V1 } });

    expect(decision.reason).toBe('StepTaken');
    expect(decision.status.run?.split.canary).toBe(20);
    expect(decision.status.sessionAffinityCookie).toMatch(TEN_LETTERS);
    expect(deedsOf(stored(seen, decision.status))).toEqual(['writeRoute 20']);
  });

  const lost = canary({ available: 0, readiness: { kind: 'notYet', message: '0 of 2 pods available' } });
  it.each<[string, string, Observation]>([
    [
      'promotion',
      'ReturningTraffic',
      inRun(60, { primary: primary({ revision: running().status.run?.revision }) }, { stage: 'promote' }),
    ],
    [
      'rollback',
      'ThresholdReached',
      inRun(
        20,
        { answers: measured('fail') },
        { counts: { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 } },
      ),
    ],
    [
      'rollback by a hook',
      'RollbackRequested',
      inRun(20, {
        spec: spec({ analysis: { sessionAffinity: affinity, webhooks: hooks('rollback') } }),
        answers: heard({ rollback: 'passed' }),
      }),
    ],
    ['a restart', 'RunRestarted', inRun(20, { target: canary({ revision: V3 }) })],
    ['a cancelled run', 'RunCancelled', inRun(20, { target: canary({ revision: V1 }) })],
    ['the loss of its pods', 'CanaryLost', inRun(20, { target: lost })],
    [
      'the last step home',
      'ReturningTraffic',
      inRun(
        20,
        { route: route(20) },
        {
          stage: 'return',
          settledAt: ago(10),
          outcome: { phase: 'Failed', reason: 'ThresholdReached', message: '' },
        },
      ),
    ],
  ])('has the cookie forgotten after %s', (_title, reason, seen) => {
    const decision = intended(seen);

    expect(decision.reason).toBe(reason);
    expect(decision.status.run?.split.canary).toBe(0);
    expect(decision.status.sessionAffinityCookie).toBeUndefined();
    expect(decision.status.primarySessionAffinityCookie).toBeUndefined();
    expect(decision.status.previousSessionAffinityCookie).toBe(seen.status.sessionAffinityCookie);
  });

  it('sends them to the same canary again when its pods are back', () => {
    const seen = inRun(20);
    const after = intended({ ...seen, target: lost }).status;
    const back = decide({ ...seen, status: after, route: route(0) });

    expect(back).toMatchObject({
      reason: 'CanaryRecovered',
      status: { sessionAffinityCookie: seen.status.sessionAffinityCookie },
    });
  });

  it('changes no cookie where the weight stays', () => {
    const seen = inRun(20, { answers: measured('fail') });
    const decision = intended(seen);

    expect(decision.reason).toBe('RoundFailed');
    expect(decision.status.sessionAffinityCookie).toBe(seen.status.sessionAffinityCookie);
    expect(decision.status.primarySessionAffinityCookie).toBe(seen.status.primarySessionAffinityCookie);
  });
});
