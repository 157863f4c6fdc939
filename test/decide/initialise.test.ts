import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import {
  conditionOf,
  deedsOf,
  intended,
  nextRun,
  saidIn,
  settledDecision,
  stored,
} from '../fixture/decision.ts';
import {
  DEADLINE_MS,
  NOW_MS,
  V1,
  V2,
  V3,
  ago,
  failed,
  notYet,
  observation,
  plan,
  primary,
  route,
  run,
  target,
  without,
} from '../fixture/observation.ts';

const missing = { apex: 'missing', primary: 'missing', canary: 'missing' } as const;
const live = target({ replicas: 3, available: 3 });
const missingRoute = { state: 'missing', split: undefined, acceptance: 'pending', message: '' } as const;

/** A Canary that nobody has looked at yet. */
function fresh(override: Partial<Observation> = {}): Observation {
  return observation({
    status: {},
    target: live,
    primary: undefined,
    services: missing,
    route: missingRoute,
    stored: [],
    ...override,
  });
}

function settingUp(override: Partial<Observation> = {}, of: Partial<Run> = {}): Observation {
  const started = without(run(), 'settledAt', 'prepared');
  return fresh({
    status: {
      phase: 'Initializing',
      lastAppliedSpec: V1,
      run: {
        ...started,
        kind: 'initialise',
        revision: V1,
        stage: 'provision',
        split: { primary: 100, canary: 0 },
        ...of,
      },
    },
    ...override,
  });
}

const services = { apex: 'missing', primary: 'inPlace', canary: 'inPlace' } as const;

describe('the first set-up', () => {
  it('begins with a run that is pinned to what the target holds', () => {
    const { reason, status } = intended(fresh());

    expect(reason).toBe('Initializing');
    expect(status.phase).toBe('Initializing');
    expect(status.run).toMatchObject({ id: 'r2', kind: 'initialise', stage: 'provision', revision: V1 });
  });

  it('waits for a target that does not exist, and says so', () => {
    expect(intended(fresh({ target: undefined })).reason).toBe('TargetNotFound');
  });

  it('D11: stores the revision, then writes Services and primary, as big as the target; the apex comes later', () => {
    expect(deedsOf(settingUp())).toEqual([
      `storeRevision ${V1}`,
      'writeService canary',
      'writeService primary',
      `writePrimary ${V1} x3`,
    ]);
  });

  it('writes what the pods of the primary need before it makes them', () => {
    const unwritten = { state: 'missing', split: undefined, acceptance: 'pending', message: '' } as const;
    const seen = settingUp({ services, stored: [V1], route: { ...unwritten, unprepared: true } });

    expect(deedsOf(seen)).toEqual(['prepareRoute', `writePrimary ${V1} x3`]);
    expect(deedsOf({ ...seen, route: unwritten })).toEqual([`writePrimary ${V1} x3`]);
  });

  it('gives the primary of a target without pods one pod', () => {
    const seen = settingUp({ target: target(), services, stored: [V1] });

    expect(deedsOf(seen)).toEqual([`writePrimary ${V1} x1`]);
  });

  it('tries what it will write later together with its first writes', () => {
    const decision = decide(settingUp());

    expect(decision).toMatchObject({
      kind: 'enact',
      rehearse: [
        { kind: 'writeService', role: 'apex' },
        { kind: 'writeRoute', split: { primary: 100, canary: 0 } },
      ],
    });
  });

  it('leaves Services that are in place alone', () => {
    expect(deedsOf(settingUp({ services, primary: primary(), stored: [V1] }))).toEqual([]);
  });

  it('waits for the primary with a deadline, and says until when', () => {
    const seen = settingUp({ services, stored: [V1], primary: primary({ readiness: notYet }) });
    const { decision, seen: said } = settledDecision(seen);

    expect(decision).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS - 60_000 + DEADLINE_MS });
    expect(conditionOf(said.status, 'Ready')).toMatchObject({
      status: 'Unknown',
      reason: 'PrimaryNotReady',
      message: 'waits for cart-primary.shop: 0 of 2 pods available (since 07:59:00Z, until 08:09:00Z)',
    });
  });

  it.each<[string, Partial<Observation>]>([
    ['not ready', { primary: primary({ readiness: notYet }), services }],
    ['of another revision', { primary: primary({ revision: V2 }), services }],
    ['edited by hand', { primary: primary({ drifted: true }), services }],
    ['without its Services', { primary: primary(), services: missing }],
  ])('never touches live traffic while the primary is %s (D11)', (_title, override) => {
    const seen = settingUp({ stored: [V1], ...override });

    expect(deedsOf(seen)).not.toContain('writeService apex');
    expect(deedsOf(seen)).not.toContain('scaleTarget 0');
  });

  it('moves on to the apex and the route once the primary serves', () => {
    const seen = settingUp({ services, primary: primary(), stored: [V1] });
    const next = stored(seen, intended(seen).status);

    expect(nextRun(seen).stage).toBe('return');
    expect(deedsOf(next)).toEqual(['writeService apex', 'writeRoute 0 keeping']);
  });

  it('scales the target down only when requests are seen to arrive at the primary, and have had time to leave', () => {
    const inPlace = { apex: 'inPlace', primary: 'inPlace', canary: 'inPlace' } as const;
    const returning = {
      stage: 'return',
      outcome: { phase: 'Initialized', reason: 'Initialized', message: 'ok' },
    } as const;
    const seen = (of: Partial<Run>, weight = 0): Observation =>
      settingUp(
        { services: inPlace, primary: primary(), stored: [V1], route: route(weight) },
        { ...returning, ...of },
      );

    expect(deedsOf(seen({}, 20))).toEqual(['writeRoute 0 keeping']);
    expect(nextRun(seen({})).settledAt).toBe(ago(0));
    expect(deedsOf(seen({ settledAt: ago(3) }))).toEqual([]);
    expect(nextRun(seen({ settledAt: ago(10) })).stage).toBe('scale-down');
    expect(deedsOf(seen({ stage: 'scale-down' }))).toEqual(['scaleTarget 0']);
  });

  it('ends as Initialized, with what the primary holds recorded as promoted', () => {
    const inPlace = { apex: 'inPlace', primary: 'inPlace', canary: 'inPlace' } as const;
    const seen = settingUp(
      { services: inPlace, primary: primary(), stored: [V1], route: route(0), target: target() },
      { stage: 'scale-down', outcome: { phase: 'Initialized', reason: 'Initialized', message: 'ok' } },
    );
    const decision = intended(seen);

    expect(decision.status).toMatchObject({
      phase: 'Initialized',
      lastAppliedSpec: V1,
      lastPromotedSpec: V1,
      primaryReplicas: 2,
    });
    expect(decision.status.run).toBeUndefined();
    expect(decision.tally).toBeUndefined();
    expect(saidIn(decision)).toEqual(['Normal Initialized']);
    expect(conditionOf(decision.status, 'Ready')?.status).toBe('True');
  });
});

describe('a set-up that cannot go on', () => {
  it('D3: follows a target that changes meanwhile: nothing is at stake yet', () => {
    const seen = settingUp({ target: { ...live, revision: V2 }, services, primary: primary(), stored: [V1] });
    const next = intended(seen);

    expect(next.status.run).toMatchObject({ revision: V2, stage: 'provision' });
    expect(deedsOf(stored(seen, next.status))).toEqual([`storeRevision ${V2}`, `writePrimary ${V2} x3`]);
  });

  it('D3: after the primary serves it ends with what the primary holds, and runs the newer revision after it', () => {
    const seen = settingUp(
      { target: { ...live, revision: V2 }, primary: primary(), stored: [V1], route: route(0) },
      { stage: 'return', outcome: { phase: 'Initialized', reason: 'Initialized', message: 'ok' } },
    );

    expect(deedsOf(seen)).not.toContain(`writePrimary ${V2}`);
    expect(
      nextRun({ ...seen, services: { apex: 'inPlace', primary: 'inPlace', canary: 'inPlace' } }).revision,
    ).toBe(V1);
  });

  it.each<[string, Partial<Observation>, Partial<Run>]>([
    ['its own deadline has passed', { primary: primary({ readiness: failed }) }, {}],
    ['ours has', { primary: primary({ readiness: notYet }) }, { stageSince: ago(600) }],
    ['it never came to be', { primary: undefined }, { stageSince: ago(600) }],
  ])('gives up on a primary when %s, and the target keeps serving (D11)', (_title, override, of) => {
    const seen = settingUp({ services, stored: [V1], ...override }, of);
    const decision = intended(seen);

    expect(decision).toMatchObject({ reason: 'PrimaryNotReady', status: { phase: 'Failed' } });
    expect(decision.status.run).toBeUndefined();
    expect(decision.status.runs?.[0]).toMatchObject({ phase: 'Failed', reason: 'PrimaryNotReady' });
    expect(deedsOf(stored(seen, decision.status))).not.toContain('scaleTarget 0');
  });

  it('does not count a primary of an older revision as the failure of this one', () => {
    const seen = settingUp({ services, stored: [V1], primary: primary({ revision: V2, readiness: failed }) });

    expect(deedsOf(seen)).toEqual([`writePrimary ${V1} x3`]);
  });

  it.each<[string, Partial<Observation>, string]>([
    ['keeps still while the primary stays as it is', {}, 'PrimaryNotReady'],
    ['starts again when the primary recovers', { primary: primary() }, 'Initializing'],
    ['starts again when the primary is gone', { primary: undefined }, 'Initializing'],
    ['starts again with a new revision', { target: { ...live, revision: V3 } }, 'Initializing'],
  ])('after a failure it %s', (_title, override, reason) => {
    const seen = fresh({
      status: { phase: 'Failed', lastAppliedSpec: V1 },
      services,
      stored: [V1],
      primary: primary({ readiness: failed }),
      ...override,
    });

    expect(decide(seen).reason).toBe(reason);
  });

  it('says once which fields it will not honour', () => {
    const seen = fresh({
      problems: [
        {
          severity: 'warning',
          reason: 'IgnoredField',
          field: 'spec.service.retries',
          message: 'is ignored',
          fix: 'remove it',
        },
      ],
    });

    expect(intended(seen).notices).toEqual([
      { type: 'Warning', reason: 'IgnoredField', message: 'spec.service.retries is ignored: remove it' },
    ]);
  });
});

describe('the plan of a set-up', () => {
  it('is the one of its start', () => {
    expect(intended(fresh()).status.run?.plan).toEqual(plan());
  });
});
