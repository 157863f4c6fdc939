// Takes one notice to everybody who is told of it: a Kubernetes event, and the event webhooks. A receiver that does not
// answer is tried again for a while, then given up and logged: news that nobody takes must not stand in status for ever.
import { webhookRetries, webhookTimeoutMs, webhooksOf } from '../api/defaults.ts';
import type { PostedNotice } from '../api/status.ts';
import { renderEvent, writeEvent } from '../act/write-event.ts';
import { ApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { checksumOf } from '../model/checksum.ts';
import { eventQuestion } from '../notify/event-webhook.ts';
import type { EventReceiver } from '../notify/event-webhook.ts';
import type { Answerer } from '../observe/answer.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import type { Clock } from '../observe/clock.ts';
import type { OutboxOptions } from '../observe/outbox.ts';
import type { Logger } from '../telemetry/log.ts';

export interface DeliveryParts {
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly answerer: Pick<Answerer, 'deliver'>;
  /** `-event-webhook`. */
  readonly eventWebhook: string | undefined;
  readonly clock: Clock;
}

const EVENT_TIMEOUT_MS = 10_000;
/** Between attempts to write an event. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 16_000];

export function createDelivery(parts: DeliveryParts): OutboxOptions['deliver'] {
  return async (view, notice) => {
    await Promise.all([
      recordEvent(parts, view, notice),
      ...receiversOf(parts, view).map((receiver) => callReceiver(parts, view, { notice, receiver })),
    ]);
  };
}

async function recordEvent(
  { cluster, log, clock }: DeliveryParts,
  view: CanaryView,
  notice: PostedNotice,
): Promise<void> {
  const { name, namespace, uid, resourceVersion } = view;
  const event = renderEvent({ name, namespace, uid, resourceVersion }, notice);
  for (const waitMs of [...WAITS_MS, undefined]) {
    try {
      await writeEvent(cluster, event);
      return;
    } catch (error) {
      const final = error instanceof ApiError && error.status >= 400 && error.status < 429;
      if (final || waitMs === undefined) {
        log.warn('an event could not be written', { canary: nameOf(view), reason: notice.reason, error });
        return;
      }
      await clock.wait(waitMs, new AbortController().signal);
    }
  }
}

async function callReceiver(
  { answerer, log }: DeliveryParts,
  view: CanaryView,
  { notice, receiver }: { readonly notice: PostedNotice; readonly receiver: EventReceiver },
): Promise<void> {
  const { name, namespace, uid, status } = view;
  const checksum = checksumOf(status.trackedConfigs, status.lastAppliedSpec);
  const question = eventQuestion(receiver, notice, {
    uid,
    payload: { name, namespace, phase: notice.phase, checksum },
  });
  try {
    const { outcome, message } = await answerer.deliver(question);
    if (outcome !== 'passed') {
      log.warn('an event webhook did not take the event', {
        canary: nameOf(view),
        hook: receiver.name,
        message,
      });
    }
  } catch (error) {
    log.error('an event webhook could not be called', { canary: nameOf(view), hook: receiver.name, error });
  }
}

function nameOf({ name, namespace }: CanaryView): string {
  return `${name}.${namespace}`;
}

/** The Canary's own event hooks, or else the one of the controller. */
function receiversOf({ eventWebhook }: DeliveryParts, { canary }: CanaryView): readonly EventReceiver[] {
  const own = canary === undefined ? [] : webhooksOf(canary.spec.analysis, 'event');
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
