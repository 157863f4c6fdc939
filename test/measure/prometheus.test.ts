import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { prometheus } from '../../src/measure/prometheus.ts';
import type { Credentials, MetricQuery } from '../../src/measure/provider.ts';
import { providerOfType } from '../../src/measure/providers.ts';
import type { HttpReply } from '../../src/model/http.ts';

const query: MetricQuery = {
  text: 'up',
  address: 'http://prometheus:9090',
  headers: {},
  region: '',
  skipTlsVerify: false,
  intervalMs: 60_000,
  nowMs: 0,
};

function requested(change: Partial<MetricQuery>, credentials?: Credentials) {
  const result = prometheus.request({ ...query, ...change }, credentials);
  return result.ok ? result.request : result;
}

describe('the request of a Prometheus query', () => {
  it.each([
    ['http://prometheus:9090', 'http://prometheus:9090/api/v1/query?query=up'],
    ['http://prometheus:9090/', 'http://prometheus:9090/api/v1/query?query=up'],
    ['https://host/prefix/deep/?tenant=a', 'https://host/prefix/deep/api/v1/query?query=up'],
    ['http://user:secret@host/p', 'http://host/p/api/v1/query?query=up'],
    ['http://[::1]:9090', 'http://[::1]:9090/api/v1/query?query=up'],
  ])('to %s', (address, url) => {
    expect(requested({ address })).toMatchObject({ method: 'GET', url, timeoutMs: 5000 });
  });

  it.each(['', 'prometheus:9090', 'ftp://host', 'file:///etc/passwd', 'not an address'])(
    'needs an http or https address, not %j',
    (address) => {
      expect(requested({ address })).toMatchObject({ ok: false, reason: 'InvalidAddress' });
    },
  );

  it.each([
    ['  sum(\n    rate(x[1m])\n  )\n', 'sum( rate(x[1m]) )'],
    ['# good\nsum(x)', '# good\nsum(x)'],
    ['a+b&c="ü%"', 'a+b&c="ü%"'],
  ])('sends %j as %j', (text, sent) => {
    const result = prometheus.request({ ...query, text }, undefined);
    expect(result.ok && new URL(result.request.url).searchParams.get('query')).toBe(sent);
  });

  it('can be made of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(prometheus.request({ ...query, text }, undefined).ok).toBe(true);
      }),
    );
  });

  it.each<[string, string, Credentials, string | undefined]>([
    ['no Secret', 'http://host', undefined, undefined],
    ['a token', 'http://host', { token: 'abc\n' }, 'Bearer abc'],
    ['token over user', 'http://host', { token: 'abc', username: 'u', password: 'p' }, 'Bearer abc'],
    ['user and password', 'http://host', { username: 'u', password: 'pä' }, 'Basic dTpww6Q='],
    ['the address', 'http://u:p%40@host', undefined, 'Basic dTpwQA=='],
    ['the Secret over the address', 'http://u:p@host', { token: 'abc' }, 'Bearer abc'],
  ])('authorizes with %s', (_title, address, credentials, authorization) => {
    const request = requested({ address }, credentials);
    expect('headers' in request && request.headers['Authorization']).toBe(authorization);
  });

  it.each<[Credentials, string]>([
    [{}, 'username'],
    [{ username: 'u' }, 'password'],
    [{ password: 'p', token: '' }, 'username'],
  ])('names the key that a Secret lacks: %j', (credentials, key) => {
    const result = requested({}, credentials);
    expect(result).toMatchObject({ reason: 'SecretKeyMissing' });
    expect('message' in result && result.message).toContain(`lacks the key ${key}`);
  });

  it('D30: copies the headers, and lets credentials replace one of that name', () => {
    const headers = { 'X-Scope-OrgID': ['team'], authorization: ['Bearer old'] };
    expect(requested({ headers })).toMatchObject({ headers });
    const request = requested({ headers }, { token: 'new' });
    expect('headers' in request && request.headers).toEqual({
      'X-Scope-OrgID': ['team'],
      Authorization: 'Bearer new',
    });
    expect(headers.authorization).toEqual(['Bearer old']);
  });
});

const ok = (data: string): HttpReply => ({
  status: 200,
  truncated: false,
  body: `{"status":"success","data":${data}}`,
});
const vector = (...samples: string[]): HttpReply =>
  ok(`{"resultType":"vector","result":[${samples.join(',')}]}`);
const sample = (value: string): string => `{"metric":{},"value":[1435781451.781,"${value}"]}`;
const status = (code: number, body: string): HttpReply => ({ status: code, truncated: false, body });

describe('the reply of Prometheus', () => {
  it.each<[string, HttpReply, number]>([
    ['one series', vector(sample('99.5')), 99.5],
    ['a negative value', vector(sample('-1.5e-07')), -1.5e-7],
    ['zero', vector(sample('0')), 0],
    ['a scalar', ok('{"resultType":"scalar","result":[1435781451.781,"42"]}'), 42],
    [
      'warnings beside the result',
      status(
        200,
        `{"status":"success","warnings":["partial"],"data":{"resultType":"vector","result":[${sample('1')}]}}`,
      ),
      1,
    ],
  ])('with %s is a value', (_title, reply, value) => {
    expect(prometheus.read(reply)).toEqual({ kind: 'value', value });
  });

  const histogram = '{"metric":{},"histogram":[1435781451.781,{"count":"60","sum":"1"}]}';

  it.each<[string, HttpReply, string, string]>([
    ['no series', vector(), 'noData', 'NoSeries'],
    ['NaN', vector(sample('NaN')), 'noData', 'NotANumber'],
    ['+Inf', vector(sample('+Inf')), 'noData', 'InfiniteValue'],
    ['-Inf', vector(sample('-Inf')), 'noData', 'InfiniteValue'],
    ['two series', vector(sample('1'), sample('2')), 'inconclusive', 'TooManySeries'],
    ['two equal series', vector(sample('1'), sample('1')), 'inconclusive', 'TooManySeries'],
    ['a native histogram', vector(histogram), 'unavailable', 'WrongResultType'],
    [
      'a range vector',
      ok('{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"2"]]}]}'),
      'unavailable',
      'WrongResultType',
    ],
    ['a string', ok('{"resultType":"string","result":[1,"hello"]}'), 'unavailable', 'WrongResultType'],
    ['text for a value', vector(sample('many')), 'unavailable', 'UnreadableReply'],
    ['an empty value', vector(sample('')), 'unavailable', 'UnreadableReply'],
    ['a number for a value', vector('{"metric":{},"value":[1,1]}'), 'unavailable', 'UnreadableReply'],
    ['an unknown result type', ok('{"resultType":"table","result":[]}'), 'unavailable', 'UnreadableReply'],
    ['no data field', status(200, '{"status":"success"}'), 'unavailable', 'UnreadableReply'],
    ['HTML', status(200, '<html>Sign in</html>'), 'unavailable', 'UnreadableReply'],
    ['nothing', status(200, ''), 'unavailable', 'UnreadableReply'],
    ['too much', { ...vector(sample('1')), truncated: true }, 'unavailable', 'UnreadableReply'],
    ['status 204', status(204, ''), 'unavailable', 'UnreadableReply'],
    ['status 401', status(401, 'who are you'), 'unavailable', 'AccessDenied'],
    ['status 403', status(403, ''), 'unavailable', 'AccessDenied'],
    ['status 404', status(404, 'page not found'), 'unavailable', 'ProviderError'],
    ['status 302', status(302, ''), 'unavailable', 'ProviderError'],
    [
      'a parse error',
      status(400, '{"status":"error","errorType":"bad_data","error":"1:5: parse error"}'),
      'unavailable',
      'QueryRefused',
    ],
    [
      'an execution error',
      status(422, '{"status":"error","errorType":"execution","error":"many-to-many"}'),
      'unavailable',
      'QueryRefused',
    ],
    [
      'a time-out of the query',
      status(503, '{"status":"error","errorType":"timeout","error":"timed out"}'),
      'unavailable',
      'ProviderError',
    ],
  ])('with %s is none', (_title, reply, ...expected) => {
    const measurement = prometheus.read(reply);
    expect(measurement.kind === 'value' ? [] : [measurement.kind, measurement.reason]).toEqual(expected);
    expect('message' in measurement && measurement.message).not.toBe('');
  });

  it('repeats what Prometheus said, on one short line', () => {
    expect(
      prometheus.read(status(400, '{"status":"error","error":"1:5: parse\\u001b[31m error"}')),
    ).toMatchObject({
      message: 'status 400: 1:5: parse [31m error',
    });
    const long = prometheus.read(status(500, 'ü'.repeat(5000)));
    expect('message' in long && Buffer.byteLength(long.message)).toBeLessThan(280);
  });

  it('is a measurement whatever it is', () => {
    const kinds = ['value', 'noData', 'inconclusive', 'unavailable'];
    const body = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(body, fc.integer({ min: 100, max: 599 }), (text, code) => {
        expect(kinds).toContain(prometheus.read(status(code, text)).kind);
        expect(kinds).toContain(prometheus.read(ok(text)).kind);
        expect(kinds).toContain(prometheus.read(vector(text)).kind);
      }),
    );
  });
});

describe('the list of providers', () => {
  it.each([
    ['prometheus', true],
    ['datadog', false],
    ['', false],
  ])('knows %s: %s', (type, known) => {
    expect(providerOfType(type)?.type).toBe(known ? type : undefined);
  });
});
