// A Deployment that uses a ConfigMap, a Secret and an autoscaler: its primary has its own of each, and a change of the
// configuration alone is a revision.
import { z } from 'zod';
import { autoscaler, deploymentKind } from './manifests.ts';
import { expect, type Scene, type Story } from './story.ts';

const Refs = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.tuple([
          z.object({
            envFrom: z.tuple([
              z.object({ configMapRef: z.object({ name: z.string() }) }),
              z.object({ secretRef: z.object({ name: z.string() }) }),
            ]),
          }),
        ]),
      }),
    }),
  }),
});

async function configOf(scene: Scene) {
  const primary = await scene.kube.get(deploymentKind, scene.namespace, 'app-primary');
  const [{ envFrom }] = Refs.parse(primary).spec.template.spec.containers;
  return { map: envFrom[0].configMapRef.name, secret: envFrom[1].secretRef.name };
}

const config = (namespace: string, greeting: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name: 'settings' },
  data: { greeting },
});

async function tell(scene: Scene): Promise<void> {
  const { namespace, kube } = scene;
  await scene.deploy({ version: '1.0' });
  const envFrom = [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'password' } }];
  await kube.apply([
    config(namespace, 'hello'),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: 'password' },
      data: { word: 'c2VzYW1l' },
    },
    autoscaler(namespace, { min: 2, max: 4 }),
  ]);
  await kube.patch(
    { kind: deploymentKind, namespace, name: 'app' },
    { spec: { template: { spec: { containers: [{ name: 'app', envFrom }] } } } },
    { contentType: 'application/strategic-merge-patch+json' },
  );
  await scene.declare({
    provider: 'kubernetes',
    analysis: { iterations: 2 },
    spec: {
      autoscalerRef: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'app' },
    },
  });
  await scene.reach('Initialized');
  const before = await configOf(scene);
  expect(
    before.map !== 'settings' && before.secret !== 'password',
    'the primary uses the configuration of the target',
  );
  const scaler = await kube.get('autoscaling/v2/HorizontalPodAutoscaler', namespace, 'app-primary');
  expect(scaler !== undefined, 'the primary has no autoscaler');
  await kube.apply([config(namespace, 'good morning')]);
  scene.say('changes the ConfigMap');
  await scene.runStarts();
  await scene.reach('Succeeded');
  const after = await configOf(scene);
  expect(after.map !== before.map, 'the primary still uses the old copy');
  const copy = await kube.get('v1/ConfigMap', namespace, after.map);
  expect(
    JSON.stringify(copy?.['data']) === '{"greeting":"good morning"}',
    'the copy is not what was promoted',
  );
  await scene.eventually(
    'the old copy to be collected',
    async () => (await kube.get('v1/ConfigMap', namespace, before.map)) === undefined,
  );
}

export const configs: readonly Story[] = [{ name: 'configs', company: 'together', needsWorld: false, tell }];
