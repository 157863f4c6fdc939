// Calls, connections and datagrams: the kinds of route of the Gateway API beside HTTPRoute, through Envoy Gateway.
import type { GatewayName } from '../gateway.ts';
import { startHooks } from './hooks.ts';
import { abTestThrough } from './matches.ts';
import { metricsOf } from './metrics.ts';
import { foreignLabelThrough } from './mid-run.ts';
import { promoteThrough } from './promote.ts';
import { rollbackThrough } from './rollback.ts';
import { expect, type Scene, type Story, story } from './story.ts';
import { mirrorThrough } from './strategies.ts';
import {
  describeShares,
  expectNoFailure,
  expectShare,
  failures,
  isCanaryPod,
  nobodyAtCanary,
  shareAt,
} from './traffic.ts';

const weight = 30;
const grpc = 'gatewayapi:v1:grpc@envoy-gateway';
const tls = 'gatewayapi:v1:tls@envoy-gateway';
const tcp = 'gatewayapi:v1:tcp@envoy-gateway';
const udp = 'gatewayapi:v1:udp@envoy-gateway';

/** A listener for connections or datagrams has one route, so one story tells everything: a promotion, then a rollback. */
async function divided(scene: Scene, provider: GatewayName, perSecond: number): Promise<void> {
  const [metric] = metricsOf(provider);
  const hooks = await startHooks(scene);
  hooks.closed.add('/step').add('/finish');
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider,
    analysis: {
      interval: '2s',
      threshold: 6,
      stepWeights: [weight],
      metrics: [metric],
      webhooks: [
        { name: 'step', type: 'confirm-traffic-increase', url: `${hooks.url}/step` },
        { name: 'finish', type: 'confirm-promotion', url: `${hooks.url}/finish` },
      ],
    },
  });
  const initializedMs = await scene.initialized(provider);
  const load = await scene.startLoad(provider, { perSecond });
  await scene.release({ version: '2.0' });
  await scene.eventually('the gate before the step', async () => hooks.calls.length > 0);
  await nobodyAtCanary(scene, load);
  hooks.closed.delete('/step');
  await scene.reachWeight(weight);
  const share = await shareAt(scene, { load, provider, weight });
  hooks.closed.delete('/finish');
  await scene.reach('Succeeded');
  expectNoFailure(load.samples, initializedMs, 'Initialized');
  expectShare(share);

  hooks.closed.add('/finish');
  await scene.release({ version: '3.0-errors50' });
  await scene.runStarts();
  const { status } = await scene.reach('Failed');
  expect(status.runs?.[0]?.reason === 'ThresholdReached', `it failed for ${status.runs?.[0]?.reason}`);
  const failedMs = Date.now();
  await scene.eventually(
    'requests after the rollback',
    async () => load.samples.filter(({ atMs }) => atMs > failedMs).length > 100,
  );
  const samples = await load.stop();
  const failed = failures(samples, initializedMs);
  const elsewhere = failed.filter(({ version }) => version !== '3.0-errors50');
  expect(
    failed.length > 0 && elsewhere.length === 0,
    `${elsewhere.length} of ${failed.length} failed elsewhere than in the canary`,
  );
  expectNoFailure(samples, failedMs, 'the rollback');
  const strayed = samples.filter(({ atMs, pod }) => atMs > failedMs && isCanaryPod(pod)).length;
  expect(strayed === 0, `${strayed} met the canary after the rollback`);
  scene.say(`none failed; ${describeShares([share])}; ${failed.length} failed in the bad canary`);
}

/** Calls are told apart by service and method, and what no match takes is answered by the gateway itself. */
async function byMethod(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider: grpc,
    service: { match: [{ uri: { exact: '/live.App/Ask' } }, { uri: { prefix: '/live.Shop/' } }] },
    analysis: { interval: '2s', stepWeights: [50] },
  });
  const initializedMs = await scene.initialized(grpc);
  const [method, service, another] = await Promise.all(
    ['/live.App/Ask', '/live.Shop/Buy', '/live.App/Tell'].map((path) => scene.startLoad(grpc, { path })),
  );
  await scene.promote({ version: '2.0' });
  for (const load of [method, service])
    expectNoFailure((await load?.stop()) ?? [], initializedMs, 'Initialized');
  const refused = (await another?.stop()) ?? [];
  const answered = refused.filter(({ pod }) => pod !== '').length;
  expect(answered === 0, `${answered} of ${refused.length} calls of another method were answered`);
  scene.say(`${refused.length} calls of another method: ${refused.at(-1)?.error}`);
}

export const otherRoutes: readonly Story[] = [
  ...promoteThrough(grpc, 'grpc-envoy-gateway'),
  ...rollbackThrough(grpc, 'grpc-envoy-gateway'),
  abTestThrough(grpc, 'ab-test-grpc-envoy-gateway'),
  mirrorThrough(grpc, 'mirror-grpc-envoy-gateway', 40),
  foreignLabelThrough(grpc, 'foreign-label-grpc-envoy-gateway'),
  ...promoteThrough(tls, 'tls-envoy-gateway'),
  ...rollbackThrough(tls, 'tls-envoy-gateway'),
  story('match-grpc-envoy-gateway', byMethod),
  story('tcp-envoy-gateway', (scene) => divided(scene, tcp, 60)),
  // Envoy keeps whoever sends datagrams for a minute, 1024 of them at most, and drops what others send.
  story('udp-envoy-gateway', (scene) => divided(scene, udp, 15)),
];
