// What is taken away from the controller: its process, and Prometheus. Told alone, because everybody would miss them.
import { successRate } from './metrics.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';
import { expectNoFailure } from './traffic.ts';

async function killed(scene: Scene): Promise<void> {
  const { controller } = scene.parts;
  await scene.deploy({ version: '1.0', replicas: 2 });
  await scene.declare({
    provider: 'contour',
    analysis: { interval: '3s', stepWeights: [20, 40, 60], metrics: [successRate] },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  const load = await scene.startLoad('contour', { perSecond: 40 });
  await scene.eventually('requests', async () => load.samples.length > 100);
  await scene.release({ version: '2.0' });
  const { status: before } = await scene.reachWeight(40);
  const killedAt = scene.moments().length;
  await controller.kill();
  scene.say('the controller is killed in the middle of a step');
  const backMs = await controller.start();
  scene.say(`it leads again after ${(backMs / 1000).toFixed(1)} s`);
  await scene.until('the promotion', ({ status: { run } }) => run?.stage === 'promote');
  await controller.kill();
  scene.say('the controller is killed in the middle of the promotion');
  await controller.start();
  await scene.reach('Succeeded');
  const after = scene.moments().slice(killedAt);
  const ids = new Set(after.flatMap(({ status: { run } }) => (run === undefined ? [] : [run.id])));
  expect(
    ids.size === 1 && ids.has(before.run?.id ?? ''),
    'another run took the place of the one that was killed',
  );
  const weights = scene.route().map(({ rules }) => rules[0]?.['app-canary']);
  expect(weights.join() === '0,20,40,60,0', `the weights were ${weights.join()}, not 0,20,40,60,0`);
  expect((await deploymentOf(scene, 'app-primary'))?.version === '2.0', 'the primary is not 2.0');
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
}

/** It is back for good about ten seconds after its start: targets come after five, and a rate needs two scrapes. */
async function noPrometheus(scene: Scene): Promise<void> {
  const { prometheus } = scene.world;
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider: 'contour',
    analysis: { interval: '2s', threshold: 20, stepWeights: [30, 60], metrics: [successRate] },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  const load = await scene.startLoad('contour', { perSecond: 40 });
  await scene.release({ version: '2.0' });
  await scene.reachWeight(60);
  await prometheus.running().stop();
  scene.say('Prometheus is gone');
  const { status } = await scene.until(
    'three rounds without Prometheus',
    ({ status: { run } }) => (run?.counts.unavailable ?? 0) >= 3,
  );
  expect(status.run?.split.canary === 60, `the weight is ${status.run?.split.canary}, not held at 60`);
  const reasons = (status.rounds ?? [])
    .filter(({ outcome }) => outcome === 'unavailable')
    .flatMap(({ checks }) => checks.map(({ reason }) => reason));
  expect(
    reasons.every((reason) => reason === 'ConnectionFailed'),
    `the reasons are ${reasons.join(', ')}`,
  );
  await prometheus.restart();
  scene.say('Prometheus is back');
  const { status: after } = await scene.reach('Succeeded');
  expect(
    (after.rounds ?? []).every(({ outcome }) => outcome !== 'fail'),
    'a round counted as failed',
  );
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
}

export const outages: readonly Story[] = [
  { name: 'controller-killed', company: 'alone', needsWorld: true, tell: killed },
  { name: 'prometheus-down', company: 'alone', needsWorld: true, tell: noPrometheus },
];
