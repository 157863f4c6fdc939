// Sends again where that can help. When and for how long is the adapter's to say; waiting and giving up are here.
import pRetry from 'p-retry';
import type { HttpRequest, SendResult } from '../model/http.ts';
import type { Clock } from './clock.ts';
import type { Send } from './outgoing.ts';

export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number;
  /** Milliseconds before the next attempt; undefined: the result is final. `attempt` counts from 0. */
  readonly waitMs: (attempt: number, result: SendResult) => number | undefined;
}

export interface Sent {
  readonly result: SendResult;
  /** All attempts, the first one included. */
  readonly attempts: number;
}

export interface RetryContext {
  readonly send: Send;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

class Unfinished extends Error {
  readonly result: SendResult;

  constructor(result: SendResult) {
    super('the attempt was not final');
    this.result = result;
  }
}

/** Never rejects: when the signal is aborted while waiting, the last result stands. */
export async function sendWithRetries(
  request: HttpRequest,
  policy: RetryPolicy,
  { send, clock, signal }: RetryContext,
): Promise<Sent> {
  let attempts = 0;
  let last: SendResult = { failure: 'cancelled', message: 'cancelled before it was sent' };
  try {
    await pRetry(
      async () => {
        attempts += 1;
        last = await send(request, signal);
        if (policy.waitMs(attempts - 1, last) !== undefined) {
          throw new Unfinished(last);
        }
      },
      {
        retries: policy.retries,
        // The wait is ours: it depends on the reply and goes by the clock that was handed in.
        minTimeout: 0,
        signal,
        shouldRetry: async ({ error, attemptNumber }) => {
          const waitMs =
            error instanceof Unfinished ? policy.waitMs(attemptNumber - 1, error.result) : undefined;
          if (waitMs === undefined) {
            return false;
          }
          await clock.wait(waitMs, signal);
          return true;
        },
      },
    );
  } catch (error) {
    if (!(error instanceof Unfinished) && !signal.aborted) {
      throw error;
    }
  }
  return { result: last, attempts };
}
