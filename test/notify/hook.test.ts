import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { HttpReply, SendFailureKind, SendResult } from '../../src/model/http.ts';
import type { HookQuestion } from '../../src/model/question.ts';
import { checksumOf } from '../../src/model/checksum.ts';
import { hookRequest, readHookResult, retryWaitMs } from '../../src/notify/hook.ts';

const question: HookQuestion = {
  kind: 'hook',
  key: 'run/1/load',
  name: 'load',
  type: 'rollout',
  url: 'http://user:pw@tester.test/gate?token=secret',
  timeoutMs: 10_000,
  retries: 2,
  disableTls: false,
  payload: {
    name: 'podinfo',
    namespace: 'test',
    phase: 'Progressing',
    checksum: 'abc',
    metadata: { cmd: 'hey http://podinfo' },
  },
};
const reply = (status: number, body = '', more: Partial<HttpReply> = {}): HttpReply => ({
  status,
  body,
  truncated: false,
  ...more,
});
const failure = (kind: SendFailureKind): SendResult => ({ failure: kind, message: `${kind} tester.test` });

describe('the request of a webhook', () => {
  it('is the payload that receivers know', () => {
    expect(hookRequest(question)).toMatchObject({
      method: 'POST',
      url: question.url,
      headers: { 'Content-Type': 'application/json' },
      body: '{"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"abc","metadata":{"cmd":"hey http://podinfo"}}',
      timeoutMs: 10_000,
      maxRedirects: 10,
      skipTlsVerify: false,
      useProxy: true,
    });
  });

  it.each([undefined, {}])('leaves out metadata that is %j', (metadata) => {
    const { metadata: _metadata, ...payload } = question.payload;
    const without = { ...question, payload: { ...payload, ...(metadata === undefined ? {} : { metadata }) } };
    expect(hookRequest(without).body).toBe(
      '{"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"abc"}',
    );
  });

  it('names the call in headers, so that receivers can drop one that comes twice', () => {
    const call = { run: 'f00d', sequence: 4, hook: 'pre-rollout:0' };
    expect(hookRequest({ ...question, call })).toMatchObject({
      headers: {
        'Content-Type': 'application/json',
        'Serin-Run': 'f00d',
        'Serin-Sequence': '4',
        'Serin-Hook': 'pre-rollout:0',
      },
      body: hookRequest(question).body,
    });
  });

  it('with disableTLS still uses TLS, unverified and without the proxy', () => {
    expect(hookRequest({ ...question, disableTls: true })).toMatchObject({
      skipTlsVerify: true,
      useProxy: false,
    });
  });
});

describe('another attempt', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');

  it.each<[string, number, SendResult, number | undefined]>([
    ['after a connection error', 0, failure('connection'), 1000],
    ['after a time-out', 1, failure('timeout'), 2000],
    ['later waits longer', 4, failure('timeout'), 16_000],
    ['and never more than 30 s', 5, failure('timeout'), 30_000],
    ['however often', 5000, failure('timeout'), 30_000],
    ['not after an untrusted certificate', 0, failure('certificate'), undefined],
    ['not after too many redirects', 0, failure('redirects'), undefined],
    ['not after an unusable address', 0, failure('invalid'), undefined],
    ['not after a cancellation', 0, failure('cancelled'), undefined],
    ['after 429', 0, reply(429), 1000],
    ['after 500', 0, reply(500), 1000],
    ['after 599', 2, reply(599), 4000],
    ['not after 501', 0, reply(501), undefined],
    ['not after 200', 0, reply(200), undefined],
    ['not after 302', 0, reply(302), undefined],
    ['not after 403', 0, reply(403), undefined],
    ['after what 429 asks for', 3, reply(429, '', { retryAfter: '3' }), 3000],
    ['after what 503 asks for', 0, reply(503, '', { retryAfter: '0' }), 0],
    ['but not after hours', 0, reply(503, '', { retryAfter: '86400' }), 30_000],
    ['at a date', 0, reply(503, '', { retryAfter: 'Thu, 01 Jan 2026 00:00:07 GMT' }), 7000],
    ['at a date that has passed', 0, reply(503, '', { retryAfter: 'Wed, 31 Dec 2025 00:00:00 GMT' }), 0],
    ['at no date', 0, reply(503, '', { retryAfter: 'soon' }), 1000],
    ['without a say of 500', 0, reply(500, '', { retryAfter: '9' }), 1000],
  ])('%s', (...row) => {
    const [, attempt, result, waitMs] = row;
    expect(retryWaitMs(attempt, result, nowMs)).toBe(waitMs);
  });

  it('never comes later than in 30 s', () => {
    const header = fc.option(fc.oneof(fc.nat().map(String), fc.string()), { nil: undefined });
    fc.assert(
      fc.property(
        fc.nat({ max: 2000 }),
        fc.integer({ min: 100, max: 599 }),
        header,
        (attempt, status, retryAfter) => {
          const more = retryAfter === undefined ? {} : { retryAfter };
          const waitMs = retryWaitMs(attempt, reply(status, '', more), nowMs) ?? 0;
          expect(waitMs >= 0 && waitMs <= 30_000).toBe(true);
        },
      ),
    );
  });
});

describe('the answer of a webhook', () => {
  it.each([200, 201, 202, 203, 204, 299])('%d passes', (status) => {
    expect(readHookResult(question, reply(status, 'whatever'), 1)).toEqual({
      kind: 'hook',
      outcome: 'passed',
      reason: 'HookPassed',
      message: '',
    });
  });

  it.each<[string, SendResult, number, string, string, string]>([
    ['403 with a body', reply(403, 'Forbidden\n'), 1, 'denied', 'HookDenied', 'Forbidden'],
    ['404 without one', reply(404), 1, 'denied', 'HookDenied', 'status 404'],
    [
      'the last 500',
      reply(500, 'command failed:\r\n\u001b[31mexit 1'),
      3,
      'denied',
      'HookError',
      'POST http://tester.test/gate answered 500 (3 attempts): command failed: [31mexit 1',
    ],
    ['501', reply(501), 1, 'denied', 'HookError', 'POST http://tester.test/gate answered 501'],
    ['429', reply(429), 2, 'denied', 'HookError', 'POST http://tester.test/gate answered 429 (2 attempts)'],
    ['302', reply(302), 1, 'denied', 'HookError', 'POST http://tester.test/gate answered 302'],
    [
      'a refused connection',
      failure('connection'),
      3,
      'unreachable',
      'HookUnreachable',
      'connection tester.test (3 attempts)',
    ],
    ['a time-out', failure('timeout'), 1, 'unreachable', 'HookTimedOut', 'timeout tester.test'],
    [
      'a bad certificate',
      failure('certificate'),
      1,
      'unreachable',
      'HookUnreachable',
      'certificate tester.test',
    ],
  ])('%s', (...row) => {
    const [, result, attempts, outcome, reason, message] = row;
    expect(readHookResult(question, result, attempts)).toEqual({ kind: 'hook', outcome, reason, message });
  });

  it('is short and clean whatever the body is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 2000 }),
        fc.constantFrom(400, 500),
        (body, status) => {
          const { message } = readHookResult(question, reply(status, body), 1);
          expect(Buffer.byteLength(message)).toBeLessThanOrEqual(256);
          expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
          expect(message).not.toBe('');
        },
      ),
    );
  });

  it.each([400, 500])('never repeats query or user of the address: %d', (status) => {
    expect(readHookResult(question, reply(status), 1).message).not.toMatch(/secret|pw/);
  });
});

describe('the checksum', () => {
  it('is the same while what is under test is the same, in whatever order', () => {
    expect(checksumOf({ 'configmap/a': '1', 'secret/b': '2' }, 'v1:x')).toBe(
      checksumOf({ 'secret/b': '2', 'configmap/a': '1' }, 'v1:x'),
    );
    expect(checksumOf(undefined, undefined)).toBe(checksumOf({}, undefined));
  });

  it('differs with the revision and with each configuration', () => {
    const all = [
      checksumOf({ 'configmap/a': '1' }, 'v1:x'),
      checksumOf({ 'configmap/a': '1' }, 'v1:y'),
      checksumOf({ 'configmap/a': '2' }, 'v1:x'),
      checksumOf({ 'configmap/b': '1' }, 'v1:x'),
      checksumOf(undefined, 'v1:x'),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
