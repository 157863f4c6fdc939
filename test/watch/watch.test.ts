import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createHttpCluster } from '../../src/cluster/http-cluster.ts';
import { createTransport } from '../../src/cluster/transport.ts';
import { resources, type KubeObject } from '../../src/model/kube.ts';
import { startApiServer } from '../../src/sandbox/api-server.ts';
import { StoreCluster } from '../../src/sandbox/store-cluster.ts';
import { Store } from '../../src/sandbox/store.ts';
import { createCache } from '../../src/watch/cache.ts';
import { systemClock } from '../../src/watch/clock.ts';
import { watchKind } from '../../src/watch/watch.ts';
import { virtualClock } from './virtual-clock.ts';

const configMap = (name: string, namespace: string, value: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { value },
});

function world(historyLimit = 1000) {
  let uids = 0;
  const store = new Store({ now: () => 0, newUid: () => `uid-${String((uids += 1))}`, historyLimit });
  // A version of 0 means "from any version" to a watch, and no real server's list has it.
  store.create(resources.configMaps, configMap('first', 'other', ''));
  const cache = createCache({
    project: (object) => ({ uid: object.metadata.uid, data: object['data'] }),
    onError: (error) => {
      throw error;
    },
  });
  const stored = (namespaces: readonly string[]): Record<string, unknown> =>
    Object.fromEntries(
      store
        .list(resources.configMaps, {})
        .items.filter(({ metadata }) => namespaces.includes(metadata.namespace ?? ''))
        .map(({ metadata, data }) => [
          `${metadata.namespace ?? ''}/${metadata.name}`,
          { uid: metadata.uid, data },
        ]),
    );
  const cached = (): Record<string, unknown> =>
    Object.fromEntries([...cache.entries()].map(({ key, value }) => [key, value]));
  return { store, cache, stored, cached };
}

describe('a watched kind', () => {
  it('follows the cluster through lost watches, expired versions and writes of its own', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constantFrom('write', 'delete', 'ownWrite'),
        name: fc.constantFrom('a', 'b', 'c'),
        namespace: fc.constantFrom('one', 'two', 'other'),
      }),
      fc.record({ do: fc.constantFrom('hold', 'release', 'break', 'end', 'bookmark') }),
      fc.record({ do: fc.constant('advance'), ms: fc.nat(300_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        const clock = virtualClock();
        const { store, cache, stored, cached } = world(4);
        const cluster = new StoreCluster(store);
        let count = 0;
        const write = (name: string, namespace: string): KubeObject => {
          count += 1;
          const object = configMap(name, namespace, String(count));
          const there = store.find(resources.configMaps, { name, namespace });
          return there === undefined
            ? store.create(resources.configMaps, object)
            : store.replace(resources.configMaps, { ...there, data: object['data'] });
        };
        const watched = watchKind({
          cluster,
          cache,
          resource: resources.configMaps,
          namespaces: ['one', 'two'],
          clock,
          random: () => 0.5,
        });
        watched.start();
        await clock.advance(0);
        const actions: Record<string, (name: string, namespace: string) => void> = {
          write,
          ownWrite(name, namespace) {
            const written = write(name, namespace);
            if (namespace !== 'other') {
              cache.put(written);
              expect(cache.entry(`${namespace}/${name}`)?.resourceVersion).toBe(
                written.metadata.resourceVersion,
              );
            }
          },
          delete(name, namespace) {
            if (store.find(resources.configMaps, { name, namespace }) !== undefined) {
              store.delete(resources.configMaps, { name, namespace });
            }
          },
          hold: () => cluster.holdWatches(),
          release: () => cluster.releaseWatches(),
          break: () => cluster.endWatches(new Error('reset')),
          end: () => cluster.endWatches(),
          bookmark: () => cluster.bookmark(),
        };
        for (const one of steps) {
          if ('name' in one) {
            actions[one.do]?.(one.name, one.namespace);
          } else {
            actions[one.do]?.('', '');
          }
          await clock.advance('ms' in one ? one.ms : 0);
        }
        cluster.releaseWatches();
        await clock.advance(120_000);
        expect(cached()).toEqual(stored(['one', 'two']));
        expect(watched.state).toBe('synced');
        await watched.stop();
        expect(clock.timers()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('does the same over HTTP', async () => {
    const { store, cache, stored, cached } = world();
    const server = await startApiServer({ store });
    const seen: string[] = [];
    const transport = createTransport({
      server: server.url,
      userAgent: 'serin/test',
      credentials: () => Promise.resolve({ headers: {}, tls: {} }),
      observer: ({ verb, status }) => seen.push(`${verb} ${String(status)}`),
    });
    const cluster = createHttpCluster({ transport });
    const watched = watchKind({
      cluster,
      cache,
      resource: resources.configMaps,
      namespaces: ['one'],
      clock: systemClock,
      random: Math.random,
    });
    const changed = (): Promise<void> =>
      new Promise((resolve) => {
        const leave = cache.onChange(() => {
          leave();
          resolve();
        });
      });
    store.create(resources.configMaps, configMap('a', 'one', '1'));
    watched.start();
    await cache.whenSynced();
    expect(cached()).toEqual(stored(['one']));

    const created = changed();
    const b = await cluster.create(resources.configMaps, configMap('b', 'one', '1'));
    await created;
    cache.put(await cluster.replace(resources.configMaps, { ...b, data: { value: '2' } }));
    expect(cached()).toEqual(stored(['one']));
    await expect(cluster.replace(resources.configMaps, b)).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
    });

    const merged = changed();
    await cluster.patch(
      resources.configMaps,
      { namespace: 'one', name: 'a' },
      { kind: 'merge', body: { data: { value: '9' } } },
    );
    await merged;
    const gone = changed();
    await cluster.delete(resources.configMaps, { namespace: 'one', name: 'b' });
    await gone;
    expect(cached()).toEqual(stored(['one']));
    expect(Object.keys(cached())).toEqual(['one/a']);
    expect(seen.filter((one) => /^(list|watch)/.test(one))).toEqual(['list 200', 'watch 200']);
    await watched.stop();
    await transport.close();
    await server.stop();
  });
});
