// Time that passes only when a test says so.
import type { Clock } from '../../src/watch/clock.ts';

export interface VirtualClock extends Clock {
  /** Timers that are set and have not run. */
  readonly timers: () => number;
  /** Lets time pass; runs what falls due in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
}

/** Lets everything that waits for nothing but promises run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export function virtualClock(startMs = 0): VirtualClock {
  let nowMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const earliest = () => [...timers].sort((a, b) => a.atMs - b.atMs)[0];
  return {
    nowMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    timers: () => timers.size,
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let next = earliest(); next !== undefined && next.atMs <= untilMs; next = earliest()) {
        nowMs = Math.max(nowMs, next.atMs);
        timers.delete(next);
        next.run();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}
