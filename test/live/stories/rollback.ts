// A bad revision is noticed, named with the metric that gave it away, and taken back; the fixed one after it goes live.
import type { Metric } from '../../../src/api/analysis.ts';
import type { GatewayName } from '../gateway.ts';
import { startHooks } from './hooks.ts';
import { appName, deploymentKind } from './manifests.ts';
import { metricsOf } from './metrics.ts';
import { deploymentOf, eventsOf } from './objects.ts';
import { expect, ready, type Scene, type Story } from './story.ts';
import { expectNoFailure, failures, isCanaryPod } from './traffic.ts';

async function tell(scene: Scene, provider: GatewayName): Promise<void> {
  const [metric] = metricsOf(provider);
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider,
    analysis: { interval: '2s', threshold: 6, stepWeights: [30, 60], metrics: [metric] },
  });
  await scene.reach('Initialized');
  const load = await scene.startLoad(provider, { perSecond: 40 });
  await scene.eventually('requests', async () => load.samples.length > 20);
  await scene.release({ version: '2.0-errors50' });
  const { status } = await scene.reach('Failed');
  const failedMs = Date.now();
  expectRound(scene, status.rounds ?? [], metric);
  const { status: readyStatus, message } = ready(status);
  expect(readyStatus === 'False', `Ready is ${readyStatus}`);
  expect(message.includes(metric.name), `Ready's message names no metric: ${message}`);
  expect(scene.route().at(-1)?.rules[0]?.['app-canary'] === 0, 'the route still sends to the canary');
  expect((await deploymentOf(scene))?.replicas === 0, 'the target is not scaled to zero');
  const events = await scene.eventually('the event of the rollback', async () =>
    (await eventsOf(scene)).filter(({ reason }) => reason === 'ThresholdReached'),
  );
  expect(events.length === 1, `${events.length} events ThresholdReached`);
  const failed = failures(load.samples);
  expect(
    failed.every(({ pod }) => isCanaryPod(pod)),
    'requests failed elsewhere than in the canary',
  );
  expect(failed.length > 0, 'nothing failed: the fault did not work');
  await atRest(scene);

  const fixed = await scene.promote({ version: '3.0' });
  expect(
    (fixed.status.rounds ?? []).every(({ outcome }) => outcome !== 'fail'),
    'rounds of the old run are still there',
  );
  expect((await deploymentOf(scene, 'app-primary'))?.version === '3.0', 'the primary is not 3.0');
  expectNoFailure(await load.stop(), failedMs, 'the rollback');
}

function expectRound(
  scene: Scene,
  rounds: NonNullable<ReturnType<Scene['status']>['rounds']>,
  metric: Metric,
): void {
  const check = rounds.flatMap(({ checks }) => checks).find(({ outcome }) => outcome === 'fail');
  expect(check?.name === metric.name, 'no round names the metric that failed');
  expect((check.value ?? 100) < 99, `the round's value is ${check.value}`);
  expect(check.threshold === 'min 99', `the round's threshold is ${check.threshold}`);
  scene.say(`${check.name} ${check.value} against ${check.threshold}`);
}

/** A failed Canary rests: its status does not move with the intervals, of two seconds. */
async function atRest(scene: Scene): Promise<void> {
  await scene.eventually('five seconds without a write', async () => {
    const before = scene.moments().length;
    await scene.pass(5000);
    return scene.moments().length === before;
  });
}

/** `Failed` is a state: the time at which it began stays, however often the controller looks again. */
async function failedRests(scene: Scene): Promise<void> {
  const hooks = await startHooks(scene);
  hooks.closed.add('/undo');
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider: 'kubernetes',
    analysis: {
      iterations: 100,
      webhooks: [{ name: 'undo', type: 'rollback', url: `${hooks.url}/undo` }],
    },
  });
  await scene.reach('Initialized');
  await scene.release({ version: '2.0' });
  await scene.until('the analysis', ({ status: { run } }) => run?.stage === 'analysis');
  hooks.closed.delete('/undo');
  await scene.reach('Failed');
  await atRest(scene);
  const { lastTransitionTime } = scene.status();
  for (const name of [appName, `${appName}-primary`])
    await scene.kube.patch(
      { kind: deploymentKind, namespace: scene.namespace, name },
      { metadata: { annotations: { 'example.test/poked': 'yes' } } },
    );
  await scene.pass(8000);
  const { phase, lastTransitionTime: later } = scene.status();
  expect(phase === 'Failed', `the phase is ${phase}, not Failed`);
  expect(later === lastTransitionTime, `lastTransitionTime moved from ${lastTransitionTime} to ${later}`);
}

/** @param name of the gateway in the names of the stories */
export function rollbackThrough(provider: GatewayName, name: string): readonly Story[] {
  return [
    {
      name: `rollback-${name}`,
      company: 'together',
      needsWorld: true,
      tell: (scene) => tell(scene, provider),
    },
  ];
}

export const rollback: readonly Story[] = [
  ...rollbackThrough('contour', 'contour'),
  ...rollbackThrough('gatewayapi:v1', 'gatewayapi'),
  ...rollbackThrough('gatewayapi:v1@traefik', 'gatewayapi-on-traefik'),
  ...rollbackThrough('traefik', 'traefik'),
  ...rollbackThrough('nginx', 'nginx'),
  { name: 'row-10-failed-rests', company: 'together', needsWorld: false, tell: failedRests },
];
