// A route that is valid and leads nobody anywhere, because another rule of the gateway takes the requests first: the run waits
// until they come, and goes on.
import { appName, rootProxy } from './manifests.ts';
import { expect, ready, type Scene, type Story } from './story.ts';
import { expectNoFailure, isCanaryPod } from './traffic.ts';

/** Contour puts the rule with more conditions first. */
function diverting(): unknown {
  const conditions = [{ prefix: '/' }, { header: { name: 'x-team', present: true } }];
  return { spec: { routes: [{ conditions, services: [{ name: `${appName}-primary`, port: 80 }] }] } };
}

async function tell(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0' });
  // Without metrics every round passes: only the share of requests can hold the run.
  await scene.declare({ provider: 'contour', analysis: { interval: '6s', stepWeights: [50] } });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  const { kind, metadata } = rootProxy(scene.namespace, scene.host);
  const root = { kind: `projectcontour.io/v1/${kind}`, namespace: scene.namespace, name: metadata.name };
  await scene.kube.patch(root, diverting());
  const load = await scene.startLoad('contour', { perSecond: 60, headers: { 'x-team': 'shop' } });
  await scene.eventually('requests', async () => load.samples.length > 60);

  await scene.release({ version: '2.0' });
  const { status } = await scene.until(
    'traffic to be missed',
    (moment) => ready(moment.status).reason === 'TrafficNotObserved',
  );
  const { run } = status;
  expect(run?.stage === 'analysis' && run.split.canary === 50, 'the weight was not held');
  scene.say(ready(status).message);
  expect(
    load.samples.every(({ pod }) => !isCanaryPod(pod)),
    'the canary got requests although another rule takes them',
  );

  await scene.kube.patch(root, { spec: { routes: null } });
  const { status: after } = await scene.reach('Succeeded');
  const outcomes = (after.rounds ?? []).flatMap(({ traffic }) => traffic?.outcome ?? []);
  expect(outcomes.at(-1) === 'agrees', `the share was never seen to agree: ${outcomes.join(', ')}`);
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
}

export const unseen: readonly Story[] = [
  { name: 'unseen-traffic', company: 'together', needsWorld: true, tell },
];
