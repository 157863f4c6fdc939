// A load generator: sends requests at an even, bounded rate over connections that stay open, and counts who answered what.
// Knows nothing of Canaries. Loopback only, by the choice of its callers.
import { Agent, request as sendRequest } from 'node:http';

export interface LoadOptions {
  readonly url: string;
  /** The `Host` header. */
  readonly host: string;
  readonly ratePerSecond?: number;
  /** Requests on their way at a time; more than that are left out, not saved up. */
  readonly maxInFlight?: number;
}

export interface Tally {
  readonly requests: number;
  /** Answered with 400 or above, or not at all. */
  readonly failed: number;
}

export interface LoadCounts extends Tally {
  /** By what the answers call themselves; requests without an answer of a pod are under the empty name. */
  readonly byPod: Readonly<Record<string, Tally>>;
  readonly byVersion: Readonly<Record<string, Tally>>;
  /** By status; `0` for no answer. */
  readonly byStatus: Readonly<Record<string, number>>;
}

export interface Load {
  readonly counts: () => LoadCounts;
  /** Sends nothing more, and resolves when all answers are in. */
  readonly stop: () => Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly pod: string;
  readonly version: string;
}

const nothing: Tally = { requests: 0, failed: 0 };

const timeoutMs = 10_000;

export function startLoad({ url, host, ratePerSecond = 50, maxInFlight = 20 }: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true });
  const inFlight = new Set<Promise<void>>();
  let counts: LoadCounts = { ...nothing, byPod: {}, byVersion: {}, byStatus: {} };
  let due = 0;
  let lastMs = performance.now();

  const send = (): void => {
    const answered = answerOf(url, host, agent).then((answer) => {
      counts = counted(counts, answer);
      inFlight.delete(answered);
      return undefined;
    });
    inFlight.add(answered);
  };
  const timer = setInterval(() => {
    const nowMs = performance.now();
    due += ((nowMs - lastMs) * ratePerSecond) / 1000;
    lastMs = nowMs;
    for (; due >= 1; due -= 1) {
      if (inFlight.size < maxInFlight) {
        send();
      }
    }
  }, 5);
  return {
    counts: () => counts,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(inFlight);
      agent.destroy();
    },
  };
}

/** Resolves with status 0 where no answer came. */
function answerOf(url: string, host: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const sent = sendRequest(url, { headers: { host }, agent, timeout: timeoutMs }, (reply) => {
      const text = (name: string): string => String(reply.headers[name] ?? '');
      reply.resume();
      reply.on('end', () => {
        resolve({ status: reply.statusCode ?? 0, pod: text('x-pod'), version: text('x-version') });
      });
      reply.on('error', () => resolve({ status: 0, pod: '', version: '' }));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve({ status: 0, pod: '', version: '' }));
    sent.end();
  });
}

function counted(counts: LoadCounts, { status, pod, version }: Answer): LoadCounts {
  const failed = status === 0 || status >= 400 ? 1 : 0;
  const add = (tally: Tally = nothing): Tally => ({
    requests: tally.requests + 1,
    failed: tally.failed + failed,
  });
  return {
    ...add(counts),
    byPod: { ...counts.byPod, [pod]: add(counts.byPod[pod]) },
    byVersion: { ...counts.byVersion, [version]: add(counts.byVersion[version]) },
    byStatus: { ...counts.byStatus, [status]: (counts.byStatus[status] ?? 0) + 1 },
  };
}
