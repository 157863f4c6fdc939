// Counters and histograms, and what they were over the last minutes: what a scraped target and Prometheus' storage are
// together. Knows nothing of queries' text or of HTTP. No clock: every moment is handed in.
import { keyOf } from './promql.ts';
import type { Labels, Point, Series } from './promql.ts';

interface Counter {
  readonly labels: Labels;
  value: number;
  changedAtMs: number;
  points: Point[];
}

export class Samples {
  private readonly metrics = new Map<string, Map<string, Counter>>();
  private readonly keepMs: number;
  private scrapedAtMs: number;

  /** Points older than `keepMs` are forgotten, and so is a counter that has not moved for as long. */
  constructor(nowMs: number, keepMs = 600_000) {
    this.scrapedAtMs = nowMs;
    this.keepMs = keepMs;
  }

  add(metric: string, labels: Labels, by = 1): void {
    const counters = this.metrics.get(metric) ?? new Map<string, Counter>();
    this.metrics.set(metric, counters);
    const key = keyOf(labels);
    const counter = counters.get(key);
    if (counter === undefined) {
      // A zero at the last scrape: else the first requests of a pod, all before its first point, would never count.
      const points = [{ atMs: this.scrapedAtMs, value: 0 }];
      counters.set(key, { labels, value: by, changedAtMs: this.scrapedAtMs, points });
    } else {
      counter.value += by;
    }
  }

  /** Adds to `‹name›_bucket`, `‹name›_sum` and `‹name›_count`; `bounds` leave out the +Inf bucket, which is always there. */
  observe(name: string, labels: Labels, value: number, bounds: readonly number[]): void {
    for (const bound of bounds) {
      this.add(`${name}_bucket`, { ...labels, le: String(bound) }, value <= bound ? 1 : 0);
    }
    this.add(`${name}_bucket`, { ...labels, le: '+Inf' });
    this.add(`${name}_sum`, labels, value);
    this.add(`${name}_count`, labels);
  }

  /** Takes down what every counter is now. */
  scrape(nowMs: number): void {
    this.scrapedAtMs = nowMs;
    for (const counters of this.metrics.values()) {
      for (const [key, counter] of counters) {
        if (counter.points.at(-1)?.value !== counter.value) {
          counter.changedAtMs = nowMs;
        }
        if (nowMs - counter.changedAtMs > this.keepMs) {
          counters.delete(key);
          continue;
        }
        counter.points.push({ atMs: nowMs, value: counter.value });
        const firstKept = counter.points.findIndex(({ atMs }) => nowMs - atMs <= this.keepMs);
        counter.points.splice(0, Math.max(0, firstKept));
      }
    }
  }

  seriesOf(metric: string): Iterable<Series> {
    return this.metrics.get(metric)?.values() ?? [];
  }
}
