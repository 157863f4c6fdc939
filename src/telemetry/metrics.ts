// What is counted: Flagger's metrics by their names and labels, and Serin's own. One registry an instance, no globals;
// whoever counts gets a method with typed labels. Imports prom-client only.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { createCanaryMetrics, type CanaryMetrics } from './canary-metrics.ts';

/** What a call to the outside came to. */
type CallOutcome = 'ok' | 'refused' | 'noData' | 'unreachable';

export interface Metrics extends CanaryMetrics {
  /** One request to the API server; leases and watches are told apart by resource and verb. */
  apiRequest(seen: {
    readonly verb: string;
    readonly resource: string;
    readonly status: number | string;
    readonly durationMs: number;
  }): void;
  /** Read when the metrics are asked for. */
  observeQueue(
    read: () => { readonly depth: number; readonly delayed: number; readonly active: number },
  ): void;
  leader(isLeader: boolean): void;
  pass(seen: {
    readonly outcome: 'done' | 'retried' | 'stalled' | 'failed';
    readonly durationMs: number;
  }): void;
  webhook(seen: { readonly type: string; readonly outcome: CallOutcome; readonly durationMs: number }): void;
  provider(seen: {
    readonly provider: string;
    readonly outcome: CallOutcome;
    readonly durationMs: number;
  }): void;
  watchRestart(seen: { readonly resource: string; readonly reason: string }): void;
  /** The Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  readonly version: string;
  readonly meshProvider: string;
  /** Also memory, CPU and event loop of the process. */
  readonly processMetrics?: boolean;
}

/** Buckets in seconds for what goes over the network: 5 ms to a minute. */
const CALL_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60];

function createProcessMetrics(registers: Registry[]) {
  const requests = new Counter({
    name: 'serin_api_requests_total',
    help: 'Requests to the API server',
    labelNames: ['verb', 'resource', 'status'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'serin_api_request_duration_seconds',
    help: 'Time until an answer of the API server was read; for watches, until it began',
    labelNames: ['verb'],
    buckets: CALL_BUCKETS,
    registers,
  });
  const leading = new Gauge({
    name: 'serin_leader',
    help: '1 while this process holds the lease',
    registers,
  });
  const passSeconds = new Histogram({
    name: 'serin_pass_duration_seconds',
    help: 'Time of one pass over one Canary',
    labelNames: ['outcome'],
    buckets: CALL_BUCKETS,
    registers,
  });
  const webhookSeconds = new Histogram({
    name: 'serin_webhook_duration_seconds',
    help: 'Time of webhook calls, retries included',
    labelNames: ['type', 'outcome'],
    buckets: CALL_BUCKETS,
    registers,
  });
  const providerSeconds = new Histogram({
    name: 'serin_provider_duration_seconds',
    help: 'Time of metric queries, retries included',
    labelNames: ['provider', 'outcome'],
    buckets: CALL_BUCKETS,
    registers,
  });
  const restarts = new Counter({
    name: 'serin_watch_restarts_total',
    help: 'Watches that had to begin again before their time',
    labelNames: ['resource', 'reason'],
    registers,
  });
  leading.set(0);
  return { requests, requestSeconds, leading, passSeconds, webhookSeconds, providerSeconds, restarts };
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const own = createProcessMetrics(registers);
  const { version, meshProvider } = options;
  new Gauge({
    name: 'flagger_info',
    help: 'Version and default provider of the controller',
    labelNames: ['version', 'mesh_provider'],
    registers,
  }).set({ version, mesh_provider: meshProvider }, 1);
  if (options.processMetrics !== false) {
    collectDefaultMetrics({ register: registry });
  }
  return {
    ...createCanaryMetrics(registers),
    apiRequest({ verb, resource, status, durationMs }) {
      own.requests.inc({ verb, resource, status: String(status) });
      own.requestSeconds.observe({ verb }, durationMs / 1000);
    },
    observeQueue(read) {
      for (const [state, help] of [
        ['depth', 'Canaries that wait for room to be worked on'],
        ['delayed', 'Canaries that wait for their time'],
        ['active', 'Canaries that are worked on'],
      ] as const) {
        const gauge: Gauge = new Gauge({
          name: `serin_queue_${state}`,
          help,
          registers: [],
          collect() {
            gauge.set(read()[state]);
          },
        });
        registry.registerMetric(gauge);
      }
    },
    leader(isLeader) {
      own.leading.set(isLeader ? 1 : 0);
    },
    pass({ outcome, durationMs }) {
      own.passSeconds.observe({ outcome }, durationMs / 1000);
    },
    webhook({ type, outcome, durationMs }) {
      own.webhookSeconds.observe({ type, outcome }, durationMs / 1000);
    },
    provider({ provider, outcome, durationMs }) {
      own.providerSeconds.observe({ provider, outcome }, durationMs / 1000);
    },
    watchRestart(labels) {
      own.restarts.inc(labels);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
