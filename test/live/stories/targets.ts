// Targets other than Deployments: a DaemonSet, which has a pod on every node, and a core Service, which has none.
import { z } from 'zod';
import type { KubeObject } from '../../../src/model/kube.ts';
import { appName, deployment } from './manifests.ts';
import { expect, type Scene, type Story, story } from './story.ts';
import { expectNoFailure } from './traffic.ts';

const daemonSetKind = 'apps/v1/DaemonSet';
const nodes = 2;

const DaemonSet = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        nodeSelector: z.record(z.string(), z.string()).default({}),
        containers: z.tuple([z.object({ image: z.string() })]),
      }),
    }),
  }),
  status: z.object({ numberAvailable: z.number().default(0) }).default({ numberAvailable: 0 }),
});

async function daemonSetOf({ kube, namespace }: Scene, name: string) {
  const found = await kube.get(daemonSetKind, namespace, name);
  if (found === undefined) return undefined;
  const { spec, status } = DaemonSet.parse(found);
  const { nodeSelector, containers } = spec.template.spec;
  return {
    away: nodeSelector['flagger.app/scale-to-zero'] === 'true',
    image: containers[0].image,
    ...status,
  };
}

const imageOf = (version: string) => `example.test/app:${version}`;

async function daemonSet(scene: Scene): Promise<void> {
  const { namespace, kube } = scene;
  const workload = deployment({ namespace, image: imageOf('1.0'), version: '1.0', probed: true });
  const { replicas: _replicas, ...spec } = z.looseObject({ replicas: z.number() }).parse(workload['spec']);
  await kube.apply([{ ...workload, kind: 'DaemonSet', spec }]);
  await scene.declare({
    provider: 'kubernetes',
    analysis: { iterations: 2 },
    spec: { targetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: appName } },
  });
  const { atMs } = await scene.reach('Initialized');
  expect((await daemonSetOf(scene, appName))?.away === true, 'the target is not scaled to zero');
  expect(
    (await daemonSetOf(scene, 'app-primary'))?.numberAvailable === nodes,
    'the primary has not a pod on every node',
  );
  const load = await scene.startLoad('kubernetes', { perSecond: 30 });
  await kube.patch(
    { kind: daemonSetKind, namespace, name: appName },
    { spec: { template: { spec: { containers: [{ name: 'app', image: imageOf('2.0') }] } } } },
    { contentType: 'application/strategic-merge-patch+json' },
  );
  await scene.until('the analysis', ({ status: { run } }) => run?.stage === 'analysis');
  const target = await daemonSetOf(scene, appName);
  expect(
    target?.away === false && target.numberAvailable === nodes,
    'the canary has not a pod on every node',
  );
  await scene.reach('Succeeded');
  const primary = await daemonSetOf(scene, 'app-primary');
  expect(primary?.image === imageOf('2.0') && !primary.away, `the primary runs ${primary?.image}`);
  expect((await daemonSetOf(scene, appName))?.away === true, 'the target is not scaled to zero');
  expectNoFailure(await load.stop(), atMs, 'Initialized');
}

function serviceTo(namespace: string, app: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name: appName },
    spec: { selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

/** The copies must not ask for the addresses of the original, which an API server of 1.36 refuses. */
async function coreService(scene: Scene): Promise<void> {
  const { namespace, kube } = scene;
  await scene.deploy({ name: 'one', version: '1.0' });
  await scene.deploy({ name: 'two', version: '2.0' });
  await kube.apply([serviceTo(namespace, 'one')]);
  await scene.declare({
    provider: 'contour',
    analysis: { interval: '2s', stepWeights: [50] },
    spec: { targetRef: { apiVersion: 'v1', kind: 'Service', name: appName } },
  });
  const { atMs } = await scene.reach('Initialized');
  const load = await scene.startLoad('contour', { perSecond: 30 });
  await scene.eventually('answers', async () => load.samples.some(({ version }) => version === '1.0'));
  await kube.apply([serviceTo(namespace, 'two')]);
  await scene.runStarts();
  await scene.reachWeight(50);
  await scene.eventually('answers of both', async () =>
    ['1.0', '2.0'].every((version) => load.samples.slice(-20).some((sample) => sample.version === version)),
  );
  await scene.reach('Succeeded');
  await scene.eventually('only the new one to answer', async () => {
    const last = load.samples.slice(-40);
    return last.every(({ version }) => version === '2.0');
  });
  expectNoFailure(await load.stop(), atMs, 'Initialized');
}

export const targets: readonly Story[] = [
  story('row-1-service-target', coreService),
  story('daemon-set', daemonSet),
];
