import { describe, expect, it } from '@jest/globals';
import { foreignStatusWriter, lastSetAt, latestOf } from '../../src/model/managed-fields.ts';
import type { ObjectMeta } from '../../src/model/kube.ts';

const entry = (manager: string, time: string, more: Readonly<Record<string, unknown>> = {}): unknown => ({
  manager,
  operation: 'Update',
  time,
  fieldsType: 'FieldsV1',
  fieldsV1: {},
  ...more,
});
const noted = (...managedFields: readonly unknown[]): ObjectMeta => ({ name: 'cart', managedFields });
const status = { subresource: 'status' };

describe('who else writes the status', () => {
  it('is the controller that did so last', () => {
    const metadata = noted(
      entry('flagger', '2026-07-01T10:00:00Z', status),
      entry('another', '2026-07-01T12:00:00Z', status),
      entry('serin', '2026-07-01T13:00:00Z', status),
      entry('kubectl-patch', '2026-07-01T14:00:00Z', status),
      entry('kustomize-controller', '2026-07-01T15:00:00Z'),
    );

    expect(foreignStatusWriter(metadata)).toEqual({ manager: 'another', at: '2026-07-01T12:00:00Z' });
  });

  it.each<[string, ObjectMeta]>([
    [
      'where only Serin and people do',
      noted(entry('serin', '2026-07-01T10:00:00Z', status), entry('kubectl', '2026-07-01T10:00:00Z', status)),
    ],
    ['where nothing is noted', { name: 'cart' }],
    ['where the notes cannot be read', noted(null, 'x', { manager: 1, time: 2, subresource: 'status' })],
  ])('is nobody %s', (_title, metadata) => {
    expect(foreignStatusWriter(metadata)).toBeUndefined();
  });
});

describe('when a field was last set', () => {
  const template = { fieldsV1: { 'f:spec': { 'f:template': { 'f:spec': {} } } } };

  it('is when one of those that have a say in it last changed something', () => {
    const metadata = noted(
      entry('argocd-controller', '2026-07-01T10:00:00Z', template),
      entry('kubectl-set', '2026-07-01T10:30:00+01:00', template),
      entry('flagger', '2026-07-01T12:00:00Z', { fieldsV1: { 'f:spec': { 'f:replicas': {} } } }),
      entry('kube-controller-manager', '2026-07-01T13:00:00Z', { ...template, ...status }),
    );

    expect(lastSetAt(metadata, ['spec', 'template'])).toBe('2026-07-01T10:00:00Z');
    expect(lastSetAt(metadata, ['spec', 'strategy'])).toBeUndefined();
  });

  it('is the latest of several times that are times', () => {
    expect(latestOf([undefined, 'yesterday', '2026-07-01T10:00:00Z', '2026-07-01T10:00:00.5Z'])).toBe(
      '2026-07-01T10:00:00.5Z',
    );
    expect(latestOf([])).toBeUndefined();
  });
});
