import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import { allPrimary } from '../../src/model/split.ts';
import { deedsOf, intended, nextRun, questionsOf, saidIn, settledDecision } from '../fixture/decision.ts';
import {
  V1,
  V2,
  V3,
  ago,
  canary,
  hooks,
  notYet,
  observation,
  primary,
  running,
  spec,
  status,
  target,
  without,
} from '../fixture/observation.ts';

const windowed = spec({ analysis: { rollbackWindow: 1 } });
/** V1 is live, V2 was before it. */
const live = status({ proven: [V2, V3] });

function returning(of: Partial<Run> = {}, override: Partial<Observation> = {}): Observation {
  const seen = running(
    { stage: 'scale-up', split: allPrimary, proven: true, ...of },
    { spec: windowed, ...override },
  );
  return { ...seen, status: { ...seen.status, proven: [V2] } };
}

describe('a target that returns to a proven revision', () => {
  const returned = observation({ spec: windowed, status: live, target: target({ revision: V2 }) });

  it('starts a run that says so', () => {
    const decision = intended(returned);

    expect(saidIn(decision)).toEqual(['Normal ProvenRevision']);
    expect(decision.status.run).toMatchObject({ revision: V2, stage: 'scale-up', proven: true });
  });

  it('starts an ordinary run where it is out of the window, or there is none', () => {
    const older = { ...returned, target: target({ revision: V3 }) };

    expect(nextRun(older).proven).toBeUndefined();
    expect(nextRun({ ...returned, spec: spec() }).proven).toBeUndefined();
  });

  it('waits for the gate of a roll-out like any other', () => {
    const gated = spec({ analysis: { rollbackWindow: 1, webhooks: hooks('confirm-rollout') } });
    const seen = { ...returned, spec: gated };

    expect(nextRun(seen)).toMatchObject({ stage: 'confirm-rollout' });
    expect(questionsOf({ ...seen, status: intended(seen).status })).toEqual(['confirm-rollout:0']);
  });

  it('is promoted without an analysis, but never before it is ready', () => {
    const unready = returning({}, { target: canary({ available: 0, readiness: notYet }) });

    expect(settledDecision(unready).decision).toMatchObject({ kind: 'enact', reason: 'CanaryNotReady' });
    expect(intended(returning())).toMatchObject({
      reason: 'Promoting',
      status: { run: { stage: 'promote' } },
    });
  });

  it('is rolled back where it does not get ready in time', () => {
    const late = returning({ stageSince: ago(601) }, { target: canary({ available: 0, readiness: notYet }) });

    expect(intended(late)).toMatchObject({ reason: 'ProgressDeadlineExceeded' });
  });

  it('counts as a success without an analysis, and says why', () => {
    const outcome = { phase: 'Succeeded', reason: 'Succeeded', message: 'ok' } as const;
    const seen = returning(
      { stage: 'scale-down', outcome },
      { target: canary({ replicas: 0, available: 0 }), primary: primary({ revision: V2 }) },
    );
    const run = without(seen.status.run ?? nextRun(seen), 'prepared');
    const ended = { ...seen, status: { ...seen.status, lastPromotedSpec: V2, run } };

    expect(intended(ended).tally).toMatchObject({ result: 'success', analysis: 'skipped' });
    const promoted = returning({ stage: 'promote' }, { primary: primary({ revision: V2 }) });
    expect(nextRun(promoted).outcome?.message).toContain('proven before');
  });

  it('is found in the window also when it is pushed in the middle of a run', () => {
    const seen = running({}, { spec: windowed, target: canary({ revision: V3 }) });

    expect(nextRun({ ...seen, status: { ...seen.status, proven: [V3] } })).toMatchObject({
      revision: V3,
      stage: 'scale-up',
      proven: true,
    });
  });
});

describe('the window of proven revisions', () => {
  const promoted = running(
    { stage: 'promote' },
    { spec: spec({ analysis: { rollbackWindow: 2 } }), primary: primary({ revision: V2 }) },
  );

  it.each([
    ['grows by what was live', undefined, [V1]],
    ['is newest first, without the one that is live now', [V2, V3], [V1, V3]],
  ])('%s', (_title, proven, after) => {
    const before = proven === undefined ? promoted.status : { ...promoted.status, proven };

    expect(intended({ ...promoted, status: before }).status.proven).toEqual(after);
  });

  it('is cut to its size, and emptied where it was closed', () => {
    const status3 = { ...promoted.status, proven: [V3, '4', '5'] };

    expect(intended({ ...promoted, status: status3 }).status.proven).toEqual([V1, V3]);
    expect(intended({ ...promoted, spec: spec(), status: status3 }).status.proven).toEqual([]);
    expect(intended({ ...promoted, spec: spec() }).status.proven).toBeUndefined();
  });

  it('does not grow by what failed', () => {
    const seen = running(
      { stage: 'scale-down', split: allPrimary, outcome: { phase: 'Failed', reason: 'x', message: '' } },
      { spec: windowed, target: canary({ replicas: 0, available: 0 }) },
    );

    expect(intended(seen).status.proven).toBeUndefined();
  });

  it('decides what is kept: the live one and those in it, as far as they are stored', () => {
    const seen = observation({ spec: windowed, status: live, stored: [V1, V2, V3] });

    expect(deedsOf(seen)).toEqual([`collectRevisions keep ${V1}, ${V2}`]);
    expect(deedsOf({ ...seen, stored: [V1, V3] })).toEqual([`collectRevisions keep ${V1}`]);
    expect(deedsOf({ ...seen, stored: [V1, V2] })).toEqual([]);
  });

  it('collects nothing while the live one has no record: copies of configuration are shared', () => {
    const edited = primary({ drifted: true });

    expect(deedsOf(observation({ primary: edited, target: target({ revision: V3 }), stored: [V2] }))).toEqual(
      [],
    );
  });
});
