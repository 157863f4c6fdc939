import { expect, it } from '@jest/globals';
import { resources, type KubeObject, type Resource } from '../../../src/model/kube.ts';
import { clusterResources } from '../../../src/sandbox/store/built-in.ts';
import { gadgets } from './gadgets.ts';
import type { Lab } from './lab.ts';

const { configMaps } = resources;
const { namespaces } = clusterResources;
const finalizer = 'serin.dev/test';
const red = { spec: { color: 'red' } };
/** A real collector learns of a new kind only when it next looks for kinds: every 30 s, later on a busy machine. */
const collectorTimeoutMs = 120_000;

export function itDeletes(lab: Lab): void {
  itDeletesObjects(lab);
  itHonoursFinalizers(lab);
  itCollectsGarbage(lab);
}

const release = (lab: Lab, object: KubeObject, resource: Resource = configMaps): Promise<KubeObject> =>
  lab.cluster.patch(resource, lab.key(object), { kind: 'merge', body: { metadata: { finalizers: null } } });

function itDeletesObjects(lab: Lab): void {
  it('deletes, and takes what is gone for success', async () => {
    const made = await lab.create(configMaps);
    await lab.cluster.delete(configMaps, lab.key(made));
    expect(await lab.cluster.get(configMaps, lab.key(made))).toBeUndefined();
    await lab.cluster.delete(configMaps, lab.key(made));
  });

  it('gives a successor of the same name another uid', async () => {
    const first = await lab.create(configMaps);
    await lab.cluster.delete(configMaps, lab.key(first));
    const second = await lab.create(configMaps, {}, { name: first.metadata.name });
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
  });

  it.each(['uid', 'resourceVersion'] as const)('holds to a precondition on the %s', async (field) => {
    const made = await lab.create(configMaps);
    const wrong = field === 'uid' ? '00000000-0000-0000-0000-000000000000' : '1';
    expect(
      await lab.refusal(lab.cluster.delete(configMaps, lab.key(made), { [field]: wrong })),
    ).toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
    await lab.cluster.delete(configMaps, lab.key(made), { [field]: made.metadata[field] ?? '' });
    expect(await lab.cluster.get(configMaps, lab.key(made))).toBeUndefined();
  });

  it(
    'refuses content in a namespace that is going',
    async () => {
      const name = `${lab.namespace}-going`;
      await lab.cluster.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      const held = await lab.create(configMaps, {}, { namespace: name, finalizers: [finalizer] });
      await lab.cluster.delete(namespaces, { name });
      const refused = await lab.refusal(lab.create(configMaps, {}, { namespace: name }));
      expect(refused).toMatchObject({ status: 403, reason: 'Forbidden' });
      expect(refused?.message).toContain('because it is being terminated');
      const key = { namespace: name, name: held.metadata.name };
      await lab.cluster.patch(configMaps, key, { kind: 'merge', body: { metadata: { finalizers: null } } });
      await lab.gone(namespaces, { ...held, metadata: { name } });
    },
    collectorTimeoutMs,
  );
}

function itHonoursFinalizers(lab: Lab): void {
  it('only marks what a finalizer holds, as a new generation', async () => {
    const made = await lab.create(gadgets, red, { finalizers: [finalizer] });
    await lab.cluster.delete(gadgets, lab.key(made));
    const marked = await lab.stored(gadgets, made);
    expect(marked.metadata.deletionTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(marked.metadata).toMatchObject({
      generation: 2,
      deletionGracePeriodSeconds: 0,
      finalizers: [finalizer],
    });
    await release(lab, made, gadgets);
    expect(await lab.cluster.get(gadgets, lab.key(made))).toBeUndefined();
  });

  it('writes nothing when it is deleted again', async () => {
    const made = await lab.create(configMaps, {}, { finalizers: [finalizer] });
    await lab.cluster.delete(configMaps, lab.key(made));
    const marked = await lab.stored(configMaps, made);
    await lab.cluster.delete(configMaps, lab.key(made));
    expect(await lab.stored(configMaps, made)).toEqual(marked);
    await release(lab, made);
  });

  it('lets a marked object be written, but take no new finalizer, and not be saved', async () => {
    const made = await lab.create(gadgets, red, { finalizers: [finalizer] });
    await lab.cluster.delete(gadgets, lab.key(made));
    const marked = await lab.stored(gadgets, made);
    const { deletionTimestamp, ...metadata } = marked.metadata;
    const written = await lab.cluster.replace(gadgets, { ...marked, metadata, spec: { color: 'green' } });
    expect(written).toMatchObject({ spec: { color: 'green' }, metadata: { deletionTimestamp } });
    const body = { metadata: { finalizers: [finalizer, 'serin.dev/another'] } };
    const refused = await lab.refusal(lab.cluster.patch(gadgets, lab.key(made), { kind: 'merge', body }));
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain('no new finalizers can be added');
    await release(lab, made, gadgets);
  });

  it('refuses a name until the old object is gone', async () => {
    const made = await lab.create(configMaps, {}, { finalizers: [finalizer] });
    await lab.cluster.delete(configMaps, lab.key(made));
    const again = lab.create(configMaps, {}, { name: made.metadata.name });
    expect(await lab.refusal(again)).toMatchObject({ status: 409, reason: 'AlreadyExists' });
    await release(lab, made);
    await lab.create(configMaps, {}, { name: made.metadata.name });
  });
}

const ownedBy = (owner: KubeObject, block = false): Record<string, unknown> => {
  const { apiVersion, kind, metadata } = owner;
  const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
  return { ownerReferences: [{ ...reference, ...(block ? { blockOwnerDeletion: true } : {}) }] };
};

function itCollectsGarbage(lab: Lab): void {
  it(
    'removes what belongs to a deleted owner, and what belongs to that',
    async () => {
      const owner = await lab.create(gadgets, red);
      const child = await lab.create(configMaps, {}, ownedBy(owner));
      const grandchild = await lab.create(configMaps, {}, ownedBy(child));
      const stranger = await lab.create(configMaps);
      await lab.cluster.delete(gadgets, lab.key(owner));
      await lab.gone(configMaps, grandchild);
      expect(await lab.cluster.get(configMaps, lab.key(child))).toBeUndefined();
      expect(await lab.cluster.get(configMaps, lab.key(stranger))).toBeDefined();
    },
    collectorTimeoutMs,
  );

  it(
    'takes an owner of the same name but another uid for absent',
    async () => {
      const owner = await lab.create(gadgets, red);
      await lab.cluster.delete(gadgets, lab.key(owner));
      await lab.create(gadgets, red, { name: owner.metadata.name });
      const child = await lab.create(configMaps, {}, ownedBy(owner));
      await lab.gone(configMaps, child);
    },
    collectorTimeoutMs,
  );

  it(
    'keeps orphans, without their owner',
    async () => {
      const owner = await lab.create(gadgets, red);
      const child = await lab.create(configMaps, {}, ownedBy(owner));
      await lab.cluster.delete(gadgets, lab.key(owner), { propagation: 'Orphan' });
      await lab.gone(gadgets, owner);
      expect((await lab.stored(configMaps, child)).metadata.ownerReferences).toBeUndefined();
    },
    collectorTimeoutMs,
  );

  it(
    'removes blocking dependents first in the foreground',
    async () => {
      const owner = await lab.create(gadgets, red);
      const child = await lab.create(configMaps, {}, { ...ownedBy(owner, true), finalizers: [finalizer] });
      await lab.cluster.delete(gadgets, lab.key(owner), { propagation: 'Foreground' });
      expect((await lab.stored(gadgets, owner)).metadata.finalizers).toEqual(['foregroundDeletion']);
      lab.collectGarbage();
      await lab.eventually(async () => (await lab.stored(configMaps, child)).metadata.deletionTimestamp);
      expect(await lab.cluster.get(gadgets, lab.key(owner))).toBeDefined();
      await release(lab, child);
      await lab.gone(gadgets, owner);
    },
    collectorTimeoutMs,
  );
}
