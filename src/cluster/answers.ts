// Reads what an API server answers: objects, lists, watch events and refusals. Parsing happens here, at the edge; what
// leaves has the port's types.
import { z } from 'zod';
import type { KubeObject, Resource } from '../model/kube.ts';
import { apiVersionOf } from '../model/kube.ts';
import { ApiError, type ListPage, type WatchEvent } from './cluster.ts';

const TEXT_LIMIT = 300;

const Meta = z.looseObject({ name: z.string() });
const Item = z.looseObject({ metadata: Meta });
const Listed = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().default(''), continue: z.string().optional() }),
  items: z
    .array(Item)
    .nullish()
    .transform((items) => items ?? []),
});
const Status = z.looseObject({
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
const Bookmark = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) });
const Event = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED']), object: Item }),
  z.object({ type: z.literal('BOOKMARK'), object: Bookmark }),
  z.object({ type: z.literal('ERROR'), object: Status }),
]);

/** Reasons that the server leaves out of an answer that is no Status object (a proxy's, for instance). */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Items of built-in lists carry neither kind nor apiVersion, metadata-only ones those of the metadata: all get their own. */
function asObject(resource: Resource, parsed: z.infer<typeof Item>): KubeObject {
  return { ...parsed, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function unreadable(what: string): Error {
  return new Error(`${what}: the API server's answer cannot be read`);
}

/** The refusal that an HTTP status of 400 and above means. */
export function refusal(status: number, text: string, retryAfterMs: number | undefined): ApiError {
  const parsed = Status.safeParse(parseJson(text));
  const said = parsed.success ? parsed.data : {};
  const reason = said.reason ?? reasons[status] ?? 'Unknown';
  const message =
    said.message ?? (parsed.success || text === '' ? `HTTP ${status}` : text.slice(0, TEXT_LIMIT));
  return new ApiError(status, reason, message, retryAfterMs);
}

/** @throws Error where the text is no object. */
export function readObject(resource: Resource, text: string): KubeObject {
  const parsed = Item.safeParse(parseJson(text));
  if (!parsed.success) {
    throw unreadable(resource.plural);
  }
  return asObject(resource, parsed.data);
}

/** @throws Error where the text is no list. */
export function readList(resource: Resource, text: string): ListPage {
  const parsed = Listed.safeParse(parseJson(text));
  if (!parsed.success) {
    throw unreadable(resource.plural);
  }
  const { metadata, items } = parsed.data;
  return {
    items: items.map((item) => asObject(resource, item)),
    resourceVersion: metadata.resourceVersion,
    ...(metadata.continue ? { continueToken: metadata.continue } : {}),
  };
}

/**
 * One line of a watch. @throws ApiError for an ERROR event (410 also where only its reason says so), Error where the line
 * cannot be read.
 */
export function readEvent(resource: Resource, line: string): WatchEvent {
  const parsed = Event.safeParse(parseJson(line));
  if (!parsed.success) {
    throw unreadable(`watch ${resource.plural}`);
  }
  const event = parsed.data;
  switch (event.type) {
    case 'ERROR': {
      const { code = 500, reason = 'Unknown', message = 'the watch failed' } = event.object;
      const gone = reason === 'Expired' || reason === 'Gone';
      throw new ApiError(gone ? 410 : code, reason, message);
    }
    case 'BOOKMARK':
      return { type: event.type, object: asObject(resource, withName(event.object)) };
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: asObject(resource, event.object) };
  }
}

function withName(bookmark: z.infer<typeof Bookmark>): z.infer<typeof Item> {
  return { ...bookmark, metadata: { name: '', ...bookmark.metadata } };
}
