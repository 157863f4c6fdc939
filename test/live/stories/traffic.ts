// What traffic shows: that none failed, and that each step's share fits its weight.
// May import load.ts and story.ts.
import type { GatewayName } from '../gateway.ts';
import { count, type Load, shareFits } from '../load.ts';
import type { Sample } from '../senders.ts';
import { appName } from './manifests.ts';
import { expect, type Scene } from './story.ts';

/** Answers other than 200 of the requests sent from `fromMs` on. */
export function failures(samples: readonly Sample[], fromMs = 0): readonly Sample[] {
  return samples.filter(({ status, atMs }) => status !== 200 && atMs >= fromMs);
}

export function expectNoFailure(samples: readonly Sample[], fromMs: number, since: string): void {
  const failed = failures(samples, fromMs);
  const total = count(samples, fromMs).total;
  const some = failed
    .slice(0, 5)
    .map(
      ({ status, error, pod, atMs }) =>
        `${status} ${error ?? ''} ${pod} ${new Date(atMs).toISOString().slice(11)}`,
    );
  expect(
    failed.length === 0,
    `${failed.length} of ${total} requests since ${since} failed: ${some.join('; ')}`,
  );
  expect(total > 0, `no request since ${since}`);
}

export function isCanaryPod(pod: string, name = appName): boolean {
  return pod.startsWith(`${name}-`) && !pod.startsWith(`${name}-primary-`);
}

/** At weight 0 a canary that is ready gets no request, out of a hundred that are sent from now on. */
export async function nobodyAtCanary(scene: Scene, { samples }: Load): Promise<void> {
  const pods = await scene.world.node.pods(scene.namespace);
  expect(
    pods.some(({ name, ready }) => ready && isCanaryPod(name)),
    'no pod of the canary is ready',
  );
  const fromMs = Date.now();
  const later = () => samples.filter(({ atMs }) => atMs >= fromMs);
  await scene.eventually('requests at weight 0', async () => later().length >= 100);
  const strayed = later().filter(({ pod }) => isCanaryPod(pod)).length;
  expect(strayed === 0, `${strayed} of ${later().length} requests met a canary without weight`);
}

interface StepShare {
  readonly weight: number;
  readonly total: number;
  readonly canary: number;
  readonly z: number;
}

/** Enough to tell a weight by. */
const enough = 350;

/**
 * The share of the canary in requests that are sent from when the gateway is seen to go by that weight; the run must stay at
 * it meanwhile.
 */
export async function shareAt(
  scene: Scene,
  { load, provider, weight }: { load: Load; provider: GatewayName; weight: number },
): Promise<StepShare> {
  const { host, namespace } = scene;
  const gateway = scene.gateway(provider);
  await scene.eventually(`the gateway to go by weight ${weight}`, async () =>
    (await gateway.weights(host, namespace)).some(
      (rule) => rule[`${namespace}/${appName}-canary`] === weight,
    ),
  );
  // What was on its way then has arrived.
  await scene.pass(500);
  const fromMs = Date.now();
  await scene.eventually(
    `${enough} requests`,
    async () => load.samples.filter(({ atMs }) => atMs >= fromMs).length >= enough,
  );
  return shareOf(load.samples, { fromMs, weight });
}

/** @param isCounted the pods whose share it is; those of the canary if left out */
export function shareOf(
  samples: readonly Sample[],
  {
    fromMs,
    weight,
    isCounted = isCanaryPod,
  }: { fromMs: number; weight: number; isCounted?: (pod: string) => boolean },
): StepShare {
  const sent = samples.filter(({ atMs }) => atMs >= fromMs);
  const canary = sent.filter(({ pod }) => isCounted(pod)).length;
  return { weight, total: sent.length, canary, z: shareFits(weight, canary, sent.length) };
}

export function expectShare({ weight, total, canary, z }: StepShare): void {
  expect(Math.abs(z) < 4, `weight ${weight}: ${canary} of ${total} requests, z = ${z.toFixed(2)}`);
}

export function describeShares(shares: readonly StepShare[]): string {
  return shares
    .map(({ weight, total, canary, z }) => `${weight}%: ${canary}/${total} (z ${z.toFixed(1)})`)
    .join(', ');
}
