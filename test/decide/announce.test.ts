import { describe, expect, it } from '@jest/globals';
import type { Observation, SeenRoute } from '../../src/model/observation.ts';
import { conditionOf, deedsOf, intended, settledDecision, stored } from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V1,
  ago,
  canary,
  observation,
  plan,
  run,
  spec,
  status,
  target,
} from '../fixture/observation.ts';
import { allPrimary } from '../../src/model/split.ts';

const theirs = { state: 'drifted', split: undefined, acceptance: 'accepted', message: '' } as const;

/** At the end of the first set-up, with a route that sends to the user's own Service. */
function joining(route: Partial<SeenRoute>, override: Partial<Observation> = {}): Observation {
  const setUp = run({
    kind: 'initialise',
    stage: 'return',
    revision: V1,
    split: allPrimary,
    splitSince: ago(20),
    stageSince: ago(0),
    plan: plan(),
  });
  const { settledAt: _settled, ...current } = setUp;
  return observation({
    status: status({ phase: 'Initializing', run: current }),
    target: canary({ revision: V1 }),
    services: { apex: 'drifted', primary: 'inPlace', canary: 'inPlace' },
    route: { ...theirs, ...route },
    ...override,
  });
}

describe('a route that is taken over', () => {
  it('first names our Services, and nothing sends to them yet', () => {
    expect(deedsOf(joining({ namesOurs: false }))).toEqual(['announceRoute ours']);
  });

  it('has to be taken over like that by its gateway, within the deadline', () => {
    const seen = joining({ namesOurs: true, acceptance: 'pending', message: 'not yet' });
    const { decision, seen: said } = settledDecision(seen);

    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS + DEADLINE_MS });
    expect(conditionOf(said.status, 'Ready')?.message).toBe(
      'the route names cart-primary.shop: not yet (since 08:00:00Z, until 08:10:00Z)',
    );
    expect(deedsOf({ ...seen, nowMs: NOW_MS + DEADLINE_MS })).toEqual([
      'writeService apex',
      'writeRoute 0 keeping',
    ]);
  });

  it('sends to them when there was time to find their pods', () => {
    const seen = joining({ namesOurs: true });

    expect(settledDecision({ ...seen, nowMs: NOW_MS + 1999 }).decision).toMatchObject({
      actions: [],
      wakeAtMs: NOW_MS + 2000,
    });
    expect(deedsOf({ ...seen, nowMs: NOW_MS + 2000 })).toEqual(['writeService apex', 'writeRoute 0 keeping']);
  });

  it.each<[string, Partial<SeenRoute>]>([
    ['has to be made', { state: 'missing' }],
    ['does not exist for this provider', { state: 'none' }],
    ['holds a split already', { split: allPrimary }],
  ])('names nothing first where it %s', (_title, route) => {
    expect(deedsOf(joining(route))[0]).toBe('writeService apex');
  });
});

describe('what a route sent to before', () => {
  it('stays named while its gateway may still send there, and goes when requests have had time to leave', () => {
    const taken = { state: 'inPlace', split: allPrimary, lingers: true } as const;
    const inPlace = { apex: 'inPlace', primary: 'inPlace', canary: 'inPlace' } as const;
    const seen = joining(taken, { services: inPlace });
    expect(deedsOf(seen)).toEqual([]);

    const current = seen.status.run;
    const drained = current && { ...current, stage: 'scale-down' as const, settledAt: ago(20) };
    expect(deedsOf({ ...seen, status: { ...seen.status, run: drained } })).toEqual(['writeRoute 0']);
  });
});

/** Deleted with `revertOnDeletion`, past the first status write. */
function leaving(route: Partial<SeenRoute>, override: Partial<Observation> = {}): Observation {
  const seen = observation({
    spec: spec({ revertOnDeletion: true }),
    deleting: true,
    hasFinalizer: true,
    route: { ...theirs, state: 'inPlace', split: allPrimary, ...route },
    ...override,
  });
  return stored(seen, intended(seen).status);
}

describe('a route that is given back', () => {
  it('names the Services from before, before anything else', () => {
    expect(deedsOf(leaving({ namesTheirs: false }))).toEqual(['announceRoute theirs']);
    expect(deedsOf(leaving({ namesTheirs: true }))).toEqual(['scaleTarget 2']);
  });

  it('is given back when its gateway has taken that over, within the deadline', () => {
    const seen = leaving({ namesTheirs: true, acceptance: 'pending' }, { target: canary() });
    const serving = { ...seen, status: { ...seen.status, reverting: { servingSince: ago(60) } } };

    expect(settledDecision(serving).decision).toMatchObject({ actions: [], wakeAtMs: NOW_MS + DEADLINE_MS });
    const late = { ...serving, nowMs: NOW_MS + DEADLINE_MS };
    expect(intended(late).status.reverting?.restoredAt).toBeDefined();
    const accepted: Observation = { ...serving, route: { ...serving.route, acceptance: 'accepted' } };
    expect(intended(accepted).status.reverting?.restoredAt).toBeDefined();
  });

  it('names ours until requests have left, and then no more', () => {
    const seen = leaving({ namesTheirs: true, taken: true }, { target: canary() });
    const given = {
      ...seen,
      status: { ...seen.status, reverting: { servingSince: ago(60), restoredAt: ago(0) } },
    };
    const drained = { ...given, nowMs: NOW_MS + 10_000 };

    expect(deedsOf(given)).toEqual(['restoreService', 'restoreRoute keeping']);
    expect(deedsOf(drained)).toEqual(['restoreRoute']);
    const { route } = drained;
    const back = { ...route, taken: false, acceptance: 'pending' } as const;
    expect(deedsOf({ ...drained, route: back })).toEqual(['setFinalizer false']);
    const late = NOW_MS + DEADLINE_MS + 20_000;
    expect(deedsOf({ ...drained, nowMs: late })).toEqual(['setFinalizer false']);
  });

  it('does not hold deletion up where it cannot be written', () => {
    const seen = leaving({ namesTheirs: false }, { target: target() });

    expect(deedsOf({ ...seen, nowMs: NOW_MS + DEADLINE_MS })).not.toContain('announceRoute theirs');
  });
});
