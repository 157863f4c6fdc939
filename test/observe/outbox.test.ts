import { describe, expect, it } from '@jest/globals';
import type { PostedNotice } from '../../src/api/status.ts';
import { createOutbox } from '../../src/observe/outbox.ts';
import type { Outbox } from '../../src/observe/outbox.ts';
import type { CanaryView } from '../../src/observe/canary-view.ts';
import { KEY, lab, settled } from '../fixture/lab.ts';

interface Post {
  readonly outbox: Outbox;
  readonly sent: string[];
  /** Lets the notice that is under way arrive. */
  readonly arrive: () => Promise<void>;
  readonly woken: string[];
}

function post(): Post {
  const sent: string[] = [];
  const woken: string[] = [];
  const arrivals: (() => void)[] = [];
  const outbox = createOutbox({
    deliver: async (view, notice) => {
      sent.push(`${view.uid}/${notice.seq}`);
      await new Promise<void>((resolve) => {
        arrivals.push(resolve);
      });
    },
    onDelivered: (key) => woken.push(key),
  });
  const arrive = async (): Promise<void> => {
    arrivals.shift()?.();
    await settled();
  };
  return { outbox, sent, arrive, woken };
}

const owing = (seqs: readonly number[], uid = 'uid-1'): CanaryView => ({
  ...lab().view(),
  uid,
  status: { outbox: { lastSeq: Math.max(0, ...seqs), notices: seqs.map((seq) => noticeOf(seq)) } },
});

function noticeOf(seq: number): PostedNotice {
  return {
    seq,
    at: '2027-01-15T08:00:00.000Z',
    type: 'Normal',
    reason: 'StepTaken',
    message: `step ${seq}`,
    phase: 'Progressing',
  };
}

describe('the outbox', () => {
  it('sends each notice once, one after the other, however often it is told of it', async () => {
    const { outbox, sent, arrive, woken } = post();
    outbox.send(KEY, owing([1, 2]));
    outbox.send(KEY, owing([1, 2]));
    expect(sent).toEqual(['uid-1/1']);
    expect(outbox.delivered(KEY)).toEqual([]);

    await arrive();
    outbox.send(KEY, owing([1, 2, 3]));
    expect(sent).toEqual(['uid-1/1', 'uid-1/2']);
    expect(outbox.delivered(KEY)).toEqual([1]);

    await arrive();
    await arrive();
    expect(sent).toEqual(['uid-1/1', 'uid-1/2', 'uid-1/3']);
    expect(outbox.delivered(KEY)).toEqual([1, 2, 3]);
    expect(woken).toEqual([KEY]);
  });

  it('forgets what status no longer owes', async () => {
    const { outbox, sent, arrive } = post();
    outbox.send(KEY, owing([1]));
    await arrive();
    outbox.send(KEY, owing([]));

    expect(outbox.delivered(KEY)).toEqual([]);
    expect(sent).toEqual(['uid-1/1']);
  });

  it('D29: sends again in a new life what the old one has not struck off', async () => {
    const first = post();
    first.outbox.send(KEY, owing([4]));
    await first.arrive();
    const second = post();
    second.outbox.send(KEY, owing([4]));

    expect(second.sent).toEqual(['uid-1/4']);
  });

  it('begins anew with a Canary of the same name', async () => {
    const { outbox, sent, arrive } = post();
    outbox.send(KEY, owing([1]));
    await arrive();
    outbox.send(KEY, owing([1], 'uid-2'));

    expect(sent).toEqual(['uid-1/1', 'uid-2/1']);
    expect(outbox.delivered(KEY)).toEqual([]);
  });

  it('keeps Canaries apart', async () => {
    const { outbox, sent } = post();
    outbox.send(KEY, owing([1]));
    outbox.send('shop/other', owing([1], 'uid-9'));

    expect(sent).toEqual(['uid-1/1', 'uid-9/1']);
  });

  it('has nothing for a Canary it was told to forget', async () => {
    const { outbox, arrive } = post();
    outbox.send(KEY, owing([1]));
    await arrive();
    outbox.forget(KEY);

    expect(outbox.delivered(KEY)).toEqual([]);
  });
});
