// Requests at a bounded rate, and what became of each.
// Not here: how one is sent (senders.ts); which pods are the canary's; a story knows its own names.
// May import senders.ts.
import { type Sample, type SendOptions, senderOf } from './senders.ts';

export interface LoadOptions extends SendOptions {
  readonly perSecond: number;
}

export interface Load {
  /** All so far, in the order of their answers. */
  readonly samples: readonly Sample[];
  /** Resolves when the last answer is in; may be called again. */
  readonly stop: () => Promise<readonly Sample[]>;
}

/** Sends on schedule whatever the answers do, as users do; a slow answer does not lower the rate. */
export function startLoad({ perSecond, ...options }: LoadOptions): Load {
  const sender = senderOf(options);
  const samples: Sample[] = [];
  const open = new Set<Promise<number>>();
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) * perSecond) / 1000);
    for (; sent < due; sent += 1) {
      const one = sender.send().then((sample) => samples.push(sample));
      open.add(one);
      void one.finally(() => open.delete(one));
    }
  }, 5);
  let closing: Promise<void> | undefined;
  const close = async () => {
    clearInterval(timer);
    await Promise.all(open);
    await sender.close();
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

/** One alone. */
export async function send(options: SendOptions): Promise<Sample> {
  const sender = senderOf(options);
  const sample = await sender.send();
  await sender.close();
  return sample;
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
