// Writing for targets that are not Deployments.
import { describe, expect, it } from '@jest/globals';
import { enact } from '../../src/act/act.ts';
import type { Stage } from '../../src/act/act.ts';
import { Retry } from '../../src/model/errors.ts';
import { objectOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { allPrimary, splitToward } from '../../src/model/split.ts';
import { observe } from '../../src/observe/observe.ts';
import type { Observation } from '../../src/model/observation.ts';
import { canaryObject, daemonSetObject, lab, settings } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { canaries, daemonSets, knativeServices, services } = resources;

const stageOf = (of: Lab): Stage => ({
  cluster: of.cluster,
  caches: of.caches,
  scene: of.scene(),
  checksums: undefined,
});

function look(of: Lab): Observation {
  return observe(of.view(), of.scene(), of.caches, {
    settings,
    moment: {
      nowMs: of.nowMs,
      chance: 'r1',
      answers: {},
      delivered: [],
      refusal: undefined,
      configs: undefined,
      missingKinds: [],
    },
  });
}

function knativeService(created: string, spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { template: { spec: { containers: [{ image: 'cart:1' }] } }, ...spec },
    status: {
      observedGeneration: 1,
      latestCreatedRevisionName: created,
      latestReadyRevisionName: created,
      conditions: [{ type: 'RoutesReady', status: 'True' }],
    },
  };
}

const knativeCanary = canaryObject({
  provider: 'knative',
  service: undefined,
  targetRef: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'cart' },
});

function knativeLab(): Lab {
  const of = lab([[canaries, knativeCanary]]);
  const made = of.store.create(knativeServices, knativeService(''));
  const { status } = knativeService('cart-00001');
  of.store.replace(knativeServices, { ...made, status }, { subresource: 'status' });
  return of;
}

const specOf = (object: KubeObject | undefined): Readonly<Record<string, unknown>> =>
  objectOf(object?.['spec']);

describe('a DaemonSet as the target', () => {
  it('is scaled by one key of its node selector, away and back', async () => {
    const of = lab([
      [canaries, canaryObject({ targetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'cart' } })],
      [daemonSets, daemonSetObject()],
    ]);
    const before = specOf(of.find(daemonSets, 'cart'));
    const { revision } = look(of).target ?? {};
    await enact(stageOf(of), [{ kind: 'scaleTarget', replicas: 0 }]);

    expect(look(of).target).toMatchObject({ replicas: 0, revision });
    await enact(stageOf(of), [{ kind: 'scaleTarget', replicas: 2 }]);
    expect(specOf(of.find(daemonSets, 'cart'))).toEqual(before);
  });
});

describe('a Service as the target', () => {
  const target: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'cart', namespace: 'shop', labels: { team: 'shop' } },
    spec: { selector: { app: 'cart' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
  const serviceLab = (): Lab =>
    lab([
      [canaries, canaryObject({ targetRef: { apiVersion: 'v1', kind: 'Service', name: 'cart' } })],
      [services, target],
    ]);

  it('gets two copies, and is not written itself', async () => {
    const of = serviceLab();
    const before = of.find(services, 'cart');
    const { revision = '' } = look(of).target ?? {};
    await enact(stageOf(of), [
      { kind: 'writeService', role: 'canary' },
      { kind: 'writeService', role: 'primary' },
      { kind: 'writeService', role: 'apex' },
      { kind: 'storeRevision', revision },
      { kind: 'writePrimary', revision, replicas: 3 },
      { kind: 'scaleTarget', replicas: 0 },
    ]);

    expect(of.writes()).toEqual([
      'create services shop/cart-canary',
      'create controllerrevisions shop/cart-v1-' + revision.slice(3),
      'create services shop/cart-primary',
    ]);
    expect(of.find(services, 'cart')).toEqual(before);
    expect(look(of)).toMatchObject({
      target: { fixedSize: true, readiness: { kind: 'ready' } },
      primary: { revision, drifted: false },
      services: { apex: 'inPlace', primary: 'inPlace', canary: 'inPlace' },
    });
  });

  it('D20: writes the canary copy when the target differs, and not before', async () => {
    const of = serviceLab();
    const write = { kind: 'writeService', role: 'canary' } as const;
    await enact(stageOf(of), [write]);
    of.writes();
    await enact(stageOf(of), [write]);
    expect(of.writes()).toEqual([]);

    of.store.patch(services, target.metadata, {
      kind: 'merge',
      body: { spec: { selector: { app: 'next' } } },
    });
    expect(look(of).services.canary).toBe('drifted');
    await enact(stageOf(of), [write]);
    expect(of.writes()).toEqual(['patch services shop/cart-canary']);
    expect(specOf(of.find(services, 'cart-canary'))['selector']).toEqual({ app: 'next' });
  });

  it('has copies that belong to others left alone', () => {
    const owned = {
      ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'x', controller: true }],
    };
    const of = serviceLab();
    of.store.create(services, { ...target, metadata: { ...target.metadata, ...owned, name: 'cart-canary' } });

    expect(look(of).services.canary).toBe('foreign');
  });
});

describe('a Knative Service as the target', () => {
  it('is written in two places alone, and its template never', async () => {
    const of = knativeLab();
    const before = of.find(knativeServices, 'cart');
    const { revision = '' } = look(of).target ?? {};
    await enact(stageOf(of), [
      { kind: 'writeService', role: 'apex' },
      { kind: 'storeRevision', revision },
      { kind: 'writePrimary', revision, replicas: 1 },
      { kind: 'writeRoute', split: splitToward(20) },
      { kind: 'scaleTarget', replicas: 0 },
    ]);
    const after = of.find(knativeServices, 'cart');

    expect(after?.metadata.annotations).toEqual({ 'flagger.app/primary-revision': 'cart-00001' });
    expect(specOf(after)).toEqual({
      ...specOf(before),
      traffic: [
        { latestRevision: true, percent: 20 },
        { revisionName: 'cart-00001', percent: 80 },
      ],
    });
    expect(look(of)).toMatchObject({
      primary: { asTarget: revision, readiness: { kind: 'ready' } },
      route: { state: 'inPlace', split: { primary: 80, canary: 20 } },
      stored: [revision],
    });
  });

  it('is never created where it is gone', async () => {
    const of = knativeLab();
    const { revision = '' } = look(of).target ?? {};
    await enact(stageOf(of), [{ kind: 'storeRevision', revision }]);
    const stage = stageOf(of);
    of.store.delete(knativeServices, { namespace: 'shop', name: 'cart' });

    await expect(enact(stage, [{ kind: 'writePrimary', revision, replicas: 1 }])).rejects.toThrow(Retry);
    await expect(enact(stage, [{ kind: 'writeRoute', split: allPrimary }])).rejects.toThrow(Retry);
    expect(of.find(knativeServices, 'cart')).toBeUndefined();
  });

  it('is given back without a trace', async () => {
    const of = knativeLab();
    const before = of.find(knativeServices, 'cart');
    const { revision = '' } = look(of).target ?? {};
    await enact(stageOf(of), [
      { kind: 'storeRevision', revision },
      { kind: 'writePrimary', revision, replicas: 1 },
      { kind: 'writeRoute', split: allPrimary },
      { kind: 'restoreService' },
      { kind: 'restoreRoute' },
    ]);
    const after = of.find(knativeServices, 'cart');

    expect(after?.metadata.annotations ?? {}).toEqual({});
    expect(specOf(after)).toEqual({
      ...specOf(before),
      traffic: [{ latestRevision: true, percent: 100 }],
    });
  });

  it('has none of the revisions of a Service that was deleted and made anew', async () => {
    const of = knativeLab();
    const { revision = '' } = look(of).target ?? {};
    await enact(stageOf(of), [{ kind: 'storeRevision', revision }]);
    expect(look(of).stored).toEqual([revision]);

    of.store.delete(knativeServices, { namespace: 'shop', name: 'cart' });
    const made = of.store.create(knativeServices, knativeService(''));
    const { status } = knativeService('cart-00001');
    of.store.replace(knativeServices, { ...made, status }, { subresource: 'status' });

    expect(look(of).stored).toEqual([]);
    expect(look(of).target?.revision).not.toBe(revision);
  });
});
