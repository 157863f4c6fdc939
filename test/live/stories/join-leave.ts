// A Deployment that serves already gets a Canary, and later loses it: nobody's request fails in between, and everything is
// as it was before.
import type { KubeObject } from '../../../src/model/kube.ts';
import { liveGateway } from '../gateway.ts';
import { appName, autoscaler, canaryKind, rootProxy } from './manifests.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';
import { expectNoFailure } from './traffic.ts';

const serviceKind = 'v1/Service';
const routeKinds = {
  contour: 'projectcontour.io/v1/HTTPProxy',
  'gatewayapi:v1': 'gateway.networking.k8s.io/v1/HTTPRoute',
  kubernetes: undefined,
} as const;
type JoinedProvider = keyof typeof routeKinds;

interface Household {
  readonly provider: JoinedProvider;
  readonly version: string;
  readonly autoscaled?: boolean;
}

/** The user's own Service, and the route to it. */
function own(scene: Scene, provider: JoinedProvider): KubeObject[] {
  const { namespace, host } = scene;
  const metadata = { namespace, name: appName, labels: { team: 'shop' } };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: { app: appName }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
  switch (provider) {
    case 'kubernetes':
      return [service];
    case 'contour': {
      const routes = [{ conditions: [{ prefix: '/' }], services: [{ name: appName, port: 80 }] }];
      const proxy = { apiVersion: 'projectcontour.io/v1', kind: 'HTTPProxy', metadata, spec: { routes } };
      return [service, proxy, rootProxy(namespace, host)];
    }
    case 'gatewayapi:v1': {
      const spec = {
        parentRefs: [{ name: liveGateway.name, namespace: liveGateway.namespace }],
        hostnames: [host],
        rules: [{ backendRefs: [{ name: appName, port: 80 }] }],
      };
      return [service, { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata, spec }];
    }
  }
}

/** Spec, labels and annotations of what is the user's. */
async function belongings(scene: Scene, provider: JoinedProvider): Promise<string> {
  const kinds = [serviceKind, routeKinds[provider]].filter((kind) => kind !== undefined);
  const found = await Promise.all(kinds.map((kind) => scene.kube.get(kind, scene.namespace, appName)));
  return JSON.stringify(
    found.map((object) => {
      const { labels, annotations = {} } = object?.metadata ?? {};
      return { kind: object?.kind, labels, annotations, spec: object?.['spec'] };
    }),
    null,
    1,
  );
}

const pods = 2;
const perSecond = 60;
/** So many good answers in a row mean that gateway and pods have found each other. */
const enough = 60;

async function tell(scene: Scene, { provider, version, autoscaled = false }: Household): Promise<void> {
  const { namespace } = scene;
  await scene.deploy({ version, replicas: pods });
  if (autoscaled) await scene.kube.apply([autoscaler(namespace, { min: pods, max: 4 })]);
  await scene.kube.apply(own(scene, provider));
  const load = await scene.startLoad(provider, { perSecond });
  const more = (count: number) => {
    const from = load.samples.length;
    return scene.eventually(`${count} more answers`, async () => load.samples.length >= from + count);
  };
  await scene.eventually('answers without Serin', async () => {
    const last = load.samples.slice(-enough);
    return last.length === enough && last.every(({ status }) => status === 200);
  });
  const servedMs = Date.now();
  const before = await belongings(scene, provider);

  await scene.declare({
    provider,
    analysis: { interval: '2s', ...(provider === 'kubernetes' ? { iterations: 2 } : { stepWeights: [50] }) },
    spec: {
      revertOnDeletion: true,
      ...(autoscaled
        ? { autoscalerRef: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: appName } }
        : {}),
    },
  });
  await scene.reach('Initialized');
  const { metadata } = (await scene.kube.get(canaryKind, namespace, appName)) ?? {};
  expect((metadata?.finalizers ?? []).length === 1, 'the Canary has no finalizer');
  expect((await deploymentOf(scene))?.replicas === 0, 'the target is not scaled to zero');
  await more(perSecond);
  const joined = load.samples.filter(({ status, atMs }) => status !== 200 && atMs >= servedMs).length;
  scene.say(`${joined} requests failed while it joined`);
  if (version === '1.0') await scene.promote({ version: '2.0' });

  await scene.deleteCanary();
  await scene.eventually(
    'the Canary to be gone',
    async () => (await scene.kube.get(canaryKind, namespace, appName)) === undefined,
  );
  const target = await deploymentOf(scene);
  expect(target?.available === pods, `the target has ${target?.available} pods, not ${pods}`);
  await scene.eventually(
    'the primary to be gone',
    async () => (await deploymentOf(scene, 'app-primary')) === undefined,
  );
  const after = await belongings(scene, provider);
  expect(after === before, `what was taken over was\n${before}\nand is now\n${after}`);
  // The pods of the primary end only now; whoever still sends requests to them will notice.
  await scene.eventually('the pods of the primary to be gone', async () =>
    (await scene.world.node.pods(namespace)).every(({ name }) => !name.startsWith('app-primary-')),
  );
  await more(perSecond * 2);
  const samples = await load.stop();
  expectNoFailure(samples, servedMs, 'before it joined');
  const last = samples.at(-1)?.version;
  expect(last === (version === '1.0' ? '2.0' : version), `the last answer came from ${last}`);
}

/** What Serin made, and its users took over: it stays, and leads to the target. */
async function leaveBehind(scene: Scene): Promise<void> {
  const { namespace, kube } = scene;
  const provider = 'contour';
  await scene.deploy({ version: '1.0', replicas: pods });
  await scene.declare({
    provider,
    analysis: { interval: '2s', stepWeights: [50] },
    spec: { revertOnDeletion: true },
  });
  const { atMs } = await scene.reach('Initialized');
  const load = await scene.startLoad(provider, { perSecond });
  for (const kind of [serviceKind, routeKinds[provider]])
    await kube.patch({ kind, namespace, name: appName }, { metadata: { ownerReferences: null } });
  await scene.deleteCanary();
  await scene.eventually(
    'the primary and its pods to be gone',
    async () =>
      (await deploymentOf(scene, 'app-primary')) === undefined &&
      (await scene.world.node.pods(namespace)).every(({ name }) => !name.startsWith('app-primary-')),
  );
  const from = load.samples.length;
  await scene.eventually('more answers', async () => load.samples.length > from + perSecond * 2);
  expectNoFailure(await load.stop(), atMs, 'Initialized');
}

const story = (name: string, household: Household): Story => ({
  name,
  company: 'together',
  needsWorld: true,
  tell: (scene) => tell(scene, household),
});

const slow = '1.0-slow10000';

export const joinLeave: readonly Story[] = [
  story('join-leave-kubernetes', { provider: 'kubernetes', version: slow, autoscaled: true }),
  story('join-leave-contour', { provider: 'contour', version: '1.0' }),
  story('join-leave-contour-slow', { provider: 'contour', version: slow }),
  story('join-leave-gatewayapi', { provider: 'gatewayapi:v1', version: '1.0', autoscaled: true }),
  { name: 'leave-what-was-made', company: 'together', needsWorld: true, tell: leaveBehind },
];
