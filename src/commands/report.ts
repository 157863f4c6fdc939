// What is told of each pass in logs and metrics, by the decision's own words. None of it holds up a pass, and none of it can
// fail one. What people are told goes through the outbox.
import type { Round } from '../api/status.ts';
import type { Decision } from '../model/decision.ts';
import { msFromIso } from '../model/time.ts';
import type { Observation } from '../model/observation.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import type { PassListener } from '../reconcile.ts';
import type { CanaryIdentity } from '../telemetry/canary-metrics.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface ReportParts {
  readonly log: Logger;
  readonly metrics: Metrics;
}

export function createReport({ log, metrics }: ReportParts): PassListener {
  return {
    decided(seen, decision) {
      if (decision.kind !== 'enact' || decision.actions.length > 0) {
        const what = decision.kind === 'enact' ? { actions: decision.actions.map(({ kind }) => kind) } : {};
        log.debug(`${decision.kind} ${decision.reason}`, {
          canary: nameOf(seen),
          reason: decision.reason,
          ...what,
        });
      }
    },
    intended(_view, seen, decision) {
      for (const { message, reason, type } of decision.notices) {
        log.info(message, { canary: nameOf(seen), reason, type });
      }
      measure(metrics, seen, decision);
    },
  };
}

type Intent = Extract<Decision, { kind: 'intend' }>;

function nameOf({ name, namespace }: Observation): string {
  return `${name}.${namespace}`;
}

export function identityOf({
  name,
  namespace,
  canary,
}: Pick<CanaryView, 'name' | 'namespace' | 'canary'>): CanaryIdentity {
  const target = canary?.spec.targetRef;
  return { canary: name, namespace, target: target?.name ?? name, kind: target?.kind ?? 'Deployment' };
}

function measure(metrics: Metrics, seen: Observation, { status, tally }: Intent): void {
  const of = identityOfSeen(seen);
  const last = status.rounds?.at(-1);
  if (last !== undefined && last.seq !== seen.status.rounds?.at(-1)?.seq) {
    measureRound(metrics, of, last);
    const dueMs = msFromIso(seen.status.run?.round?.dueAt ?? last.at);
    metrics.canaryDuration(of, Math.max(0, seen.nowMs - dueMs));
  }
  if (tally !== undefined) {
    const { result, strategy, analysis } = tally;
    metrics[result](of, { strategy, analysis });
  }
}

function identityOfSeen({ name, namespace, spec }: Observation): CanaryIdentity {
  const target = spec?.targetRef;
  return { canary: name, namespace, target: target?.name ?? name, kind: target?.kind ?? 'Deployment' };
}

/** Durations are exported in seconds, as they always were. */
function measureRound(metrics: Metrics, of: CanaryIdentity, { checks }: Round): void {
  for (const { name, value } of checks) {
    if (value !== undefined) {
      metrics.metricAnalysis(of, name, name === 'request-duration' ? value / 1000 : value);
    }
  }
}
