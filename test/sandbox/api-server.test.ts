import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { resources, type KubeObject } from '../../src/model/kube.ts';
import { startApiServer, type ApiServer, type ApiServerOptions } from '../../src/sandbox/api-server.ts';
import { Store } from '../../src/sandbox/store.ts';

const { canaries, configMaps, deployments } = resources;

let started: ApiServer | undefined;
afterEach(() => started?.stop());

interface World {
  readonly store: Store;
  readonly server: ApiServer;
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  readonly json: (path: string, init?: RequestInit) => Promise<unknown>;
}

async function start(options: Partial<ApiServerOptions> = {}): Promise<World> {
  const store = new Store({ now: () => Date.now(), newUid: randomUUID });
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  store.register(canaries, { statusSubresource: true, scale, categories: ['all'] });
  const server = await startApiServer({ store, ...options });
  started = server;
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init);
  return { store, server, ask, json: async (path, init) => (await ask(path, init)).json() };
}

const configMap = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'test' },
  data: { a: 'b' },
});

const path = '/api/v1/namespaces/test/configmaps';

const withBody = (method: string, body: unknown, type = 'application/json'): RequestInit => ({
  method,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: { 'content-type': type },
});

async function linesOf(response: Response): Promise<readonly Record<string, unknown>[]> {
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Object(JSON.parse(line)));
}

const watch = (query: string): string => `${path}?watch=true&${query}`;

const as = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

describe('discovery', () => {
  it('names groups, versions and kinds', async () => {
    const { json } = await start();
    expect(await json('/api')).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    expect(await json('/version')).toMatchObject({ major: '1' });
    expect(await json('/apis')).toMatchObject({
      groups: expect.arrayContaining([
        expect.objectContaining({
          name: 'apps',
          preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
        }),
        expect.objectContaining({ name: 'flagger.app' }),
      ]),
    });
    expect(await json('/apis/flagger.app/v1beta1')).toMatchObject({
      kind: 'APIResourceList',
      groupVersion: 'flagger.app/v1beta1',
      resources: [
        { name: 'canaries', singularName: 'canary', kind: 'Canary', namespaced: true, categories: ['all'] },
        { name: 'canaries/status' },
        { name: 'canaries/scale', kind: 'Scale' },
      ],
    });
    expect(await json('/api/v1')).toMatchObject({
      resources: expect.arrayContaining([expect.objectContaining({ name: 'services', shortNames: ['svc'] })]),
    });
  });

  it.each(['/healthz', '/readyz', '/livez'])('answers %s', async (probe) => {
    const { ask } = await start();
    expect(await (await ask(probe)).text()).toBe('ok');
  });

  it.each([
    ['GET', '/nothing', 404],
    ['GET', '/apis/nothing', 404],
    ['GET', '/apis/apps/v2', 404],
    ['GET', '/apis/apps/v1/phantoms', 404],
    ['GET', '/api/v1/configmaps/name', 404],
    ['GET', '/api/v1/namespaces/test/nodes', 404],
    ['GET', `${path}/a/b`, 404],
    ['GET', `${path}/a/status`, 404],
    ['GET', '/api/v1/namespaces/test/%E0%A4%A', 400],
    ['POST', '/api/v1/configmaps', 405],
    ['POST', `${path}/name`, 405],
    ['PUT', path, 405],
    ['POST', '/version', 405],
    ['DELETE', '/apis/apps/v1/namespaces/test/deployments/a/status', 405],
  ])('answers %s %s with %d', async (method, where, code) => {
    const { ask } = await start();
    const response = await ask(where, { method });
    expect(response.status).toBe(code);
    expect(await response.json()).toMatchObject({ kind: 'Status', status: 'Failure', code });
  });
});

describe('OpenAPI', () => {
  it('says that validation can be left to the server', async () => {
    const { json } = await start();
    const paths = {
      'apis/flagger.app/v1beta1': { serverRelativeURL: '/openapi/v3/apis/flagger.app/v1beta1' },
    };
    expect(await json('/openapi/v3')).toMatchObject({ paths });
    const canary = { group: 'flagger.app', version: 'v1beta1', kind: 'Canary' };
    expect(await json('/openapi/v3/apis/flagger.app/v1beta1')).toMatchObject({
      paths: {
        '/apis/flagger.app/v1beta1/namespaces/{namespace}/canaries/{name}': {
          patch: { parameters: [{ name: 'fieldValidation' }], 'x-kubernetes-group-version-kind': canary },
        },
      },
    });
  });
});

describe('objects over HTTP', () => {
  it('answers refusals as Status objects', async () => {
    const { json } = await start();
    expect(await json(`${path}/a`)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'configmaps "a" not found',
      reason: 'NotFound',
      code: 404,
    });
  });

  it('creates with 201, and puts an object where the URL says', async () => {
    const { ask } = await start();
    const response = await ask(path, withBody('POST', { ...configMap('a'), metadata: { name: 'a' } }));
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ metadata: { name: 'a', namespace: 'test' } });
    const contradiction = await ask('/api/v1/namespaces/other/configmaps', withBody('POST', configMap('a')));
    expect(contradiction.status).toBe(400);
    expect((await ask(`${path}/b`, withBody('PUT', configMap('a')))).status).toBe(400);
  });

  it.each(['{', '[]', '{}', '{"apiVersion":"v1","kind":"ConfigMap"}'])(
    'refuses the body %s',
    async (body) => {
      const { ask } = await start();
      expect((await ask(path, withBody('POST', body))).status).toBe(400);
    },
  );

  it('refuses a body that is no JSON by its type', async () => {
    const { ask } = await start();
    const proto = withBody('POST', 'k8s', 'application/vnd.kubernetes.protobuf');
    expect((await ask(path, proto)).status).toBe(415);
  });

  it('has no strategy for patches of custom kinds', async () => {
    const { ask } = await start();
    const patch = withBody('PATCH', { spec: {} }, 'application/strategic-merge-patch+json');
    expect((await ask('/apis/flagger.app/v1beta1/namespaces/test/canaries/a', patch)).status).toBe(415);
  });

  it('refuses a body of more than 3 MiB', async () => {
    const { ask } = await start();
    const large = { ...configMap('a'), data: { a: 'x'.repeat(3 * 1024 * 1024) } };
    expect((await ask(path, withBody('POST', large))).status).toBe(413);
  });

  it.each([
    ['application/merge-patch+json', { data: { a: 'c' } }, 200],
    ['application/merge-patch+json; charset=utf-8', { data: { a: 'c' } }, 200],
    ['application/strategic-merge-patch+json', { data: { a: 'c' } }, 200],
    ['application/strategic-merge-patch+json', { data: { $patch: 'replace', a: 'c' } }, 200],
    ['application/json-patch+json', [{ op: 'replace', path: '/data/a', value: 'c' }], 200],
    ['application/json-patch+json', [{ op: 'bogus', path: '/data/a' }], 422],
    ['application/json-patch+json', {}, 400],
    ['application/merge-patch+json', [], 400],
    ['application/json', {}, 415],
    ['application/apply-patch+yaml', {}, 501],
  ])('answers a patch of type %s %j with %d', async (type, body, code) => {
    const { store, ask } = await start();
    store.create(configMaps, configMap('a'));
    expect((await ask(`${path}/a`, withBody('PATCH', body, type))).status).toBe(code);
    const stored = store.get(configMaps, { namespace: 'test', name: 'a' });
    expect(stored['data']).toEqual({ a: code === 200 ? 'c' : 'b' });
  });

  it('tries a dry run in every writing verb', async () => {
    const { store, ask } = await start();
    store.create(configMaps, configMap('a'));
    const changed = { ...configMap('a'), data: { a: 'c' } };
    const calls: [string, RequestInit][] = [
      [path, withBody('POST', configMap('b'))],
      [`${path}/a`, withBody('PUT', changed)],
      [`${path}/a`, withBody('PATCH', { data: { a: 'c' } }, 'application/merge-patch+json')],
      [`${path}/a`, { method: 'DELETE' }],
    ];
    for (const [where, init] of calls) expect((await ask(`${where}?dryRun=All`, init)).ok).toBe(true);
    expect(store.resourceVersion).toBe('1');
  });

  it('answers a delete with the object while it is held, else with a Status', async () => {
    const { store, json } = await start();
    const held = configMap('a');
    store.create(configMaps, { ...held, metadata: { ...held.metadata, finalizers: ['serin.dev/x'] } });
    expect(await json(`${path}/a`, { method: 'DELETE' })).toMatchObject({ kind: 'ConfigMap' });
    const { metadata } = store.create(configMaps, configMap('b'));
    expect(await json(`${path}/b`, { method: 'DELETE' })).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'b', kind: 'configmaps', uid: metadata.uid },
    });
  });

  it('takes delete options from the body and from the URL', async () => {
    const { store, ask } = await start();
    store.create(configMaps, configMap('a'));
    const wrong = { preconditions: { uid: 'x' } };
    expect((await ask(`${path}/a`, withBody('DELETE', wrong))).status).toBe(409);
    expect((await ask(`${path}/a`, withBody('DELETE', { propagationPolicy: 'Sideways' }))).status).toBe(400);
    await ask(`${path}/a?propagationPolicy=Orphan`, { method: 'DELETE' });
    expect(store.get(configMaps, { namespace: 'test', name: 'a' }).metadata.finalizers).toEqual(['orphan']);
  });

  it('deletes a selection', async () => {
    const { store, ask } = await start();
    for (const name of ['a', 'b', 'c']) store.create(configMaps, configMap(name));
    await ask(`${path}?fieldSelector=metadata.name!=b`, { method: 'DELETE' });
    expect(store.list(configMaps).items.map(({ metadata }) => metadata.name)).toEqual(['b']);
  });

  it('lists in pages and as metadata', async () => {
    const { store, ask, json } = await start();
    for (const name of ['a', 'b', 'c']) store.create(configMaps, configMap(name));
    const page = await json(`${path}?limit=2`);
    expect(page).toMatchObject({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '3', remainingItemCount: 1, continue: expect.any(String) },
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
    });
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    const partial = await (await ask(path, { headers: { accept } })).text();
    expect(JSON.parse(partial)).toMatchObject({
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
    });
    expect(partial).not.toContain('"data"');
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    expect(await json(path, { headers: { accept: table } })).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'Age' }],
      rows: [{ cells: ['a', '0s'] }, { cells: ['b', '0s'] }, { cells: ['c', '0s'] }],
    });
  });

  it('scales what can be scaled', async () => {
    const { store, json, ask } = await start();
    store.create(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'app', namespace: 'test' },
      spec: {
        selector: { matchLabels: { app: 'app' } },
        template: {
          metadata: { labels: { app: 'app' } },
          spec: { containers: [{ name: 'app', image: 'app:1' }] },
        },
      },
    });
    const where = '/apis/apps/v1/namespaces/test/deployments/app/scale';
    const scale = await json(where);
    expect(scale).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'app=app' },
    });
    const patch = withBody('PATCH', { spec: { replicas: 4 } }, 'application/merge-patch+json');
    expect(await json(where, patch)).toMatchObject({ spec: { replicas: 4 } });
    expect((await ask(where, withBody('PUT', scale))).status).toBe(409);
    expect(store.get(deployments, { namespace: 'test', name: 'app' })).toMatchObject({
      spec: { replicas: 4 },
    });
    expect((await ask(`${path}/a/scale`)).status).toBe(404);
  });
});

describe('watches over HTTP', () => {
  it('ends in time, with a bookmark as the last word', async () => {
    const { store, ask } = await start();
    store.create(configMaps, configMap('a'));
    const response = await ask(watch('resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=0.5'));
    store.create(configMaps, configMap('b'));
    const lines = await linesOf(response);
    expect(lines).toEqual([
      { type: 'ADDED', object: expect.objectContaining({ kind: 'ConfigMap' }) },
      {
        type: 'BOOKMARK',
        object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: '2' } },
      },
    ]);
  });

  it('says when everything has been shown that there was', async () => {
    const { store, ask } = await start();
    store.create(configMaps, configMap('a'));
    const query =
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=0.5';
    const [added, end] = await linesOf(await ask(watch(query)));
    expect(added).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    expect(end).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
  });

  it('sends no bookmark to those who did not ask', async () => {
    const { ask } = await start({ bookmarkMs: 1 });
    expect(await linesOf(await ask(watch('resourceVersion=0&timeoutSeconds=0.5')))).toEqual([]);
  });

  it('sends bookmarks now and then', async () => {
    const { ask } = await start({ bookmarkMs: 1 });
    const query = 'resourceVersion=0&timeoutSeconds=0.5&allowWatchBookmarks=true';
    const lines = await linesOf(await ask(watch(query)));
    expect(lines.length).toBeGreaterThan(3);
    expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(['BOOKMARK']));
  });

  it('answers a version that is too old with an event of 410', async () => {
    const { store, ask } = await start();
    store.create(configMaps, configMap('a'));
    store.create(configMaps, configMap('b'));
    store.compact();
    const response = await ask(watch('resourceVersion=1'));
    expect(response.status).toBe(200);
    expect(await linesOf(response)).toEqual([
      {
        type: 'ERROR',
        object: expect.objectContaining({
          kind: 'Status',
          code: 410,
          reason: 'Expired',
          message: 'too old resource version: 1 (2)',
        }),
      },
    ]);
  });

  it('answers a version that is too old with status 410 where told to', async () => {
    const { store, ask } = await start({ expiredWatch: 'status' });
    store.create(configMaps, configMap('a'));
    store.create(configMaps, configMap('b'));
    store.compact();
    const response = await ask(watch('resourceVersion=1'));
    expect(response.status).toBe(410);
    expect(await response.json()).toMatchObject({ kind: 'Status', code: 410, reason: 'Expired' });
  });

  it('cuts open watches when it stops', async () => {
    const { ask, server } = await start();
    const response = await ask(watch('resourceVersion=0'));
    await server.stop();
    started = undefined;
    await expect(response.text()).rejects.toThrow();
  });
});

describe('users', () => {
  it('are told apart by their tokens, and counted', async () => {
    const { ask, server } = await start({ users: { secret: 'serin', other: 'kubectl' } });
    await ask(path, as('secret'));
    await ask(path, as('secret'));
    await ask(`${path}/a`, as('other'));
    await ask('/apis/flagger.app/v1beta1/namespaces/test/canaries/a/status', as('secret'));
    await ask('/api', as('other'));
    expect((await ask(path)).status).toBe(401);
    expect((await ask(path, as('toString'))).status).toBe(401);
    expect(server.requestCounts()).toEqual([
      { user: 'serin', verb: 'list', resource: 'configmaps', count: 2 },
      { user: 'kubectl', verb: 'get', resource: 'configmaps', count: 1 },
      { user: 'serin', verb: 'get', resource: 'canaries.flagger.app/status', count: 1 },
      { user: 'kubectl', verb: 'get', resource: '/api', count: 1 },
    ]);
  });

  it('never come from beyond loopback', async () => {
    const store = new Store({ now: () => 0, newUid: randomUUID });
    await expect(startApiServer({ store, host: '0.0.0.0' })).rejects.toThrow('loopback');
  });
});
