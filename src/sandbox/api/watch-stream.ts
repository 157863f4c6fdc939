// One watch over HTTP: a line of JSON for each event, bookmarks in between, and a last one before the end.
import type { ServerResponse } from 'node:http';
import { ApiError, type WatchEvent } from '../../cluster/cluster.ts';
import type { Store } from '../store.ts';
import type { Watch } from '../store/requests.ts';
import { bookmark, failure, shaped, type Shape } from './answer.ts';
import type { Kind } from '../store/kind.ts';

export interface StreamOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  readonly bookmarks: boolean;
  readonly bookmarkMs: number;
  readonly timeoutMs: number;
  readonly shape: Shape;
  /** How a version that is too old is answered: status 200 and an ERROR event, as mostly, or status 410. */
  readonly expired: 'event' | 'status';
}

/** A client that reads this much slower than we write is let go, as by a real server. */
const unreadBytes = 16 * 1024 * 1024;

/** Streams until the time is up or the client leaves. Throws what the store refuses before the answer has begun. */
export function streamWatch(
  store: Store,
  kind: Kind,
  response: ServerResponse,
  options: StreamOptions,
): void {
  const open = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
  };
  const send = (type: string, object: unknown): void => {
    open();
    response.write(`${JSON.stringify({ type, object })}\n`);
    if (response.writableLength > unreadBytes) response.destroy();
  };
  const listener = ({ type, object }: WatchEvent): void => {
    if (type !== 'BOOKMARK') send(type, shaped(kind, object, options.shape));
    else
      send(type, bookmark(kind, { resourceVersion: object.metadata.resourceVersion ?? '' }, options.shape));
  };
  const begin = (): Watch => store.watch(kind.resource, options, listener);
  const watch =
    options.expired === 'status' ? begin() : orError(begin, (error) => send('ERROR', failure(error)));
  if (watch === undefined) {
    response.end();
    return;
  }
  open();
  const { resourceVersion, bookmarks } = options;
  const fromNow = resourceVersion === '' || resourceVersion === '0';
  if (bookmarks && fromNow) {
    const metadata = { resourceVersion: store.resourceVersion, annotations: initialEventsEnd };
    send('BOOKMARK', bookmark(kind, metadata, options.shape));
  }
  const periodic = setInterval(() => bookmarks && watch.bookmark(), options.bookmarkMs);
  const end = setTimeout(() => {
    if (bookmarks) watch.bookmark();
    response.end();
  }, options.timeoutMs);
  periodic.unref();
  end.unref();
  response.once('close', () => {
    clearInterval(periodic);
    clearTimeout(end);
    watch.stop();
  });
}

function orError(begin: () => Watch, report: (error: ApiError) => void): Watch | undefined {
  try {
    return begin();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 410) throw error;
    report(error);
    return undefined;
  }
}

/** Tells a client that began with everything there is that it has it all. */
const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' };
