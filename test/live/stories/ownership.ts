// What is the user's comes back when the Canary goes; what is Serin's comes back when somebody deletes it.
import type { KubeObject } from '../../../src/model/kube.ts';
import { appName, canaryKind, deploymentKind, rootProxy } from './manifests.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';
import { failures } from './traffic.ts';

const proxyKind = 'projectcontour.io/v1/HTTPProxy';

/**
 * When a route names Services that Envoy has no cluster for yet, Contour may send it the route before the cluster; Envoy then
 * answers 503 for some milliseconds (response flag NC). That is between the two of them: once at taking over, once at giving back.
 */
const unavoidable = 6;

/** A Service and a route that were there before Serin. */
function existing(namespace: string): KubeObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: appName, labels: { team: 'shop' } },
      spec: { selector: { app: appName }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'projectcontour.io/v1',
      kind: 'HTTPProxy',
      metadata: { namespace, name: appName },
      spec: { routes: [{ conditions: [{ prefix: '/' }], services: [{ name: appName, port: 80 }] }] },
    },
  ];
}

async function takenAndGiven(scene: Scene): Promise<void> {
  const { namespace } = scene;
  await scene.deploy({ version: '1.0', replicas: 2 });
  await scene.kube.apply(existing(namespace));
  await scene.kube.apply([rootProxy(namespace, scene.host)]);
  const load = await scene.startLoad('contour', { perSecond: 30 });
  await scene.eventually('answers without Serin', async () => load.samples.at(-1)?.status === 200);
  const servedMs = Date.now();
  await scene.declare({
    provider: 'contour',
    analysis: { interval: '2s', stepWeights: [50] },
    spec: { revertOnDeletion: true },
  });
  await scene.reach('Initialized');
  const { metadata } = (await scene.kube.get(canaryKind, namespace, appName)) ?? {};
  expect((metadata?.finalizers ?? []).length === 1, 'the Canary has no finalizer');
  await scene.promote({ version: '2.0' });
  await scene.deleteCanary();
  await scene.eventually(
    'the Canary to be gone',
    async () => (await scene.kube.get(canaryKind, namespace, appName)) === undefined,
  );
  const target = await deploymentOf(scene);
  expect(target?.available === 2, `the target has ${target?.available} pods, not 2`);
  const service = await scene.kube.get('v1/Service', namespace, appName);
  expect(
    JSON.stringify(service?.['spec']).includes('"selector":{"app":"app"}'),
    'the Service is not as it was',
  );
  const proxy = await scene.kube.get(proxyKind, namespace, appName);
  expect(!JSON.stringify(proxy?.['spec']).includes('app-primary'), 'the HTTPProxy is not as it was');
  await scene.eventually(
    'the primary to be gone',
    async () => (await deploymentOf(scene, 'app-primary')) === undefined,
  );
  await scene.pass(2000);
  const samples = await load.stop();
  const lost = failures(samples, servedMs);
  expect(
    lost.length <= unavoidable,
    `${lost.length} of ${samples.length} requests failed, from ${lost[0]?.atMs} to ${lost.at(-1)?.atMs}`,
  );
  scene.say(`${lost.length} failed while the route changed its Services`);
  expect(samples.at(-1)?.version === '2.0', `the last answer came from ${samples.at(-1)?.version}`);
}

/** Without a gateway: only the finalizer's work, on any cluster. */
async function deleted(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0', replicas: 2 });
  await scene.declare({
    provider: 'kubernetes',
    analysis: { iterations: 2 },
    spec: { revertOnDeletion: true },
  });
  await scene.reach('Initialized');
  expect((await deploymentOf(scene))?.replicas === 0, 'the target is not scaled to zero');
  await scene.deleteCanary();
  await scene.eventually(
    'the Canary to be gone',
    async () => (await scene.kube.get(canaryKind, scene.namespace, appName)) === undefined,
  );
  const target = await deploymentOf(scene);
  expect(target?.available === 2, `the target has ${target?.available} pods, not 2`);
}

async function primaryDeleted(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0', replicas: 3 });
  await scene.declare({ provider: 'kubernetes', analysis: { iterations: 2 } });
  await scene.reach('Initialized');
  await scene.promote({ version: '2.0' });
  const before = await deploymentOf(scene, 'app-primary');
  expect(before?.replicas === 3, `the primary has ${before?.replicas} pods, not 3`);
  // The target moves on, unanalysed, before the primary is lost: suspended, so that no run begins.
  await scene.patchCanary({ spec: { suspend: true } });
  await scene.until(
    'the suspension to be seen',
    ({ status, object }) => status.observedGeneration === object.metadata.generation,
  );
  await scene.kube.delete({ kind: deploymentKind, namespace: scene.namespace, name: 'app-primary' });
  await scene.release({ version: '3.0' });
  await scene.patchCanary({ spec: { suspend: false } });
  const after = await scene.eventually('the primary to come back', async () => {
    const found = await deploymentOf(scene, 'app-primary');
    return found !== undefined && found.uid !== before.uid && found;
  });
  expect(after.version === '2.0', `the new primary holds ${after.version}, not the promoted 2.0`);
  expect(after.replicas === 3, `the new primary has ${after.replicas} pods, not 3`);
  await scene.reach('Succeeded', { timeoutMs: 60_000 });
  await scene.eventually(
    '3.0 to be promoted after that',
    async () => (await deploymentOf(scene, 'app-primary'))?.version === '3.0',
  );
}

const story = (name: string, needsWorld: boolean, tell: Story['tell']): Story => ({
  name,
  company: 'together',
  needsWorld,
  tell,
});

export const ownership: readonly Story[] = [
  story('taken-and-given-back', true, takenAndGiven),
  story('deleted', false, deleted),
  story('primary-deleted', false, primaryDeleted),
];
