import { expect, it } from '@jest/globals';
import { eventQuestion } from '../../src/notify/event-webhook.ts';
import { hookRequest } from '../../src/notify/hook.ts';

it('sends an event in the envelope of a webhook, and its keys win', () => {
  const question = eventQuestion(
    {
      name: 'events',
      url: 'http://receiver.test/',
      timeoutMs: 10_000,
      retries: 1,
      disableTls: false,
      metadata: { environment: 'prod', eventType: 'forged' },
    },
    {
      seq: 7,
      at: '2023-11-14T22:13:20.123Z',
      type: 'Warning',
      reason: 'ThresholdReached',
      message: 'canary failed',
      phase: 'Failed',
      runId: 'r1',
    },
    { uid: 'u1', payload: { name: 'podinfo', namespace: 'test', phase: 'Failed', checksum: 'abc' } },
  );
  expect(JSON.parse(hookRequest(question).body ?? '')).toEqual({
    name: 'podinfo',
    namespace: 'test',
    phase: 'Failed',
    checksum: 'abc',
    metadata: {
      environment: 'prod',
      eventMessage: 'canary failed',
      eventType: 'Warning',
      timestamp: '1700000000123',
      eventReason: 'ThresholdReached',
      eventId: 'u1/7/1700000000123',
      runId: 'r1',
    },
  });
  expect(question).toMatchObject({ type: 'event', retries: 1, timeoutMs: 10_000 });
});
