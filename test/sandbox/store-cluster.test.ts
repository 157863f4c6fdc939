import { describe, expect, it } from '@jest/globals';
import type { WatchEvent } from '../../src/cluster/cluster.ts';
import { resources, type KubeObject } from '../../src/model/kube.ts';
import { StoreCluster, type Call, type Hooks } from '../../src/sandbox/store-cluster.ts';
import { Store } from '../../src/sandbox/store.ts';

const { configMaps } = resources;

function world(hooks?: Hooks): { store: Store; cluster: StoreCluster } {
  let uids = 0;
  const store = new Store({ now: () => 0, newUid: () => `uid-${++uids}`, freeze: true });
  return { store, cluster: new StoreCluster(store, hooks) };
}

const configMap = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'test' },
});

const key = (name: string): { namespace: string; name: string } => ({ namespace: 'test', name });

/** Reads a watch in the background; `settled` lets everything that is ready happen. */
function follow(cluster: StoreCluster, resourceVersion: string): { seen: string[]; end: Promise<unknown> } {
  const seen: string[] = [];
  const read = async (): Promise<void> => {
    for await (const event of cluster.watch(configMaps, { resourceVersion })) seen.push(summary(event));
  };
  return { seen, end: read().catch((error: unknown) => error) };
}

const summary = ({ type, object }: WatchEvent): string =>
  `${type} ${type === 'BOOKMARK' ? (object.metadata.resourceVersion ?? '') : object.metadata.name}`;

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('fault hooks', () => {
  it('see every call, named as the API names it', async () => {
    const calls: string[] = [];
    const note =
      (word: string) =>
      ({ verb, resource, key: of, subresource, dryRun }: Call) => {
        calls.push(
          `${word} ${verb} ${resource.plural} ${of} ${subresource ?? ''}${dryRun === true ? 'dry' : ''}`.trim(),
        );
      };
    const { cluster } = world({ before: note('before'), after: note('after') });
    const { services } = resources;
    await cluster.create(configMaps, configMap('a'), { dryRun: true });
    await cluster.list(configMaps, { namespace: 'test' });
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'test' } };
    const made = await cluster.create(services, { ...service, spec: { ports: [{ port: 1 }] } });
    await cluster.replace(services, made, { subresource: 'status' });
    await cluster.get(services, key('s'));
    await cluster.patch(services, key('s'), { kind: 'merge', body: {} });
    await cluster.delete(services, key('s'));
    expect(calls.filter((call) => call.startsWith('before'))).toEqual([
      'before create configmaps test/a dry',
      'before list configmaps test',
      'before create services test/s',
      'before replace services test/s status',
      'before get services test/s',
      'before patch services test/s',
      'before delete services test/s',
    ]);
    expect(calls).toHaveLength(14);
  });

  it('stop a write before it happens, or lose its answer after it has', async () => {
    const lost = new Error('connection reset');
    const fail = (): never => {
      throw lost;
    };
    const before = world({ before: fail });
    await expect(before.cluster.create(configMaps, configMap('a'))).rejects.toBe(lost);
    expect(before.store.find(configMaps, key('a'))).toBeUndefined();
    const after = world({ after: fail });
    await expect(after.cluster.create(configMaps, configMap('a'))).rejects.toBe(lost);
    expect(after.store.find(configMaps, key('a'))).toBeDefined();
  });

  it('see nothing of a refused write after it', async () => {
    const calls: string[] = [];
    const { cluster } = world({ after: ({ verb }) => void calls.push(verb) });
    await cluster.create(configMaps, configMap('a'));
    await expect(cluster.create(configMaps, configMap('a'))).rejects.toMatchObject({ status: 409 });
    expect(calls).toEqual(['create']);
  });

  it('leave no watch behind when they refuse one', async () => {
    const { store, cluster } = world({
      after: () => {
        throw new Error('no');
      },
    });
    const { seen, end } = follow(cluster, '0');
    expect(await end).toBeInstanceOf(Error);
    store.create(configMaps, configMap('a'));
    cluster.bookmark();
    await settled();
    expect(seen).toEqual([]);
  });
});

describe('watches under faults', () => {
  it('fall behind while they are held, and catch up in order', async () => {
    const { store, cluster } = world();
    const { seen, end } = follow(cluster, '0');
    await settled();
    cluster.holdWatches();
    store.create(configMaps, configMap('a'));
    store.create(configMaps, configMap('b'));
    const late = follow(cluster, '1');
    await settled();
    expect([seen, late.seen]).toEqual([[], []]);
    cluster.releaseWatches();
    await settled();
    expect([seen, late.seen]).toEqual([['ADDED a', 'ADDED b'], ['ADDED b']]);
    cluster.endWatches();
    expect([await end, await late.end]).toEqual([undefined, undefined]);
  });

  it('lose what was not read when they end, with an error or without', async () => {
    const { store, cluster } = world();
    const { seen, end } = follow(cluster, '0');
    await settled();
    cluster.holdWatches();
    store.create(configMaps, configMap('a'));
    const reset = new Error('connection reset');
    cluster.endWatches(reset);
    expect(await end).toBe(reset);
    expect(seen).toEqual([]);
  });

  it('are told how far they have come', async () => {
    const { store, cluster } = world();
    const { seen } = follow(cluster, '0');
    await settled();
    store.create(configMaps, configMap('a'));
    store.create(resources.secrets, { ...configMap('s'), kind: 'Secret' });
    cluster.bookmark();
    await settled();
    expect(seen).toEqual(['ADDED a', 'BOOKMARK 2']);
    cluster.endWatches();
  });

  it('end at once where the signal was given before', async () => {
    const { cluster } = world();
    const options = { resourceVersion: '0', signal: AbortSignal.abort() };
    const events: WatchEvent[] = [];
    for await (const event of cluster.watch(configMaps, options)) events.push(event);
    expect(events).toEqual([]);
  });

  it('end where the signal is given while they are being opened', async () => {
    const stopping = new AbortController();
    const { cluster } = world({
      after: () => {
        stopping.abort();
      },
    });
    const options = { resourceVersion: '0', signal: stopping.signal };
    const events: WatchEvent[] = [];
    for await (const event of cluster.watch(configMaps, options)) events.push(event);
    expect(events).toEqual([]);
  });
});
