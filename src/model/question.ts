// What a decision may ask of the outside world, and what came back. A question is named by run, round and id before it is
// sent; the same key is never counted twice.
import type { Metric } from '../api/analysis.ts';
import type { HookReason, Measurement } from './measurement.ts';

/** `<run id>/<round>/<id>`. */
export type QuestionKey = string;

/** A webhook to call, resolved from the spec; `payload` is the JSON body without hook metadata. */
export interface HookQuestion {
  readonly kind: 'hook';
  readonly key: QuestionKey;
  readonly name: string;
  readonly type: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly disableTls: boolean;
  /** Names the call to its receiver: one that comes twice, after a crash, is the same in all three. */
  readonly call?: { readonly run: string; readonly sequence: number; readonly hook: string };
  readonly payload: {
    readonly name: string;
    readonly namespace: string;
    readonly phase: string;
    readonly checksum: string;
    readonly metadata?: Readonly<Record<string, string>>;
  };
}

/** A metric to measure: built-in, inline query or template; observe/ finds the template and the address. */
export interface MetricQuestion {
  readonly kind: 'metric';
  readonly key: QuestionKey;
  readonly metric: Metric;
  /** Whose requests are measured; the canary's where nothing is said. */
  readonly subject?: 'primary';
}

/** How many requests the proxy that splits them has sent to one side, in the time that ends now. */
export interface RequestsQuestion {
  readonly kind: 'requests';
  readonly key: QuestionKey;
  readonly subject: 'canary' | 'primary';
  readonly windowMs: number;
}

export type Question = HookQuestion | MetricQuestion | RequestsQuestion;

/** `passed` is any 2xx; `denied` an answer that was none; `unreachable` no answer after all retries. */
export interface HookAnswer {
  readonly kind: 'hook';
  readonly outcome: 'passed' | 'denied' | 'unreachable';
  readonly reason: HookReason;
  readonly message: string;
}

/** To a metric or a count of requests. */
interface MetricAnswer {
  readonly kind: 'metric';
  readonly measurement: Measurement;
}

export type Answer = HookAnswer | MetricAnswer;
export type Answers = Readonly<Record<QuestionKey, Answer>>;
