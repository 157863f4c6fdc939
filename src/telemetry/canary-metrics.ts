// The metrics that belong to one Canary each: Flagger's names and labels, told apart by the labels `canary` and `kind`, and
// gone with the Canary.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** `target` is the name of the target: Flagger's label `name` means that, not the Canary's. */
export interface CanaryIdentity {
  readonly canary: string;
  readonly namespace: string;
  readonly target: string;
  readonly kind: string;
}

interface RunResult {
  readonly strategy: string;
  readonly analysis: 'completed' | 'skipped';
}

export interface CanaryMetrics {
  /** How many Canaries there are, by namespace; a namespace that is left out has none. */
  canaryTotals(totals: ReadonlyMap<string, number>): void;
  /** The phase, and when it began, where that is known. */
  canaryStatus(of: CanaryIdentity, phase: string, sinceMs?: number): void;
  /** Percents; they add up to 100. */
  canaryWeight(of: CanaryIdentity, split: { readonly primary: number; readonly canary: number }): void;
  /** The value of one metric as it was measured last; durations in seconds. */
  metricAnalysis(of: CanaryIdentity, metric: string, value: number): void;
  /** The time of one round. */
  canaryDuration(of: CanaryIdentity, durationMs: number): void;
  success(of: CanaryIdentity, result: RunResult): void;
  failure(of: CanaryIdentity, result: RunResult): void;
  /** Takes out every series of a Canary that is gone. */
  forget(of: Pick<CanaryIdentity, 'canary' | 'namespace'>): void;
}

const NAMES = ['name', 'namespace', 'canary', 'kind'] as const;
const RESULTS = ['deployment_strategy', 'analysis_status'] as const;

interface Removable {
  remove(labels: Record<string, string>): void;
}

/** Remembers which series a Canary has: prom-client can only remove by all labels. */
function createOwners() {
  const owned = new Map<string, { target: string; series: Map<string, () => void> }>();
  const forget = (key: string): void => {
    for (const remove of owned.get(key)?.series.values() ?? []) {
      remove();
    }
    owned.delete(key);
  };
  return {
    forget: ({ canary, namespace }: Pick<CanaryIdentity, 'canary' | 'namespace'>): void => {
      forget(`${namespace}/${canary}`);
    },
    /** @returns the same labels, after noting whose they are */
    own<L extends Record<string, string>>(of: CanaryIdentity, metric: Removable & object, labels: L): L {
      const key = `${of.namespace}/${of.canary}`;
      const target = `${of.kind}/${of.target}`;
      if (owned.get(key)?.target !== target) {
        // Another target is another thing: its predecessor's series would never change again.
        forget(key);
        owned.set(key, { target, series: new Map() });
      }
      const name = 'name' in metric ? String(metric.name) : '';
      owned.get(key)?.series.set(name + JSON.stringify(labels), () => {
        metric.remove(labels);
      });
      return labels;
    },
  };
}

/** 0 while a run goes on, 2 after a rollback, 1 otherwise. */
function statusValue(phase: string): number {
  return phase === 'Progressing' ? 0 : phase === 'Failed' ? 2 : 1;
}

function createSeries(registers: Registry[]) {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge<L>({ name, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name, help, labelNames, registers });
  return {
    totals: gauge('flagger_canary_total', 'Number of Canaries', ['namespace']),
    status: gauge('flagger_canary_status', 'Phase of a Canary: 0 progressing, 2 failed, 1 any other', NAMES),
    since: gauge('serin_canary_phase_start_timestamp_seconds', 'When a Canary came into its phase', [
      'canary',
      'namespace',
      'phase',
    ]),
    weight: gauge('flagger_canary_weight', 'Percent of the requests that a workload is sent', [
      'workload',
      'namespace',
      'canary',
      'kind',
    ]),
    analysis: gauge('flagger_canary_metric_analysis', 'Last value of a metric', [...NAMES, 'metric']),
    duration: new Histogram({
      name: 'flagger_canary_duration_seconds',
      help: 'Time of one round of analysis',
      labelNames: NAMES,
      registers,
    }),
    successes: counter('flagger_canary_successes_total', 'Finished promotions', [...NAMES, ...RESULTS]),
    failures: counter('flagger_canary_failures_total', 'Rollbacks and failed promotions', [
      ...NAMES,
      ...RESULTS,
    ]),
  };
}

function named({ canary, namespace, target: name, kind }: CanaryIdentity) {
  return { name, namespace, canary, kind };
}

function result(of: CanaryIdentity, { strategy, analysis }: RunResult) {
  return { ...named(of), deployment_strategy: strategy, analysis_status: analysis };
}

export function createCanaryMetrics(registers: Registry[]): CanaryMetrics {
  const series = createSeries(registers);
  const owners = createOwners();
  const phases = new Map<string, string>();

  return {
    canaryTotals(totals) {
      series.totals.reset();
      for (const [namespace, count] of totals) {
        series.totals.set({ namespace }, count);
      }
    },
    canaryStatus(of, phase, sinceMs) {
      const { canary, namespace } = of;
      series.status.set(owners.own(of, series.status, named(of)), statusValue(phase));
      const key = `${namespace}/${canary}`;
      const before = phases.get(key);
      if (before !== undefined && before !== phase) {
        series.since.remove({ canary, namespace, phase: before });
      }
      phases.set(key, phase);
      if (sinceMs !== undefined) {
        series.since.set(owners.own(of, series.since, { canary, namespace, phase }), sinceMs / 1000);
      }
    },
    canaryWeight(of, split) {
      const { canary, namespace, target, kind } = of;
      for (const [workload, percent] of [
        [`${target}-primary`, split.primary],
        [target, split.canary],
      ] as const) {
        series.weight.set(owners.own(of, series.weight, { workload, namespace, canary, kind }), percent);
      }
    },
    metricAnalysis(of, metric, value) {
      series.analysis.set(owners.own(of, series.analysis, { ...named(of), metric }), value);
    },
    canaryDuration(of, durationMs) {
      series.duration.observe(owners.own(of, series.duration, named(of)), durationMs / 1000);
    },
    success(of, run) {
      series.successes.inc(owners.own(of, series.successes, result(of, run)));
    },
    failure(of, run) {
      series.failures.inc(owners.own(of, series.failures, result(of, run)));
    },
    forget(of) {
      owners.forget(of);
      phases.delete(`${of.namespace}/${of.canary}`);
    },
  };
}
