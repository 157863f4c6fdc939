// Blue/green: the canary is judged before users meet it, by hooks that can rely on it; then all of them move at once.
import { send } from '../load.ts';
import { startHooks } from './hooks.ts';
import type { Provider } from './manifests.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';
import { expectNoFailure, isCanaryPod } from './traffic.ts';

const iterations = 3;
/** So many answers in a row tell what everybody gets. */
const enough = 40;

async function tell(scene: Scene, provider: Provider): Promise<void> {
  const own = scene.kube.world !== null;
  /** What a load test in a hook does: the canary Service must answer whenever a hook is called (nothing resets). */
  const askCanary = async () => {
    if (!own) return;
    const url = `http://${await scene.clusterAddress('app-canary')}`;
    const ask = () => send({ url, host: 'app-canary' });
    // The pods are ready; how long their endpoints take is a matter of the machine.
    await scene.eventually('the endpoints of the canary', async () => (await ask()).status === 200);
    for (let times = 0; times < 20; times += 1) {
      const { status, pod, error } = await ask();
      expect(
        status === 200 && isCanaryPod(pod),
        `the canary Service answers ${status} ${error ?? ''} ${pod}`,
      );
    }
  };
  const hooks = await startHooks(scene, { '/pre': askCanary, '/load': askCanary });
  await scene.deploy({ version: '1.0', replicas: 2 });
  await scene.declare({
    provider,
    analysis: {
      iterations,
      webhooks: [
        { name: 'pre', type: 'pre-rollout', url: `${hooks.url}/pre`, timeout: '60s' },
        { name: 'load', type: 'rollout', url: `${hooks.url}/load`, timeout: '60s' },
        { name: 'post', type: 'post-rollout', url: `${hooks.url}/post` },
      ],
    },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  const load = own ? await scene.startLoad(provider, { perSecond: 40 }) : undefined;
  if (load !== undefined) await scene.eventually('requests', async () => load.samples.length > 40);
  const { atMs } = await scene.promote({ version: '2.0' });
  expect((await deploymentOf(scene, 'app-primary'))?.version === '2.0', 'the primary is not 2.0');
  expect((await deploymentOf(scene))?.replicas === 0, 'the target is not scaled to zero');
  const times = (path: string) => hooks.calls.filter((call) => call.path === path).length;
  expect(times('/pre') === 1, `pre-rollout was called ${times('/pre')} times`);
  expect(times('/load') >= iterations, `rollout was called ${times('/load')} times`);
  await scene.eventually('the post-rollout hook', async () => times('/post') === 1);
  expect(
    scene.moments().some(({ status }) => status.iterations === iterations),
    'no status counts the iterations',
  );
  if (load === undefined) return;
  await scene.eventually('only the new version to answer', async () => {
    const last = load.samples.filter((sample) => sample.atMs > atMs).slice(-enough);
    return last.length === enough && last.every(({ version }) => version === '2.0');
  });
  const samples = await load.stop();
  expectNoFailure(samples, initializedMs, 'Initialized');
  if (provider === 'kubernetes') return;
  const weights = scene.route().map(({ rules }) => rules[0]?.['app-canary']);
  expect(weights.join() === '0,100,0', `the weights were ${weights.join()}, not 0,100,0`);
  // Envoy may know of the switch before the runner sees it written.
  const switchedMs = (scene.route()[1]?.atMs ?? 0) - 1000;
  const before = samples.filter((sample) => sample.atMs < switchedMs);
  expect(
    before.every(({ pod }) => !isCanaryPod(pod)),
    'users met the canary before the switch',
  );
}

export const blueGreen: readonly Story[] = [
  {
    name: 'row-12-bluegreen-kubernetes',
    company: 'together',
    needsWorld: false,
    tell: (scene) => tell(scene, 'kubernetes'),
  },
  {
    name: 'row-12-bluegreen-contour',
    company: 'together',
    needsWorld: true,
    tell: (scene) => tell(scene, 'contour'),
  },
];
