// Copies and cookies with a gateway that does not know Serin: judged on copies before a user meets the canary, and kept with
// it once he has.
import type { GatewayName } from '../gateway.ts';
import { type Load, shareFits } from '../load.ts';
import type { Sample } from '../senders.ts';
import { startHooks } from './hooks.ts';
import { metricsOf } from './metrics.ts';
import { expect, type Scene, type Story, story } from './story.ts';
import { expectNoFailure, isCanaryPod } from './traffic.ts';

/** So many requests in a row tell where all of them go. */
const enough = 20;
/**
 * Envoy Gateway 1.9 names its clusters by the place of a rule, and takes them away before the routes that lead there: for some
 * milliseconds requests fail when cookies come and go (envoyproxy/gateway, issues 6287 and 9029).
 */
const dropsRulesInUse: GatewayName = 'gatewayapi:v1@envoy-gateway';
/** Enough to tell a share by. */
const enoughCopied = 400;

/**
 * The only requests that the canary gets are copies: as many as the Canary says, a value is measured, and no user has met it.
 * @param mirrorWeight per cent; all of them where it is left out
 */
async function mirror(scene: Scene, provider: GatewayName, mirrorWeight?: number): Promise<void> {
  const hooks = await startHooks(scene);
  hooks.closed.add('/judge');
  const [metric] = metricsOf(provider);
  await scene.deploy({ version: '1.0' });
  const before = await scene.startLoad(provider, { perSecond: 40 });
  await scene.declare({
    provider,
    analysis: {
      interval: '2s',
      threshold: 100,
      stepWeights: [50],
      mirror: true,
      ...(mirrorWeight === undefined ? {} : { mirrorWeight }),
      metrics: [metric],
      webhooks: [{ name: 'judge', type: 'rollout', url: `${hooks.url}/judge` }],
    },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  await scene.release({ version: '2.0' });
  const { atMs: mirroringMs } = await scene.until(
    'copies in effect',
    ({ status: { run } }) => run?.mirror === true && run.settledAt !== undefined,
  );
  await scene.eventually('copies', async () => (await copies(scene)) > 0);
  await before.stop();
  await countCopies(scene, provider, mirrorWeight);
  const after = await scene.startLoad(provider, { perSecond: 40 });
  hooks.closed.delete('/judge');
  const { status, atMs: steppedMs } = await scene.until(
    'the first weight',
    ({ status: { run } }) => (run?.split.canary ?? 0) > 0,
  );
  const judged = (status.rounds ?? []).find(
    ({ weight, outcome, checks }) =>
      weight === 0 && outcome === 'pass' && checks.some(({ name }) => name === metric.name),
  );
  expect(
    judged !== undefined,
    `no round at weight 0 has measured the copies: ${JSON.stringify(status.rounds)}`,
  );
  await scene.reach('Succeeded');
  const samples = [...(await before.stop()), ...(await after.stop())];
  expectNoFailure(samples, initializedMs, 'Initialized');
  const met = samples.filter(
    ({ atMs, pod }) => atMs >= mirroringMs && atMs < steppedMs - 1000 && isCanaryPod(pod),
  );
  expect(met.length === 0, `${met.length} answers came from the canary while it only got copies`);
}

/** Requests that the canary's pods have answered, whoever got the answer. */
async function copies(scene: Scene): Promise<number> {
  const pods = await scene.world.node.pods(scene.namespace);
  const answered = pods
    .filter(({ name }) => isCanaryPod(name))
    .flatMap(({ requests }) => Object.values(requests));
  return answered.reduce((sum, times) => sum + times, 0);
}

/** Nobody else sends meanwhile. */
async function countCopies(scene: Scene, provider: GatewayName, percent = 100): Promise<void> {
  const settled = () =>
    scene.eventually('the last copy', async () => {
      const already = await copies(scene);
      await scene.pass(500);
      return already === (await copies(scene)) && already;
    });
  const already = await settled();
  const load = await scene.startLoad(provider, { perSecond: 100 });
  await scene.eventually(`${enoughCopied} requests`, async () => load.samples.length >= enoughCopied);
  const sent = await load.stop();
  const copied = (await settled()) - already;
  const z = shareFits(percent, copied, sent.length);
  expect(Math.abs(z) < 4, `${copied} of ${sent.length} requests were copied, z = ${z.toFixed(2)}`);
  const met = sent.filter(({ pod }) => isCanaryPod(pod)).length;
  expect(met === 0, `${met} answers came from the canary while it only got copies`);
  expectNoFailure(sent, 0, 'the copies began');
  scene.say(`${copied} of ${sent.length} requests copied, of ${percent}% (z ${z.toFixed(1)})`);
}

/**
 * Answers set the cookie of the side they come from; whoever sends it stays there at any weight, and is served by the primary
 * when the run is over.
 */
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
  const { status, atMs: weightedMs } = await scene.reachWeight(10);
  const { sessionAffinityCookie: cookie = '' } = status;
  expect(/^app-track=[A-Za-z]{10}$/.test(cookie), `the cookie in status is "${cookie}"`);
  const given = await cookiesGiven(scene, others, weightedMs);
  expect(
    given.canary === `${cookie}; Max-Age=60`,
    `the canary's answers set "${given.canary}", not "${cookie}; Max-Age=60"`,
  );
  // An interval, of which every cluster but this one makes ten seconds at least.
  expect(/^app-home=[A-Za-z]{10}; Max-Age=10$/.test(given.primary), `the primary's set "${given.primary}"`);
  const [home = ''] = given.primary.split(';');
  const load = await scene.startLoad(provider, { headers: { cookie: `theme=dark; ${cookie}` } });
  const faithful = await scene.startLoad(provider, { headers: { cookie: `${home}; theme=dark` } });
  await scene.eventually('the one with the cookie to stay with the canary', async () => {
    const last = load.samples.slice(-enough);
    return last.length === enough && last.every(({ pod }) => isCanaryPod(pod));
  });
  await scene.eventually('the one with the cookie of the primary to stay there', async () => {
    const last = faithful.samples.slice(-3 * enough);
    return last.length === 3 * enough && last.every(({ pod }) => pod.startsWith('app-primary-'));
  });
  hooks.closed.delete('/finish');
  const { atMs: endedMs, status: after } = await scene.reach('Succeeded');
  expect(after.sessionAffinityCookie === undefined, 'the cookie is still in force after the run');
  expect(after.previousSessionAffinityCookie === cookie, 'nobody is told to forget the cookie');
  await scene.eventually('him to be served by the primary, and told to forget the cookie', async () => {
    const last = load.samples.filter(({ atMs }) => atMs > endedMs).slice(-enough);
    return (
      last.length === enough &&
      last.every(({ pod, cookie: set }) => pod.startsWith('app-primary-') && set === `${cookie}; Max-Age=-1`)
    );
  });
  for (const each of [others, load, faithful])
    expectNoFailure(withoutGaps(scene, provider, await each.stop()), initializedMs, 'Initialized');
}

/** Answers of the gateway itself at the moments at which rules came or went are left out where they cannot be helped. */
function withoutGaps(scene: Scene, provider: GatewayName, samples: readonly Sample[]): readonly Sample[] {
  if (provider !== dropsRulesInUse) return samples;
  const changes = scene
    .route()
    .filter(({ rules }, index, all) => rules.length !== all[index - 1]?.rules.length);
  const gap = ({ status, pod, atMs }: Sample) =>
    status >= 500 && pod === '' && changes.some((change) => Math.abs(atMs - change.atMs) < 2000);
  const kept = samples.filter((sample) => !gap(sample));
  scene.say(`${samples.length - kept.length} requests failed at the gateway while it changed its rules`);
  return kept;
}

/** What the answers of each side set, once both do; all of them the same. */
async function cookiesGiven(
  scene: Scene,
  load: Load,
  fromMs: number,
): Promise<{ readonly canary: string; readonly primary: string }> {
  return scene.eventually('cookies from both sides', async () => {
    // What was on its way when the weight was written may be without.
    const answers = load.samples.filter(({ atMs }) => atMs > fromMs + 1000);
    const [canary, primary] = [true, false].map((side) => [
      ...new Set(answers.filter(({ pod }) => isCanaryPod(pod) === side).map((answer) => answer.cookie)),
    ]);
    const both = [canary, primary].every((set) => set?.length === 1);
    return both && { canary: canary?.[0] ?? '', primary: primary?.[0] ?? '' };
  });
}

/** @param mirrorWeight where the gateway copies a share */
export function mirrorThrough(provider: GatewayName, name: string, mirrorWeight?: number): Story {
  return story(name, (scene) => mirror(scene, provider, mirrorWeight));
}

/**
 * @param name of the gateway in the names of the stories
 * @param mirrorWeight where the gateway copies a share
 */
export function strategiesThrough(
  provider: GatewayName,
  name: string,
  mirrorWeight?: number,
): readonly Story[] {
  return [
    mirrorThrough(provider, `mirror-${name}`, mirrorWeight),
    story(`affinity-${name}`, (scene) => affinity(scene, provider)),
  ];
}

export const strategies: readonly Story[] = strategiesThrough('gatewayapi:v1', 'gatewayapi');
