// How bytes get to the API server and back: over the pools of pools.ts, with time-outs, and one observer for every request.
// No paths, no JSON, no retries: those are http-cluster.ts. Imports undici only.
import { errors, request as send, type Dispatcher } from 'undici';
import { createAccess, type Credentials } from './pools.ts';

const TIMEOUT_MS = 30_000;

/** One request as the telemetry sees it: no names of objects, no headers, no bodies. */
export interface ObservedRequest {
  /** The verb of the Kubernetes API: get, list, watch, create, update, patch, delete. */
  readonly verb: string;
  /** `plural.group`, or `plural` alone for the core group. */
  readonly resource: string;
  /** The HTTP status, or why there was none. */
  readonly status: number | 'timeout' | 'error';
  /** Until the whole answer was read; for a watch, until its headers came. */
  readonly durationMs: number;
}

export type RequestObserver = (seen: ObservedRequest) => void;

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, without the server. */
  readonly path: string;
  readonly verb: string;
  readonly resource: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

interface ApiResponse {
  readonly status: number;
  /** The `Retry-After` header in milliseconds, where there was one. */
  readonly retryAfterMs: number | undefined;
  readonly text: string;
}

interface ApiStream {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** Rejects where no byte came for `stallMs`. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The rest of the body; for an answer that is an error. */
  text(): Promise<string>;
}

/** Both calls reject with an Error that names verb and resource where no answer came; any HTTP status resolves. */
export interface Transport {
  call(request: ApiRequest): Promise<ApiResponse>;
  stream(request: ApiRequest, stallMs: number): Promise<ApiStream>;
  /** Ends all connections at once, watches included. */
  close(): Promise<void>;
}

export interface TransportOptions {
  /** With scheme, without trailing slash; a path prefix is kept. */
  readonly server: string;
  readonly userAgent: string;
  /** Asked again when its last answer is older than 30 s, and after a 401. */
  readonly credentials: () => Promise<Credentials>;
  readonly observer?: RequestObserver | undefined;
  readonly proxyUrl?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

/** No whole answer came in time. */
export class RequestTimeout extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestTimeout';
  }
}

function retryAfterOf(headers: Dispatcher.ResponseData['headers']): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function isTimeout(error: unknown): boolean {
  return (
    (typeof error === 'object' && error !== null && 'name' in error && error.name === 'TimeoutError') ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError
  );
}

/** Says which request got no answer and why, without anything that could be a secret. */
function noAnswer({ verb, resource, signal }: ApiRequest, error: unknown): unknown {
  if (signal?.aborted === true) {
    return error;
  }
  if (isTimeout(error)) {
    return new RequestTimeout(`${verb} ${resource}: no answer in time`, { cause: error });
  }
  return new Error(`${verb} ${resource}: ${describe(error)}`, { cause: error });
}

/** A failed connection to several addresses is an AggregateError with an empty message and a telling code. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.message || ('code' in error ? String(error.code) : error.name);
}

async function* watched(request: ApiRequest, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw noAnswer(request, error);
  }
}

export function createTransport(options: TransportOptions): Transport {
  const { userAgent, observer } = options;
  const { origin, pathname } = new URL(options.server);
  const prefix = pathname.replace(/\/$/, '');
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const access = createAccess(options);

  /** Runs one exchange and tells the observer how it went. */
  const observed = async <T extends { status: number }>(
    request: ApiRequest,
    run: () => Promise<T>,
  ): Promise<T> => {
    const startMs = performance.now();
    let status: ObservedRequest['status'] = 'error';
    try {
      const reply = await run();
      status = reply.status;
      if (reply.status === 401) {
        access.expire();
      }
      return reply;
    } catch (error) {
      status = isTimeout(error) ? 'timeout' : 'error';
      throw noAnswer(request, error);
    } finally {
      observer?.({
        verb: request.verb,
        resource: request.resource,
        status,
        durationMs: performance.now() - startMs,
      });
    }
  };

  const exchange = async (
    request: ApiRequest,
    pool: 'calls' | 'watches',
    limits: { signal: AbortSignal | null; headersTimeout: number; bodyTimeout: number },
  ): Promise<Dispatcher.ResponseData> => {
    const { headers, pools } = await access.current();
    return send(`${origin}${prefix}${request.path}`, {
      dispatcher: pools[pool],
      method: request.method,
      headers: { accept: 'application/json', 'user-agent': userAgent, ...request.headers, ...headers },
      body: request.body ?? null,
      ...limits,
    });
  };

  return {
    call: (request) =>
      observed(request, async () => {
        const limit = AbortSignal.timeout(timeoutMs);
        const signal = request.signal === undefined ? limit : AbortSignal.any([request.signal, limit]);
        const { statusCode, headers, body } = await exchange(request, 'calls', {
          signal,
          headersTimeout: 0,
          bodyTimeout: 0,
        });
        return { status: statusCode, retryAfterMs: retryAfterOf(headers), text: await body.text() };
      }),
    stream: (request, stallMs) =>
      observed(request, async () => {
        const { statusCode, headers, body } = await exchange(request, 'watches', {
          signal: request.signal ?? null,
          headersTimeout: timeoutMs,
          bodyTimeout: stallMs,
        });
        return {
          status: statusCode,
          retryAfterMs: retryAfterOf(headers),
          chunks: watched(request, body),
          text: () => body.text(),
        };
      }),
    close: () => access.close(),
  };
}
