import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { z } from 'zod';
import type { WatchEvent } from '../../src/cluster/cluster.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { createCache, type Cache } from '../../src/watch/cache.ts';

interface Seen {
  readonly image: string;
}

const object = (name: string, version: number, over: { uid?: string; image?: string; ns?: string } = {}) =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace: over.ns ?? 'shop',
      uid: over.uid ?? `uid-${name}`,
      resourceVersion: String(version),
    },
    spec: { image: over.image ?? `v${String(version)}` },
  }) satisfies KubeObject;

type Told = [key: string, before: string | undefined, after: string | undefined];

function fixture(): { cache: Cache<Seen, 'image'>; told: Told[]; errors: string[] } {
  const told: Told[] = [];
  const errors: string[] = [];
  const cache = createCache<Seen, 'image'>({
    project(from) {
      const { image } = z.object({ image: z.string() }).parse(from['spec']);
      if (image === 'throws') {
        throw new Error('no projection');
      }
      return image === 'hidden' ? undefined : { image };
    },
    indexes: { image: ({ image }) => [image] },
    onError: (error, key) => errors.push(`${key}: ${String(error)}`),
  });
  cache.onChange((key, before, after) => told.push([key, before?.image, after?.image]));
  return { cache, told, errors };
}

const list = (cache: Cache<Seen, 'image'>, version: number, ...objects: readonly KubeObject[]) => {
  const sink = cache.sink();
  relist(sink, version, ...objects);
  return sink;
};
const relist = (
  sink: ReturnType<Cache<Seen>['sink']>,
  version: number,
  ...objects: readonly KubeObject[]
): void => {
  const listed = sink.begin();
  for (const one of objects) {
    listed.add(one);
  }
  listed.commit(String(version));
};
const event = (type: WatchEvent['type'], of: KubeObject): WatchEvent => ({ type, object: of });

describe('a cache', () => {
  it('keeps projections, and tells what changed, after it has', () => {
    const { cache, told } = fixture();
    cache.onChange((key, _, after) => {
      expect(cache.get(key)).toEqual(after);
    });
    const sink = list(cache, 10, object('a', 5), object('b', 6));
    sink.apply(event('MODIFIED', object('a', 11, { image: 'new' })));
    sink.apply(event('MODIFIED', object('a', 12, { image: 'new' })));
    sink.apply(event('DELETED', object('b', 13)));
    expect(told).toEqual([
      ['shop/a', undefined, 'v5'],
      ['shop/b', undefined, 'v6'],
      ['shop/a', 'v5', 'new'],
      ['shop/b', 'v6', undefined],
    ]);
    expect([...cache.entries()]).toEqual([
      { key: 'shop/a', uid: 'uid-a', resourceVersion: '12', value: { image: 'new' } },
    ]);
  });

  it('takes in the answer to our own write at once, and no older event undoes it', () => {
    const { cache, told } = fixture();
    const sink = list(cache, 10, object('a', 5));
    cache.put(object('a', 15));
    sink.apply(event('MODIFIED', object('a', 12)));
    sink.apply(event('MODIFIED', object('a', 15)));
    expect(cache.get('shop/a')).toEqual({ image: 'v15' });
    expect(told.slice(1)).toEqual([['shop/a', 'v5', 'v15']]);
  });

  it('does not bring back what was deleted after our write', () => {
    const { cache } = fixture();
    const sink = list(cache, 10, object('a', 5));
    sink.apply(event('DELETED', object('a', 20)));
    cache.put(object('a', 15));
    expect(cache.get('shop/a')).toBeUndefined();
    cache.put(object('a', 25, { uid: 'again' }));
    expect(cache.entry('shop/a')).toMatchObject({ uid: 'again' });
    sink.apply(event('DELETED', object('a', 20)));
    expect(cache.entry('shop/a')).toMatchObject({ uid: 'again' });
  });

  it('tells a deletion and an addition where the same name is another object', () => {
    const { cache, told } = fixture();
    const sink = list(cache, 10, object('a', 5));
    relist(sink, 30, object('a', 22, { uid: 'other' }));
    expect(told.slice(1)).toEqual([
      ['shop/a', 'v5', undefined],
      ['shop/a', undefined, 'v22'],
    ]);
  });

  it('D32: keeps a write of ours that is newer than a list, and drops what the list lacks', () => {
    const { cache } = fixture();
    const sink = list(cache, 10, object('a', 5), object('b', 6));
    cache.put(object('c', 40));
    relist(sink, 30, object('a', 5));
    expect([...cache.entries()].map(({ key }) => key)).toEqual(['shop/a', 'shop/c']);
  });

  it('starts afresh where the versions went back: a backup was restored', () => {
    const { cache } = fixture();
    const sink = list(cache, 1000, object('a', 900), object('b', 950));
    relist(sink, 300, object('a', 200));
    expect(cache.get('shop/a')).toEqual({ image: 'v200' });
    expect(cache.get('shop/b')).toBeUndefined();
    sink.apply(event('MODIFIED', object('a', 301)));
    expect(cache.get('shop/a')).toEqual({ image: 'v301' });
  });

  it('finds by index what has a value now', () => {
    const { cache } = fixture();
    const sink = list(cache, 10, object('a', 5, { image: 'x' }), object('b', 6, { image: 'x' }));
    sink.apply(event('MODIFIED', object('a', 11, { image: 'y' })));
    expect(cache.byIndex('image', 'x').map(({ key }) => key)).toEqual(['shop/b']);
    expect(cache.byIndex('image', 'y').map(({ key }) => key)).toEqual(['shop/a']);
    sink.apply(event('DELETED', object('a', 12)));
    expect(cache.byIndex('image', 'y')).toEqual([]);
  });

  it('is synced when every namespace has been listed; a kind that is not served has no objects', async () => {
    const { cache } = fixture();
    expect(cache.synced).toBe(false);
    const [shop, other] = [cache.sink('shop'), cache.sink('other')];
    const waiting = cache.whenSynced();
    relist(shop, 10, object('a', 5));
    expect(cache.synced).toBe(false);
    relist(other, 11, object('z', 7, { ns: 'other' }));
    await waiting;
    expect([cache.synced, cache.size]).toEqual([true, 2]);
    relist(shop, 12);
    expect([...cache.values()]).toEqual([{ image: 'v7' }]);
    other.clear();
    expect([cache.size, cache.synced]).toEqual([0, true]);
  });

  it('treats an object without a projection as not there, and says when one throws', () => {
    const { cache, errors } = fixture();
    const sink = list(cache, 10, object('a', 5), object('b', 6, { image: 'hidden' }));
    sink.apply(event('MODIFIED', object('a', 11, { image: 'hidden' })));
    expect(cache.size).toBe(0);
    sink.apply(event('ADDED', object('c', 12, { image: 'throws' })));
    expect(errors).toEqual(['shop/c: Error: no projection']);
  });

  it('a listener that throws or leaves does not keep the others from hearing', () => {
    const { cache, errors, told } = fixture();
    cache.onChange(() => {
      throw new Error('listener');
    });
    const late: string[] = [];
    const leave = cache.onChange((key) => late.push(key));
    const sink = list(cache, 10, object('a', 5));
    leave();
    sink.apply(event('MODIFIED', object('a', 11)));
    expect([late, told.length, errors.length]).toEqual([['shop/a'], 2, 2]);
  });

  it('never goes back, whatever comes late, twice or not at all, and ends as the server is', () => {
    const command = fc.oneof(
      fc.record({ do: fc.constantFrom('write', 'delete'), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constantFrom('deliver', 'replay', 'answer'), count: fc.nat(4) }),
      fc.record({ do: fc.constantFrom('bookmark', 'relist') }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
        const { cache, errors } = fixture();
        const sink = cache.sink();
        relist(sink, 100);
        let version = 100;
        let heard = 100;
        let incarnation = 0;
        let delivered = 0;
        const server = new Map<string, KubeObject>();
        const history: WatchEvent[] = [];
        const answers: KubeObject[] = [];
        const seen = new Map<string, number>();
        const deliver = (index: number): void => {
          const next = history[index];
          if (next !== undefined) {
            sink.apply(next);
            heard = Math.max(heard, Number(next.object.metadata.resourceVersion));
          }
        };
        const write = (name: string): void => {
          version += 1;
          const known = server.get(name);
          incarnation += known === undefined ? 1 : 0;
          const written = object(name, version, {
            uid: known?.metadata.uid ?? `${name}${String(incarnation)}`,
          });
          history.push(event(known === undefined ? 'ADDED' : 'MODIFIED', written));
          server.set(name, written);
          answers.push(written);
        };
        const erase = (name: string): void => {
          const known = server.get(name);
          if (known !== undefined) {
            version += 1;
            server.delete(name);
            history.push(event('DELETED', object(name, version, { uid: known.metadata.uid ?? '' })));
          }
        };
        const steps: Record<string, (key: string, count: number) => void> = {
          write,
          delete: erase,
          deliver(_, count) {
            for (let left = count; left > 0 && delivered < history.length; left -= 1) {
              deliver(delivered);
              delivered += 1;
            }
          },
          replay(_, count) {
            for (let index = Math.max(0, delivered - count); index < delivered; index += 1) {
              deliver(index);
            }
          },
          answer(_, count) {
            const [late] = answers.splice(count, 1);
            if (late !== undefined) {
              cache.put(late);
            }
          },
          bookmark() {
            if (delivered === history.length) {
              sink.apply(event('BOOKMARK', object('', version)));
              heard = version;
            }
          },
          relist() {
            relist(sink, version, ...server.values());
            heard = version;
            delivered = history.length;
          },
        };
        for (const one of commands) {
          steps[one.do]?.('key' in one ? one.key : '', 'count' in one ? one.count : 0);
          for (const name of ['a', 'b', 'c']) {
            const at = Number(cache.entry(`shop/${name}`)?.resourceVersion ?? heard);
            expect(at).toBeGreaterThanOrEqual(seen.get(name) ?? 0);
            seen.set(name, at);
          }
        }
        steps['deliver']?.('', history.length);
        expect(Object.fromEntries([...cache.entries()].map((entry) => [entry.key, entry.uid]))).toEqual(
          Object.fromEntries([...server].map(([name, { metadata }]) => [`shop/${name}`, metadata.uid])),
        );
        expect(errors).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
