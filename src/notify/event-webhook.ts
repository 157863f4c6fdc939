// Events of a Canary, sent to webhooks of type `event` or to the controller-wide event webhook.
import type { PostedNotice } from '../api/status.ts';
import type { HookQuestion } from '../model/question.ts';
import { msFromIso } from '../model/time.ts';

/** Where events go: a webhook of the Canary with its defaults filled in, or the one of the settings. */
export interface EventReceiver {
  readonly name: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly disableTls: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface EventSource {
  /** UID of the Canary. */
  readonly uid: string;
  readonly payload: Omit<HookQuestion['payload'], 'metadata'>;
}

/**
 * The call for one event. The keys of the event win over keys of the same name in the webhook's own metadata. The first
 * three are Flagger's; `eventId` (`<uid>/<number>/<timestamp>`) is the same whenever the same event is sent again. The number
 * counts up, so that receivers can put events in order, until another controller takes it out of status.
 */
export function eventQuestion(
  receiver: EventReceiver,
  notice: PostedNotice,
  { uid, payload }: EventSource,
): HookQuestion {
  const { metadata, ...rest } = receiver;
  return {
    kind: 'hook',
    key: `event/${uid}/${notice.seq}/${receiver.name}`,
    type: 'event',
    ...rest,
    payload: {
      ...payload,
      metadata: {
        ...metadata,
        eventMessage: notice.message,
        eventType: notice.type,
        timestamp: String(msFromIso(notice.at)),
        eventReason: notice.reason,
        eventId: `${uid}/${notice.seq}/${msFromIso(notice.at)}`,
        ...(notice.runId === undefined ? {} : { runId: notice.runId }),
      },
    },
  };
}
