// Answers the questions of decisions: sends each one once, keeps the answers, and says when one is there. What an answer
// means is judge/'s and decide/'s; how it is sent, outgoing.ts's.
import type { MeasuredCanary } from '../measure/scope.ts';
import { excerpt } from '../model/excerpt.ts';
import { unavailable } from '../model/measurement.ts';
import type { Answer, Answers, HookAnswer, HookQuestion, Question, QuestionKey } from '../model/question.ts';
import type { HookCaller } from './call-hook.ts';
import { createHookCaller } from './call-hook.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { createLimiter } from './limiter.ts';
import type { MeterOptions } from './measure-metric.ts';
import { createMeter } from './measure-metric.ts';

export interface AnswererOptions extends Omit<MeterOptions, 'clock'> {
  /** How many metrics are measured and, apart from them, how many hooks are called at a time. */
  readonly concurrency: number;
  /** The Canary has a new answer: it belongs back on the queue. */
  readonly onAnswer: (canaryKey: string) => void;
  readonly clock?: Clock;
  /** Telemetry: every answer that was kept, once. */
  readonly answered?: (entry: AnsweredEntry) => void;
}

export interface AnsweredEntry {
  readonly canaryKey: string;
  readonly question: Question;
  readonly answer: Answer;
  readonly durationMs: number;
}

export interface Answerer {
  /**
   * Starts sending and returns at once. A key that is under way or answered is not sent again; questions that are handed
   * over together are sent together, so whoever wants an order asks one after the other.
   */
  ask(canaryKey: string, canary: MeasuredCanary, questions: readonly Question[]): void;
  /** All answers that are there; a question under way is missing. */
  answers(canaryKey: string): Answers;
  /** Whether any question is under way. */
  isAsking(canaryKey: string): boolean;
  /**
   * Cancels what is under way and drops what is answered, apart from keys that begin with `prefix` (`<run id>/<round>/`);
   * everything where it is undefined.
   */
  keep(canaryKey: string, prefix: string | undefined): void;
  /** Calls a webhook whose answer is no part of a decision, such as one for an event. Never rejects. */
  deliver(question: HookQuestion, signal?: AbortSignal): Promise<HookAnswer>;
  /** Cancels everything. */
  close(): void;
}

interface Asked {
  readonly controller: AbortController;
  answer?: Answer;
}

const MESSAGE_BYTES = 256;

export function createAnswerer(options: AnswererOptions): Answerer {
  const clock = options.clock ?? systemClock;
  const measure = createMeter({ ...options, clock });
  // Two pools: a hook may take as long as its author likes, and must not keep metrics waiting.
  const limitMetrics = createLimiter(options.concurrency);
  const callHook = createHookCaller({ send: options.send, clock, limit: createLimiter(options.concurrency) });
  const asked = new Map<string, Map<QuestionKey, Asked>>();
  const closing = new AbortController();

  const answer = async (canary: MeasuredCanary, question: Question, signal: AbortSignal): Promise<Answer> => {
    if (question.kind === 'hook') {
      return await callSafely(callHook, question, signal);
    }
    const measurement = await limitMetrics(async () =>
      signal.aborted ? unavailable('InternalError', 'cancelled') : await measure(canary, question, signal),
    );
    return { kind: 'metric', measurement };
  };

  const askOne = async (canaryKey: string, canary: MeasuredCanary, question: Question): Promise<void> => {
    const entry: Asked = { controller: new AbortController() };
    const entries = asked.get(canaryKey) ?? new Map<QuestionKey, Asked>();
    entries.set(question.key, entry);
    asked.set(canaryKey, entries);
    const startedMs = clock.nowMs();
    const signal = AbortSignal.any([entry.controller.signal, closing.signal]);
    const given = await answer(canary, question, signal);
    // A cancelled question has no answer; the same key may have been asked anew since.
    if (!signal.aborted) {
      entry.answer = given;
      options.answered?.({ canaryKey, question, answer: given, durationMs: clock.nowMs() - startedMs });
      options.onAnswer(canaryKey);
    }
  };

  return {
    ask: (canaryKey, canary, questions) => {
      for (const question of questions) {
        if (!closing.signal.aborted && asked.get(canaryKey)?.has(question.key) !== true) {
          void askOne(canaryKey, canary, question);
        }
      }
    },
    answers: (canaryKey) => {
      const entries = [...(asked.get(canaryKey) ?? [])];
      return Object.fromEntries(
        entries.flatMap(([key, entry]) => (entry.answer === undefined ? [] : [[key, entry.answer]])),
      );
    },
    isAsking: (canaryKey) =>
      [...(asked.get(canaryKey)?.values() ?? [])].some((entry) => entry.answer === undefined),
    keep: (canaryKey, prefix) => {
      const entries = asked.get(canaryKey) ?? new Map<QuestionKey, Asked>();
      for (const [key, entry] of entries) {
        if (prefix === undefined || !key.startsWith(prefix)) {
          entries.delete(key);
          entry.controller.abort();
        }
      }
      if (entries.size === 0) {
        asked.delete(canaryKey);
      }
    },
    deliver: async (question, signal) =>
      await callSafely(
        callHook,
        question,
        AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]),
      ),
    close: () => {
      asked.clear();
      closing.abort();
    },
  };
}

async function callSafely(
  callHook: HookCaller,
  question: HookQuestion,
  signal: AbortSignal,
): Promise<HookAnswer> {
  try {
    return await callHook(question, signal);
  } catch (error) {
    const message = excerpt(String(error), MESSAGE_BYTES);
    return { kind: 'hook', outcome: 'unreachable', reason: 'HookUnreachable', message };
  }
}
