// Copies and cookies with a gateway that does not know Serin: judged on copies before a user meets the canary, and kept with
// it once he has.
import type { GatewayName } from '../gateway.ts';
import { startHooks } from './hooks.ts';
import { metricsOf } from './metrics.ts';
import { expect, type Scene, type Story } from './story.ts';
import { expectNoFailure, isCanaryPod } from './traffic.ts';

/** So many requests in a row tell where all of them go. */
const enough = 20;

/** The only requests that the canary gets are copies: a value is measured, and no user has met it. */
async function mirror(scene: Scene, provider: GatewayName): Promise<void> {
  await scene.deploy({ version: '1.0' });
  const load = await scene.startLoad(provider, { perSecond: 40 });
  await scene.declare({
    provider,
    analysis: {
      interval: '3s',
      threshold: 100,
      stepWeights: [50],
      mirror: true,
      metrics: metricsOf(provider).slice(0, 1),
    },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  await scene.release({ version: '2.0' });
  const { atMs: mirroringMs } = await scene.until(
    'copies in effect',
    ({ status: { run } }) => run?.mirror === true && run.settledAt !== undefined,
  );
  const { status, atMs: steppedMs } = await scene.until(
    'the first weight',
    ({ status: { run } }) => (run?.split.canary ?? 0) > 0,
  );
  const judged = (status.rounds ?? []).find(
    ({ weight, outcome, checks }) => weight === 0 && outcome === 'pass' && checks.length > 0,
  );
  expect(
    judged !== undefined,
    `no round at weight 0 has measured the copies: ${JSON.stringify(status.rounds)}`,
  );
  await scene.reach('Succeeded');
  const samples = await load.stop();
  expectNoFailure(samples, initializedMs, 'Initialized');
  const met = samples.filter(
    ({ atMs, pod }) => atMs >= mirroringMs && atMs < steppedMs - 1000 && isCanaryPod(pod),
  );
  expect(met.length === 0, `${met.length} answers came from the canary while it only got copies`);
}

/** Whoever sends the cookie stays with the canary at any weight, and is served by the primary when the run is over. */
async function affinity(scene: Scene, provider: GatewayName): Promise<void> {
  const hooks = await startHooks(scene);
  hooks.closed.add('/finish');
  await scene.deploy({ version: '1.0' });
  const webhooks = [{ name: 'finish', type: 'confirm-promotion' as const, url: `${hooks.url}/finish` }];
  const sessionAffinity = { cookieName: 'app-track', primaryCookieName: 'app-home', maxAge: 60 };
  await scene.declare({
    provider,
    analysis: { interval: '2s', stepWeights: [10], sessionAffinity, webhooks },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  const others = await scene.startLoad(provider);
  await scene.release({ version: '2.0' });
  const { status } = await scene.reachWeight(10);
  const { sessionAffinityCookie: cookie = '' } = status;
  expect(/^app-track=[A-Za-z]{10}$/.test(cookie), `the cookie in status is "${cookie}"`);
  const load = await scene.startLoad(provider, { headers: { cookie: `theme=dark; ${cookie}` } });
  await scene.eventually('the one with the cookie to stay with the canary', async () => {
    const last = load.samples.slice(-enough);
    return last.length === enough && last.every(({ pod }) => isCanaryPod(pod));
  });
  hooks.closed.delete('/finish');
  const { atMs: endedMs, status: after } = await scene.reach('Succeeded');
  expect(after.sessionAffinityCookie === undefined, 'the cookie is still in force after the run');
  expect(after.previousSessionAffinityCookie === cookie, 'nobody is told to forget the cookie');
  await scene.eventually('him to be served by the primary', async () => {
    const last = load.samples.filter(({ atMs }) => atMs > endedMs).slice(-enough);
    return last.length === enough && last.every(({ pod }) => pod.startsWith('app-primary-'));
  });
  for (const each of [others, load]) expectNoFailure(await each.stop(), initializedMs, 'Initialized');
}

const story = (name: string, tell: Story['tell']): Story => ({
  name,
  company: 'together',
  needsWorld: true,
  tell,
});

/** @param name of the gateway in the names of the stories */
export function strategiesThrough(provider: GatewayName, name: string): readonly Story[] {
  return [
    story(`mirror-${name}`, (scene) => mirror(scene, provider)),
    story(`affinity-${name}`, (scene) => affinity(scene, provider)),
  ];
}

export const strategies: readonly Story[] = strategiesThrough('gatewayapi:v1', 'gatewayapi');
