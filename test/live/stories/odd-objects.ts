// Objects of the user's that are valid and lack what most have. Each of them once ended the controller, when the target had
// been scaled to zero already.
import type { KubeObject } from '../../../src/model/kube.ts';
import type { GatewayName } from '../gateway.ts';
import { appName, canary, ingress, ingressRef } from './manifests.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';
import { expectNoFailure } from './traffic.ts';

const analysis = { stepWeights: [50] };

/** Promotes under load, with the odd object there before the Canary. */
async function promoted(scene: Scene, provider: GatewayName, declare: () => Promise<void>): Promise<void> {
  await scene.deploy({ version: '1.0' });
  await declare();
  const initializedMs = await scene.initialized(provider);
  const load = await scene.startLoad(provider, { perSecond: 30 });
  await scene.eventually('requests', async () => load.samples.length > 20);
  await scene.promote({ version: '2.0' });
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
}

async function ruleWithoutHttp(scene: Scene): Promise<void> {
  const { namespace, host } = scene;
  await promoted(scene, 'nginx', async () => {
    await scene.kube.apply([
      ingress(namespace, host, appName, { before: [{ host: `other.${host}` }] }),
      canary({ namespace, host, provider: 'nginx', analysis }),
    ]);
  });
}

async function withoutWeighted(scene: Scene): Promise<void> {
  const odd: KubeObject = {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'TraefikService',
    metadata: { namespace: scene.namespace, name: appName },
    spec: {},
  };
  await promoted(scene, 'traefik', async () => {
    await scene.kube.apply([odd]);
    await scene.declare({ provider: 'traefik', analysis });
  });
}

/** No Skipper runs here: what is looked at is that Serin writes, and goes on. */
async function withoutAnnotations(scene: Scene): Promise<void> {
  const { namespace, host } = scene;
  const users = ingress(namespace, host, appName, { className: 'skipper' });
  expect(!('annotations' in users.metadata), 'the Ingress has annotations');
  await scene.deploy({ version: '1.0' });
  await scene.kube.apply([
    users,
    canary({ namespace, host, provider: 'kubernetes', analysis, spec: { provider: 'skipper', ingressRef } }),
  ]);
  await scene.reach('Initialized');
  await scene.promote({ version: '2.0' });
  expect((await deploymentOf(scene, 'app-primary'))?.version === '2.0', 'the primary is not 2.0');
  const route = await scene.kube.get('networking.k8s.io/v1/Ingress', namespace, `${appName}-canary`);
  const { 'zalando.org/backend-weights': weights } = route?.metadata.annotations ?? {};
  expect(
    weights === '{"app-canary":0,"app-primary":100}',
    `the weights at rest are ${weights ?? 'not written'}`,
  );
}

const story = (name: string, tell: Story['tell'], needsWorld = true): Story => ({
  name,
  company: 'together',
  needsWorld,
  tell,
});

export const oddObjects: readonly Story[] = [
  story('row-2-rule-without-http-nginx', ruleWithoutHttp),
  story('row-2-traefik-service-without-weighted', withoutWeighted),
  story('row-2-ingress-without-annotations', withoutAnnotations, false),
];
