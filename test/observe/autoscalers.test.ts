import { describe, expect, it } from '@jest/globals';
import { enact } from '../../src/act/act.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { observe } from '../../src/observe/observe.ts';
import type { Observation } from '../../src/model/observation.ts';
import {
  canaryObject,
  deploymentObject,
  horizontalPodAutoscaler,
  lab,
  scaledObject,
  settings,
} from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { canaries, deployments, horizontalPodAutoscalers: hpas, scaledObjects } = resources;
type Kind = 'HorizontalPodAutoscaler' | 'ScaledObject';

const refTo = (kind: Kind, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  autoscalerRef: { apiVersion: 'x/v1', kind, name: 'cart', ...more },
});

function world(kind: Kind, ...more: (readonly [Resource, KubeObject])[]): Lab {
  return lab([[canaries, canaryObject(refTo(kind))], [deployments, deploymentObject()], ...more]);
}

function look(of: Lab, name = 'cart', missingKinds: readonly Resource[] = []): Observation {
  const moment = {
    nowMs: of.nowMs,
    chance: 'r1',
    answers: {},
    refusal: undefined,
    configs: undefined,
    delivered: [],
    missingKinds,
  };
  return observe(of.view(name), of.scene(name), of.caches, { settings, moment });
}

function patch(of: Lab, resource: Resource, name: string, body: Record<string, unknown>): void {
  of.store.patch(resource, { namespace: 'shop', name }, { kind: 'merge', body });
}

async function written(kind: Kind, autoscaler: KubeObject): Promise<Lab> {
  const resource = kind === 'ScaledObject' ? scaledObjects : hpas;
  const of = world(kind, [resource, autoscaler]);
  await enact({ cluster: of.cluster, caches: of.caches, scene: of.scene(), checksums: undefined }, [
    { kind: 'writeAutoscaler' },
  ]);
  return of;
}

const named = (object: KubeObject, name: string, metadata: Record<string, unknown> = {}): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, ...metadata, name },
});
const ownedBy = (uid: string): Record<string, unknown> => ({
  ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid, controller: true }],
});

describe('the autoscalers of a Canary', () => {
  it.each([
    ['HorizontalPodAutoscaler', hpas, horizontalPodAutoscaler(), { minReplicas: 3 }, { maxReplicas: 2 }],
    ['ScaledObject', scaledObjects, scaledObject(), { minReplicaCount: 3 }, { someday: true }],
  ] as const)(
    'are seen as missing, in place, and drifted: %s',
    async (...[kind, resource, object, more, other]) => {
      expect(look(world(kind, [resource, object])).autoscaler).toMatchObject({ state: 'missing' });
      const of = await written(kind, object);
      expect(look(of).autoscaler).toMatchObject({
        state: 'inPlace',
        targetMinReplicas: 2,
        primaryMinReplicas: 2,
      });

      patch(of, resource, 'cart', { spec: more });
      expect(look(of).autoscaler).toMatchObject({ state: 'drifted', growing: true, targetMinReplicas: 3 });
      patch(of, resource, 'cart', { spec: other });
      expect(look(of).autoscaler).toMatchObject({ state: 'drifted' });
      expect(look(of).autoscaler?.growing).toBeUndefined();
    },
  );

  it('D15: drift where the one of the primary is paused, and never where the one of the target is', async () => {
    const of = await written('ScaledObject', scaledObject());
    const paused = { metadata: { annotations: { 'autoscaling.keda.sh/paused-replicas': '0' } } };
    expect(look(of).autoscaler?.paused).toBe(false);
    patch(of, scaledObjects, 'cart', paused);
    expect(look(of).autoscaler).toMatchObject({ state: 'inPlace', paused: true });
    patch(of, scaledObjects, 'cart-primary', paused);
    expect(look(of).autoscaler).toMatchObject({ state: 'drifted', growing: true });
  });

  it('have bounds of their own where the Canary gives some', async () => {
    const of = await written('HorizontalPodAutoscaler', horizontalPodAutoscaler());
    const primaryScalerReplicas = { minReplicas: 4 };
    patch(of, canaries, 'cart', { spec: refTo('HorizontalPodAutoscaler', { primaryScalerReplicas }) });
    expect(look(of).autoscaler).toMatchObject({
      state: 'drifted',
      primaryMinReplicas: 4,
      targetMinReplicas: 2,
    });
  });

  it('that were made for an earlier spec are seen, and those of others are not', async () => {
    const of = await written('HorizontalPodAutoscaler', horizontalPodAutoscaler());
    of.store.create(hpas, named(horizontalPodAutoscaler(), 'theirs', ownedBy('uid-x')));
    expect(look(of).retired).toBeUndefined();
    patch(of, canaries, 'cart', { spec: { autoscalerRef: null } });
    expect(look(of)).toMatchObject({ retired: [{ kind: 'HorizontalPodAutoscaler', name: 'cart-primary' }] });
    expect(look(of).autoscaler).toBeUndefined();
  });
});

describe('what is wrong with an autoscaler', () => {
  it.each<[string, Lab, string]>([
    ['it does not exist', world('HorizontalPodAutoscaler'), 'MissingReference'],
    [
      'pausing it would stop another workload',
      world('ScaledObject', [scaledObjects, scaledObject({ scaleTargetRef: { name: 'till' } })]),
      'InvalidSpec',
    ],
    [
      'the one of the primary belongs to somebody else',
      world(
        'HorizontalPodAutoscaler',
        [hpas, horizontalPodAutoscaler()],
        [hpas, named(horizontalPodAutoscaler(), 'cart-primary', ownedBy('uid-x'))],
      ),
      'AutoscalerInUse',
    ],
  ])('is said: %s', (_title, of, reason) => {
    expect(look(of).problems).toMatchObject([{ severity: 'error', reason }]);
  });

  it('is that its kind is not installed, before all else', () => {
    expect(look(world('ScaledObject'), 'cart', [scaledObjects]).problems).toMatchObject([
      { severity: 'error', reason: 'KindNotInstalled', field: 'spec.autoscalerRef.kind' },
    ]);
  });

  it('is said to the younger of two Canaries that name one', () => {
    const of = world('HorizontalPodAutoscaler', [hpas, horizontalPodAutoscaler()]);
    of.nowMs += 1000;
    of.store.create(deployments, deploymentObject({ name: 'till' }));
    const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'till' };
    const till = { ...refTo('HorizontalPodAutoscaler'), targetRef };
    of.store.create(canaries, canaryObject(till, { name: 'till' }));

    expect(look(of).problems).toEqual([]);
    expect(look(of, 'till').problems).toMatchObject([{ reason: 'AutoscalerInUse', value: 'cart' }]);
  });

  it('is nothing where it is as it should be', async () => {
    for (const of of [
      await written('HorizontalPodAutoscaler', horizontalPodAutoscaler()),
      await written('ScaledObject', scaledObject()),
    ]) {
      expect(look(of).problems).toEqual([]);
    }
  });
});
