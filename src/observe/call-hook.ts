// Calls one webhook to its end: all attempts, and what they come to.
import type { HookAnswer, HookQuestion } from '../model/question.ts';
import { hookRequest, readHookResult, retryWaitMs } from '../notify/hook.ts';
import type { Clock } from './clock.ts';
import type { Limiter } from './limiter.ts';
import type { Send } from './outgoing.ts';
import { sendWithRetries } from './retry.ts';

export interface HookCallerOptions {
  readonly send: Send;
  readonly clock: Clock;
  /** A place is taken for an attempt, not for the waits between them. */
  readonly limit: Limiter;
}

export type HookCaller = (question: HookQuestion, signal: AbortSignal) => Promise<HookAnswer>;

/** Also for events, whose answers nobody waits for. Never rejects. */
export function createHookCaller({ send, clock, limit }: HookCallerOptions): HookCaller {
  return async (question, signal) => {
    const { result, attempts } = await sendWithRetries(
      hookRequest(question),
      {
        retries: question.retries,
        waitMs: (attempt, last) => retryWaitMs(attempt, last, clock.nowMs()),
      },
      { send: async (request, aborted) => await limit(() => send(request, aborted)), clock, signal },
    );
    return readHookResult(question, result, attempts);
  };
}
