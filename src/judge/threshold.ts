// From one measurement, or one hook's answer, to a verdict. Pure arithmetic over the spec: what a round makes of its
// verdicts is round.ts, and what a run makes of its rounds is decide/. Imports api/ and model/ only.
import type { Metric } from '../api/analysis.ts';
import { metricBounds } from '../api/defaults.ts';
import type { LimitReason, Measurement, Verdict } from '../model/measurement.ts';
import type { HookAnswer } from '../model/question.ts';
import { sourceOf } from './source.ts';

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

interface Scale {
  readonly unit: string;
  /** What is compared: the value, and the limits, after this. */
  readonly of: (value: number) => number;
}

// Nine good requests of ten are 89.99999999999999 % in binary fractions: such noise must not break "equality passes".
const SIGNIFICANT_DIGITS = 12;
const quiet = (value: number): number => Number(value.toPrecision(SIGNIFICANT_DIGITS));

const plain: Scale = { unit: '', of: quiet };
const percent: Scale = { unit: ' %', of: quiet };
// Whole milliseconds on both sides, as it has always been: `max: 0.5` means 0 ms.
const milliseconds: Scale = { unit: ' ms', of: (value) => Math.trunc(quiet(value)) };

/**
 * The verdict on one metric. Limits are inclusive; without `thresholdRange` the deprecated `threshold` is a minimum for
 * `request-success-rate` and a maximum for everything else, and counts as 0 where it is absent too.
 */
export function judgeMetric(metric: Metric, measurement: Measurement): Verdict {
  const scale = scaleOf(metric);
  const bounds = boundsOf(metric, scale);
  const threshold = describeBounds(bounds);
  const known = { name: metric.name, ...(threshold === undefined ? {} : { threshold }) };
  return withPolicy(metric, { ...known, ...measured(measurement, bounds, scale) });
}

/** The verdict on a hook of a round. No answer says nothing about the canary, so it is no failure of the canary's. */
export function judgeHook(name: string, answer: HookAnswer): Verdict {
  const outcome = { passed: 'pass', denied: 'fail', unreachable: 'unavailable' } as const;
  return {
    name,
    outcome: outcome[answer.outcome],
    reason: answer.reason,
    ...(answer.message === '' ? {} : { message: answer.message }),
  };
}

function measured(measurement: Measurement, bounds: Bounds, scale: Scale): Omit<Verdict, 'name'> {
  if (measurement.kind !== 'value') {
    const { kind, reason, message } = measurement;
    return { outcome: kind, reason, message };
  }
  const value = scale.of(measurement.value);
  const reason = standing(value, bounds);
  const shown = Number(readable(value, [bounds.min, bounds.max]));
  if (reason === 'WithinLimits') {
    return { outcome: 'pass', reason, value: shown };
  }
  const side = reason === 'BelowMinimum' ? `below min ${bounds.min}` : `above max ${bounds.max}`;
  return { outcome: 'fail', reason, value: shown, message: `${shown}${scale.unit} is ${side}${scale.unit}` };
}

// A value that cannot be compared is below every minimum: it must never pass because comparisons with it are false.
function standing(value: number, { min, max }: Bounds): LimitReason {
  if (min !== undefined && !(value >= min)) {
    return 'BelowMinimum';
  }
  return max !== undefined && !(value <= max) ? 'AboveMaximum' : 'WithinLimits';
}

/** The metric's own policy: what silence means, and whether the verdict counts. */
function withPolicy(metric: Metric, verdict: Verdict): Verdict {
  const onNoData = metric.onNoData ?? 'hold';
  const settled =
    verdict.outcome === 'noData' && onNoData !== 'hold' ? { ...verdict, outcome: onNoData } : verdict;
  if (metric.dryRun !== true || settled.outcome === 'pass') {
    return settled;
  }
  const said = settled.message === undefined ? '' : `: ${settled.message}`;
  return { ...settled, outcome: 'pass', message: `dry run, would be ${settled.outcome}${said}` };
}

function scaleOf(metric: Metric): Scale {
  if (sourceOf(metric) !== 'builtin') {
    return plain;
  }
  return metric.name === 'request-duration' ? milliseconds : percent;
}

function boundsOf(metric: Metric, scale: Scale): Bounds {
  const { min, max } = metricBounds(metric);
  return {
    ...(min === undefined ? {} : { min: scale.of(min) }),
    ...(max === undefined ? {} : { max: scale.of(max) }),
  };
}

function describeBounds({ min, max }: Bounds): string | undefined {
  const parts = [...(min === undefined ? [] : [`min ${min}`]), ...(max === undefined ? [] : [`max ${max}`])];
  return parts.length === 0 ? undefined : parts.join(', ');
}

const DIGITS = [4, 6, 9];

/** As few digits as keep the value on its side of both limits, so that nobody reads "99 is below 99". */
function readable(value: number, limits: readonly (number | undefined)[]): string {
  const sides = (candidate: number): string =>
    limits.map((limit) => (limit === undefined ? 0 : Math.sign(candidate - limit))).join();
  const texts = DIGITS.map((digits) => value.toPrecision(digits));
  return texts.find((text) => sides(Number(text)) === sides(value)) ?? String(value);
}
