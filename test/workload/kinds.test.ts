// What every workload kind keeps to, whatever it is.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { TargetRef } from '../../src/api/reference.ts';
import { apiVersionOf } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { WorkloadKind } from '../../src/workload/kind.ts';
import { kindOf, workloadKinds } from '../../src/workload/kinds.ts';
import { captureRevision, readRevision, renderRevision } from '../../src/workload/stored-revision.ts';
import { revisionFrom } from '../../src/workload/template-hash.ts';
import { simulatedTargets } from '../simulate/targets.ts';
import { owner } from './arbitrary.ts';

function targetOf({ resource }: WorkloadKind): KubeObject {
  const target = simulatedTargets.find((one) => one.resource === resource);
  if (target === undefined) {
    throw new Error(`the simulation does not know ${resource.kind}`);
  }
  const made = target.manifest('app:good-1', 2);
  return { ...made, metadata: { ...made.metadata, uid: 'target-uid' } };
}

const named = workloadKinds.map((kind) => [apiVersionOf(kind.resource), kind.resource.kind, kind] as const);

describe.each(named)('the kind %s %s', (apiVersion, kindName, kind) => {
  const target = targetOf(kind);
  const capture = { checksums: undefined, ownerUid: owner.uid };
  const wish = {
    name: 'cart-primary',
    namespace: 'shop',
    selector: { key: 'app', value: 'cart' },
    replicas: 2,
    owner,
    includeLabelPrefix: [],
  };

  it('is found by the reference of a target', () => {
    expect(kindOf({ apiVersion, kind: TargetRef.shape.kind.parse(kindName) })).toBe(kind);
  });

  it('names a revision by what the cache knows of the target', () => {
    expect(captureRevision(kind, target, capture).revision).toBe(
      revisionFrom(kind.view(target).templateHash),
    );
  });

  it('keeps a revision in a record, and makes the same primary from what is read back', () => {
    const stored = captureRevision(kind, target, capture);
    const read = readRevision(
      JSON.parse(JSON.stringify(renderRevision(stored, { canary: 'cart', namespace: 'shop', owner }))),
    );

    expect(kind.renderPrimary(read!, wish)).toEqual(kind.renderPrimary(stored, wish));
  });

  it('changes nothing when it is laid over itself, and agrees with itself', () => {
    const primary = kind.renderPrimary(captureRevision(kind, target, capture), wish);
    const { primaryShape } = kind;
    const live = primaryShape.merge(target, primary);

    expect(primaryShape.merge(live, primary)).toEqual(live);
    expect(primaryShape.fingerprint(live)).toBe(primaryShape.fingerprint(primary));
  });

  it('answers for any object at all', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 4 }), (body) => {
        const view = kind.view({ ...body, apiVersion, kind: kindName, metadata: { name: 'x' } });
        expect(view.availableReplicas).toBeGreaterThanOrEqual(0);
        expect(['ready', 'notYet', 'failed']).toContain(kind.readiness(view, 100).kind);
      }),
    );
  });
});
