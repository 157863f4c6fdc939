import { describe, expect, it } from '@jest/globals';
import type { Run, Stage } from '../../src/api/status.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { Problem } from '../../src/model/problem.ts';
import { splitToward } from '../../src/model/split.ts';
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
  canary,
  hooks,
  measured,
  noRoute,
  observation,
  primary,
  route,
  run,
  running,
  spec,
  status,
  target,
  without,
} from '../fixture/observation.ts';

const problem: Problem = {
  severity: 'error',
  reason: 'InvalidSpec',
  field: 'spec.analysis.stepWeights[2]',
  value: 10,
  message: 'is 10, less than the one before it',
  fix: 'list weights in ascending order',
};
const invalid = { problems: [problem] };
const sentence =
  'spec.analysis.stepWeights[2] is 10, less than the one before it: list weights in ascending order';

describe('a spec that cannot be used, at rest', () => {
  it('D12: is said on the object and in one event, and looked at again when it changes', () => {
    const seen = observation(invalid);
    const decision = intended(seen);

    expect(decision).toMatchObject({
      reason: 'InvalidSpec',
      notices: [{ type: 'Warning', message: sentence }],
    });
    expect(conditionOf(decision.status, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'InvalidSpec',
      message: sentence,
    });
    expect(conditionOf(decision.status, 'Stalled')).toMatchObject({ status: 'True' });
    expect(decision.status.phase).toBe('Succeeded');
    expect(settledDecision(stored(seen, decision.status)).decision).toEqual({
      kind: 'enact',
      reason: 'InvalidSpec',
      actions: [],
    });
  });

  it('names the first error and counts the others', () => {
    const seen = observation({ problems: [problem, { ...problem, field: 'spec.service' }] });

    expect(conditionOf(intended(seen).status, 'Ready')?.message).toBe(`${sentence} (and 1 more)`);
  });

  it.each<[string, Partial<Observation>, string]>([
    ['a target that does not exist', { target: undefined }, 'TargetNotFound'],
    [
      'a Service of somebody else',
      { services: { apex: 'foreign', primary: 'missing', canary: 'missing' } },
      'ServiceConflict',
    ],
    ['a route of somebody else', { route: { ...noRoute, state: 'foreign' } }, 'ServiceConflict'],
    ['a second Canary on the target', { problems: [{ ...problem, reason: 'TargetInUse' }] }, 'TargetInUse'],
    [
      'a kind that is not installed',
      { problems: [{ ...problem, reason: 'KindNotInstalled' }] },
      'KindNotInstalled',
    ],
    ['a spec that cannot be read', { spec: undefined, target: undefined, ...invalid }, 'InvalidSpec'],
  ])('%s has a reason of its own, and nothing is written', (_title, override, reason) => {
    const fresh = observation({
      status: {},
      primary: undefined,
      stored: [],
      route: route(0, { state: 'missing' }),
      ...override,
    });
    const decision = intended(fresh);

    expect(decision.reason).toBe(reason);
    expect(decision.status).toMatchObject({ phase: 'Initializing' });
    expect(deedsOf(stored(fresh, decision.status))).toEqual([]);
  });

  it.each<[string, Partial<Observation>]>([
    ['a deleted primary', { primary: undefined }],
    ['other weights on the route', { route: route(50) }],
    ['a new revision', { target: target({ revision: V2 }) }],
    ['a finalizer that is asked for', { spec: spec({ revertOnDeletion: true }) }],
    ['revisions nobody needs', { stored: [V1, V2, V3] }],
  ])('leaves everything as it is: %s', (_title, override) => {
    const seen = observation({ ...invalid, ...override });

    expect(deedsOf(seen)).toEqual([]);
    expect(deedsOf(stored(seen, intended(seen).status))).toEqual([]);
  });

  it('is Ready again when it is mended', () => {
    const seen = observation(invalid);
    const mended = observation({ status: intended(seen).status });

    expect(conditionOf(intended(mended).status, 'Ready')).toMatchObject({ status: 'True' });
  });

  it('a warning stops nothing', () => {
    const seen = observation({
      problems: [{ ...problem, severity: 'warning' }],
      target: target({ revision: V2 }),
    });

    expect(intended(seen).reason).toBe('NewRevision');
  });

  it('says another fault when the fault changes', () => {
    const seen = observation(invalid);
    const other = {
      ...stored(seen, intended(seen).status),
      problems: [{ ...problem, reason: 'UnknownProvider' as const }],
    };

    expect(saidIn(intended(other))).toEqual(['Warning UnknownProvider']);
  });
});

describe('a spec made invalid during a run', () => {
  it.each<Stage>(['confirm-rollout', 'scale-up', 'analysis'])(
    'holds the run in stage %s, and is said once',
    (stage) => {
      const seen = running({ stage }, { ...invalid, answers: measured('fail') });
      const decision = intended(seen);

      expect(decision.status.run).toMatchObject({
        stage,
        heldSince: ago(0),
        split: splitToward(20),
        counts: { fail: 0 },
      });
      expect(saidIn(decision)).toEqual(['Warning InvalidSpec']);
      const { decision: after, seen: said } = settledDecision(stored(seen, decision.status));
      expect(after).toMatchObject({ kind: 'enact', actions: [], wakeAtMs: NOW_MS + DEADLINE_MS });
      expect(conditionOf(said.status, 'Ready')).toMatchObject({
        status: 'False',
        message: `${sentence} (since 08:00:00Z, until 08:10:00Z)`,
      });
    },
  );

  it('keeps the persisted split, and writes nothing else', () => {
    const services = { apex: 'missing', primary: 'missing', canary: 'missing' } as const;
    const seen = running(
      { heldSince: ago(10) },
      { ...invalid, services, primary: primary({ drifted: true }), route: route(70) },
    );

    expect(deedsOf(seen)).toEqual(['writeRoute 20']);
  });

  it('is rolled back at the deadline, by the frozen plan', () => {
    const seen = running({ heldSince: ago(600) }, { ...invalid, plan: undefined });

    expect(intended(seen)).toMatchObject({
      reason: 'InvalidSpec',
      status: {
        run: { stage: 'return', split: splitToward(0), outcome: { phase: 'Failed', reason: 'InvalidSpec' } },
      },
    });
  });

  it('also where the target is gone', () => {
    const seen = running({}, { target: undefined });

    expect(intended(seen)).toMatchObject({
      reason: 'TargetNotFound',
      status: { run: { heldSince: ago(0) } },
    });
  });

  it('goes on where it was when it is mended', () => {
    const next = nextRun(running({ heldSince: ago(60) }));

    expect(next).toMatchObject({ stage: 'analysis', split: splitToward(20) });
    expect(next.heldSince).toBeUndefined();
  });

  it('that happens twice has its whole deadline twice, and is said twice', () => {
    const gate = { type: 'confirm-rollout', closedSince: ago(7200) };
    const gated = spec({ analysis: { webhooks: hooks('confirm-rollout') } });
    const waiting = (of: Partial<Run>): Observation =>
      running(
        { stage: 'confirm-rollout', split: splitToward(0), gate, round: { seq: 3, dueAt: ago(-5) }, ...of },
        { spec: gated, target: target({ revision: V2 }) },
      );
    const mended = nextRun(waiting({ heldSince: ago(3600) }));
    expect(mended.heldSince).toBeUndefined();
    const again = { ...waiting(mended), ...invalid };

    expect(intended(again)).toMatchObject({
      reason: 'InvalidSpec',
      status: { run: { stage: 'confirm-rollout', heldSince: ago(0) } },
    });
  });

  it.each<Stage>(['promote', 'yield', 'restore', 'return', 'scale-down', 'closing'])(
    'does not hold up what is under way in stage %s',
    (stage) => {
      const outcome = { phase: 'Failed', reason: 'ThresholdReached', message: '' } as const;
      const seen = running({ stage, outcome }, invalid);
      const { decision } = settledDecision(seen);

      expect(decision.reason).not.toBe('InvalidSpec');
    },
  );

  it.each<Stage>(['return', 'scale-down'])(
    'that cannot even be read keeps a run in stage %s from ending unseen',
    (stage) => {
      const outcome = { phase: 'Failed', reason: 'ThresholdReached', message: '' } as const;
      const seen = running(
        { stage, outcome, split: splitToward(0) },
        {
          ...invalid,
          spec: undefined,
          plan: undefined,
          target: undefined,
          primary: undefined,
          services: { apex: 'missing', primary: 'missing', canary: 'missing' },
          route: noRoute,
        },
      );
      const { decision, seen: said } = settledDecision(seen);

      expect(decision).toMatchObject({ kind: 'enact', actions: [] });
      expect(said.status.run).toMatchObject({ stage });
      expect(conditionOf(said.status, 'Ready')?.reason).toBe('InvalidSpec');
    },
  );

  it('of a first set-up waits without an end: nothing is at stake', () => {
    const settingUp = without(run(), 'settledAt', 'prepared');
    const seen = observation({
      ...invalid,
      primary: primary(),
      target: canary({ revision: V1 }),
      status: status({
        run: { ...settingUp, kind: 'initialise', stage: 'provision', revision: V1, heldSince: ago(7200) },
      }),
    });
    const { decision } = settledDecision(seen);

    expect(decision).toEqual({ kind: 'enact', reason: 'InvalidSpec', actions: [] });
  });

  it('of a first set-up does not cost the primary its time', () => {
    const settingUp = without(run(), 'settledAt', 'prepared');
    const seen = observation({
      primary: primary({ available: 0, readiness: { kind: 'notYet', message: 'starting' } }),
      target: canary({ revision: V1 }),
      status: {
        phase: 'Initializing',
        run: {
          ...settingUp,
          kind: 'initialise',
          stage: 'provision',
          revision: V1,
          stageSince: ago(7260),
          heldSince: ago(7200),
        },
      },
    });

    expect(nextRun(seen)).toMatchObject({ stage: 'provision', stageSince: ago(60) });
  });
});

describe('a second fault with the same reason', () => {
  it('is told as well', () => {
    const first = observation({ problems: [{ ...problem, field: 'spec.service' }] });
    const said = stored(first, intended(first).status);
    const second = { ...said, problems: [{ ...problem, field: 'spec.analysis' }] };

    expect(saidIn(intended(second))).toHaveLength(1);
    expect(decide(said).kind).toBe('enact');
  });
});
