// Reads samples in Prometheus' text format, each line with the time of its scrape, into the series that they make.
// Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text-based format). Of it only what samples/ uses.
import type { Labels, Point, Series } from '../../src/sandbox/promql.ts';
import { keyOf } from '../../src/sandbox/promql.ts';

const LINE = /^([a-zA-Z_:][\w:]*)\{(.*)\} (\S+) (\d+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** Metrics by name. Throws for a line that is none. */
export function readExposition(text: string): ReadonlyMap<string, readonly Series[]> {
  const metrics = new Map<string, Map<string, { labels: Labels; points: Point[] }>>();
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const [, metric = '', written = '', value = '', atMs = ''] = LINE.exec(line) ?? [];
    const labels = labelsIn(written);
    if (metric === '' || labels === undefined || !Number.isFinite(Number(value))) {
      throw new Error(`no sample: ${line}`);
    }
    const series = metrics.get(metric) ?? new Map<string, { labels: Labels; points: Point[] }>();
    const one = series.get(keyOf(labels)) ?? { labels, points: [] };
    one.points.push({ atMs: Number(atMs), value: Number(value) });
    metrics.set(metric, series.set(keyOf(labels), one));
  }
  return new Map([...metrics].map(([metric, series]) => [metric, [...series.values()]]));
}

function labelsIn(written: string): Labels | undefined {
  const found = [...written.matchAll(LABEL)];
  const read = found.reduce((sum, [all]) => sum + all.length, 0);
  return read === written.length
    ? Object.fromEntries(found.map(([, name = '', value = '']) => [name, value]))
    : undefined;
}
