// What the controller counts without a pass: phases and weights from the watched Canaries, and answers to questions.
import type { AnsweredEntry } from '../observe/answer.ts';
import type { Caches } from '../observe/caches.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import { msFromIso } from '../model/time.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { identityOf } from './report.ts';

interface Measuring {
  readonly caches: Caches;
  readonly metrics: Metrics;
  /** The others are as good as not there. */
  readonly isOurs: (view: CanaryView) => boolean;
  /** Told the key of one that is gone. */
  readonly forget: (key: string) => void;
}

/** Keeps the series of every Canary of ours. */
export function measureCanaries({ caches, metrics, isOurs, forget }: Measuring): void {
  const totals = new Map<string, number>();
  const count = (namespace: string, by: number): void => {
    totals.set(namespace, (totals.get(namespace) ?? 0) + by);
    metrics.canaryTotals(totals);
  };
  const ours = (view: CanaryView | undefined): CanaryView | undefined =>
    view !== undefined && isOurs(view) ? view : undefined;
  caches.canaries.onChange((key, was, is) => {
    const before = ours(was);
    const after = ours(is);
    if (after !== undefined) {
      if (before === undefined) {
        count(after.namespace, 1);
      }
      measureCanary(metrics, after);
    } else if (before !== undefined) {
      count(before.namespace, -1);
      forget(key);
      metrics.forget({ canary: before.name, namespace: before.namespace });
    }
  });
}

function measureCanary(metrics: Metrics, view: CanaryView): void {
  const of = identityOf(view);
  const { phase = '', run, canaryWeight = 0, conditions } = view.status;
  // The reason of this condition is the phase: when it changed is when the phase did.
  const since = conditions?.find(({ type }) => type === 'Promoted')?.lastUpdateTime;
  metrics.canaryStatus(of, phase, since === undefined ? undefined : msFromIso(since));
  metrics.canaryWeight(of, run?.split ?? { primary: 100 - canaryWeight, canary: canaryWeight });
}

export function countAnswer(metrics: Metrics, { question, answer, durationMs }: AnsweredEntry): void {
  if (question.kind === 'hook' && answer.kind === 'hook') {
    const outcome = ({ passed: 'ok', denied: 'refused', unreachable: 'unreachable' } as const)[
      answer.outcome
    ];
    metrics.webhook({ type: question.type, outcome, durationMs });
  } else if (question.kind !== 'hook' && answer.kind === 'metric') {
    const { kind } = answer.measurement;
    const outcome = kind === 'value' ? 'ok' : kind === 'unavailable' ? 'unreachable' : 'noData';
    metrics.provider({ provider: 'prometheus', outcome, durationMs });
  }
}
