// One watch over HTTP: a line of JSON for each event, bookmarks in between, and a last one before the end.
import type { ServerResponse } from 'node:http';
import { ApiError, type WatchEvent } from '../../cluster/cluster.ts';
import type { Resource } from '../../model/kube.ts';
import type { Store, Watch } from '../store.ts';
import { failure, shaped, type Shape } from './answer.ts';

export interface StreamOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  readonly bookmarks: boolean;
  readonly bookmarkMs: number;
  readonly timeoutMs: number;
  readonly shape: Shape;
}

/** A client that reads this much slower than we write is let go, as by a real server. */
const unreadBytes = 16 * 1024 * 1024;

/**
 * Streams until the time is up or the client leaves. A version that is too old is answered as a real server does: with
 * status 200 and an ERROR event.
 */
export function streamWatch(
  store: Store,
  resource: Resource,
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
    if (type === 'BOOKMARK') send(type, bookmarkOf(object, options.shape));
    else send(type, shaped(object, options.shape));
  };
  const begin = (): Watch => store.watch(resource, options, listener);
  const watch = orError(begin, (error) => send('ERROR', failure(error)));
  if (watch === undefined) {
    response.end();
    return;
  }
  open();
  const { resourceVersion, bookmarks } = options;
  const fromNow = resourceVersion === '' || resourceVersion === '0';
  if (bookmarks && fromNow) send('BOOKMARK', initialEventsEnd(store, resource, options.shape));
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

const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };

function bookmarkOf({ kind, apiVersion, metadata }: WatchEvent['object'], shape: Shape): unknown {
  const { resourceVersion } = metadata;
  return { ...(shape === 'metadata' ? partial : { kind, apiVersion }), metadata: { resourceVersion } };
}

/** Tells a client that began with everything there is that it has it all. */
function initialEventsEnd(store: Store, { kind, group, version }: Resource, shape: Shape): unknown {
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const metadata = {
    resourceVersion: store.resourceVersion,
    annotations: { 'k8s.io/initial-events-end': 'true' },
  };
  return { ...(shape === 'metadata' ? partial : { kind, apiVersion }), metadata };
}
