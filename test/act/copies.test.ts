import { describe, expect, it } from '@jest/globals';
import { enact } from '../../src/act/act.ts';
import type { Stage } from '../../src/act/act.ts';
import { Retry } from '../../src/model/errors.ts';
import { objectOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import { revisionFrom } from '../../src/workload/template-hash.ts';
import { V1, V2, run } from '../fixture/observation.ts';
import { basics, deploymentObject, lab } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { deployments, services } = resources;

function stageOf(of: Lab): Stage {
  return { cluster: of.cluster, caches: of.caches, scene: of.scene(), checksums: undefined };
}

async function warmed(): Promise<{ readonly of: Lab; readonly revision: string }> {
  const of = lab();
  const revision = revisionFrom(of.scene().target?.templateHash ?? '');
  await enact(stageOf(of), [
    { kind: 'storeRevision', revision },
    { kind: 'writeWarm', revision, replicas: 3 },
  ]);
  return { of, revision };
}

describe('the warm workload', () => {
  it('is a copy of a stored revision under a label of its own, owned by the Canary', async () => {
    const { of, revision } = await warmed();
    const warm = of.find(deployments, 'cart-warm');

    expect(objectOf(warm?.['spec'])).toMatchObject({
      replicas: 3,
      selector: { matchLabels: { app: 'cart-warm' } },
      template: { metadata: { labels: { app: 'cart-warm' } }, spec: { containers: [{ image: 'cart:1' }] } },
    });
    expect(warm?.metadata.ownerReferences).toMatchObject([{ uid: of.view().uid, controller: true }]);
    expect(of.scene().warm).toMatchObject({ revision, drifted: false, replicas: 3 });
  });

  it('is written once: what is there already costs no write', async () => {
    const { of, revision } = await warmed();
    of.writes();
    await enact(stageOf(of), [{ kind: 'writeWarm', revision, replicas: 3 }]);

    expect(of.writes()).toEqual([]);
  });

  it('waits for a record', async () => {
    const of = lab();

    await expect(
      enact(stageOf(of), [{ kind: 'writeWarm', revision: V2, replicas: 1 }]),
    ).rejects.toBeInstanceOf(Retry);
  });

  it('is removed, and no other of that name', async () => {
    const { of } = await warmed();
    const before = stageOf(of);
    await enact(before, [{ kind: 'removeWarm' }]);
    expect(of.find(deployments, 'cart-warm')).toBeUndefined();

    const { metadata, ...rest } = deploymentObject();
    of.store.create(deployments, { ...rest, metadata: { ...metadata, name: 'cart-warm' } });
    await expect(enact(before, [{ kind: 'removeWarm' }])).rejects.toThrow();
    expect(of.find(deployments, 'cart-warm')).toBeDefined();
  });

  it('gets the canary Service while the run says so', async () => {
    const of = lab(basics());
    const selected = async (): Promise<unknown> => {
      await enact(stageOf(of), [{ kind: 'writeService', role: 'canary' }]);
      return objectOf(of.find(services, 'cart-canary')?.['spec'])['selector'];
    };
    expect(await selected()).toEqual({ app: 'cart' });

    const watched = run({ stage: 'probation', previous: V1, warm: true });
    const body = { status: { run: watched } };
    of.store.patch(
      resources.canaries,
      { namespace: 'shop', name: 'cart' },
      { kind: 'merge', body },
      { subresource: 'status' },
    );
    expect(await selected()).toEqual({ app: 'cart-warm' });
  });
});
