import { expect, it } from '@jest/globals';
import { resources } from '../../../src/model/kube.ts';
import { gadgets, trinkets, unserved } from './gadgets.ts';
import type { Lab } from './lab.ts';

const { configMaps } = resources;
const red = { spec: { color: 'red' } };

export function itWrites(lab: Lab): void {
  itCreates(lab);
  itReplaces(lab);
  itSplitsStatus(lab);
  itTriesDryRuns(lab);
}

function itCreates(lab: Lab): void {
  it('gives a new object uid, time, version and generation', async () => {
    const sent = lab.draft(gadgets, red, {
      uid: 'mine',
      generation: 7,
      creationTimestamp: '2001-01-01T00:00:00Z',
    });
    const { metadata } = await lab.cluster.create(gadgets, sent);
    expect(metadata).toMatchObject({ name: sent.metadata.name, namespace: lab.namespace, generation: 1 });
    expect(metadata.uid).toMatch(/^[-0-9a-f]{36}$/);
    expect(metadata.resourceVersion).toMatch(/^\d+$/);
    expect(metadata.creationTimestamp).toMatch(/^20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('keeps no generation of a ConfigMap', async () => {
    const { metadata } = await lab.create(configMaps);
    expect(metadata.generation).toBeUndefined();
  });

  it('refuses a name that is taken', async () => {
    const first = await lab.create(configMaps);
    const again = lab.cluster.create(configMaps, lab.draft(configMaps, {}, { name: first.metadata.name }));
    expect(await lab.refusal(again)).toEqual({
      status: 409,
      reason: 'AlreadyExists',
      message: `configmaps "${first.metadata.name}" already exists`,
    });
  });

  it('makes a name from generateName', async () => {
    const { metadata } = await lab.create(configMaps, {}, { name: undefined, generateName: 'made-' });
    expect(metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
  });

  it.each(['Upper', 'under_score', '-dash', 'a'.repeat(254), ''])('refuses the name %j', async (name) => {
    const refused = await lab.refusal(lab.create(configMaps, {}, { name }));
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain('metadata.name');
  });

  it.each([
    ['labels', { labels: { app: 'no spaces allowed' } }],
    ['label keys', { labels: { 'a/b/c': 'x' } }],
    ['annotation keys', { annotations: { 'not valid': 'x' } }],
    ['owners', { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '' }] }],
    ['finalizers', { finalizers: ['no spaces allowed'] }],
  ])('refuses malformed %s', async (_, metadata) => {
    expect(await lab.refusal(lab.create(configMaps, {}, metadata))).toMatchObject({
      status: 422,
      reason: 'Invalid',
    });
  });

  it('refuses two controlling owners', async () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', controller: true };
    const ownerReferences = [
      { ...owner, uid: 'a' },
      { ...owner, uid: 'b' },
    ];
    expect(await lab.refusal(lab.create(configMaps, {}, { ownerReferences }))).toMatchObject({ status: 422 });
  });

  it.each([
    ['a label that is no text', { labels: { app: 1 } }],
    ['labels that are no object', { labels: 'x' }],
    ['finalizers that are no list', { finalizers: 'x' }],
  ])('refuses %s as a bad request', async (_, metadata) => {
    expect(await lab.refusal(lab.create(configMaps, {}, metadata))).toMatchObject({
      status: 400,
      reason: 'BadRequest',
    });
  });

  it('refuses a new object that carries a resourceVersion', async () => {
    expect(await lab.refusal(lab.create(configMaps, {}, { resourceVersion: '1' }))).toMatchObject({
      status: 500,
    });
  });

  it('refuses an object of another kind', async () => {
    const sent = { ...lab.draft(configMaps), kind: 'Secret' };
    expect(await lab.refusal(lab.cluster.create(configMaps, sent))).toMatchObject({
      status: 400,
      reason: 'BadRequest',
    });
  });

  it('refuses a namespace that does not exist', async () => {
    const refused = await lab.refusal(lab.create(configMaps, {}, { namespace: 'nowhere' }));
    expect(refused).toEqual({ status: 404, reason: 'NotFound', message: 'namespaces "nowhere" not found' });
  });

  it('answers 404 for a kind that is not served', async () => {
    expect(await lab.refusal(lab.create(unserved))).toMatchObject({ status: 404, reason: 'NotFound' });
  });

  it('drops empty metadata and what it does not know there', async () => {
    const metadata = {
      labels: {},
      annotations: {},
      finalizers: [],
      ownerReferences: [],
      unknown: 'x',
      managedFields: [],
    };
    const { metadata: stored } = await lab.create(gadgets, red, metadata);
    for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences', 'unknown']) {
      expect(stored).not.toHaveProperty(field);
    }
  });
}

function itReplaces(lab: Lab): void {
  it('replaces what was read, under a new version', async () => {
    const before = await lab.create(configMaps, { data: { a: '1', b: '2' } });
    const after = await lab.cluster.replace(configMaps, { ...before, data: { a: '3' } });
    expect(after['data']).toEqual({ a: '3' });
    expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
    expect(after.metadata.uid).toBe(before.metadata.uid);
  });

  it('refuses a stale version', async () => {
    const before = await lab.create(configMaps);
    await lab.cluster.replace(configMaps, { ...before, data: { a: '1' } });
    expect(await lab.refusal(lab.cluster.replace(configMaps, { ...before, data: { a: '2' } }))).toEqual({
      status: 409,
      reason: 'Conflict',
      message: `Operation cannot be fulfilled on configmaps "${before.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
    });
  });

  it('refuses a stale version also where nothing would change', async () => {
    const before = await lab.create(gadgets, red);
    await lab.cluster.replace(gadgets, { ...before, spec: { color: 'green' } });
    const again = lab.cluster.replace(gadgets, { ...before, spec: { color: 'green' } });
    expect(await lab.refusal(again)).toMatchObject({ status: 409, reason: 'Conflict' });
  });

  it('overwrites a core object without a version, but no custom one', async () => {
    const map = await lab.create(configMaps);
    const { resourceVersion: _, ...metadata } = map.metadata;
    const written = await lab.cluster.replace(configMaps, { ...map, metadata, data: { a: '1' } });
    expect(written['data']).toEqual({ a: '1' });
    const gadget = await lab.create(gadgets, red);
    const { resourceVersion: __, ...unguarded } = gadget.metadata;
    const refused = await lab.refusal(lab.cluster.replace(gadgets, { ...gadget, metadata: unguarded }));
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain('metadata.resourceVersion');
  });

  it('keeps the version where nothing changes', async () => {
    for (const resource of [configMaps, gadgets]) {
      const before = await lab.create(resource, red);
      const after = await lab.cluster.replace(resource, before);
      expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    }
  });

  it('refuses another uid', async () => {
    const before = await lab.create(configMaps);
    const metadata = { ...before.metadata, uid: '00000000-0000-0000-0000-000000000000' };
    const refused = await lab.refusal(lab.cluster.replace(configMaps, { ...before, metadata }));
    expect(refused).toMatchObject({ status: 409, reason: 'Conflict' });
    expect(refused?.message).toContain('UID in precondition');
  });

  it('answers 404 for what is not there', async () => {
    const sent = lab.draft(configMaps, {}, { resourceVersion: '1' });
    expect(await lab.refusal(lab.cluster.replace(configMaps, sent))).toMatchObject({
      status: 404,
      reason: 'NotFound',
    });
  });

  it('bumps the generation for the spec only', async () => {
    const made = await lab.create(gadgets, red);
    const labels = { app: 'x' };
    const labelled = await lab.cluster.replace(gadgets, { ...made, metadata: { ...made.metadata, labels } });
    expect(labelled.metadata.generation).toBe(1);
    const changed = await lab.cluster.replace(gadgets, { ...labelled, spec: { color: 'green' } });
    expect(changed.metadata.generation).toBe(2);
  });

  it('keeps what a writer cannot take away', async () => {
    const made = await lab.create(configMaps);
    const { name, namespace, resourceVersion = '' } = made.metadata;
    const written = await lab.cluster.replace(configMaps, {
      ...made,
      metadata: { name, namespace: namespace ?? '', resourceVersion },
    });
    const { uid, creationTimestamp } = made.metadata;
    expect(written.metadata).toMatchObject({ uid, creationTimestamp });
  });

  it('ignores another creation time, and refuses a deletion time', async () => {
    const made = await lab.create(configMaps);
    const metadata = { ...made.metadata, creationTimestamp: '2001-01-01T00:00:00Z' };
    expect(await lab.cluster.replace(configMaps, { ...made, metadata })).toEqual(made);
    const doomed = { ...made.metadata, deletionTimestamp: '2001-01-01T00:00:00Z' };
    expect(await lab.refusal(lab.cluster.replace(configMaps, { ...made, metadata: doomed }))).toMatchObject({
      status: 422,
      reason: 'Invalid',
    });
  });
}

function itSplitsStatus(lab: Lab): void {
  const status = { phase: 'Busy' };

  it('ignores status in a main write', async () => {
    const made = await lab.create(gadgets, { ...red, status });
    expect(made['status']).toBeUndefined();
    const written = await lab.cluster.replace(gadgets, { ...made, status });
    expect(written['status']).toBeUndefined();
    expect(written.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  it('ignores all but status in a status write, and keeps the generation', async () => {
    const made = await lab.create(gadgets, red, { labels: { app: 'x' } });
    const metadata = {
      ...made.metadata,
      labels: { app: 'y' },
      annotations: { a: 'b' },
      finalizers: ['serin.dev/test'],
    };
    const sent = { ...made, metadata, spec: { color: 'green' }, status };
    const written = await lab.cluster.replace(gadgets, sent, { subresource: 'status' });
    expect(written).toMatchObject({
      spec: { color: 'red' },
      status,
      metadata: { generation: 1, labels: { app: 'x' } },
    });
    expect(written.metadata.annotations).toBeUndefined();
    expect(written.metadata.finalizers).toBeUndefined();
    expect(written.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
  });

  it('guards a status write by the version, also one of the spec', async () => {
    const made = await lab.create(gadgets, red);
    await lab.cluster.replace(gadgets, { ...made, spec: { color: 'green' } });
    const late = lab.cluster.replace(gadgets, { ...made, status }, { subresource: 'status' });
    expect(await lab.refusal(late)).toMatchObject({ status: 409, reason: 'Conflict' });
  });

  it('keeps status when the main object is replaced without it', async () => {
    const made = await lab.create(gadgets, red);
    const busy = await lab.cluster.replace(gadgets, { ...made, status }, { subresource: 'status' });
    const { status: _, ...without } = busy;
    const { apiVersion, kind, metadata } = busy;
    const written = await lab.cluster.replace(gadgets, {
      ...without,
      apiVersion,
      kind,
      metadata,
      spec: { color: 'green' },
    });
    expect(written['status']).toEqual(status);
  });

  it('keeps the version of a status write that changes nothing', async () => {
    const made = await lab.create(gadgets, red);
    const busy = await lab.cluster.replace(gadgets, { ...made, status }, { subresource: 'status' });
    const again = await lab.cluster.replace(gadgets, busy, { subresource: 'status' });
    expect(again.metadata.resourceVersion).toBe(busy.metadata.resourceVersion);
  });

  it('lets status through, as part of the generation, where there is no subresource', async () => {
    const made = await lab.create(trinkets, { ...red, status });
    expect(made['status']).toEqual(status);
    const written = await lab.cluster.replace(trinkets, { ...made, status: { phase: 'Idle' } });
    expect(written).toMatchObject({ status: { phase: 'Idle' }, metadata: { generation: 2 } });
    const through = lab.cluster.replace(trinkets, written, { subresource: 'status' });
    expect(await lab.refusal(through)).toMatchObject({ status: 404 });
  });
}

function itTriesDryRuns(lab: Lab): void {
  const dryRun = { dryRun: true };

  it('answers a dry run as if it had happened, and stores nothing', async () => {
    const sent = lab.draft(gadgets, red);
    const tried = await lab.cluster.create(gadgets, sent, dryRun);
    expect(tried).toMatchObject({ spec: { color: 'red', size: 3 } });
    expect(tried.metadata.uid).toMatch(/^[-0-9a-f]{36}$/);
    expect(await lab.cluster.get(gadgets, lab.key(sent))).toBeUndefined();

    const made = await lab.cluster.create(gadgets, sent);
    const replaced = await lab.cluster.replace(gadgets, { ...made, spec: { color: 'green' } }, dryRun);
    expect(replaced).toMatchObject({ spec: { color: 'green' }, metadata: { generation: 2 } });
    const merge = { kind: 'merge', body: { spec: { size: 7 } } } as const;
    expect(await lab.cluster.patch(gadgets, lab.key(made), merge, dryRun)).toMatchObject({
      spec: { size: 7 },
    });
    expect(await lab.stored(gadgets, made)).toEqual(made);
  });

  it('refuses in a dry run what it would refuse', async () => {
    const made = await lab.create(gadgets, red);
    const taken = lab.cluster.create(gadgets, lab.draft(gadgets, red, { name: made.metadata.name }), dryRun);
    expect(await lab.refusal(taken)).toMatchObject({ status: 409, reason: 'AlreadyExists' });
    const wrong = lab.cluster.create(gadgets, lab.draft(gadgets, { spec: { color: 'blue' } }), dryRun);
    expect(await lab.refusal(wrong)).toMatchObject({ status: 422 });
    await lab.cluster.replace(gadgets, { ...made, spec: { color: 'green' } });
    const stale = lab.cluster.replace(gadgets, { ...made, spec: { color: 'red', size: 1 } }, dryRun);
    expect(await lab.refusal(stale)).toMatchObject({ status: 409, reason: 'Conflict' });
  });
}
