// What Istio alone has: a route that another one hands its requests to, and connections that are split without being read.
import { istioGateway } from '../istio.ts';
import { count } from '../load.ts';
import { startHooks } from './hooks.ts';
import { appName } from './manifests.ts';
import { type Scene, type Story, story } from './story.ts';
import { expectNoFailure, expectShare, isCanaryPod, shareAt, shareOf } from './traffic.ts';

const provider = 'istio';
const weight = 30;
const networking = 'networking.istio.io/v1';
const gateways = [`${istioGateway.namespace}/${istioGateway.name}`];

/** Host and gateway are the user's, in a VirtualService of his own; Serin's has neither. */
async function delegation(scene: Scene): Promise<void> {
  const { namespace, host } = scene;
  const hooks = await startHooks(scene);
  hooks.closed.add('/finish');
  await scene.deploy({ version: '1.0' });
  const http = [{ match: [{ uri: { prefix: '/' } }], delegate: { name: appName, namespace } }];
  await scene.kube.apply([
    {
      apiVersion: networking,
      kind: 'VirtualService',
      metadata: { namespace, name: 'root' },
      spec: { hosts: [host], gateways, http },
    },
  ]);
  await scene.declare({
    provider,
    service: { delegation: true, hosts: [], gateways: [] },
    analysis: {
      interval: '2s',
      stepWeights: [weight],
      webhooks: [{ name: 'finish', type: 'confirm-promotion', url: `${hooks.url}/finish` }],
    },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  const load = await scene.startLoad(provider, { perSecond: 60 });
  await scene.release({ version: '2.0' });
  await scene.reachWeight(weight);
  const share = await shareAt(scene, { load, provider, weight });
  hooks.closed.delete('/finish');
  await scene.reach('Succeeded');
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
  expectShare(share);
}

const tcpPort = 8106;

/** Each connection goes as the weights say when it is made. */
async function tcp(scene: Scene): Promise<void> {
  const { namespace } = scene;
  const hooks = await startHooks(scene);
  hooks.closed.add('/finish');
  await scene.deploy({ version: '1.0' });
  const port = { number: tcpPort, name: 'tcp', protocol: 'TCP' };
  await scene.kube.apply([
    {
      apiVersion: networking,
      kind: 'Gateway',
      metadata: { namespace, name: 'tcp' },
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [{ port, bind: '127.0.0.1', hosts: ['*'] }],
      },
    },
  ]);
  await scene.declare({
    provider,
    service: { appProtocol: 'TCP', portName: 'tcp', gateways: [`${namespace}/tcp`] },
    analysis: {
      interval: '2s',
      stepWeights: [weight],
      webhooks: [{ name: 'finish', type: 'confirm-promotion', url: `${hooks.url}/finish` }],
    },
  });
  const { atMs: initializedMs } = await scene.reach('Initialized');
  const load = await scene.startLoad(provider, {
    url: `http://127.0.0.1:${tcpPort}`,
    perSecond: 60,
    freshConnections: true,
  });
  await scene.release({ version: '2.0' });
  await scene.reachWeight(weight);
  await scene.eventually('the first connection to the canary', async () =>
    load.samples.some(({ pod }) => isCanaryPod(pod)),
  );
  await scene.pass(500);
  const fromMs = Date.now();
  await scene.eventually('connections', async () => count(load.samples, fromMs).total >= 350);
  const share = shareOf(load.samples, { fromMs, weight });
  hooks.closed.delete('/finish');
  await scene.reach('Succeeded');
  expectNoFailure(await load.stop(), initializedMs, 'Initialized');
  expectShare(share);
}

export const istio: readonly Story[] = [story('delegation-istio', delegation), story('tcp-istio', tcp)];
