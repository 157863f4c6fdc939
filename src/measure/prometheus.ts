// Prometheus, and everything that speaks its HTTP API: instant queries that come to one number.
// Protocol: https://prometheus.io/docs/prometheus/latest/querying/api/ (instant queries, expression results).
import { z } from 'zod';
import { excerpt } from '../model/excerpt.ts';
import type { HttpReply } from '../model/http.ts';
import type { Measurement, NoDataReason } from '../model/measurement.ts';
import { unavailable } from '../model/measurement.ts';
import { readAddress } from './address.ts';
import type { CannotRequest, Credentials, MetricProvider, MetricQuery, RequestResult } from './provider.ts';
import { missingKey } from './provider.ts';

const TIMEOUT_MS = 5000;
const MAX_REDIRECTS = 10;
const MESSAGE_BYTES = 256;

const Sample = z.tuple([z.number(), z.string()]);
const Histogram = z.tuple([z.number(), z.unknown()]);
const Series = z.object({ value: Sample.optional(), histogram: Histogram.optional() });
const Result = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('vector'), result: z.array(Series) }),
  z.object({ resultType: z.literal('scalar'), result: Sample }),
  z.object({ resultType: z.enum(['matrix', 'string']), result: z.unknown() }),
]);
const Success = z.object({ status: z.literal('success'), data: Result });
const Refusal = z.object({ status: z.literal('error'), error: z.string() });

export const prometheus: MetricProvider = { type: 'prometheus', request, read };

function request(query: MetricQuery, credentials: Credentials): RequestResult {
  const address = readAddress(query.address);
  if (!address.ok) {
    return address;
  }
  const authorization = authorize(credentials, address.basic);
  if (typeof authorization === 'object') {
    return authorization;
  }
  return {
    ok: true,
    request: {
      method: 'GET',
      url: `${address.base}/api/v1/query?${new URLSearchParams({ query: onOneLine(query.text) }).toString()}`,
      headers: withAuthorization(query.headers, authorization),
      timeoutMs: TIMEOUT_MS,
      maxRedirects: MAX_REDIRECTS,
      skipTlsVerify: query.skipTlsVerify,
      useProxy: true,
    },
  };
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A copy: the headers of a template are shared by every query of it. Credentials replace a header of that name. */
function withAuthorization(headers: MetricQuery['headers'], authorization: string): Headers {
  if (authorization === '') {
    return { ...headers };
  }
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization');
  return { ...Object.fromEntries(others), Authorization: authorization };
}

/** A Secret counts for more than user and password in the address. Empty: none. */
function authorize(credentials: Credentials, basic: string): string | CannotRequest {
  if (credentials === undefined) {
    return basic;
  }
  const { token = '', username, password } = credentials;
  if (token !== '') {
    return `Bearer ${token.trim()}`;
  }
  if (username === undefined || password === undefined) {
    return missingKey(username === undefined ? 'username' : 'password', 'token, or username and password');
  }
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Runs of white space become one space; a query with a comment keeps its lines, because a comment ends with its line. */
function onOneLine(text: string): string {
  return text.includes('#') ? text.trim() : text.trim().replaceAll(/\s+/g, ' ');
}

function read(reply: HttpReply): Measurement {
  const json = parseJson(reply);
  if (reply.status < 200 || reply.status > 299) {
    return refused(reply, json);
  }
  if (reply.truncated) {
    return unavailable('UnreadableReply', 'the reply is too large for one number');
  }
  const success = Success.safeParse(json);
  return success.success
    ? reduce(success.data.data)
    : unavailable('UnreadableReply', 'the reply is not that of a Prometheus query; check the address');
}

function refused({ status, body }: HttpReply, json: unknown): Measurement {
  const refusal = Refusal.safeParse(json);
  const said = excerpt(refusal.success ? refusal.data.error : body, MESSAGE_BYTES);
  const message = `status ${status}${said === '' ? '' : `: ${said}`}`;
  if (status === 401 || status === 403) {
    return unavailable('AccessDenied', message);
  }
  // 400 and 422 come with Prometheus's own words about the query; without them it is something else that answers.
  return unavailable(refusal.success && status < 500 ? 'QueryRefused' : 'ProviderError', message);
}

function reduce(data: z.infer<typeof Result>): Measurement {
  switch (data.resultType) {
    case 'scalar':
      return valueOf(data.result[1]);
    case 'vector':
      return fromSeries(data.result);
    case 'matrix':
      return unavailable('WrongResultType', 'the query gives a range of values (matrix), not one number');
    case 'string':
      return unavailable('WrongResultType', 'the query gives a string, not a number');
  }
}

// Which of several series would be judged is chance: the order of an instant vector is not defined.
function fromSeries(series: readonly z.infer<typeof Series>[]): Measurement {
  const [first] = series;
  if (first === undefined) {
    return noData('NoSeries', 'the query matches no series: no requests, or wrong labels');
  }
  if (series.length > 1) {
    const message = `the query gives ${series.length} series, not one number; aggregate it, for example with sum()`;
    return { kind: 'inconclusive', reason: 'TooManySeries', message };
  }
  if (first.value === undefined) {
    return unavailable('WrongResultType', 'the query gives a native histogram, not a number');
  }
  return valueOf(first.value[1]);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function valueOf(text: string): Measurement {
  if (/^[+-]?inf$/i.test(text)) {
    return noData('InfiniteValue', 'the value is infinite: divided by nothing, or above the largest bucket');
  }
  if (/^nan$/i.test(text)) {
    return noData('NotANumber', 'the value is not a number: no requests in the interval');
  }
  const value = Number(text);
  return NUMBER.test(text) && Number.isFinite(value)
    ? { kind: 'value', value }
    : unavailable('UnreadableReply', 'the sample value is no number');
}

function noData(reason: NoDataReason, message: string): Measurement {
  return { kind: 'noData', reason, message };
}

function parseJson({ body }: HttpReply): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
