// The Cluster port over HTTP: plain JSON in both directions, so that unknown fields survive. What bytes mean is
// answers.ts, how they travel is transport.ts, where the server is and who we are is connect.ts.
// Imports the port, the transport, model/ and p-retry.
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { KubeObject, ObjectKey, Resource } from '../model/kube.ts';
import { FIELD_MANAGER } from '../model/managed-fields.ts';
import { readEvent, readList, readObject, refusal } from './answers.ts';
import {
  ApiError,
  isApiError,
  type Cluster,
  type DeleteOptions,
  type ListOptions,
  type Patch,
  type WatchOptions,
  type WriteOptions,
} from './cluster.ts';
import { linesOf } from './lines.ts';
import { queryOf, resourceLabel, resourcePath } from './paths.ts';
import { RequestTimeout, type ApiRequest, type Transport } from './transport.ts';

/** Bookmarks come about once a minute: half a minute more without a byte, and the connection is dead. */
const STALL_MS = 90_000;
const RETRIES = 3;
const LONGEST_WAIT_MS = 30_000;
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

export interface HttpClusterOptions {
  readonly transport: Transport;
  /** Who wrote, in managedFields. */
  readonly fieldManager?: string | undefined;
  /** A watch without any byte for this long is dead. */
  readonly stallMs?: number | undefined;
  /** Waits before a read is tried again; resolves after `ms`. */
  readonly wait?: ((ms: number) => Promise<unknown>) | undefined;
}

function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof ApiError) {
    return error.status === 429 || error.status === 503;
  }
  // A keep-alive connection that the server closed just now. A time-out has cost enough already.
  return !(error instanceof RequestTimeout);
}

async function answered(transport: Transport, request: ApiRequest): Promise<string> {
  const { status, text, retryAfterMs } = await transport.call(request);
  if (status >= 400) {
    throw refusal(status, text, retryAfterMs);
  }
  return text;
}

/** Writes are never repeated here: the next pass observes afresh and repeats what is still wanted. */
function createReader(transport: Transport, wait: (ms: number) => Promise<unknown>) {
  return (request: ApiRequest): Promise<string> =>
    pRetry(() => answered(transport, request), {
      retries: RETRIES,
      minTimeout: 0,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      shouldRetry: ({ error }) => isWorthAnotherTry(error) && request.signal?.aborted !== true,
      onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
        if (retriesLeft > 0 && isWorthAnotherTry(error)) {
          const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
          const backOffMs = 100 * 2 ** attemptNumber * (0.5 + Math.random());
          await wait(Math.min(asked ?? backOffMs, LONGEST_WAIT_MS));
        }
      },
    });
}

function patchRequest(patch: Patch): { body: string; contentType: string } {
  switch (patch.kind) {
    case 'merge':
      return { body: JSON.stringify(patch.body), contentType: 'application/merge-patch+json' };
    case 'json':
      return { body: JSON.stringify(patch.operations), contentType: 'application/json-patch+json' };
  }
}

function deleteBody({ uid, resourceVersion, propagation }: DeleteOptions): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
    ...(uid === undefined && resourceVersion === undefined
      ? {}
      : { preconditions: { uid, resourceVersion } }),
  });
}

/** Ends with the stream, or quietly where the caller aborts. */
async function* watch(
  transport: Transport,
  resource: Resource,
  options: WatchOptions & { readonly stallMs: number },
): AsyncGenerator<ReturnType<typeof readEvent>> {
  const aborted = new AbortController();
  const signal =
    options.signal === undefined ? aborted.signal : AbortSignal.any([options.signal, aborted.signal]);
  try {
    const stream = await transport.stream(watchRequest(resource, options, signal), options.stallMs);
    if (stream.status >= 400) {
      throw refusal(stream.status, await stream.text(), stream.retryAfterMs);
    }
    for await (const line of linesOf(stream.chunks)) {
      yield readEvent(resource, line);
    }
  } catch (error) {
    if (options.signal?.aborted !== true) {
      throw error;
    }
  } finally {
    // The caller may stop reading at any event: the connection must not stay open for it.
    aborted.abort();
  }
}

function watchRequest(resource: Resource, options: WatchOptions, signal: AbortSignal): ApiRequest {
  const query = queryOf({
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: options.resourceVersion,
    timeoutSeconds: options.timeoutSeconds,
    fieldSelector: options.fieldSelector,
  });
  return {
    method: 'GET',
    path: resourcePath(resource, { namespace: options.namespace }) + query,
    verb: 'watch',
    resource: resourceLabel(resource),
    ...(options.metadataOnly === true ? { headers: { accept: METADATA } } : {}),
    signal,
  };
}

export function createHttpCluster(options: HttpClusterOptions): Cluster {
  const { transport, fieldManager = FIELD_MANAGER, stallMs = STALL_MS } = options;
  const read = createReader(transport, options.wait ?? ((ms) => sleep(ms, undefined, { ref: false })));
  const json = { 'content-type': 'application/json' };

  const write = async (
    resource: Resource,
    request: Omit<ApiRequest, 'resource' | 'path'> & { readonly key: { namespace?: string; name?: string } },
    { dryRun, subresource }: WriteOptions,
  ): Promise<KubeObject> => {
    const { key, ...rest } = request;
    const query = queryOf({ fieldManager, dryRun: dryRun === true ? 'All' : undefined });
    const path = resourcePath(resource, { ...key, subresource }) + query;
    return readObject(
      resource,
      await answered(transport, { ...rest, path, resource: resourceLabel(resource) }),
    );
  };

  return {
    async get(resource, key) {
      const request = { method: 'GET', verb: 'get', resource: resourceLabel(resource) } as const;
      try {
        return readObject(resource, await read({ ...request, path: resourcePath(resource, key) }));
      } catch (error) {
        if (isApiError(error, 404)) {
          return undefined;
        }
        throw error;
      }
    },

    async list(resource: Resource, list: ListOptions = {}) {
      const { namespace, labelSelector, fieldSelector, limit, continueToken, metadataOnly, signal } = list;
      const query = queryOf({ labelSelector, fieldSelector, limit, continue: continueToken });
      const text = await read({
        method: 'GET',
        path: resourcePath(resource, { namespace }) + query,
        verb: 'list',
        resource: resourceLabel(resource),
        ...(metadataOnly === true ? { headers: { accept: METADATA_LIST } } : {}),
        signal,
      });
      return readList(resource, text);
    },

    watch: (resource, watched) => watch(transport, resource, { ...watched, stallMs }),

    create: (resource, object, created = {}) =>
      write(
        resource,
        {
          method: 'POST',
          verb: 'create',
          headers: json,
          body: JSON.stringify(object),
          key: collectionOf(object),
        },
        created,
      ),

    replace: (resource, object, replaced = {}) =>
      write(
        resource,
        { method: 'PUT', verb: 'update', headers: json, body: JSON.stringify(object), key: object.metadata },
        replaced,
      ),

    patch(resource, key: ObjectKey, patch, patched = {}) {
      const { body, contentType } = patchRequest(patch);
      const headers = { 'content-type': contentType };
      return write(resource, { method: 'PATCH', verb: 'patch', headers, body, key }, patched);
    },

    async delete(resource, key, deleted = {}) {
      const request = { method: 'DELETE', verb: 'delete', resource: resourceLabel(resource) } as const;
      const path = resourcePath(resource, key);
      try {
        await answered(transport, { ...request, path, headers: json, body: deleteBody(deleted) });
      } catch (error) {
        if (!isApiError(error, 404)) {
          throw error;
        }
      }
    },
  };
}

function collectionOf({ metadata: { namespace } }: KubeObject): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}
