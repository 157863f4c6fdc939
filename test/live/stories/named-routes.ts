// Routes of the user's that the Canary names: only weights move in them, and they are as before when the Canary goes.
import { objectOf, objectsOf } from '../../../src/model/json.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Analysis } from '../../../src/api/analysis.ts';
import { liveGateway, type GatewayName } from '../gateway.ts';
import { abTestOn, bothHeaders } from './matches.ts';
import { appName, canary, canaryKind } from './manifests.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story, story } from './story.ts';
import { expectNoFailure, isCanaryPod } from './traffic.ts';

type NamedProvider = 'contour' | 'gatewayapi:v1' | 'traefik';

const routeName = 'storefront';
const kinds = {
  contour: { apiVersion: 'projectcontour.io/v1', kind: 'HTTPProxy' },
  'gatewayapi:v1': { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
  traefik: { apiVersion: 'traefik.io/v1alpha1', kind: 'IngressRoute' },
} as const satisfies Partial<Record<GatewayName, object>>;

/** A Service and a route to it; by the second rule as well, beside one that takes a tenth. */
function own({ namespace, host }: Scene, provider: NamedProvider, isShared = true): readonly KubeObject[] {
  const backend = { name: appName, port: 80 };
  const shared = [
    { ...backend, weight: 900 },
    { name: 'other', port: 80, weight: 100 },
  ];
  const specs = {
    contour: {
      virtualhost: { fqdn: host },
      routes: [
        { conditions: [{ prefix: '/' }], services: [backend] },
        { conditions: [{ prefix: '/shared' }], services: shared },
      ],
    },
    'gatewayapi:v1': {
      parentRefs: [{ name: liveGateway.name, namespace: liveGateway.namespace }],
      hostnames: [host],
      rules: [
        { backendRefs: [backend] },
        { matches: [{ path: { type: 'PathPrefix', value: '/shared' } }], backendRefs: shared },
      ],
    },
    traefik: {
      routes: [
        { kind: 'Rule', match: `Host(\`${host}\`)`, services: [backend] },
        ...(isShared
          ? [{ kind: 'Rule', match: `Host(\`${host}\`) && PathPrefix(\`/shared\`)`, services: shared }]
          : []),
      ],
    },
  };
  const service = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { selector: { app: appName }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  });
  const metadata = { namespace, name: routeName, labels: { team: 'shop' } };
  return [service(appName), service('other'), { ...kinds[provider], metadata, spec: specs[provider] }];
}

async function routeOf(scene: Scene, provider: NamedProvider): Promise<string> {
  const { apiVersion, kind } = kinds[provider];
  const route = await scene.kube.get(`${apiVersion}/${kind}`, scene.namespace, routeName);
  const { labels, annotations = {} } = route?.metadata ?? {};
  return JSON.stringify({ labels, annotations, spec: route?.['spec'] }, null, 1);
}

async function named(scene: Scene, provider: NamedProvider, analysis: Partial<Analysis>): Promise<void> {
  const { namespace, host, kube } = scene;
  await kube.apply([
    canary({
      namespace,
      host,
      provider,
      analysis,
      spec: { revertOnDeletion: true, routeRef: { ...kinds[provider], name: routeName } },
    }),
  ]);
}

const perSecond = 60;

/** Through both rules: nobody's request fails from before there was a Canary until after it. */
async function weights(scene: Scene, provider: NamedProvider): Promise<void> {
  const { namespace, kube } = scene;
  await scene.deploy({ version: '1.0', replicas: 2 });
  await kube.apply(own(scene, provider));
  const load = await scene.startLoad(provider, { perSecond });
  await scene.eventually('answers without Serin', async () => {
    const last = load.samples.slice(-perSecond);
    return last.length === perSecond && last.every(({ status }) => status === 200);
  });
  const servedMs = Date.now();
  const before = await routeOf(scene, provider);
  await named(scene, provider, { interval: '2s', stepWeights: [30, 60] });
  await scene.reach('Initialized');
  await scene.release({ version: '2.0' });
  await scene.reachWeight(30);
  const beganAt = load.samples.length;
  const moved = await routeOf(scene, provider);
  for (const weight of ['"weight": 70', '"weight": 30', '"weight": 630', '"weight": 270', '"weight": 100'])
    expect(moved.includes(weight), `no ${weight} in\n${moved}`);
  await scene.reachWeight(60);
  const met = load.samples.slice(beganAt).filter(({ pod }) => isCanaryPod(pod)).length;
  scene.say(`${met} of ${load.samples.length - beganAt} requests met the canary from weight 30 to 60`);
  expect(met > 0, 'no request met the canary');
  await scene.reach('Succeeded');

  await scene.deleteCanary();
  await scene.eventually(
    'the Canary and its primary to be gone',
    async () =>
      (await kube.get(canaryKind, namespace, appName)) === undefined &&
      (await deploymentOf(scene, 'app-primary')) === undefined &&
      (await scene.world.node.pods(namespace)).every(({ name }) => !name.startsWith('app-primary-')),
  );
  const after = await routeOf(scene, provider);
  expect(after === before, `the route was\n${before}\nand is now\n${after}`);
  const from = load.samples.length;
  await scene.eventually('more answers', async () => load.samples.length > from + perSecond * 2);
  expectNoFailure(await load.stop(), servedMs, 'before it was named');
}

/** The user's IngressRoute keeps everybody else, and is not changed. */
async function chosenByTraefik(scene: Scene): Promise<void> {
  const provider = 'traefik';
  let before = '';
  await abTestOn(scene, provider, bothHeaders, async (analysis) => {
    // Requests that others have a share of cannot be given to those who are chosen.
    await scene.kube.apply(own(scene, provider, false));
    await named(scene, provider, analysis);
    before = await routeOf(scene, provider);
  });
  expect((await routeOf(scene, provider)) === before, 'the route of the user was changed');
  const made = await scene.kube.get(
    'traefik.io/v1alpha1/IngressRoute',
    scene.namespace,
    `${routeName}-${appName}-canary`,
  );
  const routes = objectsOf(objectOf(made?.['spec'])['routes']);
  expect(routes.length === 1, `${routes.length} routes were made, not 1`);
}

export const namedRoutes: readonly Story[] = [
  story('named-route-contour', (scene) => weights(scene, 'contour')),
  story('named-route-gatewayapi', (scene) => weights(scene, 'gatewayapi:v1')),
  story('named-route-traefik', (scene) => weights(scene, 'traefik')),
  story('ab-test-named-route-traefik', chosenByTraefik),
];
