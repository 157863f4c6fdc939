import { describe, expect, it } from '@jest/globals';
import { isApiError, type WatchEvent } from '../../src/cluster/cluster.ts';
import { resources, type KubeObject } from '../../src/model/kube.ts';
import { Store, type StoreOptions } from '../../src/sandbox/store.ts';
import { clusterResources } from '../../src/sandbox/store/built-in.ts';
import { collectGarbage } from '../../src/sandbox/store/garbage.ts';

const { configMaps, deployments, services } = resources;

function newStore(options: Partial<StoreOptions> = {}): Store {
  let uids = 0;
  return new Store({ now: () => 1_700_000_000_123, newUid: () => `uid-${++uids}`, freeze: true, ...options });
}

const configMap = (name: string, extra: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'test' },
  ...extra,
});

const owned = (name: string, owner: KubeObject): KubeObject => {
  const { apiVersion, kind, metadata } = owner;
  const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' };
  return configMap(name, { metadata: { name, namespace: 'test', ownerReferences: [reference] } });
};

const key = (name: string): { namespace: string; name: string } => ({ namespace: 'test', name });

function refusal(action: () => unknown): { status: number; reason: string } | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    for (const status of [400, 403, 404, 405, 409, 410, 422]) {
      if (isApiError(error, status)) return { status, reason: error instanceof Error ? error.message : '' };
    }
    throw error;
  }
}

const service = (name: string, spec: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'test' },
  spec: { ports: [{ port: 80 }], ...spec },
});

describe('the store', () => {
  it('takes time and uids from its owner only', () => {
    const { metadata } = newStore().create(configMaps, configMap('a'));
    expect(metadata).toEqual({
      name: 'a',
      namespace: 'test',
      uid: 'uid-1',
      creationTimestamp: '2023-11-14T22:13:20Z',
      resourceVersion: '1',
    });
  });

  it('keeps nothing that a caller can reach', () => {
    const store = newStore({ freeze: false });
    const sent = configMap('a', { data: { key: 'before' } });
    store.create(configMaps, sent);
    Object.assign(sent['data'] ?? {}, { key: 'after' });
    expect(store.get(configMaps, key('a'))['data']).toEqual({ key: 'before' });
  });

  it('shares what a write did not change', () => {
    const store = newStore();
    const before = store.create(configMaps, configMap('a', { data: { x: '1' }, binaryData: { y: 'Mg==' } }));
    const sent = structuredClone({ ...before, data: { x: '2' } });
    const after = store.replace(configMaps, sent);
    expect(after['binaryData']).toBe(before['binaryData']);
    expect(after['data']).toEqual({ x: '2' });
  });

  it('freezes when asked, so that a caller who writes into an answer fails', () => {
    const stored = newStore().create(configMaps, configMap('a', { data: { x: '1' } }));
    expect(() => Object.assign(stored['data'] ?? {}, { x: '2' })).toThrow(TypeError);
  });

  it('gives every watcher the changes in order, also when one of them writes', () => {
    const store = newStore();
    const seen: string[] = [];
    const from = { resourceVersion: store.resourceVersion };
    store.watch(configMaps, from, ({ object }) => {
      if (object.metadata.name === 'a') store.create(configMaps, configMap('b'));
    });
    store.watch(configMaps, from, ({ type, object }) => seen.push(`${type} ${object.metadata.name}`));
    store.create(configMaps, configMap('a'));
    expect(seen).toEqual(['ADDED a', 'ADDED b']);
  });

  it('replays to a watcher that begins within another one exactly what it has not seen', () => {
    const store = newStore();
    const seen: string[] = [];
    const listener = ({ object }: WatchEvent): void => void seen.push(object.metadata.name);
    let started = false;
    store.watch(configMaps, { resourceVersion: '0' }, () => {
      if (!started) store.watch(configMaps, { resourceVersion: '0' }, listener);
      started = true;
    });
    store.create(configMaps, configMap('a'));
    store.create(configMaps, configMap('b'));
    expect(seen).toEqual(['a', 'b']);
  });

  it('tells a watcher with a selector who enters and who leaves', () => {
    const store = newStore();
    const seen: string[] = [];
    const from = { resourceVersion: '0', labelSelector: 'app in (x,y),!hidden' };
    store.watch(configMaps, from, ({ type, object }) =>
      seen.push(`${type} ${object.metadata.resourceVersion ?? ''} ${object.metadata.labels?.['app'] ?? ''}`),
    );
    const label = (labels: Record<string, string | null>): unknown =>
      store.patch(configMaps, key('a'), { kind: 'merge', body: { metadata: { labels } } });
    store.create(configMaps, configMap('a'));
    label({ app: 'x' });
    label({ app: 'y' });
    label({ hidden: '' });
    label({ hidden: null });
    store.delete(configMaps, key('a'));
    expect(seen).toEqual(['ADDED 2 x', 'MODIFIED 3 y', 'DELETED 4 y', 'ADDED 5 y', 'DELETED 6 y']);
  });

  it('answers 410 to watches and pages from before its history, at the limit and after compact()', () => {
    const store = newStore({ historyLimit: 2 });
    for (const name of ['a', 'b', 'c']) store.create(configMaps, configMap(name));
    const { continueToken = '' } = store.list(configMaps, { limit: 1 });
    expect(store.list(configMaps, { continueToken }).items).toHaveLength(2);
    store.compact();
    expect(store.list(configMaps, { continueToken }).items).toHaveLength(2);
    for (const name of ['d', 'e', 'f', 'g', 'h']) store.create(configMaps, configMap(name));
    expect(refusal(() => store.list(configMaps, { continueToken }))?.status).toBe(410);
    expect(refusal(() => store.watch(configMaps, { resourceVersion: '3' }, () => {}))?.status).toBe(410);
    expect(refusal(() => store.watch(configMaps, { resourceVersion: '6' }, () => {}))).toBeUndefined();
    expect(refusal(() => store.watch(configMaps, { resourceVersion: '' }, () => {}))).toBeUndefined();
  });

  it('shows every page of a list at the version of the first', () => {
    const store = newStore();
    for (const name of ['a', 'c', 'd']) store.create(configMaps, configMap(name, { data: { at: 'first' } }));
    const first = store.list(configMaps, { limit: 1 });
    store.create(configMaps, configMap('b'));
    store.patch(configMaps, key('c'), { kind: 'merge', body: { data: { at: 'later' } } });
    store.delete(configMaps, key('d'));
    const rest = store.list(configMaps, { limit: 5, continueToken: first.continueToken ?? '' });
    expect(rest.resourceVersion).toBe(first.resourceVersion);
    expect(rest.items.map(({ metadata, data }) => [metadata.name, data])).toEqual([
      ['c', { at: 'first' }],
      ['d', { at: 'first' }],
    ]);
    expect(rest.continueToken).toBeUndefined();
  });

  it('collects what has lost its last owner, cascading, by uid', () => {
    const store = newStore();
    const root = store.create(configMaps, configMap('root'));
    const child = store.create(configMaps, owned('child', root));
    store.create(configMaps, owned('grandchild', child));
    store.create(configMaps, configMap('stranger'));
    expect(collectGarbage(store)).toBe(0);
    store.delete(configMaps, key('root'));
    store.create(configMaps, configMap('root'));
    expect(collectGarbage(store)).toBe(2);
    expect(store.list(configMaps).items.map(({ metadata }) => metadata.name)).toEqual(['root', 'stranger']);
  });

  it('orphans dependents, and keeps those that have another owner', () => {
    const store = newStore();
    const root = store.create(configMaps, configMap('root'));
    const other = store.create(configMaps, configMap('other'));
    store.create(configMaps, owned('child', root));
    const shared = owned('shared', root);
    const both = [
      ...(shared.metadata.ownerReferences ?? []),
      ...(owned('x', other).metadata.ownerReferences ?? []),
    ];
    store.create(configMaps, { ...shared, metadata: { ...shared.metadata, ownerReferences: both } });
    store.delete(configMaps, key('root'), { propagation: 'Orphan' });
    expect(store.get(configMaps, key('root')).metadata.finalizers).toEqual(['orphan']);
    collectGarbage(store);
    expect(store.find(configMaps, key('root'))).toBeUndefined();
    expect(store.get(configMaps, key('child')).metadata.ownerReferences).toBeUndefined();
    expect(store.get(configMaps, key('shared')).metadata.ownerReferences).toHaveLength(1);
    store.delete(configMaps, key('other'));
    collectGarbage(store);
    expect(store.list(configMaps).items.map(({ metadata }) => metadata.name)).toEqual(['child']);
  });

  it('empties a deleted namespace, refusing new content meanwhile', () => {
    const store = newStore();
    const { namespaces } = clusterResources;
    store.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } });
    store.create(
      configMaps,
      configMap('held', { metadata: { ...configMap('held').metadata, finalizers: ['x.io/y'] } }),
    );
    store.delete(namespaces, { name: 'test' });
    expect(store.get(namespaces, { name: 'test' })['status']).toEqual({ phase: 'Terminating' });
    expect(refusal(() => store.create(configMaps, configMap('late')))?.status).toBe(403);
    collectGarbage(store);
    expect(store.get(configMaps, key('held')).metadata.deletionTimestamp).toBe('2023-11-14T22:13:20Z');
    store.patch(configMaps, key('held'), { kind: 'merge', body: { metadata: { finalizers: null } } });
    collectGarbage(store);
    expect(store.find(namespaces, { name: 'test' })).toBeUndefined();
    expect(refusal(() => store.create(configMaps, configMap('late')))).toBeUndefined();
  });

  it('requires namespaces where told to', () => {
    const store = newStore({ namespaces: 'required' });
    expect(refusal(() => store.create(configMaps, configMap('a')))?.status).toBe(404);
  });

  it('serves the kinds of a definition until it is deleted', () => {
    const store = newStore();
    const widget = { group: 'test.dev', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true };
    const version = { served: true, storage: false, schema: { openAPIV3Schema: { type: 'object' } } };
    store.create(resources.customResourceDefinitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.test.dev' },
      spec: {
        group: 'test.dev',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [
          { ...version, name: 'v1beta1' },
          { ...version, name: 'v1', storage: true },
        ],
      },
    });
    store.create(widget, {
      apiVersion: 'test.dev/v1',
      kind: 'Widget',
      metadata: { name: 'w', namespace: 'test' },
    });
    const old = { ...widget, version: 'v1beta1' };
    expect(store.get(old, key('w')).apiVersion).toBe('test.dev/v1beta1');
    store.delete(resources.customResourceDefinitions, { name: 'widgets.test.dev' });
    expect(refusal(() => store.list(widget))?.status).toBe(404);
  });

  it.each([
    ['the lowest free address', {}, '10.96.0.3'],
    ['none if headless', { clusterIP: 'None' }, 'None'],
    ['the one asked for', { clusterIP: '10.96.7.7' }, '10.96.7.7'],
    ['none if external', { type: 'ExternalName', externalName: 'example.org' }, undefined],
  ])('gives a Service %s', (_, extra, address) => {
    const store = newStore();
    store.create(services, service('first', {}));
    expect(store.create(services, service('second', extra))['spec']).toEqual(
      address === undefined
        ? expect.not.objectContaining({ clusterIP: expect.anything() })
        : expect.objectContaining({ clusterIP: address }),
    );
  });

  it('lets a Deployment be scaled to zero a thousand times without growing', () => {
    const store = newStore({ historyLimit: 10 });
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
    for (let replicas = 1000; replicas >= 0; replicas--) {
      store.patch(deployments, key('app'), { kind: 'merge', body: { spec: { replicas } } });
    }
    expect(store.get(deployments, key('app')).metadata.generation).toBe(1002);
    expect(refusal(() => store.watch(deployments, { resourceVersion: '900' }, () => {}))?.status).toBe(410);
  });
});
