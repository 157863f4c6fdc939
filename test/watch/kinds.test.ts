import { afterEach, describe, expect, it } from '@jest/globals';
import type { ListPage } from '../../src/cluster/cluster.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { createKinds, type Kinds } from '../../src/watch/kinds.ts';
import { createCache, type Cache } from '../../src/watch/cache.ts';
import { watchKind } from '../../src/watch/watch.ts';
import { fails, page, scriptedCluster, type ScriptedCluster } from './scripted-cluster.ts';
import { settle, virtualClock, type VirtualClock } from './virtual-clock.ts';

const kind = (plural: string): Resource => ({
  group: 'example.dev',
  version: 'v1',
  plural,
  kind: plural,
  namespaced: true,
});
const routes = kind('routes');
const proxies = kind('proxies');
const definition = (name: string, version: number): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name, uid: name, resourceVersion: String(version) },
});

const marked = (version: number, channel: string): KubeObject => {
  const { metadata, ...rest } = definition('routes.example.dev', version);
  return { ...rest, metadata: { ...metadata, annotations: { channel } } };
};

interface Fixture {
  readonly cluster: ScriptedCluster;
  readonly clock: VirtualClock;
  readonly kinds: Kinds;
  readonly caches: readonly Cache<object>[];
  /** Lists so far, by plural. */
  readonly lists: () => Record<string, number>;
}

let running: Kinds | undefined;
afterEach(async () => {
  await running?.stop();
});

/** `served` decides what a list of a kind answers; definitions are listed as given. */
async function start(
  definitions: () => ListPage,
  served: Set<string>,
  more: Pick<Resource, 'aggregated'> = {},
): Promise<Fixture> {
  const cluster = scriptedCluster();
  const list = cluster.list.bind(cluster);
  const clock = virtualClock();
  const scripted: ScriptedCluster = {
    ...cluster,
    list(resource, options) {
      const answer = served.has(resource.plural) ? page(50) : fails(404);
      cluster.answers.list.push(resource.plural === 'customresourcedefinitions' ? definitions : answer);
      return list(resource, options);
    },
  };
  const common = { cluster: scripted, clock, random: () => 0.5, onError: () => undefined };
  const caches = [routes, proxies].map(() => createCache<object>({ ...common, project: () => ({}) }));
  const optional = caches.map((cache, index) =>
    watchKind({ ...common, cache, resource: { ...([routes, proxies][index] ?? routes), ...more } }),
  );
  const kinds = createKinds({ ...common, optional });
  running = kinds;
  kinds.start();
  await kinds.whenKnown();
  await settle();
  const lists = (): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { resource } of cluster.lists) {
      counts[resource.plural] = (counts[resource.plural] ?? 0) + 1;
    }
    return counts;
  };
  return { cluster, clock, kinds, caches, lists };
}

const definitionWatch = ({ cluster }: Fixture) => {
  const found = cluster.watches.findLast(({ resource }) => resource.plural === 'customresourcedefinitions');
  if (found === undefined) {
    throw new Error('no watch of the definitions');
  }
  return found;
};

describe('optional kinds', () => {
  it('are watched where they have a definition; the others cost no request and count as synced', async () => {
    const all = await start(page(10, definition('routes.example.dev', 3)), new Set(['routes']));
    expect(all.lists()).toEqual({ customresourcedefinitions: 1, routes: 1 });
    expect([all.kinds.presenceOf(routes), all.kinds.presenceOf(proxies)]).toEqual(['served', 'missing']);
    expect(all.caches.map((cache) => cache.synced)).toEqual([true, true]);
    expect(all.cluster.lists[0]?.options.metadataOnly).toBe(true);
    await all.clock.advance(200_000);
    expect(all.lists()).toEqual({ customresourcedefinitions: 1, routes: 1 });
  });

  it('are found when they appear, although served a moment later', async () => {
    const served = new Set<string>();
    const all = await start(page(10), served);
    definitionWatch(all).send('ADDED', definition('proxies.example.dev', 11));
    await settle();
    expect(all.kinds.presenceOf(proxies)).not.toBe('served');
    served.add('proxies');
    definitionWatch(all).send('MODIFIED', definition('proxies.example.dev', 12));
    await settle();
    expect(all.kinds.presenceOf(proxies)).toBe('served');
    // Later changes of a definition that is served are no reason to list again.
    definitionWatch(all).send('MODIFIED', definition('proxies.example.dev', 13));
    await all.clock.advance(100_000);
    expect(all.lists()).toEqual({ customresourcedefinitions: 1, proxies: 2 });
  });

  it('are found although the server is slow to serve them, without a further event', async () => {
    const served = new Set<string>();
    const all = await start(page(10), served);
    definitionWatch(all).send('ADDED', definition('proxies.example.dev', 11));
    await all.clock.advance(5000);
    served.add('proxies');
    await all.clock.advance(10_000);
    expect(all.kinds.presenceOf(proxies)).toBe('served');
  });

  it('are let go when their definition goes, and taken up when it comes back', async () => {
    const served = new Set(['routes']);
    const all = await start(page(10, definition('routes.example.dev', 3)), served);
    served.delete('routes');
    definitionWatch(all).send('DELETED', definition('routes.example.dev', 20));
    await settle();
    expect(all.kinds.presenceOf(routes)).toBe('missing');
    await all.clock.advance(200_000);
    const before = all.lists()['routes'];
    await all.clock.advance(40_000);
    expect(all.lists()['routes']).toBe(before);
    served.add('routes');
    definitionWatch(all).send('ADDED', definition('routes.example.dev', 30));
    await settle();
    expect(all.kinds.presenceOf(routes)).toBe('served');
  });

  it('have what their definition says of itself, and lose it with that', async () => {
    const retry = { isIn: ({ channel }: Readonly<Record<string, string>>) => channel === 'experimental' };
    const all = await start(page(10, marked(3, 'experimental')), new Set(['routes']));
    expect([all.kinds.presenceOf(routes, retry), all.kinds.presenceOf(routes)]).toEqual(['served', 'served']);
    expect(all.kinds.presenceOf(proxies, retry)).toBe('missing');

    definitionWatch(all).send('MODIFIED', marked(11, 'standard'));
    await settle();
    expect([all.kinds.presenceOf(routes, retry), all.kinds.presenceOf(routes)]).toEqual([
      'missing',
      'served',
    ]);
  });

  it('find out for themselves where definitions are hidden from us', async () => {
    const all = await start(fails(403, 'Forbidden'), new Set(['routes']));
    expect([all.kinds.presenceOf(routes), all.kinds.presenceOf(proxies)]).toEqual(['served', 'missing']);
    expect(all.lists()).toMatchObject({ routes: 1, proxies: 1 });
  });

  it('find out for themselves where no definition can say so, with one request', async () => {
    const served = new Set<string>();
    const all = await start(page(10), served, { aggregated: true });
    expect(all.kinds.presenceOf(routes)).toBe('missing');
    await all.clock.advance(200_000);
    expect(all.lists()).toMatchObject({ routes: 1, proxies: 1 });
    await running?.stop();
    served.add('routes');
    const again = await start(page(10), served, { aggregated: true });
    expect(again.kinds.presenceOf(routes)).toBe('served');
  });

  it('a kind without a watch is served if it has a definition', async () => {
    const all = await start(page(10, definition('meshes.example.dev', 3)), new Set());
    expect([all.kinds.presenceOf(kind('meshes')), all.kinds.presenceOf(kind('others'))]).toEqual([
      'served',
      'missing',
    ]);
  });
});
