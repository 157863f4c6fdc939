import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Observation, SeenWarm } from '../../src/model/observation.ts';
import { allCanary, allPrimary } from '../../src/model/split.ts';
import {
  conditionOf,
  deedsOf,
  intended,
  nextRun,
  questionsOf,
  saidIn,
  settledDecision,
  stored,
} from '../fixture/decision.ts';
import {
  NOW_MS,
  V1,
  V2,
  V3,
  ago,
  heard,
  hooks,
  measured,
  noRoute,
  notYet,
  primary,
  route,
  running,
  spec,
  target,
} from '../fixture/observation.ts';

const probation = spec({ analysis: { probation: '10m' } });
const succeeded = { phase: 'Succeeded', reason: 'Succeeded', message: 'cart.shop is promoted' } as const;
const warm: SeenWarm = { revision: V1, drifted: false, foreign: false, replicas: 2, available: 2 };

/** V2 is promoted and watched, V1 is kept warm; a round is due. */
function watched(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  const seen = running(
    {
      stage: 'probation',
      stageSince: ago(60),
      split: allPrimary,
      previous: V1,
      warm: true,
      outcome: succeeded,
      ...of,
    },
    {
      spec: probation,
      target: target({ revision: V2 }),
      primary: primary({ revision: V2 }),
      route: route(0),
      warm,
      ...override,
    },
  );
  return { ...seen, status: { ...seen.status, phase: 'Succeeded', lastPromotedSpec: V2 } };
}

const failing = { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 };

describe('the way to probation', () => {
  const promoted = running({ stage: 'promote' }, { spec: probation, primary: primary({ revision: V2 }) });

  it('remembers what was live before', () => {
    const decision = intended(promoted);

    expect(decision.status).toMatchObject({ lastPromotedSpec: V2, run: { previous: V1 } });
    expect(decision.status.proven).toBeUndefined();
  });

  it.each<[string, Partial<Run>, Observation['spec']]>([
    ['without the field', {}, spec()],
    ['after skipAnalysis', {}, spec({ skipAnalysis: true, analysis: { probation: '10m' } })],
    ['for a revision that comes back by the window', { proven: true }, probation],
  ])('is not taken %s', (_title, of, wanted) => {
    const seen = running({ stage: 'promote', ...of }, { spec: wanted, primary: primary({ revision: V2 }) });

    expect(nextRun(seen).previous).toBeUndefined();
  });

  const done = { stage: 'scale-down', previous: V1, outcome: succeeded, split: allPrimary } as const;

  function ending(override: Partial<Observation> = {}): Observation {
    const { warm: _cold, ...seen } = watched({ ...done, warm: undefined });
    return { ...seen, ...override };
  }

  it('begins when the canary has gone and the run has succeeded', () => {
    const decision = intended(ending());

    expect(decision.status).toMatchObject({ phase: 'Succeeded', lastPromotedSpec: V2 });
    expect(decision.status.run).toMatchObject({
      stage: 'probation',
      warm: true,
      previous: V1,
      counts: { fail: 0 },
      round: { dueAt: ago(-10) },
    });
    expect(decision.tally).toMatchObject({ result: 'success' });
    expect(saidIn(decision)).toEqual(['Normal Succeeded', 'Normal OnProbation']);
  });

  it('comes after the post-rollout hooks', () => {
    const hooked = spec({ analysis: { probation: '10m', webhooks: hooks('post-rollout') } });
    const closing = ending({ spec: hooked });

    expect(nextRun(closing).stage).toBe('closing');
    const called = watched(
      { stage: 'closing', warm: undefined },
      { spec: hooked, answers: heard({ 'post-rollout': 'passed' }) },
    );
    expect(nextRun(called).stage).toBe('probation');
  });

  it.each<[string, Partial<Observation>]>([
    ['there is no route', { route: noRoute }],
    [
      'an A/B test moves some users only',
      {
        spec: spec({
          analysis: { probation: '10m', iterations: 3, match: [{ headers: { a: { exact: 'b' } } }] },
        }),
      },
    ],
    ['somebody else has a workload of that name', { warm: { ...warm, foreign: true } }],
  ])('keeps nothing warm where %s', (_title, override) => {
    const run = nextRun(ending(override));

    expect(run).toMatchObject({ stage: 'probation', previous: V1 });
    expect(run.warm).toBeUndefined();
  });
});

describe('on probation', () => {
  it('makes the revision before as large as the primary, and again when it is gone, edited or too small', () => {
    for (const now of [
      undefined,
      { ...warm, drifted: true },
      { ...warm, revision: V3 },
      { ...warm, replicas: 1 },
    ]) {
      const { warm: _warm, ...seen } = watched();

      expect(deedsOf(now === undefined ? seen : { ...seen, warm: now })).toEqual([`writeWarm ${V1} x2`]);
    }
  });

  it('never shrinks it: it may be about to carry everybody', () => {
    expect(deedsOf(watched({}, { warm: { ...warm, replicas: 5 } }))).toEqual([]);
  });

  it('asks the metrics about the primary', () => {
    const { decision } = settledDecision(watched());

    expect(decision).toMatchObject({ kind: 'ask', questions: [{ kind: 'metric', subject: 'primary' }] });
  });

  it('asks rollback hooks, and no others', () => {
    const webhooks = hooks('rollout', 'confirm-promotion', 'rollback');
    const hooked = spec({ analysis: { probation: '10m', webhooks } });

    expect(questionsOf(watched({}, { spec: hooked }))).toEqual(['rollback:0']);
    const wanted = watched({}, { spec: hooked, answers: heard({ rollback: 'passed' }) });
    expect(intended(wanted)).toMatchObject({ reason: 'RollbackRequested', status: { lastPromotedSpec: V1 } });
  });

  it('is Succeeded and ready for existing readers', () => {
    const decision = intended(watched({}, { answers: measured('pass') }));

    expect(decision.status).toMatchObject({ phase: 'Succeeded', canaryWeight: 0 });
    expect(conditionOf(decision.status, 'Promoted')).toMatchObject({ status: 'True', reason: 'Succeeded' });
    expect(conditionOf(decision.status, 'Ready')).toMatchObject({
      status: 'True',
      message: 'on probation (since 07:59:00Z, until 08:09:00Z)',
    });
    expect(nextRun(watched({}, { answers: measured('pass') })).round).toEqual({ seq: 4, dueAt: ago(-10) });
  });

  it.each(['noData', 'unavailable', 'inconclusive'] as const)(
    'does not count a round without a verdict: %s',
    (outcome) => {
      const decision = intended(watched({ counts: failing }, { answers: measured(outcome) }));

      expect(decision.status.run).toMatchObject({ stage: 'probation', counts: failing });
      expect(decision.notices).toEqual([]);
      expect(decision.status.rounds?.[0]).toMatchObject({ outcome });
    },
  );

  it('counts a failed round, and says so once', () => {
    const decision = intended(watched({}, { answers: measured('fail') }));

    expect(decision.status.run).toMatchObject({ stage: 'probation', counts: { fail: 1 } });
    expect(saidIn(decision)).toEqual(['Warning RoundFailed']);
  });

  it('ends for a new revision, which starts a run, and lets what was live before into the window', () => {
    const windowed = spec({ analysis: { probation: '10m', rollbackWindow: 2 } });
    const seen = watched({}, { spec: windowed, target: target({ revision: V3 }) });
    const decision = intended(seen);

    expect(decision.reason).toBe('ProbationEnded');
    expect(decision.status).toMatchObject({ phase: 'Succeeded', proven: [V1] });
    expect(decision.status.runs?.[0]).toMatchObject({ reason: 'Succeeded', revision: V2 });
    const after = stored(seen, decision.status);
    expect(deedsOf(after)).toEqual(['removeWarm']);
    const { warm: _gone, ...cleaned } = after;
    expect(nextRun(cleaned)).toMatchObject({ revision: V3, stage: 'scale-up' });
  });

  it('ends quietly: the canary Service leads back, the warm pods go, and the run is over', () => {
    const over = watched({ stageSince: ago(600) });
    const first = intended(over);
    const leading = {
      ...stored(over, first.status),
      services: { ...over.services, canary: 'drifted' as const },
    };

    expect(first.notices).toEqual([]);
    expect(first.status.run).toMatchObject({ stage: 'probation' });
    expect(first.status.run?.warm).toBeUndefined();
    expect(deedsOf(leading)).toEqual(['writeService canary', 'removeWarm']);
    const { warm: _gone, ...quiet } = stored(over, first.status);
    expect(saidIn(intended(quiet))).toEqual(['Normal ProbationPassed']);
    expect(intended(quiet).status.run).toBeUndefined();
  });

  it('ends with a warning where the record of the one before is gone', () => {
    expect(saidIn(intended(watched({}, { stored: [V2] })))).toEqual(['Warning ProbationEnded']);
  });

  it('goes on without warm pods where the server refuses them', () => {
    const { warm: _none, ...seen } = watched({}, { refusal: 'exceeded quota' });
    const decision = intended(seen);

    expect(saidIn(decision)).toEqual(['Warning NotWarm']);
    expect(decision.status.run).toMatchObject({ stage: 'probation' });
    expect(decision.status.run?.warm).toBeUndefined();
  });

  it('judges nobody by a spec that cannot be used: said once, and its time goes on', () => {
    const problem = {
      severity: 'error',
      reason: 'InvalidSpec',
      field: 'spec.analysis',
      message: 'is odd',
      fix: 'mend it',
    } as const;
    const broken = watched({}, { problems: [problem] });
    const decision = intended(broken);

    expect(saidIn(decision)).toEqual(['Warning InvalidSpec']);
    expect(settledDecision(stored(broken, decision.status)).decision).toMatchObject({
      kind: 'enact',
      actions: [],
      wakeAtMs: NOW_MS + 540_000,
    });
    expect(nextRun({ ...stored(broken, decision.status), problems: [] }).heldSince).toBeUndefined();
    expect(nextRun({ ...broken, nowMs: NOW_MS + 600_000 }).warm).toBeUndefined();
  });

  it('stands still while it is suspended', () => {
    const seen = watched({ suspendedAt: ago(30) });

    expect(nextRun(seen).stageSince).toBe(ago(30));
  });
});

describe('a revision that fails on probation', () => {
  const bad = watched({ counts: failing }, { answers: measured('fail') });

  it('leaves with one warning; users go to the warm pods; it is not tried again by itself', () => {
    const decision = intended(bad);

    expect(decision.reason).toBe('ProbationFailed');
    expect(saidIn(decision)).toEqual(['Warning ProbationFailed']);
    expect(decision.status).toMatchObject({ lastPromotedSpec: V1, lastAppliedSpec: V2, phase: 'Promoting' });
    expect(decision.status.run).toMatchObject({
      stage: 'yield',
      split: allCanary,
      outcome: { phase: 'Failed', reason: 'ProbationFailed' },
    });
    expect(deedsOf(stored(bad, decision.status))).toEqual(['writeRoute 100']);
  });

  it('leaves at once where the primary has lost all its pods', () => {
    const dead = watched({}, { primary: primary({ revision: V2, available: 0, readiness: notYet }) });

    expect(intended(dead).reason).toBe('ProbationFailed');
  });

  it('gives the primary back what was live before, without waking the canary', () => {
    const yielded = watched(
      { stage: 'yield', split: allCanary, outcome: { ...succeeded, phase: 'Failed' } },
      { route: route(100) },
    );
    const seen = { ...yielded, status: { ...yielded.status, lastPromotedSpec: V1 } };
    const restoring = stored(seen, intended(seen).status);

    expect(restoring.status.run?.stage).toBe('restore');
    expect(deedsOf(restoring)).toEqual([`writePrimary ${V1}`]);
    const back = { ...restoring, primary: primary({ revision: V1 }) };
    expect(nextRun(back)).toMatchObject({ stage: 'return', split: allPrimary, warm: true });
  });

  it('keeps the warm pods until nobody uses them, also when somebody pushes meanwhile', () => {
    const seen = watched(
      { stage: 'return', outcome: { ...succeeded, phase: 'Failed', reason: 'ProbationFailed' } },
      {
        route: route(100),
        target: target({ revision: V3 }),
        primary: primary({ revision: V1, available: 0, readiness: notYet }),
      },
    );
    const after = { ...seen, status: { ...seen.status, lastPromotedSpec: V1 } };

    expect(deedsOf(after)).toEqual([]);
    expect(decide(after).reason).not.toBe('RunRestarted');
  });

  it('ends as Failed, counted as a failure; then the warm pods go', () => {
    const ended = watched(
      { stage: 'scale-down', outcome: { ...succeeded, phase: 'Failed', reason: 'ProbationFailed' } },
      { primary: primary({ revision: V1 }) },
    );
    const seen = {
      ...ended,
      status: { ...ended.status, phase: 'Promoting' as const, lastPromotedSpec: V1, lastAppliedSpec: V2 },
    };
    const decision = intended(seen);

    expect(decision.status.phase).toBe('Failed');
    expect(decision.status.run).toBeUndefined();
    expect(decision.tally).toMatchObject({ result: 'failure' });
    expect(decision.status.proven ?? []).not.toContain(V2);
    const rest = stored(seen, decision.status);
    expect(deedsOf(rest)).toEqual(['removeWarm']);
    const { warm: _gone, ...cleaned } = rest;
    expect(settledDecision(cleaned).decision.kind).toBe('enact');
  });

  it('is replaced in place at once with provider kubernetes', () => {
    const { warm: _none, ...routed } = watched(
      { counts: failing, warm: undefined },
      { answers: measured('fail') },
    );

    expectInPlace({ ...routed, route: noRoute });
  });

  it('is replaced in place at once while no warm pod is ready', () => {
    expectInPlace({ ...bad, warm: { ...warm, available: 0 } });
  });
});

function expectInPlace(seen: Observation): void {
  const decision = intended(seen);

  expect(decision.status.run).toMatchObject({ stage: 'restore', split: allPrimary });
  expect(deedsOf(stored(seen, decision.status))).toEqual([`writePrimary ${V1}`]);
}

describe('a warm workload', () => {
  const { warm: _none, ...rest } = watched();
  const idle = { ...rest, status: { ...rest.status, run: undefined } };

  it('never outlives its run', () => {
    const { run: _run, ...status } = idle.status;

    expect(deedsOf({ ...idle, status, warm })).toEqual(['removeWarm']);
  });

  it('stays as long as requests may be sent there, and where it is somebody else’s', () => {
    const { run: _run, ...status } = idle.status;

    expect(deedsOf({ ...idle, status, warm: { ...warm, foreign: true }, stored: [V2] })).toEqual([]);
    expect(deedsOf({ ...idle, status, warm, route: route(100) })).toEqual(['writeRoute 0']);
  });
});
