// What happens to a run while it is under way: another revision, the old one again, hands on the route, other steps.
import type { GatewayName } from '../gateway.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story, story } from './story.ts';
import { expectNoFailure } from './traffic.ts';

interface Begun {
  readonly provider: GatewayName;
  readonly weights: number[];
  readonly interval?: string;
}

/** Initialized, with requests, and with 2.0 under way. */
async function begin(scene: Scene, { provider, weights, interval = '2s' }: Begun) {
  await scene.deploy({ version: '1.0' });
  await scene.declare({ provider, analysis: { interval, stepWeights: weights } });
  const initializedMs = await scene.initialized(provider);
  const load = await scene.startLoad(provider, { perSecond: 30 });
  await scene.eventually('requests', async () => load.samples.length > 20);
  await scene.release({ version: '2.0' });
  return { load, initializedMs };
}

/** The canary's weights in the order in which the route had them, from its latest 0 before `fromMs` on. */
function weightsSince(scene: Scene, fromMs: number): number[] {
  const moments = scene.route();
  const first = moments.findLastIndex(({ atMs }) => atMs <= fromMs);
  return moments.slice(Math.max(0, first)).map(({ rules }) => rules[0]?.['app-canary'] ?? -1);
}

/** When the route was seen at a weight that is in effect. The Canary has a watch of its own, which may be ahead of the route's. */
async function reachWeightOnRoute(scene: Scene, weight: number): Promise<number> {
  await scene.reachWeight(weight);
  const { atMs } = await scene.eventually(`the route at ${weight}`, async () =>
    scene.route().findLast(({ rules }) => rules[0]?.['app-canary'] === weight),
  );
  return atMs;
}

async function newRevision(scene: Scene): Promise<void> {
  const { load, initializedMs } = await begin(scene, { provider: 'contour', weights: [20, 40, 60] });
  const { status: before } = await scene.reachWeight(40);
  await scene.release({ version: '3.0' });
  const restarted = await scene.until(
    'the restart from weight 0',
    ({ status: { run } }) => run !== undefined && run.revision !== before.run?.revision,
  );
  expect(restarted.status.run?.split.canary === 0, 'the new run does not start at weight 0');
  await scene.reach('Succeeded');
  const weights = weightsSince(scene, restarted.atMs);
  expect(
    weights.join() === '40,0,20,40,60,0',
    `after the restart the weights were ${weights.join()}, not 40,0,20,40,60,0`,
  );
  expect((await deploymentOf(scene, 'app-primary'))?.version === '3.0', 'the primary is not 3.0');
  const samples = await load.stop();
  const leaked = samples.filter(({ pod, version }) => pod.startsWith('app-primary-') && version === '2.0');
  expect(leaked.length === 0, `2.0 was in the primary for ${leaked.length} requests`);
  expectNoFailure(samples, initializedMs, 'Initialized');
}

/** Back to what the primary serves: the run is cancelled, and no second one follows. */
async function revert(scene: Scene): Promise<void> {
  const { load, initializedMs } = await begin(scene, { provider: 'contour', weights: [20, 40, 60] });
  await scene.reachWeight(20);
  await scene.release({ version: '1.0' });
  const { status } = await scene.until(
    'the end of the run',
    (moment) => moment.status.run === undefined && (moment.status.runs ?? [])[0]?.reason === 'RunCancelled',
  );
  expect(status.phase === 'Succeeded', `the phase is ${status.phase}, not Succeeded`);
  await scene.pass(4000);
  const { run, runs = [] } = scene.status();
  expect(run === undefined, 'another run began after the cancelled one');
  expect(runs[0]?.reason === 'RunCancelled', `the last run is ${runs[0]?.reason}`);
  expect((await deploymentOf(scene, 'app-primary'))?.version === '1.0', 'the primary is not 1.0');
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
}

async function handsOnRoute(scene: Scene, provider: GatewayName): Promise<void> {
  const { load, initializedMs } = await begin(scene, { provider, weights: [10, 30, 50] });
  const { routeKind } = scene.gateway(provider);
  const name = routeKind === 'networking.k8s.io/v1/Ingress' ? 'app-canary' : 'app';
  const route = { kind: routeKind, namespace: scene.namespace, name };
  const atMs = await reachWeightOnRoute(scene, 30);
  await scene.kube.patch(route, {
    metadata: { labels: { 'example.test/team': 'shop' }, annotations: { 'example.test/note': 'mine' } },
  });
  scene.say('a foreign label is on the route');
  await scene.reach('Succeeded');
  const weights = weightsSince(scene, atMs);
  expect(weights.join() === '30,50,0', `from the label on the weights were ${weights.join()}, not 30,50,0`);
  const { labels = {}, annotations = {} } =
    (await scene.kube.get(route.kind, route.namespace, name))?.metadata ?? {};
  expect(labels['example.test/team'] === 'shop', 'the label is gone');
  expect(annotations['example.test/note'] === 'mine', 'the annotation is gone');
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
}

async function lostRoute(scene: Scene): Promise<void> {
  const { load } = await begin(scene, { provider: 'contour', weights: [10, 30, 50] });
  const { status: before } = await scene.reachWeight(30);
  await scene.kube.delete({
    kind: scene.gateway('contour').routeKind,
    namespace: scene.namespace,
    name: 'app',
  });
  await scene.eventually(
    'the route at the same weight',
    async () => scene.route().at(-1)?.rules[0]?.['app-canary'] === 30,
  );
  await scene.reach('Succeeded');
  const last = scene.status().runs?.[0];
  expect(last?.id === before.run?.id, 'the run started anew');
  await load.stop();
}

/** The weight in effect is in no step any more: the next greater one follows, and not all that is left to 100. */
async function otherSteps(scene: Scene): Promise<void> {
  // Time to edit it before the round is asked.
  const of: Begun = { provider: 'contour', weights: [10, 30, 50], interval: '4s' };
  const { load, initializedMs } = await begin(scene, of);
  const atMs = await reachWeightOnRoute(scene, 30);
  await scene.patchCanary({ spec: { analysis: { stepWeights: [20, 40, 60] } } });
  await scene.reach('Succeeded');
  const weights = weightsSince(scene, atMs);
  expect(weights.join() === '30,40,60,0', `the weights were ${weights.join()}, not 30,40,60,0`);
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
}

export function foreignLabelThrough(provider: GatewayName, name: string): Story {
  return story(name, (scene) => handsOnRoute(scene, provider));
}

export const midRun: readonly Story[] = [
  story('new-revision', newRevision),
  story('row-9-revert-mid-run', revert),
  foreignLabelThrough('contour', 'foreign-label-contour'),
  foreignLabelThrough('gatewayapi:v1', 'foreign-label-gatewayapi'),
  foreignLabelThrough('traefik', 'row-7-foreign-label-traefik'),
  story('lost-route', lostRoute),
  story('row-8-other-steps', otherSteps),
];
