import { describe, expect, it } from '@jest/globals';
import { apply, translated } from '../../src/act/apply.ts';
import type { Application } from '../../src/act/apply.ts';
import { ApiError } from '../../src/cluster/cluster.ts';
import { Retry, Stalled } from '../../src/model/errors.ts';
import { objectOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { OwnedShape } from '../../src/model/owned.ts';
import { configMap, lab } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { configMaps } = resources;

/** Owns `data.ours`, and nothing else. */
const shape: OwnedShape = {
  merge: (live, object) => ({
    ...live,
    data: { ...objectOf(live['data']), ours: objectOf(object['data'])['ours'] },
  }),
  fingerprint: ({ data }) => JSON.stringify(data),
};

const wanted = configMap('settings', { ours: 'new' });

function application({
  landed = [],
  ...override
}: Partial<Application> & { landed?: KubeObject[] } = {}): Application {
  return {
    resource: configMaps,
    wanted,
    shape,
    landing: {
      put: (object) => {
        landed.push(object);
      },
    },
    ...override,
  };
}

const withLive = (data: Record<string, string>): Lab => lab([[configMaps, configMap('settings', data)]]);
const dataOf = (world: Lab): unknown => world.find(configMaps, 'settings')?.['data'];

describe('apply', () => {
  it('creates what is missing', async () => {
    const world = lab([]);
    const landed: KubeObject[] = [];
    const written = await apply(world.cluster, application({ landed }));

    expect(world.writes()).toEqual(['create configmaps shop/settings']);
    expect(dataOf(world)).toEqual({ ours: 'new' });
    expect(landed).toEqual([written]);
    expect(written.metadata.resourceVersion).toBeDefined();
  });

  it('patches exactly what is ours; everything of others survives', async () => {
    const world = withLive({ ours: 'old', theirs: 'kept' });
    await apply(world.cluster, application());

    expect(world.writes()).toEqual(['patch configmaps shop/settings']);
    expect(dataOf(world)).toEqual({ ours: 'new', theirs: 'kept' });
  });

  it('writes nothing where nothing differs, and lets the cache know what there is', async () => {
    const world = withLive({ ours: 'new', theirs: 'kept' });
    const landed: KubeObject[] = [];
    await apply(world.cluster, application({ landed }));

    expect(world.writes()).toEqual([]);
    expect(landed).toHaveLength(1);
  });

  it('writes nothing in a rehearsal, but asks the server', async () => {
    const landed: KubeObject[] = [];
    const missing = lab([]);
    await apply(missing.cluster, application({ dryRun: true, landed }));
    const live = withLive({ ours: 'old' });
    await apply(live.cluster, application({ dryRun: true, landed }));

    expect(missing.writes()).toEqual(['create configmaps shop/settings dry']);
    expect(live.writes()).toEqual(['patch configmaps shop/settings dry']);
    expect(dataOf(missing)).toBeUndefined();
    expect(dataOf(live)).toEqual({ ours: 'old' });
    expect(landed).toEqual([]);
  });

  it('never overwrites what has changed between its look and its write', async () => {
    const world = withLive({ ours: 'old' });
    world.refuse = ({ verb }) => {
      if (verb === 'patch') {
        const body = { data: { theirs: 'meanwhile' } };
        world.store.patch(configMaps, { namespace: 'shop', name: 'settings' }, { kind: 'merge', body });
      }
      return undefined;
    };

    await expect(apply(world.cluster, application())).rejects.toBeInstanceOf(Retry);
    expect(dataOf(world)).toEqual({ ours: 'old', theirs: 'meanwhile' });
  });

  it('keeps a note of what was there before, with the same write', async () => {
    const world = withLive({ ours: 'old' });
    await apply(world.cluster, application({ backUp: (live) => ({ before: JSON.stringify(live['data']) }) }));

    expect(world.writes()).toHaveLength(1);
    expect(world.find(configMaps, 'settings')?.metadata.annotations).toEqual({ before: '{"ours":"old"}' });
  });
});

describe('what stands in the way of a write', () => {
  it.each<[string, Error, typeof Retry | typeof Stalled]>([
    ['refused by validation', new ApiError(422, 'Invalid', 'spec: is wrong'), Stalled],
    ['refused by an admission webhook', new ApiError(400, 'BadRequest', 'denied'), Stalled],
    ['forbidden', new ApiError(403, 'Forbidden', 'cannot patch'), Stalled],
    [
      'a definition that lacks a field',
      new ApiError(500, 'InternalError', '.status.run: field not declared in schema'),
      Stalled,
    ],
    ['a conflict', new ApiError(409, 'Conflict', 'the object has been modified'), Retry],
    ['too many requests', new ApiError(429, 'TooManyRequests', 'later'), Retry],
    ['an error of the server', new ApiError(500, 'InternalError', 'etcd'), Retry],
    ['an unavailable server', new ApiError(503, 'ServiceUnavailable', ''), Retry],
    ['no answer', new Error('socket hang up'), Retry],
  ])('%s', async (_title, error, kind) => {
    const world = lab([]);
    world.refuse = ({ verb }) => (verb === 'create' ? error : undefined);
    const attempt = apply(world.cluster, application());

    await expect(attempt).rejects.toBeInstanceOf(kind);
    await expect(attempt).rejects.toMatchObject({ cause: error });
    expect(world.find(configMaps, 'settings')).toBeUndefined();
  });

  it('is said with what was being tried', async () => {
    const attempt = translated('write Service cart', () => Promise.reject(new Error('socket hang up')));

    await expect(attempt).rejects.toThrow('cannot write Service cart: socket hang up');
  });

  it('keeps its class on the way', async () => {
    const retry = new Retry('inner');

    await expect(translated('outer', () => Promise.reject(retry))).rejects.toBe(retry);
  });
});
