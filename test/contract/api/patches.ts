import { expect, it } from '@jest/globals';
import type { JsonPatchOperation, Patch } from '../../../src/cluster/cluster.ts';
import { resources, type KubeObject } from '../../../src/model/kube.ts';
import { gadgets } from './gadgets.ts';
import type { Lab } from './lab.ts';

const { configMaps } = resources;

const merge = (body: Record<string, unknown>): Patch => ({ kind: 'merge', body });
const json = (...operations: JsonPatchOperation[]): Patch => ({ kind: 'json', operations });

export function itPatches(lab: Lab): void {
  itMerges(lab);
  itAppliesOperations(lab);
}

function itMerges(lab: Lab): void {
  const gadget = (): Promise<KubeObject> =>
    lab.create(gadgets, {
      spec: { color: 'red', names: { a: '1', b: '2' }, parts: [{ name: 'x' }, { name: 'y' }] },
    });

  it('merges objects, replaces lists, removes by null', async () => {
    const made = await gadget();
    const body = { spec: { names: { a: null, c: '3' }, parts: [{ name: 'z', weight: 5 }] } };
    const patched = await lab.cluster.patch(gadgets, lab.key(made), merge(body));
    expect(patched['spec']).toEqual({
      color: 'red',
      size: 3,
      limits: { cpu: '1' },
      names: { b: '2', c: '3' },
      parts: [{ name: 'z', weight: 5 }],
    });
    expect(patched.metadata.generation).toBe(2);
  });

  it('patches labels, annotations and finalizers', async () => {
    const made = await lab.create(configMaps, {}, { labels: { a: '1' }, annotations: { x: 'y' } });
    const metadata = { labels: { a: null, b: '2' }, annotations: null, finalizers: ['serin.dev/test'] };
    const patched = await lab.cluster.patch(configMaps, lab.key(made), merge({ metadata }));
    expect(patched.metadata).toMatchObject({ labels: { b: '2' }, finalizers: ['serin.dev/test'] });
    expect(patched.metadata.annotations).toBeUndefined();
    await lab.cluster.patch(configMaps, lab.key(made), merge({ metadata: { finalizers: null } }));
  });

  it('is guarded by a resourceVersion in the body', async () => {
    const made = await gadget();
    const { resourceVersion } = made.metadata;
    const guarded = (size: number): Patch => merge({ metadata: { resourceVersion }, spec: { size } });
    await lab.cluster.patch(gadgets, lab.key(made), guarded(4));
    expect(await lab.refusal(lab.cluster.patch(gadgets, lab.key(made), guarded(5)))).toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
    expect(await lab.stored(gadgets, made)).toMatchObject({ spec: { size: 4 } });
  });

  it('refuses another uid, here as a change of what never changes', async () => {
    const made = await gadget();
    const body = { metadata: { uid: '00000000-0000-0000-0000-000000000000' }, spec: { size: 4 } };
    expect(await lab.refusal(lab.cluster.patch(gadgets, lab.key(made), merge(body)))).toMatchObject({
      status: 422,
      reason: 'Invalid',
    });
  });

  it.each([{ labels: { a: 1 } }, { labels: 'x' }, { finalizers: {} }])(
    'refuses to make metadata of %j',
    async (metadata) => {
      const made = await gadget();
      expect(await lab.refusal(lab.cluster.patch(gadgets, lab.key(made), merge({ metadata })))).toMatchObject(
        {
          status: 422,
          reason: 'Invalid',
        },
      );
    },
  );

  it('needs no version otherwise, and keeps it where nothing changes', async () => {
    const made = await gadget();
    const first = await lab.cluster.patch(gadgets, lab.key(made), merge({ spec: { size: 4 } }));
    const again = await lab.cluster.patch(gadgets, lab.key(made), merge({ spec: { size: 4 } }));
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('touches only status through the subresource, and nothing of it without', async () => {
    const made = await gadget();
    const body = { spec: { size: 9 }, metadata: { labels: { a: 'b' } }, status: { phase: 'Busy' } };
    const through = await lab.cluster.patch(gadgets, lab.key(made), merge(body), { subresource: 'status' });
    expect(through).toMatchObject({
      spec: { size: 3 },
      status: { phase: 'Busy' },
      metadata: { generation: 1 },
    });
    expect(through.metadata.labels).toBeUndefined();
    const main = await lab.cluster.patch(
      gadgets,
      lab.key(made),
      merge({ ...body, status: { phase: 'Idle' } }),
    );
    expect(main).toMatchObject({
      spec: { size: 9 },
      status: { phase: 'Busy' },
      metadata: { labels: { a: 'b' } },
    });
  });

  it('refuses another name', async () => {
    const made = await gadget();
    const renamed = lab.cluster.patch(gadgets, lab.key(made), merge({ metadata: { name: 'other' } }));
    expect(await lab.refusal(renamed)).toMatchObject({ status: 400, reason: 'BadRequest' });
  });

  it('answers 404 for what is not there', async () => {
    const key = { namespace: lab.namespace, name: 'nothing' };
    expect(await lab.refusal(lab.cluster.patch(gadgets, key, merge({ spec: {} })))).toMatchObject({
      status: 404,
      reason: 'NotFound',
    });
  });

  it('validates the result', async () => {
    const made = await gadget();
    const refused = await lab.refusal(
      lab.cluster.patch(gadgets, lab.key(made), merge({ spec: { size: 11 } })),
    );
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain('spec.size');
  });
}

function itAppliesOperations(lab: Lab): void {
  const map = (): Promise<KubeObject> =>
    lab.create(configMaps, { data: { a: '1' } }, { annotations: { 'b/c': '2' } });
  const parts = (): Promise<KubeObject> =>
    lab.create(gadgets, { spec: { color: 'red', parts: [{ name: 'x' }, { name: 'y', weight: 7 }] } });

  it('adds, replaces, removes and tests', async () => {
    const made = await map();
    const patch = json(
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'replace', path: '/data/a', value: '3' },
      { op: 'add', path: '/data/d', value: '4' },
      { op: 'remove', path: '/metadata/annotations/b~1c' },
    );
    const patched = await lab.cluster.patch(configMaps, lab.key(made), patch);
    expect(patched['data']).toEqual({ a: '3', d: '4' });
    expect(patched.metadata.annotations).toBeUndefined();
  });

  it('reaches into lists by index and appends by -', async () => {
    const made = await parts();
    const patch = json(
      { op: 'test', path: '/spec/parts/1/name', value: 'y' },
      { op: 'replace', path: '/spec/parts/1/weight', value: 8 },
      { op: 'add', path: '/spec/parts/0', value: { name: 'w' } },
      { op: 'add', path: '/spec/parts/-', value: { name: 'z' } },
      { op: 'remove', path: '/spec/parts/1' },
    );
    expect(await lab.cluster.patch(gadgets, lab.key(made), patch)).toMatchObject({
      spec: {
        parts: [
          { name: 'w', weight: 1 },
          { name: 'y', weight: 8 },
          { name: 'z', weight: 1 },
        ],
      },
    });
  });

  it.each<[string, JsonPatchOperation]>([
    ['a test that fails', { op: 'test', path: '/spec/parts/0/name', value: 'q' }],
    ['a test for null below a field that is not there', { op: 'test', path: '/spec/free/deep', value: null }],
    ['a test of a field that is not there', { op: 'test', path: '/spec/free', value: {} }],
    ['a replacement below a field that is not there', { op: 'replace', path: '/spec/free/deep', value: 1 }],
    ['a removal of a field that is not there', { op: 'remove', path: '/spec/free' }],
    ['an addition below a field that is not there', { op: 'add', path: '/spec/free/deep', value: 1 }],
    ['an index beyond the list', { op: 'replace', path: '/spec/parts/2', value: { name: 'q' } }],
  ])('answers %s with 422 Invalid and changes nothing', async (_, operation) => {
    const made = await parts();
    const patch = json({ op: 'replace', path: '/spec/color', value: 'green' }, operation);
    expect(await lab.refusal(lab.cluster.patch(gadgets, lab.key(made), patch))).toMatchObject({
      status: 422,
      reason: 'Invalid',
    });
    expect(await lab.stored(gadgets, made)).toEqual(made);
  });

  it('drops nulls from the objects in a list of a merge patch', async () => {
    const made = await parts();
    const patch = {
      kind: 'merge',
      body: { spec: { free: { list: [{ a: null, b: [{ c: null }] }, 1] } } },
    } as const;
    expect(await lab.cluster.patch(gadgets, lab.key(made), patch)).toMatchObject({
      spec: { free: { list: [{ b: [{}] }, 1] } },
    });
  });

  it('takes the replacement of an absent field for an addition', async () => {
    const made = await parts();
    const patch = json({ op: 'replace', path: '/spec/free', value: { a: 1 } });
    expect(await lab.cluster.patch(gadgets, lab.key(made), patch)).toMatchObject({
      spec: { free: { a: 1 } },
    });
  });

  it('compares numbers, lists and objects by value in a test', async () => {
    const made = await parts();
    const patch = json(
      { op: 'test', path: '/spec/size', value: 3 },
      {
        op: 'test',
        path: '/spec/parts',
        value: [
          { weight: 1, name: 'x' },
          { weight: 7, name: 'y' },
        ],
      },
      { op: 'replace', path: '/spec/size', value: 5 },
    );
    expect(await lab.cluster.patch(gadgets, lab.key(made), patch)).toMatchObject({ spec: { size: 5 } });
  });

  it('lets a test on the version guard the patch', async () => {
    const made = await parts();
    const guarded = (size: number): Patch =>
      json(
        { op: 'test', path: '/metadata/resourceVersion', value: made.metadata.resourceVersion },
        { op: 'replace', path: '/spec/size', value: size },
      );
    await lab.cluster.patch(gadgets, lab.key(made), guarded(4));
    expect(await lab.refusal(lab.cluster.patch(gadgets, lab.key(made), guarded(5)))).toMatchObject({
      status: 422,
    });
  });

  it('patches status through the subresource', async () => {
    const made = await parts();
    const patch = json({ op: 'add', path: '/status', value: { phase: 'Busy' } });
    const patched = await lab.cluster.patch(gadgets, lab.key(made), patch, { subresource: 'status' });
    expect(patched).toMatchObject({ status: { phase: 'Busy' }, metadata: { generation: 1 } });
  });
}
