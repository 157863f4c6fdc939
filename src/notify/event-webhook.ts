// Events of a Canary, sent to webhooks of type `event` or to the controller-wide event webhook.
import { isoFromMs } from '../model/time.ts';
import type { HookQuestion } from '../model/question.ts';

export interface CanaryEvent {
  readonly type: 'Normal' | 'Warning';
  readonly message: string;
  readonly atMs: number;
}

/** Where events go: a webhook of the Canary with its defaults filled in, or the one of the settings. */
export interface EventReceiver {
  readonly name: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly disableTls: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The call for one event. `payload` says whose event it is and in which phase it comes; the three keys of the event win
 * over keys of the same name in the webhook's own metadata.
 */
export function eventQuestion(
  receiver: EventReceiver,
  event: CanaryEvent,
  payload: Omit<HookQuestion['payload'], 'metadata'>,
): HookQuestion {
  const { metadata, ...rest } = receiver;
  return {
    kind: 'hook',
    key: `event/${isoFromMs(event.atMs)}/${receiver.name}`,
    type: 'event',
    ...rest,
    payload: {
      ...payload,
      metadata: {
        ...metadata,
        eventMessage: event.message,
        eventType: event.type,
        timestamp: String(event.atMs),
      },
    },
  };
}
