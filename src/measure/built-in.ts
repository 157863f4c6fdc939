// The built-in metrics: the share of requests that did not fail, in percent, and how long the slowest hundredth of them
// took, in milliseconds. Which series say so is in query-sets.ts.
import type { BuiltinMetric } from '../api/defaults.ts';
import type { QueryScope, Rendered } from './go-template.ts';
import type { Histogram, Mean } from './query-sets.ts';
import { querySetOf } from './query-sets.ts';

const RANGE = /^(\d+(ms|s|m|h|d|w|y))+$/;

export interface BuiltinQueries {
  readonly ok: true;
  readonly text: string;
  /**
   * The rate of all requests. Where `text` has no series although this is above 0, no request was a good one: PromQL
   * divides nothing by something to nothing, not to 0.
   */
  readonly allRequests?: string;
}

/** undefined: nothing that this provider exports says so. */
export function builtinQuery(
  metric: BuiltinMetric,
  provider: string,
  scope: QueryScope,
): BuiltinQueries | Extract<Rendered, { ok: false }> | undefined {
  const set = querySetOf(provider)?.(scope);
  if (set === undefined) {
    return undefined;
  }
  if (!RANGE.test(scope.interval)) {
    return noRange(scope);
  }
  const rateOf = (series: string, matchers: readonly string[]): string =>
    `rate(${series}{${matchers.join(',')}}[${scope.interval}])`;
  if (metric === 'request-success-rate') {
    const all = `sum(${rateOf(set.counter, set.matchers)})`;
    const good = `sum(${rateOf(set.counter, [...set.matchers, set.good])})`;
    return { ok: true, text: `${good} / ${all} * 100`, allRequests: all };
  }
  const { duration } = set;
  return duration === undefined ? undefined : { ok: true, text: durationText(duration, rateOf) };
}

/** How many requests the subject of the scope got in its interval, as the proxy counts them; undefined: nothing counts them. */
export function requestsQuery(provider: string, scope: QueryScope): Rendered | undefined {
  const set = querySetOf(provider)?.(scope);
  if (set === undefined) {
    return undefined;
  }
  return RANGE.test(scope.interval)
    ? { ok: true, text: `sum(increase(${set.counter}{${set.matchers.join(',')}}[${scope.interval}]))` }
    : noRange(scope);
}

function noRange({ interval }: QueryScope): Extract<Rendered, { ok: false }> {
  const message = `the interval ${JSON.stringify(interval)} is no duration that Prometheus knows, such as 1m30s`;
  return { ok: false, message };
}

function durationText(
  { kind, series, matchers, toMs }: Histogram | Mean,
  rateOf: (series: string, matchers: readonly string[]) => string,
): string {
  const inUnit =
    kind === 'p99'
      ? `histogram_quantile(0.99, sum(${rateOf(`${series}_bucket`, matchers)}) by (le))`
      : `sum(${rateOf(`${series}_sum`, matchers)}) / sum(${rateOf(`${series}_count`, matchers)})`;
  return toMs === 1 ? inUnit : `${inUnit} * ${toMs}`;
}
