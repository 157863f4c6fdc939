// Requests at a bounded rate, and what became of each.
// Not here: which pods are the canary's; a story knows its own names.
// May import undici.
import { Agent, request } from 'undici';
import { z } from 'zod';

export interface Sample {
  /** When it was sent, ms since the epoch. */
  readonly atMs: number;
  readonly durationMs: number;
  /** 0 where no answer came; then `error` says why. */
  readonly status: number;
  /** From the pod's own headers; empty where a proxy answered in its place. */
  readonly pod: string;
  readonly version: string;
  /** What the answer sets, as `name=value; attributes`; empty where it sets none. */
  readonly cookie: string;
  readonly error?: string;
}

export interface LoadOptions {
  readonly url: string;
  /** The Host header, by which the gateway chooses the route. */
  readonly host: string;
  readonly perSecond: number;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A new connection for each request: needed where a Service, not a proxy, is asked. */
  readonly freshConnections?: boolean;
  readonly timeoutMs?: number;
}

export interface Load {
  /** All so far, in the order of their answers. */
  readonly samples: readonly Sample[];
  /** Resolves when the last answer is in; may be called again. */
  readonly stop: () => Promise<readonly Sample[]>;
}

/** Sends on schedule whatever the answers do, as users do; a slow answer does not lower the rate. */
export function startLoad(options: LoadOptions): Load {
  const { perSecond, freshConnections = false, timeoutMs = 15_000 } = options;
  const agent = new Agent({
    connections: freshConnections ? null : 64,
    pipelining: freshConnections ? 0 : 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const samples: Sample[] = [];
  const open = new Set<Promise<number>>();
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) * perSecond) / 1000);
    for (; sent < due; sent += 1) {
      const one = send(options, agent).then((sample) => samples.push(sample));
      open.add(one);
      void one.finally(() => open.delete(one));
    }
  }, 5);
  let closing: Promise<void> | undefined;
  const close = async () => {
    clearInterval(timer);
    await Promise.all(open);
    await agent.close();
  };
  return {
    samples,
    async stop() {
      closing ??= close();
      await closing;
      return samples;
    },
  };
}

/** One request, never rejected. */
export async function send(
  { url, host, path = '/', headers = {} }: LoadOptions,
  agent = new Agent(),
): Promise<Sample> {
  const atMs = Date.now();
  const began = performance.now();
  const result = (rest: Omit<Sample, 'atMs' | 'durationMs'>) => ({
    atMs,
    durationMs: performance.now() - began,
    ...rest,
  });
  try {
    const answer = await request(`${url}${path}`, { dispatcher: agent, headers: { ...headers, host } });
    await answer.body.dump();
    const header = (name: string) => String(answer.headers[name] ?? '');
    return result({
      status: answer.statusCode,
      pod: header('x-pod'),
      version: header('x-version'),
      cookie: header('set-cookie'),
    });
  } catch (error) {
    return result({ status: 0, pod: '', version: '', cookie: '', error: messageOf(error) });
  }
}

export interface Counts {
  readonly total: number;
  /** No answer, or a status from 500 on. */
  readonly failed: number;
  readonly byPod: ReadonlyMap<string, number>;
  readonly byVersion: ReadonlyMap<string, number>;
  readonly byStatus: ReadonlyMap<number, number>;
}

/** Of the samples sent from `fromMs` on and before `toMs`. */
export function count(samples: readonly Sample[], fromMs = 0, toMs = Infinity): Counts {
  const inside = samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  return {
    total: inside.length,
    failed: inside.filter(failed).length,
    byPod: tally(inside.map(({ pod }) => pod)),
    byVersion: tally(inside.map(({ version }) => version)),
    byStatus: tally(inside.map(({ status }) => status)),
  };
}

function failed({ status }: Sample): boolean {
  return status === 0 || status >= 500;
}

/**
 * How far a count is from a weight, in standard deviations of the binomial distribution: z = (k - np) / sqrt(np(1 - p)).
 * With |z| < 4 the share fits. Where the weight leaves no chance (0 or 100), any deviation is infinite.
 * @param weight per cent
 */
export function shareFits(weight: number, canaryCount: number, total: number): number {
  const share = weight / 100;
  const deviation = canaryCount - total * share;
  const spread = Math.sqrt(total * share * (1 - share));
  if (spread > 0) return deviation / spread;
  return deviation === 0 ? 0 : Math.sign(deviation) * Infinity;
}

function tally<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const Coded = z.object({ code: z.string() });

function messageOf(error: unknown): string {
  const coded = Coded.safeParse(error);
  if (coded.success) return coded.data.code;
  return error instanceof Error ? error.message : String(error);
}
