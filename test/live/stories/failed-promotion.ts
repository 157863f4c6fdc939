// A revision that passes its analysis but whose primary never becomes ready: users move to the healthy canary, the primary
// gets its proven template back, and nobody's request fails.
import type { Provider } from './manifests.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';
import { expectNoFailure } from './traffic.ts';

async function tell(scene: Scene, provider: Provider): Promise<void> {
  const { namespace } = scene;
  const { node } = scene.world;
  await scene.deploy({ version: '1.0', replicas: 2 });
  await scene.declare({
    provider,
    analysis: { interval: '3s', ...(provider === 'kubernetes' ? { iterations: 2 } : { stepWeights: [50] }) },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  const load = await scene.startLoad(provider, { perSecond: 30 });
  await node.setFault({ namespace, version: '2.0', podPrefix: 'app-primary-', fault: 'unready' });
  await scene.release({ version: '2.0' });
  // Only now: on a busy machine pods may take longer to come than the failure is to be waited for.
  await scene.until('the analysis', ({ status: { run } }) => run?.stage === 'analysis');
  await scene.patchCanary({ spec: { progressDeadlineSeconds: 15 } });
  await scene.until('the shorter deadline', ({ status: { run } }) => run?.plan.progressDeadlineMs === 15_000);
  const { status } = await scene.reach('Failed');
  expect(
    status.runs?.[0]?.reason === 'PromotionFailed',
    `the run failed for ${status.runs?.[0]?.reason}: ${status.runs?.[0]?.message}`,
  );
  const primary = await deploymentOf(scene, 'app-primary');
  expect(
    primary?.version === '1.0' && primary.available === 2,
    'the primary has not its proven template back',
  );
  expect((await deploymentOf(scene))?.replicas === 0, 'the target is not scaled to zero');
  if (provider !== 'kubernetes') {
    const weights = scene.route().map(({ rules }) => rules[0]?.['app-canary']);
    expect(weights.join() === '0,50,100,0', `the weights were ${weights.join()}, not 0,50,100,0`);
  }
  await scene.patchCanary({ spec: { progressDeadlineSeconds: 60 } });
  await scene.promote({ version: '3.0' });
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
}

const story = (name: string, provider: Provider): Story => ({
  name,
  company: 'together',
  needsWorld: true,
  tell: (scene) => tell(scene, provider),
});

export const failedPromotion: readonly Story[] = [
  story('failed-promotion-contour', 'contour'),
  story('failed-promotion-kubernetes', 'kubernetes'),
];
