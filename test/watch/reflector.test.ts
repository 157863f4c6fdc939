import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiError, type ListPage } from '../../src/cluster/cluster.ts';
import { resources } from '../../src/model/kube.ts';
import { createCache } from '../../src/watch/cache.ts';
import { createReflector, type Reflector, type Trouble } from '../../src/watch/reflector.ts';
import { breaks, fails, object, page, scriptedCluster, type ScriptedCluster } from './scripted-cluster.ts';
import { settle, virtualClock } from './virtual-clock.ts';

let running: Reflector | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

function fixture(cluster: ScriptedCluster = scriptedCluster()) {
  const clock = virtualClock();
  const told: string[] = [];
  const troubles: Trouble['reason'][] = [];
  const cache = createCache({
    project: ({ metadata: { name, resourceVersion } }) => ({ name, resourceVersion }),
    onError: (error) => {
      throw error;
    },
  });
  cache.onChange((key, before, after) => {
    const change = before === undefined ? 'added' : after === undefined ? 'deleted' : 'changed';
    told.push(`${change} ${key}`);
  });
  const reflector = createReflector({
    cluster,
    resource: resources.services,
    sink: cache.sink(),
    clock,
    random: () => 0.5,
    onTrouble: ({ reason }) => troubles.push(reason),
  });
  running = reflector;
  return { cluster, clock, cache, told, troubles, reflector };
}

async function started(cluster?: ScriptedCluster): Promise<ReturnType<typeof fixture>> {
  const all = fixture(cluster);
  all.reflector.start();
  await settle();
  return all;
}

const gone = new ApiError(410, 'Expired', 'too old');

describe('a reflector', () => {
  it('lists by pages, then watches from there', async () => {
    const cluster = scriptedCluster();
    const first: ListPage = { items: [object('a', 3)], resourceVersion: '10', continueToken: 'more' };
    cluster.answers.list.push(() => first, page(10, object('b', 4)));
    const { cache, told, reflector, clock } = await started(cluster);
    expect(cluster.lists.map(({ options: { limit, continueToken } }) => [limit, continueToken])).toEqual([
      [500, undefined],
      [500, 'more'],
    ]);
    expect(reflector.state).toBe('synced');
    expect(cluster.lastWatch().options).toMatchObject({ resourceVersion: '10', timeoutSeconds: 270 });
    cluster.lastWatch().send('MODIFIED', object('a', 11));
    cluster.lastWatch().send('DELETED', object('b', 12));
    await settle();
    expect(told).toEqual(['added shop/a', 'added shop/b', 'changed shop/a', 'deleted shop/b']);
    expect([...cache.values()]).toEqual([{ name: 'a', resourceVersion: '11' }]);
    expect(clock.timers()).toBe(1);
  });

  it('goes on from the last bookmark, at once and without a list, when a watch ends in time', async () => {
    const { cluster, clock, troubles } = await started(scriptedCluster(page(10)));
    for (let version = 20; version < 70; version += 10) {
      cluster.lastWatch().send('BOOKMARK', object('', version));
      await clock.advance(240_000);
      cluster.lastWatch().end();
      await settle();
      expect(cluster.lastWatch().options.resourceVersion).toBe(String(version));
    }
    expect([cluster.lists.length, cluster.watches.length, troubles]).toEqual([1, 6, []]);
  });

  it('sends nothing while a quiet watch lasts, and renews it without a bookmark too', async () => {
    const { cluster, clock, troubles } = await started();
    await clock.advance(269_000);
    expect([cluster.lists.length, cluster.watches.length]).toEqual([1, 1]);
    cluster.lastWatch().end();
    await settle();
    expect([cluster.lists.length, cluster.watches.length, troubles]).toEqual([1, 2, []]);
  });

  it('leaves a watch that the server does not end', async () => {
    const { cluster, clock } = await started();
    await clock.advance(299_000);
    expect(cluster.watches).toHaveLength(1);
    await clock.advance(2000);
    expect(cluster.watches.map((watch) => watch.closed())).toEqual([true, false]);
    expect(cluster.lists).toHaveLength(1);
  });

  it.each<[string, Error, string]>([
    ['a broken connection', new Error('reset'), 'broken'],
    ['a server in trouble', new ApiError(500, 'InternalError', 'etcd'), 'refused'],
    ['a server that has too much to do', new ApiError(429, 'TooManyRequests', 'slow down'), 'refused'],
  ])('waits after %s, then goes on from where it was', async (_, error, reason) => {
    const { cluster, clock, troubles } = await started();
    cluster.lastWatch().send('ADDED', object('a', 7));
    await settle();
    cluster.lastWatch().fail(error);
    await settle();
    expect([cluster.watches.length, troubles]).toEqual([1, [reason]]);
    await clock.advance(1000);
    expect([cluster.watches.length, cluster.lists.length]).toEqual([2, 1]);
    expect(cluster.lastWatch().options.resourceVersion).toBe('7');
  });

  it('waits as long as the server asks', async () => {
    const { cluster, clock } = await started();
    cluster.lastWatch().fail(new ApiError(429, 'TooManyRequests', 'slow down', 20_000));
    await clock.advance(19_000);
    expect(cluster.watches).toHaveLength(1);
    await clock.advance(1000);
    expect(cluster.watches).toHaveLength(2);
  });

  it('D32: lists again at once after 410, and tells what was deleted and made in between', async () => {
    const cluster = scriptedCluster();
    cluster.answers.list.push(
      page(10, object('a', 3), object('b', 4), object('c', 5, 'first')),
      page(50, object('b', 40), object('c', 45, 'second')),
    );
    const { told, troubles } = await started(cluster);
    told.length = 0;
    cluster.lastWatch().fail(gone);
    await settle();
    expect(told).toEqual(['deleted shop/a', 'changed shop/b', 'deleted shop/c', 'added shop/c']);
    expect([cluster.lists.length, troubles]).toEqual([2, ['expired']]);
    expect(cluster.lastWatch().options.resourceVersion).toBe('50');
  });

  it('does not spin on a server that answers 410 or ends the watch every time', async () => {
    const { cluster, clock } = await started();
    for (let second = 0; second < 60; second += 1) {
      cluster.lastWatch().fail(gone);
      await clock.advance(1000);
    }
    expect(cluster.lists.length).toBeLessThan(10);
    const quick = await started();
    for (let second = 0; second < 60; second += 1) {
      quick.cluster.lastWatch().end();
      await quick.clock.advance(1000);
    }
    expect(quick.cluster.watches.length).toBeLessThan(10);
  });

  it('lists again where the server has lost what we have seen', async () => {
    const { cluster, clock } = await started(scriptedCluster(page(10)));
    cluster.lastWatch().fail(new ApiError(504, 'Timeout', 'Too large resource version: 10, current: 5'));
    await clock.advance(1000);
    expect(cluster.lists).toHaveLength(2);
  });

  it('lists again after three watches in a row that failed without a word', async () => {
    const { cluster, clock } = await started(scriptedCluster(page(10)));
    cluster.lastWatch().send('BOOKMARK', object('', 11));
    await settle();
    for (let count = 0; count < 4; count += 1) {
      expect(cluster.lists).toHaveLength(1);
      await clock.advance(90_000);
      cluster.lastWatch().fail(new Error('no byte for 90 s'));
      await clock.advance(1000);
    }
    expect(cluster.lists).toHaveLength(2);
  });

  it('looks for a kind that is said to be there a few times only', async () => {
    const { cluster, clock, reflector } = await started(scriptedCluster(fails(404)));
    reflector.recheck('there');
    await clock.advance(3_600_000);
    expect([cluster.lists.length, clock.timers()]).toEqual([8, 0]);
  });

  it('never gives up on a server that is down, and asks it rarely', async () => {
    const cluster = scriptedCluster(breaks);
    const { clock, reflector, cache } = await started(cluster);
    await clock.advance(600_000);
    expect(cluster.lists.length).toBeGreaterThan(10);
    expect(cluster.lists.length).toBeLessThan(30);
    expect([reflector.state, cache.synced]).toEqual(['syncing', false]);
    cluster.answers.list.push(page(10, object('a', 3)));
    await clock.advance(60_000);
    expect([reflector.state, cache.size]).toEqual(['synced', 1]);
  });

  it('starts a list afresh whose continuation has expired', async () => {
    const cluster = scriptedCluster();
    cluster.answers.list.push(
      () => ({ items: [object('old', 3)], resourceVersion: '10', continueToken: 'more' }),
      fails(410, 'Expired'),
      page(20, object('a', 15)),
    );
    const { told } = await started(cluster);
    expect(told).toEqual(['added shop/a']);
  });

  it('rests where the kind is not served, and looks again only when told', async () => {
    const cluster = scriptedCluster(fails(404, 'NotFound'));
    const { clock, reflector, cache, told } = await started(cluster);
    expect([reflector.state, cache.synced]).toEqual(['missing', true]);
    await clock.advance(3_600_000);
    expect([cluster.lists.length, clock.timers()]).toEqual([1, 0]);
    // Its definition has appeared; the server needs a moment to serve it.
    reflector.recheck('there');
    await settle();
    expect([cluster.lists.length, reflector.state]).toEqual([2, 'missing']);
    cluster.answers.list.push(page(10, object('a', 3)));
    await clock.advance(1000);
    expect([reflector.state, told]).toEqual(['synced', ['added shop/a']]);
    // The definition is deleted.
    reflector.recheck('gone');
    await settle();
    expect([reflector.state, cache.size, told.at(-1)]).toEqual(['missing', 0, 'deleted shop/a']);
    const { length } = cluster.lists;
    await clock.advance(3_600_000);
    expect([cluster.lists.length, clock.timers()]).toEqual([length, 0]);
  });

  it('stops: ends the watch, leaves no timer, and starts no more', async () => {
    const { cluster, clock, reflector } = await started();
    await reflector.stop();
    reflector.recheck('gone');
    reflector.start();
    await clock.advance(100_000);
    expect([cluster.lastWatch().closed(), cluster.lists.length, clock.timers()]).toEqual([true, 1, 0]);
    const waiting = fixture(scriptedCluster(breaks));
    waiting.reflector.start();
    await settle();
    await waiting.reflector.stop();
    expect(waiting.clock.timers()).toBe(0);
  });

  it('watches one namespace, the metadata alone, where it is told to', async () => {
    const cluster = scriptedCluster();
    const { cache, clock } = fixture();
    const options = { namespace: 'shop', metadataOnly: true, fieldSelector: 'metadata.name=x' };
    const reflector = createReflector({
      cluster,
      resource: resources.configMaps,
      sink: cache.sink('shop'),
      clock,
      random: () => 0,
      ...options,
    });
    reflector.start();
    await settle();
    expect(cluster.lists[0]?.options).toMatchObject(options);
    expect(cluster.lastWatch().options).toMatchObject({ ...options, timeoutSeconds: 240 });
    await reflector.stop();
  });
});
