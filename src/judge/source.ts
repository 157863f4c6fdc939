// Where the number of a metric comes from, and which checks one entry of `analysis.metrics` stands for.
import type { Metric } from '../api/analysis.ts';
import { isBuiltin } from '../api/defaults.ts';

export type MetricSource = 'builtin' | 'query' | 'template' | 'unknown';

/** What answers this check: the most specific thing it names. Entries that name several are parted by `checksOf` first. */
export function sourceOf(metric: Metric): MetricSource {
  if (hasText(metric.query)) {
    return 'query';
  }
  if (metric.templateRef !== undefined) {
    return 'template';
  }
  return isBuiltin(metric.name) ? 'builtin' : 'unknown';
}

/**
 * The checks of a round in the order of evaluation: built-in and inline queries in list order, then templates. An entry
 * that names several sources is several checks, as existing manifests rely on; each result has exactly one source.
 */
export function checksOf(metrics: readonly Metric[]): readonly Metric[] {
  const direct = metrics.flatMap((metric) => directChecks(metric));
  const templated = metrics.flatMap(({ query: _query, ...metric }) =>
    metric.templateRef === undefined ? [] : [metric],
  );
  return [...direct, ...templated];
}

function directChecks(entry: Metric): readonly Metric[] {
  const { templateRef, query, ...metric } = entry;
  const builtin = isBuiltin(metric.name) ? [metric] : [];
  const inline = hasText(query) ? [{ ...metric, query }] : [];
  // Nothing at all to measure is a check as well: one that says so.
  const nothing = builtin.length + inline.length === 0 && templateRef === undefined ? [metric] : [];
  return [...builtin, ...inline, ...nothing];
}

function hasText(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
