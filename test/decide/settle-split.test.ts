import { describe, expect, it } from '@jest/globals';
import type { Observation, SeenRoute } from '../../src/model/observation.ts';
import { conditionOf, deedsOf, intended, nextRun, settledDecision } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V1,
  V2,
  ago,
  canary,
  measured,
  noRoute,
  plan,
  primary,
  route,
  run,
  running,
  spec,
  status,
  without,
} from '../fixture/observation.ts';

/** A step that is written and has not been seen in effect yet. */
function stepped(seenRoute: SeenRoute, override: Partial<Observation> = {}): Observation {
  return running(
    {},
    {
      status: status({ phase: 'Progressing', lastAppliedSpec: V2, run: without(run(), 'settledAt') }),
      route: seenRoute,
      ...override,
    },
  );
}

describe('a step', () => {
  it.each<[string, SeenRoute]>([
    ['not written yet', route(0)],
    ['written with other weights by somebody', route(35)],
    ['deleted', { state: 'missing', split: undefined, acceptance: 'pending', message: '' }],
    ['edited beside its weights', route(20, { state: 'drifted' })],
  ])('D8: is written, at the current weight, where the route is %s', (_title, seenRoute) => {
    expect(deedsOf(stepped(seenRoute))).toEqual(['writeRoute 20']);
  });

  it.each<[string, SeenRoute, string, string]>([
    ['pending', route(20, { acceptance: 'pending' }), 'RouteNotAccepted', 'the route is pending'],
    [
      'rejected',
      route(20, { acceptance: 'rejected', message: 'no such gateway' }),
      'RouteRejected',
      'no such gateway',
    ],
  ])('R9: does not count while the route is %s', (_title, seenRoute, reason, detail) => {
    const { decision, seen } = settledDecision(stepped(seenRoute, { answers: measured('fail') }));

    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS - 20_000 + DEADLINE_MS });
    expect(decision.reason).toBe(reason);
    expect(conditionOf(seen.status, 'Ready')?.message).toBe(
      `weight 20 is written: ${detail} (since 07:59:40Z, until 08:09:40Z)`,
    );
  });

  it.each<[string, SeenRoute]>([
    ['accepted', route(20)],
    ['in place where its controller cannot say', route(20, { acceptance: 'unknown' })],
    ['none', noRoute],
  ])('counts from when the route is seen %s; its round is due one interval later', (_title, seenRoute) => {
    expect(nextRun(stepped(seenRoute))).toMatchObject({
      settledAt: ago(0),
      round: { seq: 3, dueAt: ago(-10) },
      split: { canary: 20 },
    });
  });

  it('has its first round soon: it only asks whether to begin, but the Service must lead to the new pods', () => {
    const first = without(run({ split: { primary: 100, canary: 0 } }), 'settledAt', 'prepared');
    const seen = running({}, { status: status({ lastAppliedSpec: V2, run: first }), route: route(0) });

    expect(nextRun(seen).round).toEqual({ seq: 3, dueAt: ago(-2) });
  });

  it.each<[string, SeenRoute]>([
    ['pending', route(20, { acceptance: 'pending' })],
    ['rejected', route(20, { acceptance: 'rejected', message: 'no such gateway' })],
  ])('that is %s at the deadline is rolled back', (_title, seenRoute) => {
    const late = { ...without(run(), 'settledAt'), splitSince: ago(600) };
    const seen = stepped(seenRoute, { status: status({ lastAppliedSpec: V2, run: late }) });

    expect(intended(seen)).toMatchObject({
      reason: 'RouteNotAccepted',
      status: { run: { stage: 'return' } },
    });
  });

  it('that is in effect has no deadline of this kind', () => {
    const old = run({ splitSince: ago(6000), settledAt: ago(5990) });
    const seen = running(
      {},
      { status: status({ lastAppliedSpec: V2, run: old }), route: route(20, { acceptance: 'pending' }) },
    );

    expect(settledDecision(seen).decision.kind).toBe('ask');
  });
});

describe('during the analysis the world is kept', () => {
  it.each<[string, Partial<Observation>, readonly string[]]>([
    ['a deleted primary, as big as it was (D15)', { primary: undefined }, [`writePrimary ${V1} x2`]],
    ['a primary edited by hand', { primary: primary({ drifted: true }) }, [`writePrimary ${V1}`]],
    [
      'a primary that somebody gave the revision under analysis',
      { primary: primary({ revision: V2 }) },
      [`writePrimary ${V1}`],
    ],
    [
      'Services',
      { services: { apex: 'drifted', primary: 'missing', canary: 'inPlace' } },
      ['writeService primary', 'writeService apex'],
    ],
    ['the stored revision', { stored: [V1] }, [`storeRevision ${V2}`]],
    ['the weights, at the current step', { route: route(100) }, ['writeRoute 20']],
  ])('%s', (_title, override, deeds) => {
    expect(deedsOf(running({}, override))).toEqual(deeds);
  });

  it('for blue/green without a route too', () => {
    const blueGreen = spec({ provider: 'kubernetes', analysis: { iterations: 2 } });
    const seen = running(
      { plan: plan(blueGreen), split: { primary: 100, canary: 0 } },
      { spec: blueGreen, route: noRoute, primary: undefined },
    );

    expect(deedsOf(seen)).toEqual([`writePrimary ${V1} x2`]);
  });
});

describe('traffic and capacity (rule 3)', () => {
  const idle = { kind: 'notYet', message: 'no pods' } as const;

  it.each<[string, Observation]>([
    [
      'to a canary without pods while the primary has some',
      running({}, { route: route(0), target: canary({ available: 0 }) }),
    ],
    [
      'to a primary without pods while the canary has some',
      running({}, { route: route(60), primary: primary({ available: 0, readiness: idle }) }),
    ],
  ])('no share is ever added %s', (_title, seen) => {
    expect(deedsOf(seen)).not.toContain('writeRoute 20');
  });

  it('where nobody has pods the route is still kept as it shall be', () => {
    const seen = running(
      {},
      {
        route: route(60),
        target: canary({ available: 0 }),
        primary: primary({ available: 0, readiness: idle }),
      },
    );

    expect(deedsOf(seen)).toEqual(['writeRoute 20']);
  });
});
