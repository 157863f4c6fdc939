// The only sender of what goes to the outside: metric queries, webhooks, events. It adds nothing to a request that could
// tell who we are: the token for our own API server lives in cluster/ and is unknown here. It says where it failed by host
// and port, never by path, query or body, and it logs nothing.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import { create, isAxiosError } from 'axios';
import type { HttpReply, HttpRequest, SendFailure, SendFailureKind, SendResult } from '../model/http.ts';
import type { ProxySettings } from './proxy.ts';
import { proxyFor } from './proxy.ts';

/** What is read of a reply at most. */
export const MAX_BODY_BYTES = 1_048_576;

/** One attempt. Never rejects; an aborted signal gives a failure of kind `cancelled`. */
export type Send = (request: HttpRequest, signal: AbortSignal) => Promise<SendResult>;

export interface Sender {
  readonly send: Send;
  /** Closes idle connections. */
  close(): void;
}

export function createSender(proxies: ProxySettings): Sender {
  const client = create({
    adapter: 'http',
    responseType: 'stream',
    validateStatus: () => true,
    transformRequest: [(data: unknown) => data],
    transitional: { clarifyTimeoutError: true },
    headers: { common: { 'User-Agent': 'serin' } },
  });
  const agents = createAgents();

  async function attempt(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    const config = { ...configOf(request, proxies), ...agents.of(request), signal };
    const response: AxiosResponse<Readable> = await client.request(config);
    const retryAfter: unknown = response.headers['retry-after'];
    return {
      status: response.status,
      ...(await readBody(response.data, signal)),
      ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
    };
  }

  return {
    send: async (request, signal) => {
      const timeout = AbortSignal.timeout(request.timeoutMs);
      try {
        return await attempt(request, AbortSignal.any([signal, timeout]));
      } catch (error) {
        if (signal.aborted) {
          return failure('cancelled', request, '');
        }
        return timeout.aborted ? failure('timeout', request, '') : describe(error, request);
      }
    },
    close: () => {
      agents.close();
    },
  };
}

interface AgentPair {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

function pair(keepAlive: boolean, rejectUnauthorized: boolean): AgentPair {
  return {
    httpAgent: new HttpAgent({ keepAlive }),
    httpsAgent: new HttpsAgent({ keepAlive, rejectUnauthorized }),
  };
}

/**
 * Queries share kept connections. A call that must not be repeated behind anybody's back (POST) gets a new one, because
 * a kept connection may turn out to be dead only after the request is on its way.
 */
function createAgents(): { of: (request: HttpRequest) => AxiosRequestConfig; close: () => void } {
  const kept = { verified: pair(true, true), unverified: pair(true, false) };
  const fresh = { verified: pair(false, true), unverified: pair(false, false) };
  return {
    of: ({ method, skipTlsVerify }) =>
      (method === 'GET' ? kept : fresh)[skipTlsVerify ? 'unverified' : 'verified'],
    close: () => {
      for (const { httpAgent, httpsAgent } of [...Object.values(kept), ...Object.values(fresh)]) {
        httpAgent.destroy();
        httpsAgent.destroy();
      }
    },
  };
}

function configOf(request: HttpRequest, proxies: ProxySettings): AxiosRequestConfig {
  const { method, url, headers, body, timeoutMs, maxRedirects } = request;
  const proxy = request.useProxy && URL.canParse(url) ? proxyFor(new URL(url), proxies) : undefined;
  return {
    method,
    url,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
    ),
    ...(body === undefined ? {} : { data: body }),
    timeout: timeoutMs,
    maxRedirects,
    beforeRedirect: (options) => {
      guardHeaders(options, request);
    },
    proxy: proxy === undefined ? false : proxyConfig(proxy),
  };
}

function proxyConfig(proxy: URL): Exclude<AxiosRequestConfig['proxy'], false | undefined> {
  const defaultPort = proxy.protocol === 'https:' ? 443 : 80;
  const { username, password } = proxy;
  return {
    protocol: proxy.protocol,
    host: proxy.hostname,
    port: proxy.port === '' ? defaultPort : Number(proxy.port),
    ...(username === '' ? {} : { auth: { username: decode(username), password: decode(password) } }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Headers follow a redirect to the same host, as they always have, and also from http to https there; to another host, or
 * out of TLS, none of ours goes along.
 */
function guardHeaders(options: Record<string, unknown>, { url, headers }: HttpRequest): void {
  const carried = options['headers'];
  const to = typeof options['href'] === 'string' && URL.canParse(options['href']) ? options['href'] : url;
  if (typeof carried !== 'object' || carried === null) {
    return;
  }
  const [origin, target] = [new URL(url), new URL(to)];
  const trusted =
    origin.hostname === target.hostname && (origin.protocol === 'http:' || target.protocol === 'https:');
  for (const [name, value] of Object.entries(headers)) {
    if (!trusted) {
      Reflect.deleteProperty(carried, name);
    } else if (name.toLowerCase() === 'authorization') {
      Reflect.set(carried, name, value);
    }
  }
}

async function readBody(
  stream: Readable,
  signal: AbortSignal,
): Promise<{ readonly body: string; readonly truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early destroys the stream, and with it the connection.
  for await (const chunk of addAbortSignal(signal, stream)) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) {
      break;
    }
  }
  const body = Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString();
  return { body, truncated: size > MAX_BODY_BYTES };
}

const certificate =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT)|HOSTNAME_MISMATCH)/;
const invalid =
  /^ERR_(INVALID_(URL|CHAR|HTTP_TOKEN|ARG|PROTOCOL|IP)|UNESCAPED_CHARACTERS|BAD_OPTION|BAD_REQUEST|HTTP_INVALID_HEADER)/;
const tooLong = /^(ETIMEDOUT|ECONNABORTED|ESOCKETTIMEDOUT)$/;

function describe(error: unknown, request: HttpRequest): SendFailure {
  const code = codeOf(error);
  if (code === 'ERR_FR_TOO_MANY_REDIRECTS') {
    return failure('redirects', request, code);
  }
  if (certificate.test(code)) {
    return failure('certificate', request, code);
  }
  if (invalid.test(code)) {
    return failure('invalid', request, code);
  }
  return failure(tooLong.test(code) ? 'timeout' : 'connection', request, code);
}

function codeOf(error: unknown): string {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code === 'string') {
    return code;
  }
  return isAxiosError(error) ? codeOf(error.cause) : 'unknown error';
}

const texts: Readonly<Record<SendFailureKind, (host: string, code: string, timeoutMs: number) => string>> = {
  connection: (host, code) => `no connection to ${host}: ${code}`,
  timeout: (host, _code, timeoutMs) => `no reply from ${host} within ${timeoutMs} ms`,
  certificate: (host, code) => `the certificate of ${host} is not trusted: ${code}`,
  redirects: (host) => `${host} redirects too often`,
  invalid: (host, code) => `the request to ${host} cannot be sent: ${code}`,
  cancelled: (host) => `the request to ${host} was cancelled`,
};

function failure(kind: SendFailureKind, { url, timeoutMs }: HttpRequest, code: string): SendFailure {
  const host = URL.canParse(url) ? new URL(url).host : 'an address that is no URL';
  return { failure: kind, message: texts[kind](host, code, timeoutMs) };
}
