// The program inside every pod: a small HTTP server on the pod's own address, with faults and metrics.
// Not here: when it runs (kubelet.ts).
// May import fault.ts and node:*.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Fault } from './fault.ts';

export interface AppOptions {
  readonly address: string;
  readonly ports: readonly number[];
  readonly namespace: string;
  readonly pod: string;
  readonly version: string;
  /** Asked for every request, so that faults can change while it runs. */
  readonly fault: () => Fault;
}

export interface App {
  /** Answers from now on close their connection, as a well-behaved server does that was told to end. */
  readonly drain: () => void;
  readonly close: () => Promise<void>;
  /** Answered requests by HTTP status; probes and scrapes are not counted. */
  readonly requests: () => Record<string, number>;
}

/** The user agent of readiness probes: answered 503 under fault `unready`, else 200, and never counted. */
export const probeAgent = 'kube-probe/1.36';

export async function startApp(options: AppOptions): Promise<App> {
  const { address, ports, namespace, pod, version, fault } = options;
  const histogram = createHistogram();
  const begun = performance.now();
  let draining = false;
  let errorsOwed = 0;

  const answer = (response: ServerResponse, status: number, body: string) => {
    if (draining) response.setHeader('connection', 'close');
    response.writeHead(status, { 'x-pod': pod, 'x-namespace': namespace, 'x-version': version });
    response.end(body);
  };
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    const { errorShare, latencyMs, startupMs, unready } = fault();
    if (performance.now() - begun < startupMs) return answer(response, 503, '');
    if (request.headers['user-agent'] === probeAgent) return answer(response, unready ? 503 : 200, '');
    if (request.url === '/metrics') return answer(response, 200, histogram.text());
    const started = performance.now();
    errorsOwed += errorShare;
    const status = errorsOwed >= 1 ? 500 : 200;
    if (status === 500) errorsOwed -= 1;
    const finish = () => {
      histogram.observe(request.method ?? 'GET', status, (performance.now() - started) / 1000);
      answer(response, status, `${JSON.stringify({ pod, namespace, version })}\n`);
    };
    if (latencyMs > 0) setTimeout(finish, latencyMs);
    else finish();
  };
  const servers = await Promise.all(ports.map((port) => listen(serve, address, port)));
  return {
    drain: () => {
      draining = true;
    },
    close: async () => {
      await Promise.all(servers.map(closeServer));
    },
    requests: () => histogram.counts(),
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function listen(handler: Handler, address: string, port: number): Promise<Server> {
  const server = createServer(handler);
  // Longer than any proxy keeps an idle connection: the side that reuses it must be the one that closes it.
  server.keepAliveTimeout = 600_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, address, () => resolve(server));
  });
}

/** Ends what is open after a second, should a client hold on. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), 1000);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  readonly method: string;
  readonly status: number;
  readonly buckets: number[];
  sum: number;
  count: number;
}

function createHistogram() {
  const series = new Map<string, Series>();
  return {
    observe(method: string, status: number, seconds: number) {
      const key = `${method} ${status}`;
      const one = series.get(key) ?? { method, status, buckets: bounds.map(() => 0), sum: 0, count: 0 };
      series.set(key, one);
      one.sum += seconds;
      one.count += 1;
      for (const [index, bound] of bounds.entries())
        if (seconds <= bound) one.buckets[index] = (one.buckets[index] ?? 0) + 1;
    },
    counts() {
      const counts: Record<string, number> = {};
      for (const { status, count } of series.values()) counts[status] = (counts[status] ?? 0) + count;
      return counts;
    },
    text() {
      const name = 'http_request_duration_seconds';
      const lines = [`# TYPE ${name} histogram`];
      for (const { method, status, buckets, sum, count } of series.values()) {
        const labels = `method="${method}",path="root",status="${status}"`;
        for (const [index, bound] of bounds.entries())
          lines.push(`${name}_bucket{${labels},le="${bound}"} ${buckets[index]}`);
        lines.push(`${name}_bucket{${labels},le="+Inf"} ${count}`);
        lines.push(`${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}
