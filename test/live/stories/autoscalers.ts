// A target with an autoscaler: the primary has its own, which the real controller manager acts on; the target's sleeps while
// the target has no pods, and says how many a canary gets.
import { z } from 'zod';
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

export const autoscalers: readonly Story[] = [
  { name: 'autoscaler', company: 'together', needsWorld: true, tell },
];
