import { describe, expect, it } from '@jest/globals';
import { renderEvent, writeEvent } from '../../src/act/write-event.ts';
import { resources } from '../../src/model/kube.ts';
import { NOW_MS } from '../fixture/observation.ts';
import { lab } from '../fixture/lab.ts';

const subject = { name: 'cart', namespace: 'shop', uid: 'uid-1', resourceVersion: '7' };
const notice = { type: 'Warning', reason: 'RoundFailed', message: 'too slow' } as const;

describe('an event', () => {
  it('says of whom, what and when', () => {
    expect(renderEvent(subject, notice, { nowMs: NOW_MS, suffix: 'abc' })).toMatchObject({
      metadata: { name: 'cart.abc', namespace: 'shop' },
      involvedObject: { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', ...subject },
      type: 'Warning',
      reason: 'RoundFailed',
      message: 'too slow',
      firstTimestamp: '2027-01-15T08:00:00Z',
      count: 1,
    });
  });

  it('fits what the API server takes, whatever the message is', () => {
    const event = renderEvent(
      { ...subject, name: 'c'.repeat(253) },
      { ...notice, message: 'ä'.repeat(2000) },
      { nowMs: NOW_MS, suffix: '0123456789' },
    );

    expect(event.metadata.name.length).toBeLessThanOrEqual(253);
    expect(new TextEncoder().encode(String(event['message'])).length).toBeLessThanOrEqual(1024);
  });

  it('is written into the namespace of its Canary', async () => {
    const of = lab([]);
    await writeEvent(of.cluster, renderEvent(subject, notice, { nowMs: NOW_MS, suffix: 'abc' }));

    expect(of.find(resources.events, 'cart.abc')).toMatchObject({ reason: 'RoundFailed' });
  });
});
