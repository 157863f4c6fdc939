// The program inside every pod: a small server on the pod's own address, with faults and metrics.
// Not here: when it runs (kubelet.ts), how its ports speak (wires.ts).
// May import fault.ts, wires.ts and node:*.
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { type Certificate, listen, type Port, type Question, type Reply } from './wires.ts';

export interface AppOptions {
  readonly address: string;
  readonly ports: readonly Port[];
  readonly certificate: Certificate;
  readonly namespace: string;
  readonly pod: string;
  readonly version: string;
  /** Asked for every request, so that faults can change while it runs. */
  readonly fault: () => Fault;
}

export interface App {
  /** Clients are told to go elsewhere, as a well-behaved server does that was told to end. */
  readonly drain: () => void;
  readonly close: () => Promise<void>;
  /** Answered requests by HTTP status, whatever the way they came; probes and scrapes are not counted. */
  readonly requests: () => Record<string, number>;
}

/** The user agent of readiness probes: answered 503 under fault `unready`, else 200, and never counted. */
export const probeAgent = 'kube-probe/1.36';

export async function startApp(options: AppOptions): Promise<App> {
  const { address, ports, certificate, namespace, pod, version, fault } = options;
  const histogram = createHistogram();
  const begun = performance.now();
  let errorsOwed = 0;

  const reply = (status: number, body: string): Reply => ({
    status,
    headers: { 'x-pod': pod, 'x-namespace': namespace, 'x-version': version },
    body,
  });
  const answer = async ({ method, path, agent }: Question): Promise<Reply> => {
    const { errorShare, latencyMs, startupMs, unready } = fault();
    if (performance.now() - begun < startupMs) return reply(503, '');
    if (agent === probeAgent) return reply(unready ? 503 : 200, '');
    if (path === '/metrics') return reply(200, histogram.text());
    const started = performance.now();
    errorsOwed += errorShare;
    const status = errorsOwed >= 1 ? 500 : 200;
    if (status === 500) errorsOwed -= 1;
    if (latencyMs > 0) await pause(latencyMs);
    histogram.observe(method, status, (performance.now() - started) / 1000);
    return reply(status, `${JSON.stringify({ pod, namespace, version })}\n`);
  };
  const listening = await Promise.all(
    ports.map(({ number, wire }) => listen[wire]({ address, port: number, certificate, answer })),
  );
  return {
    drain: () => {
      for (const { drain } of listening) drain();
    },
    close: async () => {
      await Promise.all(listening.map(({ close }) => close()));
    },
    requests: () => histogram.counts(),
  };
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
