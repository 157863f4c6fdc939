import { describe, expect, it } from '@jest/globals';
import { conditionOf, deedsOf, intended, saidIn, settledDecision, stored } from '../fixture/decision.ts';
import { V1, V2, canary, measured, running } from '../fixture/observation.ts';

const long = 'ä'.repeat(400);
const overdue = running({}, { target: canary({ readiness: { kind: 'failed', message: long } }) });

describe('a rollback', () => {
  it('keeps in status what was wrong, in 256 bytes', () => {
    const decision = intended(overdue);
    const message = decision.status.run?.outcome?.message ?? '';

    expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(256);
    expect(message).toMatch(/^canary not ready: ä+…$/);
    expect(conditionOf(decision.status, 'Ready')?.message).toBe(message);
  });

  it('D22: is told once, also by a deadline, however often its first write has to be repeated', () => {
    const decision = intended(overdue);
    expect(saidIn(decision)).toEqual(['Warning ProgressDeadlineExceeded']);

    let seen = { ...stored(overdue, decision.status), refusal: 'no route may be written' };
    for (let pass = 0; pass < 5; pass += 1) {
      const { decision: next, seen: after } = settledDecision(seen);
      expect(next).toMatchObject({ kind: 'enact', reason: 'RefusedByServer' });
      seen = { ...after, refusal: 'no route may be written', nowMs: after.nowMs + 30_000 };
    }
    expect(seen.status.outbox).toEqual(decision.status.outbox);
  });

  it('takes the traffic home, and touches nothing else', () => {
    expect(deedsOf(stored(overdue, intended(overdue).status))).toEqual(['writeRoute 0']);
  });

  it('records the revision that was analysed (D2)', () => {
    const seen = running(
      { counts: { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 } },
      { answers: measured('fail') },
    );
    const unrecorded = { ...seen, status: { ...seen.status, lastAppliedSpec: V1 } };

    expect(intended(unrecorded).status).toMatchObject({ lastAppliedSpec: V2, lastPromotedSpec: V1 });
  });
});
