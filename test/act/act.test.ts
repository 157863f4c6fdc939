import { describe, expect, it } from '@jest/globals';
import { enact, storeStatus } from '../../src/act/act.ts';
import type { Stage } from '../../src/act/act.ts';
import { Retry, Stalled } from '../../src/model/errors.ts';
import { objectOf, objectsOf } from '../../src/model/json.ts';
import { keyOf, resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { allPrimary, splitToward } from '../../src/model/split.ts';
import { revisionFrom } from '../../src/workload/template-hash.ts';
import { FINALIZER } from '../../src/observe/canary-view.ts';
import { V2 } from '../fixture/observation.ts';
import { basics, canaryObject, deploymentObject, httpRoutes, lab, weightsIn } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { canaries, controllerRevisions, deployments, services } = resources;

function stageOf(of: Lab): Stage {
  return { cluster: of.cluster, caches: of.caches, scene: of.scene(), checksums: undefined };
}

function live(of: Lab): string {
  return revisionFrom(of.scene().target?.templateHash ?? '');
}

const specOf = (object: KubeObject | undefined): Readonly<Record<string, unknown>> =>
  objectOf(object?.['spec']);
const mine = (of: Lab): unknown => ({ uid: of.view().uid, controller: true, kind: 'Canary' });

function own(name: string, spec: Record<string, unknown>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop', labels: { team: 'a' } },
    spec,
  };
}

const backends = (of: Lab): unknown =>
  objectsOf(specOf(of.find(httpRoutes, 'cart'))['rules']).map((rule) =>
    objectsOf(rule['backendRefs']).map(({ name, weight }) => [name, weight]),
  );

function patch(of: Lab, resource: Resource, name: string, body: Record<string, unknown>): void {
  of.store.patch(resource, { namespace: 'shop', name }, { kind: 'merge', body });
}

describe('writing the primary', () => {
  it('copies a stored revision, and never the live target (D6)', async () => {
    const of = lab();
    const revision = live(of);
    await enact(stageOf(of), [{ kind: 'storeRevision', revision }]);
    patch(of, deployments, 'cart', {
      spec: { template: { spec: { containers: [{ name: 'app', image: 'cart:9' }] } } },
    });
    await enact(stageOf(of), [{ kind: 'writePrimary', revision, replicas: 3 }]);
    const primary = of.find(deployments, 'cart-primary');

    expect(specOf(primary)).toMatchObject({
      replicas: 3,
      selector: { matchLabels: { app: 'cart-primary' } },
      template: {
        metadata: { labels: { app: 'cart-primary' } },
        spec: { containers: [{ image: 'cart:1' }] },
      },
    });
    expect(primary?.metadata.ownerReferences).toMatchObject([mine(of)]);
    expect(of.workload('cart-primary')).toMatchObject({ revision, drifted: false });
  });

  it('waits for a revision that is not stored', async () => {
    const of = lab();

    await expect(
      enact(stageOf(of), [{ kind: 'writePrimary', revision: V2, replicas: 1 }]),
    ).rejects.toBeInstanceOf(Retry);
    expect(of.find(deployments, 'cart-primary')).toBeUndefined();
  });

  it('is not misled by a record that holds something else', async () => {
    const of = lab();
    const revision = live(of);
    await enact(stageOf(of), [{ kind: 'storeRevision', revision }]);
    const [record] = of.store.list(controllerRevisions, { namespace: 'shop' }).items;
    const name = record?.metadata.name ?? '';
    of.store.delete(controllerRevisions, { namespace: 'shop', name });
    const data = { ...objectOf(record?.['data']), revision: V2 };
    const metadata = { name, namespace: 'shop' };
    of.store.create(controllerRevisions, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata,
      revision: 1,
      data,
    });

    await expect(
      enact(stageOf(of), [{ kind: 'writePrimary', revision, replicas: 1 }]),
    ).rejects.toBeInstanceOf(Retry);
  });

  it('keeps the size where none is asked for, and what others have put on the object', async () => {
    const of = lab();
    const revision = live(of);
    const write = { kind: 'writePrimary', revision, replicas: undefined } as const;
    await enact(stageOf(of), [
      { kind: 'storeRevision', revision },
      { ...write, replicas: 2 },
    ]);
    patch(of, deployments, 'cart-primary', {
      metadata: { labels: { team: 'a' } },
      spec: { replicas: 7, template: { spec: { containers: [{ name: 'app', image: 'cart:hack' }] } } },
    });
    expect(of.workload('cart-primary')?.drifted).toBe(true);
    await enact(stageOf(of), [write]);
    const primary = of.find(deployments, 'cart-primary');

    expect(specOf(primary)).toMatchObject({
      replicas: 7,
      template: { spec: { containers: [{ image: 'cart:1' }] } },
    });
    expect(primary?.metadata.labels).toMatchObject({ team: 'a' });
    expect(of.workload('cart-primary')?.drifted).toBe(false);
  });

  it('writes nothing the second time', async () => {
    const of = lab();
    const revision = live(of);
    const deeds = [
      { kind: 'storeRevision', revision },
      { kind: 'writePrimary', revision, replicas: 2 },
    ] as const;
    await enact(stageOf(of), deeds);
    of.writes();
    await enact(stageOf(of), [deeds[1]]);

    expect(of.writes()).toEqual([]);
  });
});

describe('writing Services and route', () => {
  it('creates the three Services, each with its selector', async () => {
    const of = lab();
    const roles = ['canary', 'primary', 'apex'] as const;
    await enact(
      stageOf(of),
      roles.map((role) => ({ kind: 'writeService', role })),
    );
    const selectors = ['cart-canary', 'cart-primary', 'cart'].map(
      (name) => specOf(of.find(services, name))['selector'],
    );

    expect(selectors).toEqual([{ app: 'cart' }, { app: 'cart-primary' }, { app: 'cart-primary' }]);
  });

  it('takes over a Service that belongs to nobody, and gives it back (8.3)', async () => {
    const before = {
      type: 'LoadBalancer',
      selector: { app: 'cart' },
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    };
    const of = lab([...basics(), [services, own('cart', before)]]);
    const stored = of.find(services, 'cart');
    await enact(stageOf(of), [{ kind: 'writeService', role: 'apex' }]);
    const taken = of.find(services, 'cart');

    expect(specOf(taken)).toMatchObject({ type: 'LoadBalancer', selector: { app: 'cart-primary' } });
    expect(taken?.metadata.labels).toEqual({ team: 'a' });
    expect(taken?.metadata.ownerReferences).toBeUndefined();

    await enact(stageOf(of), [{ kind: 'restoreService' }]);
    expect(specOf(of.find(services, 'cart'))).toEqual(specOf(stored));
    expect(of.find(services, 'cart')?.metadata.labels).toEqual({ team: 'a' });
  });

  it('gives back annotations too: nobody is told to leave alone what we have left', async () => {
    const of = lab([
      ...basics(),
      [services, own('cart', { selector: { app: 'cart' }, ports: [{ port: 80 }] })],
    ]);
    const before = of.find(services, 'cart')?.metadata;
    await enact(stageOf(of), [{ kind: 'writeService', role: 'apex' }]);
    expect(of.find(services, 'cart')?.metadata.annotations).toMatchObject({
      'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
    });
    await enact(stageOf(of), [{ kind: 'restoreService' }]);

    expect(of.find(services, 'cart')?.metadata.annotations ?? {}).toEqual(before?.annotations ?? {});
  });

  it.each([
    ['that selects the primary selects the target again', 'cart-primary', 'cart'],
    ['of the user that was never taken over stays as it is', 'other', 'other'],
  ])('a Service without a note %s', async (_title, selected, after) => {
    const of = lab([
      ...basics(),
      [services, own('cart', { selector: { app: selected }, ports: [{ port: 80 }] })],
    ]);
    await enact(stageOf(of), [{ kind: 'restoreService' }]);

    expect(specOf(of.find(services, 'cart'))).toMatchObject({ selector: { app: after } });
  });

  it('leaves what we made to the user who took its owner away, leading to the target', async () => {
    const of = lab();
    const orphan = { metadata: { ownerReferences: null } };
    await enact(stageOf(of), [
      { kind: 'writeService', role: 'apex' },
      { kind: 'writeRoute', split: allPrimary },
    ]);
    patch(of, services, 'cart', orphan);
    patch(of, httpRoutes, 'cart', { metadata: { ownerReferences: null, labels: { team: 'a' } } });
    await enact(stageOf(of), [
      { kind: 'writeService', role: 'apex' },
      { kind: 'writeRoute', split: splitToward(10) },
      { kind: 'announceRoute', to: 'theirs' },
      { kind: 'restoreService' },
      { kind: 'restoreRoute' },
    ]);

    expect(specOf(of.find(services, 'cart'))).toMatchObject({ selector: { app: 'cart' } });
    expect(backends(of)).toEqual([[['cart', 100]]]);
  });

  const theirs = {
    ...own('cart', { rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }] }),
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
  };

  it('takes a route over and gives it back by way of both being named', async () => {
    const of = lab([...basics(), [httpRoutes, theirs]]);
    const before = of.find(httpRoutes, 'cart');
    await enact(stageOf(of), [{ kind: 'announceRoute', to: 'ours' }]);
    expect(backends(of)).toEqual([
      [
        ['cart', 100],
        ['cart-primary', 0],
        ['cart-canary', 0],
      ],
    ]);
    const ours = [
      ['cart-primary', 100],
      ['cart-canary', 0],
    ];
    await enact(stageOf(of), [{ kind: 'writeRoute', split: allPrimary, keeping: true }]);
    expect(backends(of)).toEqual([[...ours, ['cart', 0]]]);
    await enact(stageOf(of), [{ kind: 'writeRoute', split: allPrimary }]);
    expect(backends(of)).toEqual([ours]);
    await enact(stageOf(of), [{ kind: 'announceRoute', to: 'theirs' }]);
    expect(backends(of)).toEqual([[...ours, ['cart', 0]]]);
    await enact(stageOf(of), [{ kind: 'restoreRoute', keeping: true }]);
    of.writes();
    await enact(stageOf(of), [{ kind: 'restoreRoute', keeping: true }]);
    expect(of.writes()).toEqual([]);
    expect(backends(of)).toEqual([
      [
        ['cart', 100],
        ['cart-primary', 0],
        ['cart-canary', 0],
      ],
    ]);
    await enact(stageOf(of), [{ kind: 'restoreRoute' }]);
    const after = of.find(httpRoutes, 'cart');

    expect(specOf(after)).toEqual(specOf(before));
    expect(after?.metadata.labels).toEqual(before?.metadata.labels);
    expect(after?.metadata.annotations ?? {}).toEqual({});
  });

  it('has nothing to give back where the Service was made', async () => {
    const of = lab();
    await enact(stageOf(of), [{ kind: 'writeService', role: 'apex' }]);
    of.writes();
    await enact(stageOf(of), [{ kind: 'restoreService' }, { kind: 'restoreRoute' }]);

    expect(of.writes()).toEqual([]);
  });

  it('writes the weights, and only them, the second time', async () => {
    const of = lab();
    await enact(stageOf(of), [{ kind: 'writeRoute', split: allPrimary }]);
    patch(of, httpRoutes, 'cart', { metadata: { labels: { team: 'a' } } });
    await enact(stageOf(of), [{ kind: 'writeRoute', split: splitToward(30) }]);
    const route = of.find(httpRoutes, 'cart');
    const rules = specOf(route)['rules'];

    expect(rules).toMatchObject([
      {
        backendRefs: [
          { name: 'cart-primary', weight: 70 },
          { name: 'cart-canary', weight: 30 },
        ],
      },
    ]);
    expect(route?.metadata.labels).toMatchObject({ team: 'a' });
    expect(weightsIn(of)).toEqual({
      'cart-primary': 70,
      'cart-canary': 30,
    });
  });

  it('writes no route where the provider has none', async () => {
    const of = lab([
      [canaries, canaryObject({ provider: 'kubernetes' })],
      [deployments, deploymentObject()],
    ]);
    await enact(stageOf(of), [{ kind: 'writeRoute', split: allPrimary }]);

    expect(of.writes()).toEqual([]);
  });
});

describe('a rehearsal', () => {
  it('tries every write and stores none', async () => {
    const of = lab();
    const stage = stageOf(of);
    const before = of.store.resourceVersion;
    await enact(
      stage,
      [
        { kind: 'storeRevision', revision: live(of) },
        { kind: 'writeService', role: 'apex' },
        { kind: 'writePrimary', revision: live(of), replicas: 1 },
        { kind: 'writeRoute', split: allPrimary },
      ],
      true,
    );

    expect(of.writes()).toEqual([
      'create services shop/cart dry',
      'create deployments shop/cart-primary dry',
      'create httproutes shop/cart dry',
    ]);
    expect(of.store.resourceVersion).toBe(before);
    expect(of.caches.services.get('shop/cart')).toBeUndefined();
  });
});

describe('scaling the target', () => {
  it('changes its size and nothing else', async () => {
    const of = lab();
    const before = of.find(deployments, 'cart');
    await enact(stageOf(of), [{ kind: 'scaleTarget', replicas: 0 }]);

    expect(specOf(of.find(deployments, 'cart'))).toEqual({ ...specOf(before), replicas: 0 });
    expect(of.workload('cart')?.replicas).toBe(0);
  });

  it('leaves one alone that was deleted and made again: nobody has decided about that', async () => {
    const of = lab();
    const stage = stageOf(of);
    of.store.delete(deployments, { namespace: 'shop', name: 'cart' });
    of.store.create(deployments, deploymentObject());

    await expect(enact(stage, [{ kind: 'scaleTarget', replicas: 0 }])).rejects.toThrow();
    expect(specOf(of.find(deployments, 'cart'))['replicas']).toBe(2);
  });
});

describe('the finalizer', () => {
  it('comes and goes without those of others', async () => {
    const of = lab([
      [canaries, canaryObject({}, { finalizers: ['example.com/other'] })],
      [deployments, deploymentObject()],
    ]);
    await enact(stageOf(of), [{ kind: 'setFinalizer', present: true }]);
    expect(of.find(canaries, 'cart')?.metadata.finalizers).toEqual(['example.com/other', FINALIZER]);
    expect(of.view().finalizers).toContain(FINALIZER);

    await enact(stageOf(of), [{ kind: 'setFinalizer', present: false }]);
    expect(of.find(canaries, 'cart')?.metadata.finalizers).toEqual(['example.com/other']);
  });

  it('that is taken from a deleted Canary lets it go', async () => {
    const of = lab([
      [canaries, canaryObject({}, { finalizers: [FINALIZER] })],
      [deployments, deploymentObject()],
    ]);
    of.store.delete(canaries, { namespace: 'shop', name: 'cart' });
    await enact(stageOf(of), [{ kind: 'setFinalizer', present: false }]);

    expect(of.find(canaries, 'cart')).toBeUndefined();
  });
});

describe('storing status', () => {
  it('writes what has changed, on the subresource, and the cache has it at once', async () => {
    const of = lab();
    await storeStatus(of, of.view(), { phase: 'Initializing', lastAppliedSpec: V2 });

    expect(of.writes()).toEqual(['patch canaries shop/cart status']);
    expect(of.find(canaries, 'cart')?.['status']).toEqual({ phase: 'Initializing', lastAppliedSpec: V2 });
    expect(of.view().status.phase).toBe('Initializing');
  });

  it('takes away what is not there any more, and writes nothing where nothing has changed', async () => {
    const of = lab();
    await storeStatus(of, of.view(), { phase: 'Initializing', lastAppliedSpec: V2 });
    await storeStatus(of, of.view(), { phase: 'Initializing' });
    expect(of.find(canaries, 'cart')?.['status']).toEqual({ phase: 'Initializing' });
    of.writes();
    await storeStatus(of, of.view(), { phase: 'Initializing' });

    expect(of.writes()).toEqual([]);
  });

  it('leaves the fields of others', async () => {
    const of = lab();
    patch(of, canaries, 'cart', {});
    of.store.patch(
      canaries,
      { namespace: 'shop', name: 'cart' },
      { kind: 'merge', body: { status: { conditions: [] } } },
      { subresource: 'status' },
    );
    await storeStatus(of, of.view(), { phase: 'Failed' });

    expect(of.find(canaries, 'cart')?.['status']).toMatchObject({ phase: 'Failed' });
  });

  it.each<[string, (of: Lab) => void]>([
    ['has been changed', (of) => patch(of, canaries, 'cart', { spec: { skipAnalysis: true } })],
    ['is gone', (of) => of.store.delete(canaries, { namespace: 'shop', name: 'cart' })],
    [
      'was made again',
      (of) => {
        of.store.delete(canaries, { namespace: 'shop', name: 'cart' });
        of.store.create(canaries, canaryObject());
      },
    ],
  ])('is tried again later where the Canary %s since it was decided about', async (_title, meanwhile) => {
    const of = lab();
    const view = of.view();
    meanwhile(of);

    await expect(storeStatus(of, view, { phase: 'Failed' })).rejects.toBeInstanceOf(Retry);
    expect(objectOf(of.find(canaries, 'cart')?.['status'])['phase']).toBeUndefined();
  });

  it('names the Canary in what it throws', async () => {
    const of = lab();
    const view = of.view();
    patch(of, canaries, 'cart', { spec: { skipAnalysis: true } });

    await expect(storeStatus(of, view, { phase: 'Failed' })).rejects.toThrow(keyOf(view));
    expect(new Stalled('RefusedByServer', '')).toBeInstanceOf(Error);
  });
});
