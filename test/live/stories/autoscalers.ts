// A target with an autoscaler: the primary has its own, which the real controller manager acts on; the target's sleeps while
// the target has no pods, and says how many a canary gets.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { KubeObject } from '../../../src/model/kube.ts';
import { appName, autoscaler } from './manifests.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';

const hpaKind = 'autoscaling/v2/HorizontalPodAutoscaler';

const Hpa = z.object({
  spec: z.object({
    scaleTargetRef: z.object({ name: z.string() }),
    minReplicas: z.number(),
    maxReplicas: z.number(),
  }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), reason: z.string() })).default([]) })
    .default({ conditions: [] }),
});

async function hpaOf(scene: Scene, name: string) {
  const found = await scene.kube.get(hpaKind, scene.namespace, name);
  return found === undefined ? undefined : Hpa.parse(found);
}

/** The real autoscaler has brought a workload to that size. */
function sized(scene: Scene, name: string, replicas: number): Promise<unknown> {
  return scene.eventually(`${name} to have ${replicas} pods`, async () => {
    const found = await deploymentOf(scene, name);
    return found?.replicas === replicas && found.available === replicas;
  });
}

async function tell(scene: Scene): Promise<void> {
  const { namespace, kube } = scene;
  await scene.deploy({ version: '1.0', replicas: 1 });
  await kube.apply([autoscaler(namespace, { min: 3, max: 5 })]);
  await sized(scene, appName, 3);
  await scene.declare({
    provider: 'kubernetes',
    analysis: { iterations: 3 },
    spec: { autoscalerRef: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: appName } },
  });
  await scene.reach('Initialized');
  const primary = await hpaOf(scene, 'app-primary');
  expect(
    primary?.spec.scaleTargetRef.name === 'app-primary' && primary.spec.minReplicas === 3,
    `the primary's autoscaler is ${JSON.stringify(primary?.spec)}`,
  );
  await sized(scene, 'app-primary', 3);
  await scene.eventually('the autoscaler of the target to sleep', async () => {
    const conditions = (await hpaOf(scene, appName))?.status.conditions ?? [];
    return conditions.some(({ reason }) => reason === 'ScalingDisabled');
  });
  expect((await deploymentOf(scene))?.replicas === 0, 'the autoscaler woke the target up');

  await scene.release({ version: '2.0' });
  await scene.until('the analysis', ({ status: { run } }) => run?.stage === 'analysis');
  expect((await deploymentOf(scene))?.available === 3, 'the canary has not the size its autoscaler says');
  await scene.reach('Succeeded');
  await sized(scene, appName, 0);
  await sized(scene, 'app-primary', 3);

  await kube.apply([autoscaler(namespace, { min: 4, max: 6 })]);
  scene.say("changes the target's autoscaler, at rest");
  await sized(scene, 'app-primary', 4);
  expect((await deploymentOf(scene))?.replicas === 0, 'the autoscaler woke the target up');
}

const scaledObjectKind = 'keda.sh/v1alpha1/ScaledObject';
const pause = 'autoscaling.keda.sh/paused-replicas';

/** As far as this story needs KEDA's: fields are kept, whatever they are. */
const scaledObjects: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'scaledobjects.keda.sh' },
  spec: {
    group: 'keda.sh',
    names: {
      kind: 'ScaledObject',
      listKind: 'ScaledObjectList',
      plural: 'scaledobjects',
      singular: 'scaledobject',
    },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    ],
  },
};

const ScaledObject = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({
    scaleTargetRef: z.object({ name: z.string() }),
    maxReplicaCount: z.number(),
    triggers: z.array(z.unknown()),
    fallback: z.unknown(),
  }),
});

async function scaledObjectOf({ kube, namespace }: Scene, name: string) {
  const found = await kube.get(scaledObjectKind, namespace, name);
  return found === undefined ? undefined : ScaledObject.parse(found);
}

/** Without KEDA itself: its kind comes while the controller runs, and nobody acts on the objects. */
async function keda(scene: Scene): Promise<void> {
  const { namespace, kube } = scene;
  await kube.installCrds([scaledObjects]);
  await scene.deploy({ version: '1.0', replicas: 2 });
  const triggers = [{ type: 'cpu', metricType: 'Utilization', metadata: { value: '70' } }];
  const fallback = { failureThreshold: 3, replicas: 4 };
  const spec = {
    scaleTargetRef: { name: appName },
    minReplicaCount: 2,
    maxReplicaCount: 5,
    triggers,
    fallback,
  };
  await kube.apply([
    { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { namespace, name: appName }, spec },
  ]);
  await scene.declare({
    provider: 'kubernetes',
    analysis: { iterations: 2 },
    spec: { autoscalerRef: { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: appName } },
  });
  await scene.reach('Initialized');
  const paused = async () => (await scaledObjectOf(scene, appName))?.metadata.annotations[pause];
  await scene.eventually("the user's to be paused", async () => (await paused()) === '0');
  const copy = await scaledObjectOf(scene, 'app-primary');
  expect(
    copy?.spec.scaleTargetRef.name === 'app-primary' && copy.spec.maxReplicaCount === 5,
    `the copy is ${JSON.stringify(copy?.spec)}`,
  );
  expect(isDeepStrictEqual(copy.spec.fallback, fallback), 'a field of it was not copied');
  expect(copy.metadata.annotations[pause] === undefined, 'the copy is paused');
  await scene.release({ version: '2.0' });
  await scene.until('the analysis', ({ status: { run } }) => run?.stage === 'analysis');
  expect((await paused()) === undefined, "the user's is paused while the canary runs");
  await scene.reach('Succeeded');
  await scene.eventually("the user's to be paused again", async () => (await paused()) === '0');
  const after = await kube.get(scaledObjectKind, namespace, appName);
  expect(isDeepStrictEqual(after?.['spec'], spec), "the user's own was changed");
}

export const autoscalers: readonly Story[] = [
  { name: 'autoscaler', company: 'together', needsWorld: true, tell },
  { name: 'keda', company: 'together', needsWorld: true, tell: keda },
];
