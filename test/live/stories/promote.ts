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
    analysis: { interval: '6s', threshold: 10, stepWeights: weights, metrics: [successRate, duration] },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  await scene.eventually('answers after Initialized', async () => load.samples.length > 100);
  await scene.release({ version: '2.0' });
  const { status } = await scene.reach('Succeeded');
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

export const promote: readonly Story[] = [
  story('promote-contour', (scene) => tell(scene, 'contour')),
  story('promote-gatewayapi', (scene) => tell(scene, 'gatewayapi:v1')),
  story('row-11-initialized-served-contour', (scene) => served(scene, 'contour')),
  story('row-11-initialized-served-gatewayapi', (scene) => served(scene, 'gatewayapi:v1')),
];
