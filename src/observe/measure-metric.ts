// Measures one metric, or counts requests: asks as planned, and reads the reply. Whatever stands in the way is a measurement as well, with a
// reason of its own.
import type { MeasuredCanary } from '../measure/scope.ts';
import { excerpt } from '../model/excerpt.ts';
import type { SendResult } from '../model/http.ts';
import { isReply } from '../model/http.ts';
import type { Measurement } from '../model/measurement.ts';
import { unavailable } from '../model/measurement.ts';
import type { MetricQuestion, RequestsQuestion } from '../model/question.ts';
import type { Send } from './outgoing.ts';
import type { MetricPlan, PlanOptions } from './plan-metric.ts';
import { planOf } from './plan-metric.ts';
import { sendWithRetries } from './retry.ts';

export interface MeterOptions extends PlanOptions {
  readonly send: Send;
}

export type Meter = (
  canary: MeasuredCanary,
  question: MetricQuestion | RequestsQuestion,
  signal: AbortSignal,
) => Promise<Measurement>;

/** For everything that one measurement takes. */
const METRIC_DEADLINE_MS = 15_000;

const MESSAGE_BYTES = 256;
// A kept connection may have died since it was last used; once more on a new one tells that from an outage.
const RECONNECT_WAIT_MS = 250;

/** Never rejects. */
export function createMeter(options: MeterOptions): Meter {
  return async (canary, question, signal) => {
    const deadline = options.clock.timeout(METRIC_DEADLINE_MS);
    const either = AbortSignal.any([signal, deadline]);
    try {
      const plan = await abandonable(planOf(options, canary, question), either);
      return 'kind' in plan ? plan : await measure(options, plan, either);
    } catch (error) {
      if (!either.aborted) {
        return unavailable('InternalError', excerpt(String(error), MESSAGE_BYTES));
      }
      return unavailable('TimedOut', `no value within ${METRIC_DEADLINE_MS / 1000} s`);
    }
  };
}

async function measure(options: MeterOptions, plan: MetricPlan, signal: AbortSignal): Promise<Measurement> {
  const measurement = await ask(options, plan, signal);
  const silent = measurement.kind === 'noData' && measurement.reason === 'NoSeries';
  if (!silent || plan.allRequests === undefined) {
    return measurement;
  }
  const query = { ...plan.query, text: plan.allRequests };
  const all = await ask(options, { ...plan, query }, signal);
  return all.kind === 'value' && all.value > 0 ? { kind: 'value', value: 0 } : measurement;
}

async function ask(
  { send, clock }: MeterOptions,
  { provider, query, credentials }: MetricPlan,
  signal: AbortSignal,
): Promise<Measurement> {
  const requested = provider.request(query, credentials);
  if (!requested.ok) {
    return unavailable(requested.reason, requested.message);
  }
  const policy = {
    retries: 1,
    waitMs: (_attempt: number, result: SendResult) =>
      !isReply(result) && result.failure === 'connection' ? RECONNECT_WAIT_MS : undefined,
  };
  const { result } = await sendWithRetries(requested.request, policy, { send, clock, signal });
  signal.throwIfAborted();
  if (isReply(result)) {
    return provider.read(result);
  }
  if (result.failure === 'invalid') {
    return unavailable('InvalidAddress', result.message);
  }
  return unavailable(result.failure === 'timeout' ? 'TimedOut' : 'ConnectionFailed', result.message);
}

/** Stops waiting when the signal says so, whatever becomes of the work. */
async function abandonable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  let abandon: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abandon = () => {
      reject(new Error('abandoned'));
    };
    signal.addEventListener('abort', abandon, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (abandon !== undefined) {
      signal.removeEventListener('abort', abandon);
    }
  }
}
