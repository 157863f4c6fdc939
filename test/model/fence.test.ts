import { describe, expect, it } from '@jest/globals';
import { countsAs } from '../../src/model/fence.ts';
import { V1, V2, V3 } from '../fixture/observation.ts';

const noted = { uid: 'a', generation: 7, hash: V1, configs: 'c1' };

describe('a target that reads as another hash than before', () => {
  it('D1: counts as what it was, at the same UID, generation and configuration', () => {
    expect(countsAs({ ...noted, hash: V2 }, { target: noted })).toBe(V1);
  });

  it.each([
    ['another generation', { generation: 8 }],
    ['another object', { uid: 'b' }],
    ['another configuration', { configs: 'c2' }],
  ])('is a new revision with %s', (_title, other) => {
    expect(countsAs({ ...noted, ...other, hash: V2 }, { target: noted })).toBe(V2);
  });

  it('D1: is no new revision where configuration tracking was switched on or off', () => {
    const { configs: _none, ...untracked } = noted;

    expect(countsAs({ ...untracked, hash: V2 }, { target: noted })).toBe(V1);
    expect(countsAs({ ...noted, hash: V2 }, { target: untracked })).toBe(V1);
  });

  it('is known again after it was away, also on another object', () => {
    const known = { target: { ...noted, uid: 'b', hash: V3 }, absorbed: { [V2]: V1 } };

    expect(countsAs({ ...noted, generation: 9, hash: V2 }, known)).toBe(V1);
  });

  it('counts as the same through two ways of reading', () => {
    const known = { target: { ...noted, hash: V2 }, absorbed: { [V2]: V1 } };

    expect(countsAs({ ...noted, hash: V3 }, known)).toBe(V1);
  });

  it.each([
    ['nothing was noted', undefined, 7],
    ['the server keeps no generation', { ...noted, generation: 0 }, 0],
  ])('is taken at its word where %s', (_title, target, generation) => {
    expect(countsAs({ ...noted, generation, hash: V2 }, { target })).toBe(V2);
  });
});
