// The clock of everything that waits. Tests hand in their own.
import { setTimeout as pause } from 'node:timers/promises';

export interface Clock {
  nowMs(): number;
  /** Rejects with the signal's reason when it is aborted. */
  wait(durationMs: number, signal: AbortSignal): Promise<void>;
  /** Aborted after this time. */
  timeout(durationMs: number): AbortSignal;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  wait: async (durationMs, signal) => {
    await pause(durationMs, undefined, { signal });
  },
  timeout: (durationMs) => AbortSignal.timeout(durationMs),
};
