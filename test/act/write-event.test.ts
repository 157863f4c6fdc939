import { describe, expect, it } from '@jest/globals';
import { renderEvent, writeEvent } from '../../src/act/write-event.ts';
import { resources } from '../../src/model/kube.ts';
import type { PostedNotice } from '../../src/api/status.ts';
import { lab } from '../fixture/lab.ts';

const subject = { name: 'cart', namespace: 'shop', uid: 'uid-1', resourceVersion: '7' };
const notice: PostedNotice = {
  seq: 4,
  at: '2027-01-15T08:00:00.123Z',
  type: 'Warning',
  reason: 'RoundFailed',
  message: 'too slow',
  phase: 'Progressing',
};

describe('an event', () => {
  it('says of whom, what and when', () => {
    expect(renderEvent(subject, notice)).toMatchObject({
      metadata: { name: expect.stringMatching(/^cart\.[0-9a-f]{16}$/), namespace: 'shop' },
      involvedObject: { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', ...subject },
      type: 'Warning',
      reason: 'RoundFailed',
      message: 'too slow',
      firstTimestamp: '2027-01-15T08:00:00Z',
      count: 1,
    });
  });

  it('has a name that fits, whatever the Canary is called', () => {
    const event = renderEvent({ ...subject, name: 'c'.repeat(253) }, notice);

    expect(event.metadata.name.length).toBeLessThanOrEqual(253);
  });

  it('is another one for each number and each Canary, and the same one when it is said again', () => {
    const names = [
      renderEvent(subject, notice),
      renderEvent(subject, { ...notice, seq: 5 }),
      renderEvent({ ...subject, uid: 'uid-2' }, notice),
      renderEvent(subject, { ...notice, at: '2027-01-15T08:00:01.000Z' }),
      renderEvent({ ...subject, resourceVersion: '8' }, notice),
    ].map(({ metadata }) => metadata.name);

    expect(new Set(names).size).toBe(4);
    expect(names[4]).toBe(names[0]);
  });

  it('is written into the namespace of its Canary, once', async () => {
    const of = lab([]);
    const event = renderEvent(subject, notice);
    await writeEvent(of.cluster, event);
    await writeEvent(of.cluster, event);

    expect(of.store.list(resources.events, { namespace: 'shop' }).items).toMatchObject([
      { reason: 'RoundFailed', count: 1 },
    ]);
  });
});
