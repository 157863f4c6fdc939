import { expect, it } from '@jest/globals';
import { resources } from '../../../src/model/kube.ts';
import { gadgets, unserved } from './gadgets.ts';
import type { Lab } from './lab.ts';

const { configMaps } = resources;

export function itAnswersReads(lab: Lab): void {
  it('answers undefined for what is not there, and for a kind that is not served', async () => {
    const key = { namespace: lab.namespace, name: 'nothing' };
    expect(await lab.cluster.get(configMaps, key)).toBeUndefined();
    expect(await lab.cluster.get(unserved, key)).toBeUndefined();
  });

  it('refuses to list a kind that is not served', async () => {
    expect(await lab.refusal(lab.cluster.list(unserved))).toMatchObject({ status: 404, reason: 'NotFound' });
  });

  it('gives listed objects their kind, sorted by name', async () => {
    const test = lab.freshName('sorted');
    for (const name of ['c', 'a', 'b'])
      await lab.create(configMaps, {}, { name: `${test}-${name}`, labels: { test } });
    const page = await lab.cluster.list(configMaps, {
      namespace: lab.namespace,
      labelSelector: `test=${test}`,
    });
    expect(page.items.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.name])).toEqual(
      ['a', 'b', 'c'].map((name) => ['v1', 'ConfigMap', `${test}-${name}`]),
    );
    expect(page.resourceVersion).toMatch(/^\d+$/);
  });

  const labelled: readonly (readonly [string, readonly string[]])[] = [
    ['tier=web', ['a']],
    ['tier==web', ['a']],
    ['tier!=web', ['b', 'c']],
    ['tier', ['a', 'b']],
    ['!tier', ['c']],
    ['tier in (web,db)', ['a', 'b']],
    ['tier notin (web)', ['b', 'c']],
    ['tier in (web, db),extra', ['b']],
  ];

  it('selects by labels', async () => {
    const test = lab.freshName('labels');
    const labels = { a: { tier: 'web' }, b: { tier: 'db', extra: '' }, c: {} };
    for (const [name, own] of Object.entries(labels)) {
      await lab.create(configMaps, { data: { name } }, { name: `${test}-${name}`, labels: { test, ...own } });
    }
    for (const [selector, wanted] of labelled) {
      const labelSelector = `test=${test},${selector}`;
      const { items } = await lab.cluster.list(configMaps, { namespace: lab.namespace, labelSelector });
      expect([selector, items.map(({ data }) => data)]).toEqual([selector, wanted.map((name) => ({ name }))]);
    }
  });

  it('selects by name', async () => {
    const made = await lab.create(gadgets, { spec: { color: 'red' } });
    const fieldSelector = `metadata.name=${made.metadata.name}`;
    expect((await lab.cluster.list(gadgets, { namespace: lab.namespace, fieldSelector })).items).toEqual([
      made,
    ]);
    expect((await lab.cluster.list(gadgets, { fieldSelector })).items).toEqual([made]);
  });

  it.each([
    { fieldSelector: 'data.a=b' },
    { fieldSelector: 'metadata.name' },
    { labelSelector: 'a in b' },
    { labelSelector: 'a=b=c' },
  ])('refuses the selector %j', async (selector) => {
    const listed = lab.cluster.list(configMaps, { namespace: lab.namespace, ...selector });
    expect(await lab.refusal(listed)).toMatchObject({ status: 400, reason: 'BadRequest' });
  });

  it('pages through one state', async () => {
    const test = lab.freshName('pages');
    const options = { namespace: lab.namespace, labelSelector: `test=${test}`, limit: 2 };
    const named = (name: string): Promise<unknown> =>
      lab.create(configMaps, {}, { name: `${test}-${name}`, labels: { test } });
    for (const name of ['a', 'b', 'd', 'e', 'f']) await named(name);
    const first = await lab.cluster.list(configMaps, options);
    await named('c');
    await lab.cluster.delete(configMaps, { namespace: lab.namespace, name: `${test}-e` });
    const second = await lab.cluster.list(configMaps, {
      ...options,
      continueToken: first.continueToken ?? '',
    });
    const third = await lab.cluster.list(configMaps, {
      ...options,
      continueToken: second.continueToken ?? '',
    });
    const names = [first, second, third].map(({ items }) =>
      items.map(({ metadata }) => metadata.name.at(-1)),
    );
    expect(names).toEqual([['a', 'b'], ['d', 'e'], ['f']]);
    expect(third.continueToken).toBeUndefined();
    expect([second.resourceVersion, third.resourceVersion]).toEqual([
      first.resourceVersion,
      first.resourceVersion,
    ]);
  });

  it('refuses a continue token that is none', async () => {
    const listed = lab.cluster.list(configMaps, {
      namespace: lab.namespace,
      limit: 1,
      continueToken: 'nonsense',
    });
    expect(await lab.refusal(listed)).toMatchObject({ status: 400, reason: 'BadRequest' });
  });

  it('lists metadata alone', async () => {
    const made = await lab.create(configMaps, { data: { a: 'b' } }, { labels: { a: 'b' } });
    const fieldSelector = `metadata.name=${made.metadata.name}`;
    const { items } = await lab.cluster.list(configMaps, {
      namespace: lab.namespace,
      fieldSelector,
      metadataOnly: true,
    });
    const { data: _, ...metadataOnly } = made;
    expect(items).toEqual([metadataOnly]);
  });
}
