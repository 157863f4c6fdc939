// A new revision goes step by step to all users, and nobody notices.
import type { CanaryStatus } from '../../../src/api/status.ts';
import type { GatewayName } from '../gateway.ts';
import { startHooks } from './hooks.ts';
import { metricsOf } from './metrics.ts';
import { expect, type Scene, type Story, story } from './story.ts';
import {
  describeShares,
  expectNoFailure,
  expectShare,
  isCanaryPod,
  nobodyAtCanary,
  shareAt,
} from './traffic.ts';

const weights = [10, 30, 50];

/** Where the requests of each side are counted in the series that Serin asks for. */
const counting: ReadonlySet<GatewayName> = new Set(['contour', 'traefik', 'skipper']);

async function tell(scene: Scene, provider: GatewayName): Promise<void> {
  // Each step is let through when the one before has been measured, however long the gateway takes.
  let steps = 0;
  const hooks = await startHooks(scene, {
    '/step': async () => {
      if (steps > 0) hooks.closed.delete('/step');
      else hooks.closed.add('/step');
      steps = Math.max(0, steps - 1);
    },
  });
  await scene.deploy({ version: '1.0', replicas: 2 });
  const load = await scene.startLoad(provider, { perSecond: 100 });
  await scene.declare({
    provider,
    analysis: {
      // Some scrapes have to fit into it where Serin looks for the share itself.
      interval: counting.has(provider) ? '8s' : '2s',
      threshold: 100,
      stepWeights: weights,
      metrics: [...metricsOf(provider)],
      webhooks: [{ name: 'step', type: 'confirm-traffic-increase', url: `${hooks.url}/step` }],
    },
  });
  const initializedMs = await scene.initialized(provider);
  await scene.eventually('answers after Initialized', async () => load.samples.length > 100);
  await scene.release({ version: '2.0' });
  await scene.eventually('the gate before the first step', async () => hooks.calls.length > 0);
  await nobodyAtCanary(scene, load);
  const shares = [];
  for (const weight of weights) {
    steps += 1;
    await scene.reachWeight(weight);
    shares.push(await shareAt(scene, { load, provider, weight }));
  }
  steps += 1;
  const { status } = await scene.reach('Succeeded');
  const toMs = Date.now();
  await scene.eventually('requests after the promotion', async () =>
    load.samples.some(({ atMs }) => atMs > toMs + 1000),
  );
  const samples = await load.stop();
  expectNoFailure(samples, initializedMs, 'Initialized');
  shares.forEach(expectShare);
  const after = samples.filter(({ atMs }) => atMs > toMs);
  expect(
    after.every(({ version, pod }) => version === '2.0' && pod.startsWith('app-primary-')),
    'after Succeeded the primary does not serve 2.0 to everybody',
  );
  const rounds = status.rounds ?? [];
  const measured = rounds.flatMap(({ checks }) => checks.filter(({ value }) => value !== undefined));
  for (const { name } of metricsOf(provider))
    expect(
      measured.some((check) => check.name === name),
      `${name} was never measured`,
    );
  expect(
    rounds.every(({ outcome }) => outcome !== 'fail'),
    'a round failed',
  );
  if (counting.has(provider)) expectProofs(scene, rounds);
  scene.say(`none failed; ${describeShares(shares)}`);
}

/** No step was taken before the proxy's own counters had shown the share. */
function expectProofs(scene: Scene, rounds: NonNullable<CanaryStatus['rounds']>): void {
  const told = rounds.flatMap(({ weight, traffic }) => (traffic === undefined ? [] : [{ weight, traffic }]));
  for (const { weight, traffic } of told) scene.say(`${weight}%: ${traffic.outcome}: ${traffic.message}`);
  for (const weight of weights)
    expect(
      told.some((one) => one.weight === weight && one.traffic.outcome === 'agrees'),
      `weight ${weight} was not proven: ${told.map(({ traffic }) => traffic.message).join('; ')}`,
    );
  expect(
    told.every(({ traffic }) => traffic.outcome !== 'disagrees'),
    'a share that is right was found wrong',
  );
}

/**
 * `Initialized` is said when the gateway serves the route: whoever comes then gets no 404; nor does anybody once the canary's
 * pods are gone, with the route at rest.
 */
async function served(scene: Scene, provider: GatewayName): Promise<void> {
  await scene.deploy({ version: '1.0' });
  const load = await scene.startLoad(provider, { perSecond: 100 });
  // Where nothing says so, it has the interval for it: the least that users have.
  const interval = scene.gateway(provider).silent === true ? '10s' : '1s';
  await scene.declare({ provider, analysis: { interval, stepWeights: [50] } });
  const { atMs } = await scene.reach('Initialized');
  await scene.eventually('the pods of the canary to go', async () =>
    (await scene.world.node.pods(scene.namespace)).every(({ name }) => !isCanaryPod(name)),
  );
  const goneMs = Date.now();
  await scene.eventually(
    'requests without them',
    async () => load.samples.filter((sample) => sample.atMs > goneMs).length > 200,
  );
  expectNoFailure(await load.stop(), atMs, 'Initialized');
}

/** At 0/100 nobody is left at the primary: not the hundredth either who comes where a weight of 0 is read as 1. */
async function nobodyLeft(scene: Scene, provider: GatewayName): Promise<void> {
  const hooks = await startHooks(scene);
  hooks.closed.add('/finish');
  await scene.deploy({ version: '1.0' });
  const webhooks = [{ name: 'finish', type: 'confirm-promotion' as const, url: `${hooks.url}/finish` }];
  await scene.declare({ provider, analysis: { stepWeights: [50, 100], webhooks } });
  const initializedMs = await scene.initialized(provider);
  const load = await scene.startLoad(provider, { perSecond: 60 });
  await scene.eventually('requests', async () => load.samples.length > 20);
  await scene.release({ version: '2.0' });
  await scene.reachWeight(100);
  const share = await shareAt(scene, { load, provider, weight: 100 });
  hooks.closed.delete('/finish');
  await scene.reach('Succeeded');
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
  expectShare(share);
  scene.say(describeShares([share]));
}

/** @param name of the gateway in the names of the stories */
export function promoteThrough(provider: GatewayName, name: string): readonly Story[] {
  return [
    story(`promote-${name}`, (scene) => tell(scene, provider)),
    story(`row-11-initialized-served-${name}`, (scene) => served(scene, provider)),
  ];
}

export function nobodyLeftThrough(provider: GatewayName, name: string): Story {
  return story(name, (scene) => nobodyLeft(scene, provider));
}

export const promote: readonly Story[] = [
  ...promoteThrough('contour', 'contour'),
  ...promoteThrough('gatewayapi:v1', 'gatewayapi'),
  ...promoteThrough('gatewayapi:v1@traefik', 'gatewayapi-on-traefik'),
  ...promoteThrough('traefik', 'traefik'),
  ...promoteThrough('nginx', 'nginx'),
  nobodyLeftThrough('traefik', 'row-7-nobody-left-traefik'),
  nobodyLeftThrough('nginx', 'nobody-left-nginx'),
];
