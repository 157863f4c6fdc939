// A Prometheus-compatible query endpoint over the sandbox's samples: `GET` and `POST /api/v1/query`, `/-/healthy`, `/-/ready`.
// It speaks the PromQL of the built-in queries; for any other it answers 422. Collects nothing itself (gateway.ts does).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Listener } from './listener.ts';
import { listenOn } from './listener.ts';
import { parseQuery } from './promql-parse.ts';
import { QueryError } from './promql-text.ts';
import { evaluate } from './promql.ts';
import type { QueryValue } from './promql.ts';
import type { Samples } from './samples.ts';

export interface PrometheusOptions {
  readonly samples: Samples;
  readonly scrapeEveryMs?: number;
  /** Zero takes any free port. */
  readonly port?: number;
}

export async function startPrometheus({
  samples,
  scrapeEveryMs = 500,
  port = 0,
}: PrometheusOptions): Promise<Listener> {
  const server = createServer((request, response) => {
    answer(request, samples).then(
      ({ status, body }) => respond(response, status, body),
      () => respond(response, 500, failure('internal', 'the sandbox could not read the request')),
    );
  });
  const listener = await listenOn(server, { host: '127.0.0.1', port });
  const scraping = setInterval(() => samples.scrape(Date.now()), scrapeEveryMs);
  return {
    ...listener,
    stop: async () => {
      clearInterval(scraping);
      await listener.stop();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function answer(request: IncomingMessage, samples: Samples): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  if (url.pathname === '/-/healthy' || url.pathname === '/-/ready') {
    return { status: 200, body: { status: 'success' } };
  }
  if (url.pathname !== '/api/v1/query') {
    return { status: 404, body: failure('not_found', `the sandbox has no ${url.pathname}`) };
  }
  if (request.method !== 'GET' && request.method !== 'POST') {
    return { status: 405, body: failure('bad_data', `method ${request.method ?? ''} is not allowed`) };
  }
  const form = new URLSearchParams(request.method === 'POST' ? await text(request) : '');
  return answerQuery(samples, form.get('query') ?? url.searchParams.get('query') ?? '', {
    time: form.get('time') ?? url.searchParams.get('time'),
    nowMs: Date.now(),
  });
}

/** What the endpoint answers to one query; `time` is a Unix time in seconds or RFC 3339, and now where it is absent. */
export function answerQuery(
  samples: Pick<Samples, 'seriesOf'>,
  query: string,
  { time, nowMs }: { time: string | null; nowMs: number },
): Answer {
  const atMs = time === null ? nowMs : momentOf(time);
  if (Number.isNaN(atMs)) {
    return {
      status: 400,
      body: failure('bad_data', `invalid parameter "time": cannot parse ${JSON.stringify(time)}`),
    };
  }
  try {
    const value = evaluate(parseQuery(query), (metric) => samples.seriesOf(metric), atMs);
    return { status: 200, body: { status: 'success', data: dataOf(value, atMs / 1000) } };
  } catch (error) {
    if (error instanceof QueryError) {
      return { status: 422, body: failure('bad_data', `invalid parameter "query": ${error.message}`) };
    }
    throw error;
  }
}

function momentOf(time: string): number {
  return /^\d+(\.\d+)?$/.test(time) ? Number(time) * 1000 : Date.parse(time);
}

function dataOf(value: QueryValue, atSeconds: number): unknown {
  return value.kind === 'scalar'
    ? { resultType: 'scalar', result: [atSeconds, spell(value.value)] }
    : {
        resultType: 'vector',
        result: value.samples.map((sample) => ({
          metric: sample.labels,
          value: [atSeconds, spell(sample.value)],
        })),
      };
}

function spell(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) {
    return String(value);
  }
  return value > 0 ? '+Inf' : '-Inf';
}

function failure(errorType: string, error: string): unknown {
  return { status: 'error', errorType, error };
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
