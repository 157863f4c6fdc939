import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { deployments as deploymentKind, viewOfDeployment } from '../../src/workload/deployment.ts';
import {
  captureRevision,
  readRevision,
  renderRevision,
  revisionNameOf,
  viewOfRevision,
} from '../../src/workload/stored-revision.ts';
import { revisionFrom } from '../../src/workload/template-hash.ts';
import { deployments, owner } from './arbitrary.ts';

const wish = { canary: 'podinfo', namespace: 'test', owner };
const checksums = { 'configmap/settings': '00112233aabbccdd', 'secret/token': 'ffeeddccbbaa0099' };

describe('a stored revision', () => {
  it('comes back from its ControllerRevision as it was', () => {
    fc.assert(
      fc.property(deployments, (target) => {
        const stored = captureRevision(deploymentKind, target, { checksums, ownerUid: owner.uid });
        const object = JSON.parse(JSON.stringify(renderRevision(stored, wish)));
        expect(readRevision(object)).toEqual(JSON.parse(JSON.stringify(stored)));
        expect(viewOfRevision(object)).toEqual({
          name: revisionNameOf('podinfo', stored.revision),
          uid: '',
          ownerUids: [owner.uid],
          revision: stored.revision,
          sourceHash: viewOfDeployment(target).sourceHash,
          hash: stored.revision,
        });
      }),
    );
  });

  it('is named by what the watch cache knows of the target', () => {
    fc.assert(
      fc.property(deployments, (target) => {
        const { revision } = captureRevision(deploymentKind, target, { checksums, ownerUid: owner.uid });
        expect(revision).toBe(revisionFrom(viewOfDeployment(target).templateHash, checksums));
        expect(revision).not.toBe(
          captureRevision(deploymentKind, target, { checksums: undefined, ownerUid: '' }).revision,
        );
      }),
    );
  });

  it('says which copies it needs', () => {
    const [target] = fc.sample(deployments, 1);
    const { configs } = captureRevision(deploymentKind, target!, { checksums, ownerUid: owner.uid });
    expect(configs).toEqual({
      'configmap/settings': {
        copy: expect.stringMatching(/^settings-primary-[0-9a-f]{8}$/),
        checksum: '00112233aabbccdd',
      },
      'secret/token': {
        copy: expect.stringMatching(/^token-primary-[0-9a-f]{8}$/),
        checksum: 'ffeeddccbbaa0099',
      },
    });
  });

  it.each([
    ['no data', undefined],
    ["somebody else's data", { spec: { template: {} } }],
    [
      'a revision without a prefix',
      { revision: '5d7c', template: {}, configs: {}, spec: {}, labels: {}, annotations: {} },
    ],
  ])('is not read from %s', (_title, data) => {
    const object = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'x' }, data };
    expect(readRevision(object)).toBeUndefined();
    expect(viewOfRevision(object).revision).toBeUndefined();
  });

  it('keeps to the length of names, and tells long names apart', () => {
    const long = `${'a'.repeat(240)}.b`;
    const name = revisionNameOf(long, 'v1:0123456789abcdef');
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
    expect(name).not.toBe(revisionNameOf(`${long}c`, 'v1:0123456789abcdef'));
  });
});
