// What is told of each pass: logs, Kubernetes events, event webhooks and metrics, all by the decision's own words. None of
// it holds up a pass, and none of it can fail one.
import { webhookRetries, webhookTimeoutMs, webhooksOf } from '../api/defaults.ts';
import type { Round } from '../api/status.ts';
import { writeEvent, renderEvent } from '../act/write-event.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Decision, Notice } from '../model/decision.ts';
import { checksumOf } from '../model/checksum.ts';
import { msFromIso } from '../model/time.ts';
import type { Observation } from '../model/observation.ts';
import { eventQuestion } from '../notify/event-webhook.ts';
import type { EventReceiver } from '../notify/event-webhook.ts';
import type { HookQuestion } from '../model/question.ts';
import type { Answerer } from '../observe/answer.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import type { PassListener } from '../reconcile.ts';
import type { CanaryIdentity } from '../telemetry/canary-metrics.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface ReportParts {
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly answerer: Pick<Answerer, 'deliver'>;
  /** `-event-webhook`. */
  readonly eventWebhook: string | undefined;
  readonly chance: () => string;
}

const EVENT_TIMEOUT_MS = 10_000;

export function createReport(parts: ReportParts): PassListener {
  const { log, metrics } = parts;
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
    intended(view, seen, decision) {
      for (const notice of decision.notices) {
        tell(parts, { view, seen, decision, notice });
      }
      measure(metrics, seen, decision);
    },
  };
}

type Intent = Extract<Decision, { kind: 'intend' }>;

interface Told {
  readonly view: CanaryView;
  readonly seen: Observation;
  readonly decision: Intent;
  readonly notice: Notice;
}

function nameOf({ name, namespace }: Observation): string {
  return `${name}.${namespace}`;
}

function tell(parts: ReportParts, { view, seen, decision, notice }: Told): void {
  const { cluster, log, chance } = parts;
  log.info(notice.message, { canary: nameOf(seen), reason: notice.reason, type: notice.type });
  const { name, namespace, uid, resourceVersion } = view;
  const event = renderEvent({ name, namespace, uid, resourceVersion }, notice, {
    nowMs: seen.nowMs,
    suffix: chance(),
  });
  writeEvent(cluster, event).catch((error: unknown) => {
    log.warn('an event could not be written', { canary: nameOf(seen), reason: notice.reason, error });
  });
  for (const receiver of receiversOf(parts, seen)) {
    const { phase = '', lastAppliedSpec, trackedConfigs } = decision.status;
    const question = eventQuestion(
      receiver,
      { type: notice.type, message: notice.message, atMs: seen.nowMs },
      { name, namespace, phase, checksum: checksumOf(trackedConfigs, lastAppliedSpec) },
    );
    deliver(parts, seen, receiver, question).catch((error: unknown) => {
      log.error('an event webhook could not be called', { canary: nameOf(seen), hook: receiver.name, error });
    });
  }
}

async function deliver(
  { answerer, log }: ReportParts,
  seen: Observation,
  receiver: EventReceiver,
  question: HookQuestion,
): Promise<void> {
  const { outcome, message } = await answerer.deliver(question);
  if (outcome !== 'passed') {
    log.warn('an event webhook did not take the event', {
      canary: nameOf(seen),
      hook: receiver.name,
      message,
    });
  }
}

/** The Canary's own event hooks, or else the one of the controller. */
function receiversOf({ eventWebhook }: ReportParts, { spec }: Observation): readonly EventReceiver[] {
  const own = spec === undefined ? [] : webhooksOf(spec.analysis, 'event');
  if (own.length > 0) {
    return own.map((hook) => ({
      name: hook.name,
      url: hook.url,
      timeoutMs: webhookTimeoutMs(hook),
      retries: webhookRetries(hook),
      disableTls: hook.disableTLS ?? false,
      metadata: hook.metadata ?? {},
    }));
  }
  return eventWebhook === undefined
    ? []
    : [
        {
          name: 'event-webhook',
          url: eventWebhook,
          timeoutMs: EVENT_TIMEOUT_MS,
          retries: 0,
          disableTls: false,
          metadata: {},
        },
      ];
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
