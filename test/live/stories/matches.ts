// Who sees the canary where a Canary says so by matches, and routes that were wrong on real clusters before.
import type { Analysis } from '../../../src/api/analysis.ts';
import type { GatewayName } from '../gateway.ts';
import type { Sample } from '../senders.ts';
import { startHooks } from './hooks.ts';
import { generated } from './objects.ts';
import { expect, ready, type Scene, type Story, story } from './story.ts';
import { expectNoFailure, failures, isCanaryPod } from './traffic.ts';

/** So many requests in a row tell where all of them go. */
const enough = 20;

type Headers = Readonly<Record<string, string>>;

interface Chosen {
  readonly match: NonNullable<Analysis['match']>;
  /** Whoever sends these meets the canary. */
  readonly sent: Headers;
  /** Whoever sends these does not quite. */
  readonly almost: Headers;
}

/** Both must be there. */
export const bothHeaders: Chosen = {
  match: [{ headers: { 'x-user': { exact: 'insider' }, 'x-region': { exact: 'eu' } } }],
  sent: { 'x-user': 'insider', 'x-region': 'eu' },
  almost: { 'x-user': 'insider' },
};
const oneHeader: Chosen = {
  match: [{ headers: { 'x-user': { exact: 'insider' } } }],
  sent: { 'x-user': 'insider' },
  almost: { 'x-user': 'insider-no-more' },
};
/** Of ingress-nginx: the match names the cookie, and its value must be `always`. */
const cookie: Chosen = {
  match: [{ headers: { cookie: { exact: 'canary' } } }],
  sent: { cookie: 'theme=dark; canary=always' },
  almost: { cookie: 'canary=never; theme=always' },
};

function toCanary(samples: readonly Sample[]): number {
  return samples.filter(({ pod }) => isCanaryPod(pod)).length;
}

/** Whoever is not chosen, or not quite, stays with the primary, and nobody gets a 404. */
async function abTest(scene: Scene, provider: GatewayName, chosen: Chosen): Promise<void> {
  await abTestOn(scene, provider, chosen, (analysis) => scene.declare({ provider, analysis }));
}

/** @param declare writes the Canary, and what its requests come by */
export async function abTestOn(
  scene: Scene,
  provider: GatewayName,
  { match, sent, almost }: Chosen,
  declare: (analysis: Partial<Analysis>) => Promise<void>,
): Promise<void> {
  const hooks = await startHooks(scene);
  hooks.closed.add('/finish');
  await scene.deploy({ version: '1.0' });
  const webhooks = [{ name: 'finish', type: 'confirm-promotion' as const, url: `${hooks.url}/finish` }];
  await declare({ interval: '1s', iterations: 3, match, webhooks });
  const initializedMs = await scene.initialized(provider);
  const [everybody, notQuite, chosen] = await Promise.all([
    scene.startLoad(provider),
    scene.startLoad(provider, { headers: almost }),
    scene.startLoad(provider, { headers: sent }),
  ]);
  await scene.eventually('requests', async () => chosen.samples.length > 20);
  await scene.release({ version: '2.0' });
  await scene.reachWeight(100);
  await scene.eventually(
    'the chosen to meet the canary',
    async () => toCanary(chosen.samples.slice(-enough)) === enough,
  );
  const beganMs = Date.now();
  await scene.eventually(
    'more requests',
    async () => chosen.samples.filter(({ atMs }) => atMs > beganMs).length > 2 * enough,
  );
  const endedMs = Date.now();
  hooks.closed.delete('/finish');
  await scene.reach('Succeeded');
  for (const load of [everybody, notQuite, chosen]) {
    const samples = await load.stop();
    expectNoFailure(samples, initializedMs, 'Initialized');
    const counted =
      load === chosen ? samples.filter(({ atMs }) => atMs > beganMs && atMs < endedMs) : samples;
    const wanted = load === chosen ? counted.length : 0;
    const canaries = toCanary(counted);
    expect(canaries === wanted, `${canaries} of ${counted.length} requests met the canary, not ${wanted}`);
  }
}

/** Contour's API refuses retries without conditions; the Canary's do not need any. */
async function retries(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider: 'contour',
    analysis: { stepWeights: [50] },
    service: { retries: { attempts: 3, perTryTimeout: '2s' }, timeout: '5s' },
  });
  const { atMs } = await scene.reach('Initialized');
  const load = await scene.startLoad('contour');
  await scene.promote({ version: '2.0' });
  expectNoFailure(await load.stop(), atMs, 'Initialized');
}

/** HTTPRoute knows no suffix: rather nothing at all than everybody on the canary. */
async function inexpressible(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0' });
  const before = await generated(scene);
  await scene.declare({
    provider: 'gatewayapi:v1',
    analysis: { iterations: 3, match: [{ headers: { 'x-user': { suffix: '-insider' } } }] },
  });
  const { status } = await scene.until('the refusal', (moment) => ready(moment.status).status === 'False');
  const { reason, message } = ready(status);
  expect(reason === 'UnsupportedMatch', `the reason is ${reason}: ${message}`);
  expect(message.includes('spec.analysis.match'), `the message names no field: ${message}`);
  await scene.pass(2000);
  const after = await generated(scene);
  expect(after.join() === before.join(), `something was written: ${after.join(', ')}`);
}

/** A match without a path used to make the weights go to and fro for ever. */
async function withoutUri(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider: 'gatewayapi:v1',
    analysis: { interval: '2s', stepWeights: [20, 40] },
    service: { match: [{ headers: { 'x-shop': { exact: 'yes' } } }] },
  });
  const { atMs } = await scene.reach('Initialized');
  const load = await scene.startLoad('gatewayapi:v1', { headers: { 'x-shop': 'yes' } });
  const others = await scene.startLoad('gatewayapi:v1', { perSecond: 5 });
  await scene.promote({ version: '2.0' });
  const weights = scene.route().map(({ rules }) => rules[0]?.['app-canary']);
  expect(weights.join() === '0,20,40,0', `the weights were ${weights.join()}, not 0,20,40,0`);
  expectNoFailure(await load.stop(), atMs, 'Initialized');
  const matched = (await others.stop()).length - failures(others.samples).length;
  expect(matched === 0, `${matched} requests without the header were answered`);
}

export function abTestThrough(provider: GatewayName, name: string, chosen = bothHeaders): Story {
  return story(name, (scene) => abTest(scene, provider, chosen));
}

export const matches: readonly Story[] = [
  abTestThrough('contour', 'row-3-ab-test-contour'),
  abTestThrough('gatewayapi:v1', 'ab-test-gatewayapi'),
  abTestThrough('gatewayapi:v1@traefik', 'ab-test-gatewayapi-on-traefik'),
  abTestThrough('nginx', 'ab-test-nginx', oneHeader),
  abTestThrough('nginx', 'ab-test-cookie-nginx', cookie),
  story('row-4-retries-contour', retries),
  story('row-5-inexpressible-match', inexpressible),
  story('row-6-match-without-uri', withoutUri),
];
