// What a gateway tries again because the Canary says so: users see none of the pods' failures, and all of them once it does not.
import type { GatewayName } from '../gateway.ts';
import { type Scene, type Story, story } from './story.ts';
import { expectNoFailure, failures } from './traffic.ts';

/** So many failures of the pods tell whether users see them. */
const enough = 60;

async function retried(scene: Scene, provider: GatewayName): Promise<void> {
  const { namespace, world } = scene;
  await scene.deploy({ version: '1.0', replicas: 2 });
  await scene.declare({
    provider,
    analysis: { stepWeights: [50] },
    service: { retries: { attempts: 6, retryOn: '5xx' } },
  });
  const initializedMs = await scene.initialized(provider);
  const load = await scene.startLoad(provider, { perSecond: 60 });
  await world.node.setFault({ namespace, fault: 'errors20' });
  const failed = await scene.eventually('pods to fail', async () => {
    const times = await failedAnswers(scene);
    return times >= enough && times;
  });
  expectNoFailure(load.samples, initializedMs, 'Initialized');
  const before = load.samples.length;

  await scene.patchCanary({ spec: { service: { retries: null } } });
  await scene.eventually(
    'failures that are not tried again',
    async () => failures(load.samples).length >= 20,
  );
  await load.stop();
  scene.say(`${failed} failures of the pods in ${before} requests, and nobody saw one`);
}

async function failedAnswers({ namespace, world }: Scene): Promise<number> {
  const pods = await world.node.pods(namespace);
  return pods.reduce((sum, { requests }) => sum + (requests['500'] ?? 0), 0);
}

export function retriesThrough(provider: GatewayName, name: string): Story {
  return story(`retries-${name}`, (scene) => retried(scene, provider));
}
