// The HTTP server of the process: /metrics, /healthz, /readyz, and nothing else. What is healthy or ready is handed in.
// Imports node:http only.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

interface ServerLimits {
  /** For the request to arrive. */
  readonly readMs: number;
  /** For the answer to be taken. */
  readonly writeMs: number;
  readonly idleMs: number;
  /** For open requests when the server closes. */
  readonly closeMs: number;
}

export interface ServeOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** All interfaces if not given. */
  readonly address?: string | undefined;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  /** What has come to a standstill; undefined while all is well. The process is restarted for it. */
  readonly standstill: () => string | undefined;
  /** `text` tells people what it waits for and who leads. */
  readonly readiness: () => { readonly ready: boolean; readonly text: string };
  readonly limits?: ServerLimits;
}

export interface Serving {
  readonly port: number;
  /** Takes no more connections; open requests have three seconds. */
  close(): Promise<void>;
}

const LIMITS: ServerLimits = { readMs: 5000, writeMs: 60_000, idleMs: 15_000, closeMs: 3000 };

interface Page {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function pageFor({ method, url }: IncomingMessage, options: ServeOptions): Promise<Page> {
  const path = url?.split('?')[0] ?? '';
  if (!['/metrics', '/healthz', '/readyz'].includes(path)) {
    return { status: 404, body: 'not found\n' };
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, body: 'only GET\n', headers: { allow: 'GET, HEAD' } };
  }
  switch (path) {
    case '/metrics':
      return { status: 200, body: await options.metrics.text(), type: options.metrics.contentType };
    case '/healthz': {
      const problem = options.standstill();
      return problem === undefined ? { status: 200, body: 'OK\n' } : { status: 503, body: `${problem}\n` };
    }
    default: {
      const { ready, text } = options.readiness();
      return { status: ready ? 200 : 503, body: `${text}\n` };
    }
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServeOptions,
): Promise<void> {
  // What went wrong is for the log of whoever made the page, not for whoever asks.
  const page = await pageFor(request, options).catch((): Page => ({ status: 500, body: 'internal error\n' }));
  response.writeHead(page.status, {
    'content-type': page.type ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(page.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...page.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : page.body);
}

function listening(server: Server, port: number, address: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

/** Rejects where the port is taken. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { readMs, writeMs, idleMs, closeMs } = options.limits ?? LIMITS;
  const server = createServer(
    {
      headersTimeout: readMs,
      requestTimeout: readMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: Math.min(1000, readMs),
    },
    (request, response) => {
      void answer(request, response, options);
    },
  );
  server.setTimeout(writeMs);
  const port = await listening(server, options.port, options.address);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          server.closeAllConnections();
        }, closeMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
