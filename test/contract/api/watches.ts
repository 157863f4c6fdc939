import { expect, it } from '@jest/globals';
import type { WatchEvent } from '../../../src/cluster/cluster.ts';
import { resources } from '../../../src/model/kube.ts';
import { gadgets, unserved } from './gadgets.ts';
import type { Lab } from './lab.ts';

const { configMaps } = resources;

async function now(lab: Lab): Promise<string> {
  return (await lab.cluster.list(configMaps, { namespace: lab.namespace })).resourceVersion;
}

const summary = ({ type, object }: WatchEvent): readonly unknown[] => [
  type,
  object.metadata.name,
  object['data'],
];

export function itWatches(lab: Lab): void {
  it('replays what came after a version, in order', async () => {
    const resourceVersion = await now(lab);
    const a = await lab.create(configMaps, { data: { n: '1' } });
    await lab.cluster.replace(configMaps, { ...a, data: { n: '2' } });
    const b = await lab.create(configMaps);
    await lab.cluster.delete(configMaps, lab.key(a));
    const events = await lab.events(configMaps, { namespace: lab.namespace, resourceVersion }, 4);
    expect(events.map(summary)).toEqual([
      ['ADDED', a.metadata.name, { n: '1' }],
      ['MODIFIED', a.metadata.name, { n: '2' }],
      ['ADDED', b.metadata.name, undefined],
      ['DELETED', a.metadata.name, { n: '2' }],
    ]);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual([...versions].sort((left, right) => left - right));
    expect(new Set(versions).size).toBe(4);
  });

  it('goes on from the version of any event', async () => {
    const resourceVersion = await now(lab);
    await lab.create(configMaps);
    const b = await lab.create(configMaps);
    const [first] = await lab.events(configMaps, { namespace: lab.namespace, resourceVersion }, 1);
    const from = first?.object.metadata.resourceVersion ?? '';
    const [second] = await lab.events(configMaps, { namespace: lab.namespace, resourceVersion: from }, 1);
    expect(second?.object).toEqual(b);
  });

  it('follows what happens while it is open', async () => {
    const resourceVersion = await now(lab);
    const events = lab.events(configMaps, { namespace: lab.namespace, resourceVersion }, 2);
    const a = await lab.create(configMaps);
    await lab.cluster.delete(configMaps, lab.key(a));
    expect((await events).map(({ type }) => type)).toEqual(['ADDED', 'DELETED']);
  });

  it('begins with everything from version 0', async () => {
    const made = await lab.create(configMaps);
    const fieldSelector = `metadata.name=${made.metadata.name}`;
    const options = { namespace: lab.namespace, fieldSelector, resourceVersion: '0' };
    // A real server's cache may lag behind the write: then the object comes as news, which looks the same.
    const events = await lab.events(configMaps, options, 1);
    expect(events).toEqual([{ type: 'ADDED', object: made }]);
  });

  it('sees nothing of a write that changes nothing, or of a dry run', async () => {
    const made = await lab.create(gadgets, { spec: { color: 'red' } });
    const resourceVersion = made.metadata.resourceVersion ?? '';
    await lab.cluster.replace(gadgets, made);
    await lab.cluster.replace(gadgets, { ...made, spec: { color: 'green' } }, { dryRun: true });
    const changed = await lab.cluster.replace(gadgets, { ...made, spec: { color: 'green' } });
    const fieldSelector = `metadata.name=${made.metadata.name}`;
    const [event] = await lab.events(
      gadgets,
      { namespace: lab.namespace, fieldSelector, resourceVersion },
      1,
    );
    expect(event).toEqual({ type: 'MODIFIED', object: changed });
  });

  it('shows the mark and the removal of an object with finalizers', async () => {
    const made = await lab.create(configMaps, {}, { finalizers: ['serin.dev/test'] });
    const resourceVersion = made.metadata.resourceVersion ?? '';
    await lab.cluster.delete(configMaps, lab.key(made));
    const body = { metadata: { finalizers: null } };
    await lab.cluster.patch(configMaps, lab.key(made), { kind: 'merge', body });
    const fieldSelector = `metadata.name=${made.metadata.name}`;
    const events = await lab.events(
      configMaps,
      { namespace: lab.namespace, fieldSelector, resourceVersion },
      2,
    );
    expect(events.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
    for (const { object } of events) expect(object.metadata.deletionTimestamp).toBeDefined();
  });

  it('watches metadata alone', async () => {
    const made = await lab.create(configMaps, { data: { a: 'b' } });
    const resourceVersion = String(Number(made.metadata.resourceVersion) - 1);
    const fieldSelector = `metadata.name=${made.metadata.name}`;
    const options = { namespace: lab.namespace, fieldSelector, resourceVersion, metadataOnly: true };
    const { data: _, ...metadataOnly } = made;
    expect(await lab.events(configMaps, options, 1)).toEqual([{ type: 'ADDED', object: metadataOnly }]);
  });

  it('answers 410 for a version that is too old', async () => {
    await lab.create(gadgets, { spec: { color: 'red' } });
    const watched = lab.events(gadgets, { namespace: lab.namespace, resourceVersion: '1' }, 1);
    const refused = await lab.refusal(watched);
    expect(refused).toMatchObject({ status: 410, reason: 'Expired' });
    expect(refused?.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
  });

  it('answers 404 for a kind that is not served, 500 for a version that is none', async () => {
    const watched = lab.events(unserved, { namespace: lab.namespace, resourceVersion: '0' }, 1);
    expect(await lab.refusal(watched)).toMatchObject({ status: 404 });
    const nonsense = lab.events(configMaps, { namespace: lab.namespace, resourceVersion: 'x' }, 1);
    expect(await lab.refusal(nonsense)).toMatchObject({ status: 500 });
  });

  it('ends quietly when the watcher has had enough', async () => {
    const stop = new AbortController();
    const resourceVersion = await now(lab);
    const options = { namespace: lab.namespace, resourceVersion, signal: stop.signal };
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { object } of lab.cluster.watch(configMaps, options)) {
        seen.push(object.metadata.name);
        stop.abort();
      }
    })();
    const made = await lab.create(configMaps);
    await watching;
    expect(seen).toEqual([made.metadata.name]);
  });
}
