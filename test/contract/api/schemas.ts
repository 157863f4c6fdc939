import { expect, it } from '@jest/globals';
import { gadgets } from './gadgets.ts';
import type { Lab } from './lab.ts';

export function itKeepsSchemas(lab: Lab): void {
  const made = async (spec: Record<string, unknown>): Promise<unknown> =>
    (await lab.create(gadgets, { spec: { color: 'red', ...spec } }))['spec'];
  const plain = { color: 'red', size: 3, limits: { cpu: '1' } };

  it.each<[string, Record<string, unknown>, unknown]>([
    ['fills in defaults, also below a default', {}, plain],
    ['keeps what is given', { size: 0, limits: { cpu: '2' } }, { ...plain, size: 0, limits: { cpu: '2' } }],
    ['defaults in lists', { parts: [{ name: 'a' }] }, { ...plain, parts: [{ name: 'a', weight: 1 }] }],
    ['defaults a null', { size: null }, plain],
    ['drops unknown fields', { other: 1, limits: { disk: 1 } }, plain],
    [
      'drops unknown fields in lists',
      { parts: [{ name: 'a', x: 1 }] },
      { ...plain, parts: [{ name: 'a', weight: 1 }] },
    ],
    [
      'keeps unknown fields where told to',
      { free: { a: [{ b: 1 }] } },
      { ...plain, free: { a: [{ b: 1 }] } },
    ],
    ['keeps maps', { names: { a: 'b' } }, { ...plain, names: { a: 'b' } }],
    ['takes a number for int-or-string', { either: 1 }, { ...plain, either: 1 }],
    ['takes a text for int-or-string', { either: '10%' }, { ...plain, either: '10%' }],
  ])('%s', async (_, spec, stored) => {
    expect(await made(spec)).toEqual(stored);
  });

  it('drops unknown fields beside the spec', async () => {
    expect(await lab.create(gadgets, { spec: { color: 'red' }, extra: {} })).not.toHaveProperty('extra');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a missing field', { color: undefined }, 'spec.color'],
    ['a value outside the enum', { color: 'blue' }, 'spec.color'],
    ['a wrong type', { size: 'big' }, 'spec.size'],
    ['a fraction for an integer', { size: 1.5 }, 'spec.size'],
    ['a number above the maximum', { size: 11 }, 'spec.size'],
    ['a number below the minimum', { size: -1 }, 'spec.size'],
    ['a list where an object belongs', { limits: [] }, 'spec.limits'],
    ['a missing field in a list', { parts: [{ name: 'a' }, { weight: 1 }] }, 'spec.parts[1].name'],
    ['a wrong value in a map', { names: { a: 1 } }, 'spec.names.a'],
    ['a wrong int-or-string', { either: true }, 'spec.either'],
  ])('refuses %s and says where', async (_, spec, path) => {
    const refused = await lab.refusal(made(spec));
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain(path);
  });

  it('validates status through the subresource, and prunes it', async () => {
    const object = await lab.create(gadgets, { spec: { color: 'red' } });
    const write = (status: Record<string, unknown>): Promise<unknown> =>
      lab.cluster.patch(
        gadgets,
        lab.key(object),
        { kind: 'merge', body: { status } },
        { subresource: 'status' },
      );
    expect(await lab.refusal(write({ ready: 'many' }))).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(await write({ phase: 'Busy', unknown: 1 })).toMatchObject({ status: { phase: 'Busy' } });
    expect((await lab.stored(gadgets, object))['status']).toEqual({ phase: 'Busy' });
  });
}
