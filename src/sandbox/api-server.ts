// The embedded Kubernetes API over HTTP, on loopback: enough for Serin's client, kubectl and curl.
// Not here: what a request does (the store), garbage collection and controllers, TLS, RBAC, server-side apply.
// May import node:http, the store, the sandbox's listener and the error type of the cluster port.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ApiError } from '../cluster/cluster.ts';
import { resourceLabel } from '../cluster/paths.ts';
import type { KubeObject, ObjectKey } from '../model/kube.ts';
import { deleted, failure, listOf, shaped, shapeFor, type Answer } from './api/answer.ts';
import { discoveryOf } from './api/discovery.ts';
import { openApiOf } from './api/openapi.ts';
import { deleteOptionsOf, isDryRun, objectOf, patchOf, readBody } from './api/request-body.ts';
import { RequestCounter, type RequestCount } from './api/request-counts.ts';
import { isTrue, routeOf, type OtherRoute, type ResourceRoute } from './api/route.ts';
import { readScale, writeScale } from './api/scale.ts';
import { streamWatch } from './api/watch-stream.ts';
import { listenOn } from './listener.ts';
import type { Store } from './store.ts';
import type { Kind } from './store/kind.ts';
import { badRequest, internal, methodNotAllowed, notServed, unauthorized } from './store/refusals.ts';

export interface ApiServerOptions {
  readonly store: Store;
  /** A loopback address; 127.0.0.1 unless told. */
  readonly host?: string;
  /** Any free port unless told. */
  readonly port?: number;
  /** User names by bearer token. Without it everybody is `system:anonymous`; with it others are answered 401. */
  readonly users?: Readonly<Record<string, string>>;
  /** How often a watch is told how far it has come; once a minute unless told. */
  readonly bookmarkMs?: number;
  /** How a watch from before the history is answered: by an ERROR event unless told. Real servers do both. */
  readonly expiredWatch?: 'event' | 'status';
}

export interface ApiServer {
  readonly url: string;
  /** Since the start, by user, verb and kind. */
  requestCounts(): readonly RequestCount[];
  /** Cuts open watches. */
  stop(): Promise<void>;
}

const defaultTimeoutSeconds = 1800;

/** Rejects where the address is not on loopback or cannot be bound. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { host = '127.0.0.1', port = 0 } = options;
  if (!/^127\.|^::1$|^localhost$/.test(host))
    throw new Error(`the sandbox listens on loopback only, not on ${host}`);
  const counter = new RequestCounter();
  const server = createServer((request, response) => {
    void respond(request, response, { ...options, counter });
  });
  const listener = await listenOn(server, { host, port });
  return {
    url: listener.url,
    requestCounts: () => counter.counts(),
    stop: () => listener.stop(),
  };
}

interface Context extends ApiServerOptions {
  readonly counter: RequestCounter;
}

async function respond(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  try {
    const answer = await answerTo(request, response, context);
    if (answer !== undefined) reply(response, answer);
  } catch (error) {
    const refused =
      error instanceof ApiError ? error : internal(error instanceof Error ? error.message : String(error));
    if (response.headersSent) response.destroy();
    else reply(response, { code: refused.status, body: failure(refused) });
  }
}

function reply(response: ServerResponse, { code, body }: Answer): void {
  if (typeof body === 'string') response.writeHead(code, { 'content-type': 'text/plain' }).end(body);
  else response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Undefined where the answer is a stream, which has begun. */
async function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  context: Context,
): Promise<Answer | undefined> {
  const user = userOf(request, context.users);
  const route = routeOf(request.method ?? '', request.url ?? '/');
  if ('path' in route) {
    context.counter.add(user, 'get', route.path);
    return otherAnswer(request.method ?? '', route, context.store);
  }
  const { verb, subresource } = route;
  const label = resourceLabel({ ...route, kind: '', namespaced: true });
  context.counter.add(user, verb, subresource === undefined ? label : `${label}/${subresource}`);
  const kind = context.store.kindOf(route);
  checkPlace(kind, route);
  if (verb !== 'watch') return answerAbout({ request, route, kind, store: context.store });
  streamWatch(context.store, kind, response, {
    ...selectionOf(route),
    resourceVersion: isTrue(route.query.get('sendInitialEvents'))
      ? ''
      : (route.query.get('resourceVersion') ?? ''),
    bookmarks: isTrue(route.query.get('allowWatchBookmarks')),
    bookmarkMs: context.bookmarkMs ?? 60_000,
    timeoutMs: 1000 * (Number(route.query.get('timeoutSeconds')) || defaultTimeoutSeconds),
    shape: shapeFor(request.headers.accept),
    expired: context.expiredWatch ?? 'event',
  });
  return undefined;
}

function userOf({ headers }: IncomingMessage, users: Context['users']): string {
  if (users === undefined) return 'system:anonymous';
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  const user = Object.hasOwn(users, token) ? users[token] : undefined;
  if (user === undefined) throw unauthorized();
  return user;
}

function otherAnswer(method: string, { path }: OtherRoute, store: Store): Answer {
  if (method !== 'GET') throw methodNotAllowed();
  if (['/healthz', '/livez', '/readyz'].includes(path)) return { code: 200, body: 'ok' };
  const body = discoveryOf(path, store.kinds()) ?? openApiOf(path, store.kinds());
  if (body === undefined) throw notServed();
  return { code: 200, body };
}

function checkPlace(
  { resource, statusSubresource }: Kind,
  { verb, namespace, name, subresource }: ResourceRoute,
): void {
  if (!resource.namespaced && namespace !== undefined) throw notServed();
  if (resource.namespaced && namespace === undefined) {
    if (name !== undefined) throw notServed();
    if (verb === 'create' || verb === 'deletecollection') throw methodNotAllowed();
  }
  if (subresource === undefined) return;
  if (subresource !== 'scale' && !(subresource === 'status' && statusSubresource)) throw notServed();
  if (!['get', 'update', 'patch'].includes(verb)) throw methodNotAllowed();
}

function selectionOf({ namespace, query }: ResourceRoute): Parameters<Store['list']>[1] {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
  };
}

interface Asked {
  readonly request: IncomingMessage;
  readonly route: ResourceRoute;
  readonly kind: Kind;
  readonly store: Store;
}

async function answerAbout(asked: Asked): Promise<Answer> {
  const { request, route, kind, store } = asked;
  const { resource } = kind;
  const shape = shapeFor(request.headers.accept);
  const ok = (object: KubeObject, code = 200): Answer => ({ code, body: shaped(kind, object, shape) });
  if (route.subresource === 'scale') return ok(await scaleAnswer(asked));
  const dryRun = isDryRun(route.query);
  const subresource = route.subresource === 'status' ? ({ subresource: 'status' } as const) : {};
  switch (route.verb) {
    case 'get':
      return ok(store.get(resource, keyIn(route)));
    case 'create':
      return ok(store.create(resource, placed(await objectIn(request), route), { dryRun }), 201);
    case 'update': {
      const object = placed(await objectIn(request), route);
      return ok(store.replace(resource, object, { dryRun, ...subresource }));
    }
    case 'patch': {
      const text = await readBody(request);
      const current = kind.fields !== undefined ? store.get(resource, keyIn(route)) : undefined;
      const patch = patchOf(request.headers['content-type'], text, current);
      return ok(store.patch(resource, keyIn(route), patch, { dryRun, ...subresource }));
    }
    case 'delete':
      return { code: 200, body: deleteOne(asked, keyIn(route), await readBody(request)) };
    case 'deletecollection': {
      const text = await readBody(request);
      const page = store.list(resource, selectionOf(route));
      for (const { metadata } of page.items) deleteOne(asked, metadata, text);
      return { code: 200, body: listOf(kind, page, shape) };
    }
    case 'list':
    case 'watch':
      return { code: 200, body: listOf(kind, listed(asked), shape) };
  }
}

function listed({ route, kind, store }: Asked): ReturnType<Store['list']> {
  const { query } = route;
  return store.list(kind.resource, {
    ...selectionOf(route),
    limit: Number(query.get('limit')) || 0,
    continueToken: query.get('continue') ?? '',
  });
}

function deleteOne({ route, kind: { resource }, store }: Asked, key: ObjectKey, options: string): unknown {
  const before = store.get(resource, key);
  return store.delete(resource, key, deleteOptionsOf(options, route.query)) ?? deleted(resource, before);
}

async function scaleAnswer({ request, route, kind: { resource }, store }: Asked): Promise<KubeObject> {
  const asked = { resource, key: keyIn(route), dryRun: isDryRun(route.query) };
  if (route.verb === 'get') return readScale(store, asked);
  const text = await readBody(request);
  return writeScale(
    store,
    asked,
    route.verb === 'patch'
      ? patchOf(request.headers['content-type'], text)
      : objectOf(request.headers['content-type'], text),
  );
}

async function objectIn(request: IncomingMessage): Promise<KubeObject> {
  return objectOf(request.headers['content-type'], await readBody(request));
}

function keyIn({ namespace, name = '' }: ResourceRoute): ObjectKey {
  return namespace === undefined ? { name } : { namespace, name };
}

/** The URL says where an object belongs; the object may leave it out, not contradict it. */
function placed(object: KubeObject, { namespace, name }: ResourceRoute): KubeObject {
  const { metadata } = object;
  const own = metadata.namespace ?? '';
  if (own !== '' && own !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (name !== undefined && metadata.name !== name) {
    const why = `the name of the object (${metadata.name}) does not match the name on the URL (${name})`;
    throw badRequest(why);
  }
  return namespace === undefined ? object : { ...object, metadata: { ...metadata, namespace } };
}
