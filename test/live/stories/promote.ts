// A new revision goes step by step to all users, and nobody notices.
import { duration, type Provider, successRate } from './manifests.ts';
import { expect, type Scene, type Story } from './story.ts';
import { describeShares, expectNoFailure, expectShares, sharesOf } from './traffic.ts';

const weights = [10, 30, 50];

async function tell(scene: Scene, provider: Provider): Promise<void> {
  await scene.deploy({ version: '1.0', replicas: 2 });
  const load = await scene.startLoad(provider, { perSecond: 100 });
  await scene.declare({
    provider,
    analysis: { interval: '5s', threshold: 10, stepWeights: weights, metrics: [successRate, duration] },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  await scene.eventually('answers after Initialized', async () => load.samples.length > 100);
  await scene.release({ version: '2.0' });
  const { status } = await scene.reach('Succeeded', { timeoutMs: 120_000 });
  const toMs = Date.now();
  await scene.eventually('requests after the promotion', async () =>
    load.samples.some(({ atMs }) => atMs > toMs + 1000),
  );
  const samples = await load.stop();
  expectNoFailure(samples, initializedMs, 'Initialized');
  const shares = sharesOf(samples, scene.route(), { fromMs: initializedMs, toMs });
  expectShares(shares, weights);
  const after = samples.filter(({ atMs }) => atMs > toMs);
  expect(
    after.every(({ version, pod }) => version === '2.0' && pod.startsWith('app-primary-')),
    'after Succeeded the primary does not serve 2.0 to everybody',
  );
  const rounds = status.rounds ?? [];
  const measured = rounds.flatMap(({ checks }) => checks.filter(({ value }) => value !== undefined));
  for (const { name } of [successRate, duration])
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

export const promote: readonly Story[] = [
  {
    name: 'promote-contour',
    company: 'together',
    needsWorld: true,
    timeoutMs: 180_000,
    tell: (scene) => tell(scene, 'contour'),
  },
  {
    name: 'promote-gatewayapi',
    company: 'together',
    needsWorld: true,
    timeoutMs: 180_000,
    tell: (scene) => tell(scene, 'gatewayapi:v1'),
  },
];
