import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/decide/decide.ts';
import { post } from '../../src/decide/post.ts';
import { normal, warning } from '../../src/decide/move.ts';
import { intended } from '../fixture/decision.ts';
import { measured, observation, running } from '../fixture/observation.ts';

const failing = running({}, { answers: measured('fail') });

describe('what is said', () => {
  it('D29: is stored with the status that makes it true, numbered, with its run', () => {
    const { status, notices } = intended(failing);

    expect(notices).toHaveLength(1);
    expect(status.outbox).toEqual({
      lastSeq: 1,
      notices: [
        {
          seq: 1,
          at: '2027-01-15T08:00:00.000Z',
          type: 'Warning',
          reason: 'RoundFailed',
          message: notices[0]?.message,
          phase: 'Progressing',
          runId: 'r1',
        },
      ],
    });
  });

  it('is numbered on and on, whatever has been struck off', () => {
    const seen = { ...failing, status: { ...failing.status, outbox: { lastSeq: 41, notices: [] } } };

    expect(intended(seen).status.outbox).toMatchObject({ lastSeq: 42, notices: [{ seq: 42 }] });
  });

  it('leaves with the next write once it has been delivered, and no sooner', () => {
    const first = post(failing, failing.status, [normal('StepTaken', 'one'), normal('StepTaken', 'two')]);
    const seen = { ...failing, delivered: [1], status: first };

    expect(post(seen, first, [normal('StepTaken', 'three')]).outbox?.notices.map(({ seq }) => seq)).toEqual([
      2, 3,
    ]);
  });

  it('is bounded: the oldest go where nobody takes them', () => {
    const many = Array.from({ length: 50 }, (_, index) =>
      warning('RoundFailed', `${index} ${'ä'.repeat(999)}`),
    );
    const { outbox } = post(failing, failing.status, many);

    expect(outbox?.lastSeq).toBe(50);
    expect(outbox?.notices).toHaveLength(20);
    expect(outbox?.notices.at(-1)?.seq).toBe(50);
    for (const { message } of outbox?.notices ?? []) {
      expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(1024);
    }
  });
});

describe('what has been delivered', () => {
  const resting = { ...observation(), status: intended(observation()).status };
  const owing = post(resting, resting.status, [normal('Succeeded', 'done')]);

  it('is struck off at rest by a write of its own, which says nothing and moves no time', () => {
    const seen = { ...resting, status: owing, delivered: [1] };

    expect(decide(seen)).toMatchObject({
      kind: 'intend',
      notices: [],
      status: { outbox: { lastSeq: 1, notices: [] }, lastTransitionTime: owing.lastTransitionTime },
    });
    const after = { ...seen, status: intended(seen).status };
    expect(decide(after)).toMatchObject({ kind: 'enact', actions: [] });
  });

  it('costs no write while it is under way, or while a run will write anyway', () => {
    expect(decide({ ...resting, status: owing })).toMatchObject({ kind: 'enact', actions: [] });
    const waiting = running({ round: { seq: 3, dueAt: '2027-01-15T08:00:09.000Z' } });
    const settled = { ...waiting, status: intended(waiting).status };
    const said = post(settled, settled.status, [normal('StepTaken', 'one')]);
    expect(decide({ ...settled, status: said, delivered: [1] })).toMatchObject({
      kind: 'enact',
      actions: [],
    });
  });
});
