import { describe, expect, it } from '@jest/globals';
import { enact } from '../../src/act/act.ts';
import type { Stage } from '../../src/act/act.ts';
import { storeRevision } from '../../src/act/store-revision.ts';
import { ApiError } from '../../src/cluster/cluster.ts';
import { Retry } from '../../src/model/errors.ts';
import { objectOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import type { Revision } from '../../src/model/revision.ts';
import { createConfigReader } from '../../src/observe/configs.ts';
import { revisionFrom } from '../../src/workload/template-hash.ts';
import { canaryObject, configMap, deploymentObject, lab, secret } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { configMaps, secrets, controllerRevisions, deployments, canaries } = resources;

const container = { envFrom: [{ configMapRef: { name: 'flags' } }, { secretRef: { name: 'keys' } }] };

function world(...more: (readonly [Resource, KubeObject])[]): Lab {
  return lab([
    [canaries, canaryObject()],
    [configMaps, configMap('flags', { color: 'red' })],
    [secrets, secret('keys', { token: 'YQ==' })],
    [deployments, deploymentObject({ container })],
    ...more,
  ]);
}

async function stageOf(of: Lab): Promise<Stage> {
  const { cluster, caches } = of;
  const scene = of.scene();
  const reader = createConfigReader({ cluster, configMaps: caches.configMaps, nowMs: () => of.nowMs });
  const { checksums } = await reader.read('shop', scene.target?.configRefs ?? [], undefined);
  return { cluster, caches, scene, checksums };
}

function revisionOfTarget({ scene, checksums }: Stage): Revision {
  return revisionFrom(scene.target?.templateHash ?? '', checksums);
}

function copies(of: Lab, resource: Resource): KubeObject[] {
  return [...of.store.list(resource, { namespace: 'shop' }).items].filter(({ metadata }) =>
    metadata.name.includes('-primary-'),
  );
}

const records = (of: Lab): KubeObject[] => [
  ...of.store.list(controllerRevisions, { namespace: 'shop' }).items,
];

async function push(of: Lab, image: string): Promise<Stage> {
  const body = { spec: { template: { spec: { containers: [{ name: 'app', image, ...container }] } } } };
  of.store.patch(deployments, { namespace: 'shop', name: 'cart' }, { kind: 'merge', body });
  return stageOf(of);
}

describe('storing a revision', () => {
  it('copies the configuration first and writes the record last: what is found stored is whole', async () => {
    const of = world();
    const stage = await stageOf(of);
    of.writes();
    await storeRevision(stage, revisionOfTarget(stage));
    const writes = of.writes().map((call) => call.split(' ').slice(0, 2).join(' '));

    expect(writes).toEqual(['create configmaps', 'create secrets', 'create controllerrevisions']);
  });

  it('names template and copies in the record, and owns them all', async () => {
    const of = world();
    const stage = await stageOf(of);
    await storeRevision(stage, revisionOfTarget(stage));
    const all = [...records(of), ...copies(of, configMaps), ...copies(of, secrets)];
    const [record] = records(of);

    expect(all).toHaveLength(3);
    expect(all.every(({ metadata }) => metadata.ownerReferences?.[0]?.uid === of.view().uid)).toBe(true);
    expect(objectOf(record?.['data'])).toMatchObject({
      revision: revisionOfTarget(stage),
      template: { spec: { containers: [{ image: 'cart:1' }] } },
      configs: {
        'configmap/flags': { copy: copies(of, configMaps)[0]?.metadata.name },
        'secret/keys': { copy: copies(of, secrets)[0]?.metadata.name },
      },
    });
    expect(copies(of, configMaps)[0]).toMatchObject({ data: { color: 'red' }, immutable: true });
    expect(copies(of, secrets)[0]).toMatchObject({
      data: { token: 'YQ==' },
      type: 'Opaque',
      immutable: true,
    });
  });

  it('does it again without a difference, after a crash too', async () => {
    const of = world();
    const stage = await stageOf(of);
    of.refuse = ({ verb, resource }) =>
      verb === 'create' && resource.plural === 'controllerrevisions'
        ? new ApiError(503, '', 'down')
        : undefined;
    await expect(storeRevision(stage, revisionOfTarget(stage))).rejects.toBeInstanceOf(Retry);
    expect(records(of)).toEqual([]);

    of.refuse = () => undefined;
    await storeRevision(stage, revisionOfTarget(stage));
    await storeRevision(stage, revisionOfTarget(stage));
    expect(records(of)).toHaveLength(1);
    expect(copies(of, configMaps)).toHaveLength(1);
  });

  it('gives up for now where the configuration has changed since it was looked at', async () => {
    const of = world();
    const stage = await stageOf(of);
    of.store.patch(
      configMaps,
      { namespace: 'shop', name: 'flags' },
      { kind: 'merge', body: { data: { color: 'blue' } } },
    );

    await expect(storeRevision(stage, revisionOfTarget(stage))).rejects.toBeInstanceOf(Retry);
    expect(records(of)).toEqual([]);
  });

  it('makes no copy of a revision that is gone, of whichever object it is', async () => {
    const of = world();
    const stage = await stageOf(of);
    of.store.delete(secrets, { namespace: 'shop', name: 'keys' });

    await expect(storeRevision(stage, revisionOfTarget(stage))).rejects.toBeInstanceOf(Retry);
    expect(copies(of, configMaps)).toEqual([]);
  });

  it('gives up for now where the target holds another revision by now', async () => {
    const of = world();
    const before = await stageOf(of);
    await push(of, 'cart:2');

    await expect(storeRevision(before, revisionOfTarget(before))).rejects.toBeInstanceOf(Retry);
    expect(records(of)).toEqual([]);
  });

  it('gives up for now where a record of that name belongs to an earlier Canary', async () => {
    const of = world();
    const stage = await stageOf(of);
    await storeRevision(stage, revisionOfTarget(stage));
    const name = records(of)[0]?.metadata.name ?? '';
    const ownerReferences = [
      { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'cart', uid: 'earlier' },
    ];
    of.store.patch(
      controllerRevisions,
      { namespace: 'shop', name },
      { kind: 'merge', body: { metadata: { ownerReferences } } },
    );

    await expect(storeRevision(stage, revisionOfTarget(stage))).rejects.toBeInstanceOf(Retry);
  });

  it('makes anew a record that an earlier Canary left to nobody', async () => {
    const of = world();
    const stage = await stageOf(of);
    await storeRevision(stage, revisionOfTarget(stage));
    const { name = '', uid } = records(of)[0]?.metadata ?? {};
    of.store.patch(
      controllerRevisions,
      { namespace: 'shop', name },
      { kind: 'merge', body: { metadata: { ownerReferences: null } } },
    );

    await expect(storeRevision(stage, revisionOfTarget(stage))).rejects.toBeInstanceOf(Retry);
    await storeRevision(stage, revisionOfTarget(stage));
    expect(records(of)).toMatchObject([{ metadata: { name, ownerReferences: [{ uid: of.view().uid }] } }]);
    expect(records(of)[0]?.metadata.uid).not.toBe(uid);
  });

  it('lets the cache know at once', async () => {
    const of = world();
    const stage = await stageOf(of);
    await storeRevision(stage, revisionOfTarget(stage));

    expect(of.caches.revisions.byIndex('owner', of.view().uid).map(({ value }) => value.revision)).toEqual([
      revisionOfTarget(stage),
    ]);
  });
});

describe('collecting revisions', () => {
  it('deletes records and the copies that no kept one uses', async () => {
    const of = world();
    const first = await stageOf(of);
    await storeRevision(first, revisionOfTarget(first));
    const second = await push(of, 'cart:2');
    await storeRevision(second, revisionOfTarget(second));
    // The same configuration: both records name the same copies.
    expect(copies(of, configMaps)).toHaveLength(1);

    of.store.patch(
      configMaps,
      { namespace: 'shop', name: 'flags' },
      { kind: 'merge', body: { data: { color: 'blue' } } },
    );
    const third = await stageOf(of);
    await storeRevision(third, revisionOfTarget(third));
    expect(records(of)).toHaveLength(3);
    expect(copies(of, configMaps)).toHaveLength(2);

    await enact(third, [{ kind: 'collectRevisions', keep: [revisionOfTarget(third)] }]);
    expect(records(of).map((record) => objectOf(record['data'])['revision'])).toEqual([
      revisionOfTarget(third),
    ]);
    expect(copies(of, configMaps)).toMatchObject([{ data: { color: 'blue' } }]);
    expect(copies(of, secrets)).toHaveLength(1);
    expect(of.find(configMaps, 'flags')).toBeDefined();
  });

  it('deletes nothing where what is kept cannot be read', async () => {
    const of = world();
    const stage = await stageOf(of);
    await storeRevision(stage, revisionOfTarget(stage));
    const attempt = enact(stage, [{ kind: 'collectRevisions', keep: ['v1:0123456789abcdef'] }]);

    await expect(attempt).rejects.toBeInstanceOf(Retry);
    expect(records(of)).toHaveLength(1);
    expect(copies(of, configMaps)).toHaveLength(1);
  });
});
