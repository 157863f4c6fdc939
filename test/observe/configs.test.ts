import { describe, expect, it } from '@jest/globals';
import { resources } from '../../src/model/kube.ts';
import { feedsOf } from '../../src/observe/caches.ts';
import { createConfigReader } from '../../src/observe/configs.ts';
import type { ConfigReader } from '../../src/observe/configs.ts';
import type { ConfigRef } from '../../src/workload/pod-template.ts';
import { configMap, lab, secret } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { configMaps, secrets } = resources;
const flags: ConfigRef = { kind: 'ConfigMap', name: 'flags', optional: false };
const keys: ConfigRef = { kind: 'Secret', name: 'keys', optional: false };
const HOUR_MS = 3_600_000;

function world(): { of: Lab; reader: ConfigReader } {
  const of = lab([
    [configMaps, configMap('flags', { color: 'red' })],
    [secrets, secret('keys', { token: 'YQ==' })],
  ]);
  const reader = createConfigReader({
    cluster: of.cluster,
    configMaps: of.caches.configMaps,
    nowMs: () => of.nowMs,
  });
  return { of, reader };
}

function edit(of: Lab, kind: 'configMaps' | 'secrets', name: string, body: Record<string, unknown>): void {
  of.store.patch(resources[kind], { namespace: 'shop', name }, { kind: 'merge', body });
}

describe('Secrets', () => {
  it('feed no cache: they are never listed or watched', () => {
    const { caches } = lab();

    expect(feedsOf(caches).map(({ resource }) => resource.kind)).not.toContain('Secret');
    expect(feedsOf(caches).map(({ resource }) => resource.kind)).toContain('ConfigMap');
  });
});

describe('checksums of configuration', () => {
  it('are of the content, by kind and name', async () => {
    const { of, reader } = world();
    const { checksums, problems } = await reader.read('shop', [flags, keys], undefined);
    expect(Object.keys(checksums)).toEqual(['configmap/flags', 'secret/keys']);
    expect(problems).toEqual([]);

    edit(of, 'configMaps', 'flags', { metadata: { labels: { team: 'a' } } });
    expect((await reader.read('shop', [flags, keys], undefined)).checksums).toEqual(checksums);
    edit(of, 'configMaps', 'flags', { data: { color: 'blue' } });
    expect((await reader.read('shop', [flags, keys], undefined)).checksums).not.toEqual(checksums);
  });

  it('leave out what is not tracked', async () => {
    const { of, reader } = world();
    edit(of, 'configMaps', 'flags', {
      metadata: { annotations: { 'flagger.app/config-tracking': 'disabled' } },
    });

    expect(await reader.read('shop', [flags], undefined)).toEqual({
      checksums: {},
      problems: [],
      dueMs: undefined,
    });
  });

  it.each([
    [flags, 'flags', 'configMaps'],
    [keys, 'keys', 'secrets'],
  ] as const)('of what is missing are a problem, unless it is optional: %j', async (ref, name, kind) => {
    const { of, reader } = world();
    of.store.delete(resources[kind], { namespace: 'shop', name });

    expect((await reader.read('shop', [ref], undefined)).problems).toMatchObject([
      { severity: 'error', reason: 'ConfigNotFound', value: name },
    ]);
    expect((await reader.read('shop', [{ ...ref, optional: true }], undefined)).problems).toEqual([]);
  });
});

describe('requests for configuration', () => {
  it('are one for each object; a ConfigMap is read again only when its version has changed', async () => {
    const { of, reader } = world();
    await reader.read('shop', [flags], undefined);
    of.nowMs += 100 * HOUR_MS;
    await reader.read('shop', [flags], undefined);
    expect(of.calls).toEqual(['get configmaps shop/flags']);

    edit(of, 'configMaps', 'flags', { data: { color: 'blue' } });
    await reader.read('shop', [flags], undefined);
    expect(of.calls).toHaveLength(2);
  });

  it('for a Secret are at most one an hour, and it says when', async () => {
    const { of, reader } = world();
    const first = await reader.read('shop', [keys], undefined);
    const dueMs = first.dueMs ?? 0;
    expect(dueMs).toBeGreaterThanOrEqual(of.nowMs + HOUR_MS);

    of.nowMs = dueMs - 1;
    await reader.read('shop', [keys], undefined);
    expect(of.calls).toHaveLength(1);
    of.nowMs += 1;
    await reader.read('shop', [keys], undefined);
    expect(of.calls).toHaveLength(2);
  });

  it('for Secrets that were first read together drift apart, each on a schedule of its own', async () => {
    const { of, reader } = world();
    const names = Array.from({ length: 20 }, (_, index) => `keys-${index}`);
    for (const name of names) {
      of.store.create(secrets, secret(name, { token: 'YQ==' }));
    }
    const due = await Promise.all(
      names.map(async (name) => (await reader.read('shop', [{ ...keys, name }], undefined)).dueMs ?? 0),
    );
    expect(new Set(due).size).toBe(names.length);
    expect(Math.min(...due)).toBeGreaterThanOrEqual(of.nowMs + HOUR_MS);
    expect(Math.max(...due)).toBeLessThan(of.nowMs + 1.25 * HOUR_MS);
    const again = createConfigReader({
      cluster: of.cluster,
      configMaps: of.caches.configMaps,
      nowMs: () => of.nowMs,
    });
    expect((await again.read('shop', [{ ...keys, name: 'keys-7' }], undefined)).dueMs).toBe(due[7]);
  });

  it('for a Secret come sooner where a run is under way', async () => {
    const { of, reader } = world();
    await reader.read('shop', [keys], undefined);
    edit(of, 'secrets', 'keys', { data: { token: 'Yg==' } });
    of.nowMs += 10_000;
    await reader.read('shop', [keys], 10_000);

    expect(of.calls).toHaveLength(2);
  });

  it('for a Secret are made again after the clock was set back, before which nothing says how old a reading is', async () => {
    const { of, reader } = world();
    await reader.read('shop', [keys], 0);
    edit(of, 'secrets', 'keys', { data: { token: 'Yg==' } });
    of.nowMs -= 60_000;
    const { checksums } = await reader.read('shop', [keys], 0);
    expect(of.calls).toHaveLength(2);

    expect((await reader.read('shop', [keys], undefined)).checksums).toEqual(checksums);
    expect(of.calls).toHaveLength(2);
  });

  it('never list, and never ask for a ConfigMap that is known to be missing', async () => {
    const { of, reader } = world();
    of.store.delete(configMaps, { namespace: 'shop', name: 'flags' });
    await reader.read('shop', [flags, keys], undefined);

    expect(of.calls).toEqual(['get secrets shop/keys']);
  });

  it('are made again after one has failed', async () => {
    const { of, reader } = world();
    of.refuse = () => new Error('socket hang up');
    await expect(reader.read('shop', [keys], undefined)).rejects.toThrow('socket hang up');
    of.refuse = () => undefined;

    expect((await reader.read('shop', [keys], undefined)).problems).toEqual([]);
  });
});
