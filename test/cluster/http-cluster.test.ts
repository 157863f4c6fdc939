import { afterEach, describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { ApiError, type Cluster, type WatchEvent } from '../../src/cluster/cluster.ts';
import { createHttpCluster } from '../../src/cluster/http-cluster.ts';
import { createTransport, RequestTimeout, type ObservedRequest } from '../../src/cluster/transport.ts';
import { resources, type KubeObject } from '../../src/model/kube.ts';
import { json, startApiServer, type Answer, type ApiServer } from './api-server.ts';
import { selfSigned } from './self-signed.ts';

const SECRET = 'a-token-nobody-may-see';
const cleanUps: (() => Promise<void>)[] = [];

interface Fixture {
  readonly server: ApiServer;
  readonly cluster: Cluster;
  readonly seen: ObservedRequest[];
  readonly waitedMs: number[];
  readonly close: () => Promise<void>;
}

interface Limits {
  readonly timeoutMs?: number;
  readonly stallMs?: number;
  readonly tls?: boolean;
  readonly token?: () => string;
}

async function start(answer: Answer, limits: Limits = {}): Promise<Fixture> {
  const certificate = limits.tls === true ? selfSigned() : undefined;
  const server = await startApiServer(answer, certificate);
  const seen: ObservedRequest[] = [];
  const waitedMs: number[] = [];
  const transport = createTransport({
    server: server.url,
    userAgent: 'serin/test',
    credentials: () =>
      Promise.resolve({
        headers: { authorization: `Bearer ${limits.token?.() ?? SECRET}` },
        tls: certificate === undefined ? {} : { ca: certificate.cert },
      }),
    observer: (request) => seen.push(request),
    timeoutMs: limits.timeoutMs,
  });
  const cluster = createHttpCluster({
    transport,
    stallMs: limits.stallMs,
    wait: async (ms) => {
      waitedMs.push(ms);
    },
  });
  cleanUps.push(
    () => transport.close(),
    () => server.close(),
  );
  return { server, cluster, seen, waitedMs, close: () => transport.close() };
}

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) {
    await cleanUp();
  }
});

const service = (name: string, resourceVersion = '1'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop', resourceVersion },
  spec: { 'x-unknown': [1, { deep: true }] },
});
const status = (code: number, reason: string): object => ({
  kind: 'Status',
  status: 'Failure',
  code,
  reason,
  message: `said ${reason}`,
});
const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

function streamOf(response: ServerResponse, ...lines: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  for (const text of lines) {
    response.write(text);
  }
}

async function collect(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const collected: WatchEvent[] = [];
  for await (const event of events) {
    collected.push(event);
  }
  return collected;
}

describe('requests', () => {
  const { canaries, services, customResourceDefinitions: crds, deployments } = resources;
  const key = { namespace: 'shop', name: 'web' };
  const canary: KubeObject = { ...service('web'), apiVersion: 'flagger.app/v1beta1', kind: 'Canary' };
  const type = 'application/json';
  const canaryPath = '/apis/flagger.app/v1beta1/namespaces/shop/canaries';
  const table: readonly [string, (cluster: Cluster) => Promise<unknown>, object][] = [
    ['get', (c) => c.get(services, key), { method: 'GET', url: '/api/v1/namespaces/shop/services/web' }],
    [
      'get of a cluster-scoped kind',
      (c) => c.get(crds, { name: 'a.b' }),
      { url: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a.b' },
    ],
    [
      'a name that would leave its place',
      (c) => c.get(services, { namespace: 'shop', name: '../x?y' }),
      { url: '/api/v1/namespaces/shop/services/..%2Fx%3Fy' },
    ],
    [
      'create',
      (c) => c.create(canaries, canary),
      { method: 'POST', url: `${canaryPath}?fieldManager=serin`, contentType: type, body: canary },
    ],
    [
      'dry run',
      (c) => c.create(canaries, canary, { dryRun: true }),
      { url: `${canaryPath}?fieldManager=serin&dryRun=All` },
    ],
    [
      'replace of the status',
      (c) => c.replace(canaries, canary, { subresource: 'status' }),
      { method: 'PUT', url: `${canaryPath}/web/status?fieldManager=serin`, contentType: type, body: canary },
    ],
    [
      'merge patch',
      (c) => c.patch(deployments, key, { kind: 'merge', body: { spec: { replicas: 0 } } }),
      {
        method: 'PATCH',
        url: '/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=serin',
        contentType: 'application/merge-patch+json',
        body: { spec: { replicas: 0 } },
      },
    ],
    [
      'json patch',
      (c) => c.patch(deployments, key, { kind: 'json', operations: [{ op: 'remove', path: '/a' }] }),
      { contentType: 'application/json-patch+json', body: [{ op: 'remove', path: '/a' }] },
    ],
    [
      'delete with preconditions',
      (c) => c.delete(services, key, { uid: 'u1', propagation: 'Foreground' }),
      {
        method: 'DELETE',
        url: '/api/v1/namespaces/shop/services/web',
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: 'Foreground',
          preconditions: { uid: 'u1' },
        },
      },
    ],
  ];

  it.each(table)('%s', async (_, act, expected) => {
    const { server, cluster } = await start((_asked, response) => json200(response));
    await act(cluster);
    const [{ method, url, headers, body } = { method: '', url: '', headers: {}, body: '' }] = server.asked;
    expect(headers).toMatchObject({ 'user-agent': 'serin/test', authorization: `Bearer ${SECRET}` });
    expect({
      method,
      url,
      contentType: headers['content-type'],
      body: body === '' ? undefined : JSON.parse(body),
    }).toMatchObject(expected);
  });

  const json200 = (response: ServerResponse): void => {
    response.writeHead(200).end(JSON.stringify(service('web')));
  };

  it('list asks for a page and gives its items their kind', async () => {
    const { server, cluster } = await start((_asked, response) => {
      json(response, 200, {
        metadata: { resourceVersion: '70', continue: 'next' },
        items: [{ metadata: { name: 'a' }, spec: { keep: 1 } }],
      });
    });
    const page = await cluster.list(services, {
      namespace: 'shop',
      labelSelector: 'a=b,c!=d',
      limit: 500,
      continueToken: 'x',
      metadataOnly: true,
    });
    expect(server.asked[0]?.url).toBe(
      '/api/v1/namespaces/shop/services?labelSelector=a%3Db%2Cc%21%3Dd&limit=500&continue=x',
    );
    expect(server.asked[0]?.headers.accept).toContain('as=PartialObjectMetadataList');
    expect(page).toEqual({
      resourceVersion: '70',
      continueToken: 'next',
      items: [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { keep: 1 } }],
    });
  });

  it('an empty list may have null items and an empty continue token', async () => {
    const { cluster } = await start((_asked, response) => {
      json(response, 200, { metadata: { resourceVersion: '7', continue: '' }, items: null });
    });
    expect(await cluster.list(services)).toEqual({ resourceVersion: '7', items: [] });
  });
});

describe('refusals', () => {
  const key = { namespace: 'shop', name: 'web' };

  it('an object that is not there is undefined, and deleting it a success', async () => {
    const { cluster } = await start((_asked, response) => json(response, 404, status(404, 'NotFound')));
    expect(await cluster.get(resources.services, key)).toBeUndefined();
    await expect(cluster.delete(resources.services, key)).resolves.toBeUndefined();
    await expect(cluster.list(resources.services)).rejects.toMatchObject({ status: 404, reason: 'NotFound' });
  });

  it.each([
    [
      'a Status',
      409,
      JSON.stringify(status(409, 'Conflict')),
      { reason: 'Conflict', message: 'said Conflict' },
    ],
    ['plain text of a proxy', 502, 'upstream died', { reason: 'Unknown', message: 'upstream died' }],
    ['nothing', 403, '', { reason: 'Forbidden', message: 'HTTP 403' }],
  ])('%s becomes an ApiError', async (_, code, body, expected) => {
    const { cluster } = await start((_asked, response) => response.writeHead(code).end(body));
    const failure = await cluster.create(resources.services, service('web')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ status: code, ...expected });
  });

  it('429: a read waits as long as the server asks, and is tried again', async () => {
    let count = 0;
    const { cluster, waitedMs, seen } = await start((_asked, response) => {
      count += 1;
      if (count < 3) {
        json(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '7' });
      } else {
        json(response, 200, service('web'));
      }
    });
    expect(await cluster.get(resources.services, key)).toMatchObject({ metadata: { name: 'web' } });
    expect(waitedMs).toEqual([7000, 7000]);
    expect(seen.map((request) => request.status)).toEqual([429, 429, 200]);
  });

  it('429: a read gives up after four tries, a write after one', async () => {
    const { cluster, server } = await start((_asked, response) =>
      json(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '1' }),
    );
    await expect(cluster.list(resources.services)).rejects.toMatchObject({ status: 429, retryAfterMs: 1000 });
    expect(server.asked).toHaveLength(4);
    await expect(cluster.replace(resources.services, service('web'))).rejects.toBeInstanceOf(ApiError);
    expect(server.asked).toHaveLength(5);
  });

  it('an answer that is no object is an error, not an object', async () => {
    const { cluster } = await start((_asked, response) => response.writeHead(200).end('<html>login</html>'));
    await expect(cluster.get(resources.services, key)).rejects.toThrow('cannot be read');
  });

  it('no answer in time is a RequestTimeout, and is not tried again', async () => {
    const { cluster, server, seen } = await start(() => undefined, { timeoutMs: 50 });
    const failure = await cluster.get(resources.services, key).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RequestTimeout);
    expect(String(failure)).toContain('get services');
    expect(server.asked).toHaveLength(1);
    expect(seen).toMatchObject([{ verb: 'get', resource: 'services', status: 'timeout' }]);
  });

  it('a reset connection is tried again for a read only, and no error names the token', async () => {
    let count = 0;
    const { cluster, server } = await start((_asked, response) => {
      count += 1;
      if (count === 2) {
        json(response, 200, service('web'));
      } else {
        response.socket?.destroy();
      }
    });
    expect(await cluster.get(resources.services, key)).toBeDefined();
    const failure = await cluster.create(resources.services, service('web')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(ApiError);
    expect(String(failure)).not.toContain(SECRET);
    expect(server.asked).toHaveLength(3);
  });

  it('401: the next request asks for the credentials again', async () => {
    const tokens = ['old', 'new'];
    const { cluster, server } = await start(
      ({ headers }, response) =>
        headers.authorization === 'Bearer new'
          ? json(response, 200, service('web'))
          : json(response, 401, status(401, 'Unauthorized')),
      { token: () => tokens.shift() ?? 'new' },
    );
    await expect(cluster.get(resources.services, key)).rejects.toMatchObject({ status: 401 });
    expect(await cluster.get(resources.services, key)).toBeDefined();
    expect(server.asked).toHaveLength(2);
  });
});

describe('connections', () => {
  const key = { namespace: 'shop', name: 'web' };

  it.each([false, true])('are used again (TLS: %s)', async (tls) => {
    const { cluster, server, seen } = await start((_asked, response) => json(response, 200, service('web')), {
      tls,
    });
    for (let count = 0; count < 100; count += 1) {
      await cluster.get(resources.services, key);
    }
    expect(server.connections()).toBeLessThanOrEqual(2);
    await Promise.all(Array.from({ length: 100 }, () => cluster.get(resources.services, key)));
    expect(server.connections()).toBeLessThanOrEqual(16);
    expect(seen).toHaveLength(200);
    expect(seen.every((request) => request.status === 200 && request.resource === 'services')).toBe(true);
  });

  it('of watches do not hold off calls', async () => {
    const { cluster, server, close } = await start((asked, response) => {
      if (asked.url.includes('watch=true')) {
        streamOf(response, line('ADDED', service('a')));
      } else {
        json(response, 200, service('web'));
      }
    });
    const watches = Array.from({ length: 20 }, () =>
      cluster.watch(resources.services, { resourceVersion: '1' })[Symbol.asyncIterator](),
    );
    await Promise.all(watches.map((watch) => watch.next()));
    expect(await cluster.get(resources.services, key)).toBeDefined();
    expect(server.connections()).toBe(21);
    const ends = watches.map((watch) => watch.next().catch((error: unknown) => error));
    await close();
    expect((await Promise.all(ends)).every((end) => end instanceof Error)).toBe(true);
    await expect(cluster.get(resources.services, key)).rejects.toThrow('closed');
  });

  it('refuse a server with a certificate that nobody vouches for', async () => {
    const server = await startApiServer((_asked, response) => json(response, 200, {}), selfSigned());
    const transport = createTransport({
      server: server.url,
      userAgent: 'serin/test',
      credentials: () => Promise.resolve({ headers: {}, tls: { ca: selfSigned(2).cert } }),
    });
    cleanUps.push(
      () => transport.close(),
      () => server.close(),
    );
    const cluster = createHttpCluster({ transport, wait: () => Promise.resolve() });
    await expect(cluster.get(resources.services, key)).rejects.toThrow('get services');
    expect(server.asked).toHaveLength(0);
  });

  it('a rotated certificate gets connections of its own, open watches stay', async () => {
    const old = selfSigned();
    const server = await startApiServer((asked, response) => {
      if (asked.url.includes('watch=true')) {
        streamOf(response, line('ADDED', service('a')));
        held = response;
      } else {
        json(response, asked.headers.authorization === 'Bearer 1' ? 401 : 200, service('web'));
      }
    }, old);
    let held: ServerResponse | undefined;
    let asked = 0;
    const transport = createTransport({
      server: server.url,
      userAgent: 'serin/test',
      credentials: () => {
        asked += 1;
        // The second answer names a second authority: another TLS configuration, the same server is still trusted.
        const ca = asked === 1 ? old.cert : [old.cert, selfSigned(2).cert];
        return Promise.resolve({ headers: { authorization: `Bearer ${String(asked)}` }, tls: { ca } });
      },
    });
    cleanUps.push(
      () => transport.close(),
      () => server.close(),
    );
    const cluster = createHttpCluster({ transport });
    const watch = cluster.watch(resources.services, { resourceVersion: '1' })[Symbol.asyncIterator]();
    await watch.next();
    await expect(cluster.get(resources.services, key)).rejects.toMatchObject({ status: 401 });
    await cluster.get(resources.services, key);
    expect(server.connections()).toBe(3);
    held?.end(line('MODIFIED', service('a', '2')));
    expect(await watch.next()).toMatchObject({ value: { type: 'MODIFIED' } });
    expect(await watch.next()).toMatchObject({ done: true });
  });
});

describe('watch', () => {
  it('gives events and bookmarks, and ends with the stream', async () => {
    const { cluster, server } = await start((_asked, response) => {
      streamOf(
        response,
        line('ADDED', service('a', '5')),
        line('BOOKMARK', { metadata: { resourceVersion: '9' } }),
      );
      response.end(line('DELETED', service('a', '10')));
    });
    const events = await collect(
      cluster.watch(resources.services, {
        namespace: 'shop',
        resourceVersion: '4',
        timeoutSeconds: 250,
        metadataOnly: true,
      }),
    );
    expect(events.map(({ type, object }) => [type, object.metadata.resourceVersion, object.kind])).toEqual([
      ['ADDED', '5', 'Service'],
      ['BOOKMARK', '9', 'Service'],
      ['DELETED', '10', 'Service'],
    ]);
    expect(server.asked[0]?.url).toBe(
      '/api/v1/namespaces/shop/services?watch=true&allowWatchBookmarks=true&resourceVersion=4&timeoutSeconds=250',
    );
    expect(server.asked[0]?.headers.accept).toContain('as=PartialObjectMetadata;');
  });

  it.each<[string, Answer]>([
    ['as the status', (_asked, response) => json(response, 410, status(410, 'Expired'))],
    ['as an event', (_asked, response) => streamOf(response, line('ERROR', status(410, 'Expired')))],
    [
      'as the reason of an event',
      (_asked, response) => streamOf(response, line('ERROR', { reason: 'Gone' })),
    ],
  ])('410 %s is an ApiError 410', async (_, answer) => {
    const { cluster } = await start(answer);
    await expect(collect(cluster.watch(resources.services, { resourceVersion: '1' }))).rejects.toMatchObject({
      name: 'ApiError',
      status: 410,
    });
  });

  it('410 for a list is the same error', async () => {
    const { cluster } = await start((_asked, response) => json(response, 410, status(410, 'Expired')));
    await expect(cluster.list(resources.services, { continueToken: 'old' })).rejects.toMatchObject({
      status: 410,
    });
  });

  it('without a byte for too long is an error', async () => {
    const { cluster } = await start(
      (_asked, response) => streamOf(response, line('ADDED', service('a', '5'))),
      { stallMs: 100 },
    );
    const watch = cluster.watch(resources.services, { resourceVersion: '1' })[Symbol.asyncIterator]();
    expect(await watch.next()).toMatchObject({ value: { type: 'ADDED' } });
    await expect(watch.next()).rejects.toBeInstanceOf(RequestTimeout);
  });

  it('that breaks off is an error, and so is a line that cannot be read', async () => {
    const { cluster } = await start((asked, response) => {
      streamOf(
        response,
        asked.url.includes('resourceVersion=1') ? line('ADDED', service('a', '5')) : '{"type":"NEW"}\n',
      );
      setImmediate(() => response.socket?.destroy());
    });
    await expect(collect(cluster.watch(resources.services, { resourceVersion: '1' }))).rejects.toThrow(
      'watch',
    );
    await expect(collect(cluster.watch(resources.services, { resourceVersion: '2' }))).rejects.toThrow(
      'cannot be read',
    );
  });

  it('is closed on the server when the reader leaves or aborts', async () => {
    let closed = 0;
    const bothClosed = new EventEmitter();
    const ended = once(bothClosed, 'ended');
    const { cluster } = await start((_asked, response) => {
      streamOf(response, line('ADDED', service('a', '5')));
      response.on('close', () => {
        closed += 1;
        if (closed === 2) {
          bothClosed.emit('ended');
        }
      });
    });
    for await (const event of cluster.watch(resources.services, { resourceVersion: '1' })) {
      expect(event.type).toBe('ADDED');
      break;
    }
    const controller = new AbortController();
    for await (const event of cluster.watch(resources.services, {
      resourceVersion: '1',
      signal: controller.signal,
    })) {
      expect(event.type).toBe('ADDED');
      controller.abort();
    }
    await ended;
  });
});
