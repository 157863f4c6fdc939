import { expect, it } from '@jest/globals';
import { eventQuestion } from '../../src/notify/event-webhook.ts';
import { hookRequest } from '../../src/notify/hook.ts';

it('sends an event in the envelope of a webhook, and its three keys win', () => {
  const question = eventQuestion(
    {
      name: 'events',
      url: 'http://receiver.test/',
      timeoutMs: 10_000,
      retries: 1,
      disableTls: false,
      metadata: { environment: 'prod', eventType: 'forged' },
    },
    { type: 'Warning', message: 'canary failed', atMs: 1_700_000_000_123 },
    { name: 'podinfo', namespace: 'test', phase: 'Failed', checksum: 'abc' },
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
    },
  });
  expect(question).toMatchObject({ type: 'event', retries: 1, timeoutMs: 10_000 });
});
