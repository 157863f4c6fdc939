// A new revision goes step by step to all users, and nobody notices.
import type { GatewayName } from '../gateway.ts';
import { startHooks } from './hooks.ts';
import { metricsOf, type Provider } from './manifests.ts';
import { expect, type Scene, type Story } from './story.ts';
import { describeShares, expectNoFailure, expectShare, shareAt } from './traffic.ts';

const weights = [10, 30, 50];

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
      interval: '2s',
      threshold: 100,
      stepWeights: weights,
      metrics: [...metricsOf(provider)],
      webhooks: [{ name: 'step', type: 'confirm-traffic-increase', url: `${hooks.url}/step` }],
    },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  await scene.eventually('answers after Initialized', async () => load.samples.length > 100);
  await scene.release({ version: '2.0' });
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
  scene.say(`none failed; ${describeShares(shares)}`);
}

/** `Initialized` is said when the gateway serves the route: whoever comes then gets no 404. */
async function served(scene: Scene, provider: Provider): Promise<void> {
  await scene.deploy({ version: '1.0' });
  const load = await scene.startLoad(provider, { perSecond: 100 });
  await scene.declare({ provider, analysis: { interval: '1s', stepWeights: [50] } });
  const { atMs } = await scene.reach('Initialized');
  await scene.eventually(
    'requests after Initialized',
    async () => load.samples.filter((sample) => sample.atMs > atMs).length > 200,
  );
  expectNoFailure(await load.stop(), atMs, 'Initialized');
}

const story = (name: string, tellIt: Story['tell']): Story => ({
  name,
  company: 'together',
  needsWorld: true,
  tell: tellIt,
});

/** @param name of the gateway in the names of the stories */
export function promoteThrough(provider: GatewayName, name: string): readonly Story[] {
  return [
    story(`promote-${name}`, (scene) => tell(scene, provider)),
    story(`row-11-initialized-served-${name}`, (scene) => served(scene, provider)),
  ];
}

export const promote: readonly Story[] = [
  ...promoteThrough('contour', 'contour'),
  ...promoteThrough('gatewayapi:v1', 'gatewayapi'),
];
