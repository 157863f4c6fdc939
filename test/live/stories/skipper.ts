// What an Ingress of Skipper's may say beside a host and a path, and what must still hold while Serin's stands before it.
import type { Analysis } from '../../../src/api/analysis.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Sample } from '../senders.ts';
import { skipperClass } from '../skipper.ts';
import { startHooks } from './hooks.ts';
import { appName, canary, ingressRef } from './manifests.ts';
import { metricsOf, successRate } from './metrics.ts';
import { expect, type Scene, type Story, story } from './story.ts';
import { describeShares, expectNoFailure, expectShare, isCanaryPod, shareOf } from './traffic.ts';

const provider = 'skipper';
/** Enough to tell a share by. */
const enough = 400;

interface Path {
  readonly path: string;
  readonly pathType?: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  readonly service?: string;
}

/** The user's Ingress with its annotations, and a Canary. */
async function declare(
  scene: Scene,
  paths: readonly Path[],
  { annotations, analysis }: { annotations: Record<string, string>; analysis: Partial<Analysis> },
): Promise<void> {
  const { namespace, host } = scene;
  const http = {
    paths: paths.map(({ path, pathType = 'Prefix', service = appName }) => ({
      path,
      pathType,
      backend: { service: { name: service, port: { number: 80 } } },
    })),
  };
  const users: KubeObject = {
    apiVersion: ingressRef.apiVersion,
    kind: ingressRef.kind,
    metadata: {
      namespace,
      name: ingressRef.name,
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`zalando.org/${key}`, value]),
      ),
    },
    spec: { ingressClassName: skipperClass, rules: [{ host, http }] },
  };
  await scene.kube.apply([users, canary({ namespace, host, provider, analysis })]);
}

/** Skipper gives a slow canary up, and says so to the user itself: those are failures of the canary all the same. */
async function timeouts(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0' });
  await declare(scene, [{ path: '/' }], {
    annotations: { 'skipper-filter': 'backendTimeout("1s")' },
    analysis: { interval: '4s', threshold: 3, stepWeights: [50], metrics: [successRate] },
  });
  await scene.initialized(provider);
  const load = await scene.startLoad(provider, { perSecond: 40 });
  await scene.eventually('requests', async () => load.samples.length > 20);
  await scene.release({ version: '2.0-latency5000' });
  const { status } = await scene.reach('Failed');
  const checks = (status.rounds ?? []).flatMap((round) => round.checks);
  scene.say(checks.map(({ name, outcome, value }) => `${name} ${outcome} ${value ?? ''}`).join(', '));
  expect(
    checks.some(({ outcome, value }) => outcome === 'fail' && value === 0),
    'no round has seen that all requests to the canary failed',
  );
  const late = load.samples.filter(({ status: code }) => code === 504);
  expect(late.length > 0 && late.every(({ pod }) => pod === ''), 'Skipper gave no request up');
}

/** Weights of the Ingress are for all of its paths, and routes of the user's own go before them. */
async function besideOthers(scene: Scene): Promise<void> {
  const hooks = await startHooks(scene);
  hooks.closed.add('/finish');
  for (const name of [appName, 'till', 'blog']) await scene.deploy({ version: '1.0', name });
  await scene.kube.apply(['till', 'blog'].map((name) => serviceOf(scene.namespace, name)));
  const paths = [
    { path: '/' },
    { path: '/', service: 'till' },
    { path: '/docs', service: 'till' },
    { path: '/docs', service: 'blog' },
  ];
  const finish = { name: 'finish', type: 'confirm-promotion', url: `${hooks.url}/finish` } as const;
  await declare(scene, paths, {
    annotations: {
      'backend-weights': JSON.stringify({ [appName]: 80, till: 20, blog: 60 }),
      'skipper-routes': 'ping: Header("X-Ping", "yes") -> inlineContent("pong; ->") -> <shunt>;',
    },
    analysis: { interval: '2s', stepWeights: [30], webhooks: [finish] },
  });
  const initializedMs = await scene.initialized(provider);
  const [front, docs, pings] = await Promise.all([
    scene.startLoad(provider, { perSecond: 60 }),
    scene.startLoad(provider, { perSecond: 60, path: '/docs' }),
    scene.startLoad(provider, { headers: { 'x-ping': 'yes' } }),
  ]);
  await scene.release({ version: '2.0' });
  await scene.reachWeight(30);
  await scene.eventually('Skipper to go by the weight', async () =>
    (await scene.gateway(provider).weights(scene.host, scene.namespace)).some(
      (rule) => rule[`${scene.namespace}/${appName}-canary`] === 24,
    ),
  );
  await scene.pass(500);
  const fromMs = Date.now();
  const since = (samples: readonly Sample[]) => samples.filter(({ atMs }) => atMs >= fromMs);
  await scene.eventually('requests', async () =>
    [front, docs].every(({ samples }) => since(samples).length >= enough),
  );
  const seen = [
    shareOf(front.samples, { fromMs, weight: 24 }),
    shareOf(front.samples, { fromMs, weight: 20, isCounted: (pod) => isCanaryPod(pod, 'till') }),
    shareOf(docs.samples, { fromMs, weight: 25, isCounted: (pod) => isCanaryPod(pod, 'till') }),
  ];
  hooks.closed.delete('/finish');
  await scene.reach('Succeeded');
  scene.say(describeShares(seen));
  for (const load of [front, docs, pings]) expectNoFailure(await load.stop(), initializedMs, 'Initialized');
  const passed = pings.samples.filter(({ pod, atMs }) => pod !== '' && atMs >= initializedMs);
  expect(passed.length === 0, `${passed.length} of ${pings.samples.length} pings came to a pod`);
  for (const share of seen) expectShare(share);
}

/** Each type of path makes a route of another kind; and so does plain HTTP behind a load balancer, without redirects. */
async function typesOfPaths(scene: Scene): Promise<void> {
  const hooks = await startHooks(scene);
  hooks.closed.add('/finish');
  await scene.deploy({ version: '1.0' });
  const finish = { name: 'finish', type: 'confirm-promotion', url: `${hooks.url}/finish` } as const;
  const all: readonly Path[] = [
    { path: '/login', pathType: 'Exact' },
    { path: '/shop', pathType: 'Prefix' },
    { path: '/api/v[0-9]+/', pathType: 'ImplementationSpecific' },
  ];
  await declare(scene, all, {
    annotations: { 'skipper-ingress-path-mode': 'path-regexp', 'skipper-ingress-redirect': 'false' },
    analysis: {
      interval: '8s',
      threshold: 100,
      stepWeights: [30],
      metrics: [...metricsOf(provider)],
      webhooks: [finish],
    },
  });
  const headers = { 'x-forwarded-proto': 'http' };
  await scene.reach('Initialized');
  const loads = await Promise.all(
    ['/login', '/shop/cart', '/api/v2/cart'].map((path) =>
      scene.startLoad(provider, { perSecond: 30, path, headers }),
    ),
  );
  await scene.eventually('Skipper to serve the paths', async () =>
    loads.every(({ samples }) => samples.slice(-5).filter(({ status }) => status === 200).length === 5),
  );
  const servedMs = Date.now();
  await scene.release({ version: '2.0' });
  await scene.reachWeight(30);
  await scene.eventually(
    'every path to go by the weight',
    async () =>
      (await scene.gateway(provider).weights(scene.host, scene.namespace)).filter(
        (rule) => rule[`${scene.namespace}/${appName}-canary`] === 30,
      ).length === all.length,
  );
  await scene.pass(500);
  const fromMs = Date.now();
  const since = (samples: readonly Sample[]) => samples.filter(({ atMs }) => atMs >= fromMs);
  await scene.eventually('requests', async () =>
    loads.every(({ samples }) => since(samples).length >= enough),
  );
  const seen = loads.map(({ samples }) => shareOf(samples, { fromMs, weight: 30 }));
  const proven = await scene.until('the proof of the weight', ({ status: { rounds = [] } }) =>
    rounds.some(({ weight, traffic }) => weight === 30 && traffic?.outcome === 'agrees'),
  );
  hooks.closed.delete('/finish');
  await scene.reach('Succeeded');
  scene.say(describeShares(seen));
  for (const load of loads) expectNoFailure(await load.stop(), servedMs, 'Skipper served the paths');
  for (const share of seen) expectShare(share);
  const values = (proven.status.rounds ?? []).flatMap(({ checks }) => checks);
  expect(
    metricsOf(provider).every(({ name }) =>
      values.some((check) => check.name === name && check.outcome === 'pass'),
    ),
    `not all was measured: ${JSON.stringify(values)}`,
  );
}

function serviceOf(namespace: string, name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

export const skipper: readonly Story[] = [
  story('timeouts-skipper', timeouts),
  story('beside-others-skipper', besideOthers),
  story('paths-skipper', typesOfPaths),
];
