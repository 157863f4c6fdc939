import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { formatPath, parsePath } from '../../src/api/problem.ts';

describe('formatPath', () => {
  it.each([
    [['spec', 'analysis', 'metrics', 0, 'name'], 'spec.analysis.metrics[0].name'],
    [['metadata', 'labels', 'app.kubernetes.io/name'], 'metadata.labels["app.kubernetes.io/name"]'],
    [[], ''],
    [['items', 2], 'items[2]'],
  ])('writes %j as %s', (path, text) => {
    expect(formatPath(path)).toBe(text);
  });

  it('is undone by parsePath', () => {
    const path = fc.array(fc.oneof(fc.string(), fc.nat(), fc.constantFrom('spec', 'x-user')));
    fc.assert(fc.property(path, (parts) => expect(parsePath(formatPath(parts))).toEqual(parts)));
  });
});
