import { describe, expect, it } from '@jest/globals';
import { enact } from '../../src/act/act.ts';
import type { Stage } from '../../src/act/act.ts';
import type { Action } from '../../src/model/decision.ts';
import { objectOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import {
  canaryObject,
  deploymentObject,
  horizontalPodAutoscaler,
  lab,
  scaledObject,
} from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { canaries, deployments, horizontalPodAutoscalers: hpas, scaledObjects } = resources;

function world(kind: string, autoscaler: KubeObject): Lab {
  const autoscalerRef = { apiVersion: 'x/v1', kind, name: 'cart' };
  return lab([
    [canaries, canaryObject({ autoscalerRef })],
    [deployments, deploymentObject()],
    [kind === 'ScaledObject' ? scaledObjects : hpas, autoscaler],
  ]);
}

async function act(of: Lab, ...actions: readonly Action[]): Promise<readonly string[]> {
  const stage: Stage = { cluster: of.cluster, caches: of.caches, scene: of.scene(), checksums: undefined };
  of.writes();
  await enact(stage, actions);
  return of.writes();
}

const write: Action = { kind: 'writeAutoscaler' };
const pause = (paused: boolean): Action => ({ kind: 'pauseAutoscaler', paused });
const specOf = (object: KubeObject | undefined): Readonly<Record<string, unknown>> =>
  objectOf(object?.['spec']);

describe('writing the autoscaler of a primary', () => {
  it.each([
    ['HorizontalPodAutoscaler', hpas, horizontalPodAutoscaler()],
    ['ScaledObject', scaledObjects, scaledObject()],
  ] as const)(
    'creates it once, and writes it again only where it differs: %s',
    async (kind, resource, object) => {
      const of = world(kind, object);
      const { plural } = resource;
      expect(await act(of, write)).toEqual([`create ${plural} shop/cart-primary`]);
      expect(await act(of, write)).toEqual([]);
      of.store.patch(
        resource,
        { namespace: 'shop', name: 'cart' },
        {
          kind: 'merge',
          body: { spec: { someday: 1 } },
        },
      );
      expect(await act(of, write)).toEqual([`patch ${plural} shop/cart-primary`]);
      expect(specOf(of.find(resource, 'cart-primary'))).toMatchObject({
        someday: 1,
        scaleTargetRef: { name: 'cart-primary' },
      });
    },
  );

  it('D18: settles with labels and annotations, also where others add their own', async () => {
    const object = horizontalPodAutoscaler();
    const annotations = { note: 'x' };
    const of = world('HorizontalPodAutoscaler', { ...object, metadata: { ...object.metadata, annotations } });
    await act(of, write);
    of.store.patch(
      hpas,
      { namespace: 'shop', name: 'cart-primary' },
      {
        kind: 'merge',
        body: { metadata: { annotations: { theirs: 'y' } } },
      },
    );
    expect(await act(of, write)).toEqual([]);
    expect(of.find(hpas, 'cart-primary')?.metadata).toMatchObject({
      labels: { team: 'a' },
      annotations: { note: 'x', theirs: 'y' },
    });
  });
});

describe('pausing the autoscaler of a target', () => {
  it('D19: touches one annotation of it, and nothing else', async () => {
    const of = world('ScaledObject', scaledObject({ someday: true }, { theirs: 'y' }));
    const before = of.find(scaledObjects, 'cart');
    expect(await act(of, pause(true))).toEqual(['patch scaledobjects shop/cart']);
    const paused = of.find(scaledObjects, 'cart');
    expect(paused?.metadata.annotations).toEqual({ theirs: 'y', 'autoscaling.keda.sh/paused-replicas': '0' });
    expect(paused?.['spec']).toEqual(before?.['spec']);
    expect(of.scene().autoscalers.named?.target?.paused).toBe(true);

    await act(of, pause(false));
    const resumed = of.find(scaledObjects, 'cart');
    expect(resumed?.metadata.annotations).toEqual({ theirs: 'y' });
    expect(resumed?.['spec']).toEqual(before?.['spec']);
  });

  it('D15: never shows in the one of the primary', async () => {
    const of = world('ScaledObject', scaledObject());
    await act(of, pause(true), write);
    expect(Object.keys(of.find(scaledObjects, 'cart-primary')?.metadata.annotations ?? {})).toEqual([
      'serin.dev/copied',
    ]);
  });

  it('leaves one alone that was made again meanwhile', async () => {
    const of = world('ScaledObject', scaledObject());
    const scene = of.scene();
    of.store.delete(scaledObjects, { namespace: 'shop', name: 'cart' });
    of.store.create(scaledObjects, scaledObject());
    const stage: Stage = { cluster: of.cluster, caches: of.caches, scene, checksums: undefined };
    await expect(enact(stage, [pause(true)])).rejects.toThrow(/pause ScaledObject cart/);
    expect(of.find(scaledObjects, 'cart')?.metadata.annotations ?? {}).toEqual({});
  });
});

describe('removing the autoscaler of a primary', () => {
  it('takes the one that was made and lets the original go; the primary keeps its size', async () => {
    const of = world('ScaledObject', scaledObject({ advanced: { restoreToOriginalReplicaCount: true } }));
    await act(of, write, pause(true));
    of.store.patch(
      canaries,
      { namespace: 'shop', name: 'cart' },
      {
        kind: 'merge',
        body: { spec: { autoscalerRef: null } },
      },
    );
    const removal: Action = {
      kind: 'removeAutoscaler',
      autoscaler: { kind: 'ScaledObject', name: 'cart-primary' },
    };
    expect(await act(of, removal)).toEqual([
      'patch scaledobjects shop/cart',
      'patch scaledobjects shop/cart-primary',
      'delete scaledobjects shop/cart-primary',
    ]);
    expect(of.find(scaledObjects, 'cart-primary')).toBeUndefined();
    expect(of.find(scaledObjects, 'cart')?.metadata.annotations).toBeUndefined();
    expect(await act(of, removal)).toEqual([]);
  });
});
