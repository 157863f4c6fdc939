// What Flagger leaves behind, in four phases, while nobody acts: then Serin starts. Nothing that is settled changes, and a run
// in flight goes on at its weight.
import type { Phase } from '../../../src/api/status.ts';
import type { KubeObject, OwnerReference } from '../../../src/model/kube.ts';
import { appName, canary, canaryKind, deployment, deploymentKind, rootProxy } from './manifests.ts';
import { deploymentOf } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';
import { expectNoFailure } from './traffic.ts';

const serviceKind = 'v1/Service';
const proxyKind = 'projectcontour.io/v1/HTTPProxy';

interface Left {
  readonly name: string;
  readonly phase: Phase;
  readonly target: { readonly version: string; readonly replicas: number };
  readonly weight: number;
}

const inFlight: Left = {
  name: appName,
  phase: 'Progressing',
  target: { version: '2.0', replicas: 1 },
  weight: 20,
};
const settled: readonly Left[] = [
  { name: 'fresh', phase: 'Initialized', target: { version: '1.0', replicas: 0 }, weight: 0 },
  { name: 'promoted', phase: 'Succeeded', target: { version: '1.0', replicas: 0 }, weight: 0 },
  { name: 'refused', phase: 'Failed', target: { version: '2.0', replicas: 0 }, weight: 0 },
];
const everything = [inFlight, ...settled];

const optOut = {
  'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
  'helm.toolkit.fluxcd.io/driftDetection': 'disabled',
};

async function leaveBehind(scene: Scene, { name, target, weight }: Left): Promise<void> {
  const { namespace, host, kube } = scene;
  const analysis = { interval: '2s', stepWeights: [20, 50] };
  const [made] = await kube.apply([
    canary({ namespace, host, name, target: name, provider: 'contour', analysis }),
  ]);
  const owner: OwnerReference = {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    name,
    uid: made?.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
  await scene.deploy({ name, ...target });
  await kube.apply([
    primaryOf(scene, name, owner),
    ...['', '-primary', '-canary'].map((role) => serviceOf(namespace, name, { role, owner })),
    proxyOf(namespace, name, { weight, owner }),
  ]);
}

function primaryOf({ namespace }: Scene, name: string, owner: OwnerReference): KubeObject {
  const workload = { namespace, name: `${name}-primary`, image: 'example.test/app:1.0', version: '1.0' };
  const primary = deployment({ ...workload, replicas: 1, probed: true });
  return { ...primary, metadata: { ...primary.metadata, ownerReferences: [owner] } };
}

function serviceOf(
  namespace: string,
  name: string,
  { role, owner }: { readonly role: string; readonly owner: OwnerReference },
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace,
      name: `${name}${role}`,
      labels: { app: `${name}${role}` },
      annotations: optOut,
      ownerReferences: [owner],
    },
    spec: {
      type: 'ClusterIP',
      selector: { app: role === '-canary' ? name : `${name}-primary` },
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
    },
  };
}

function proxyOf(
  namespace: string,
  name: string,
  { weight, owner }: { readonly weight: number; readonly owner: OwnerReference },
): KubeObject {
  const service = (role: string, share: number) => {
    const value = `${name}${role}.${namespace}.svc.cluster.local:80`;
    const requestHeadersPolicy = { set: [{ name: 'l5d-dst-override', value }] };
    return { name: `${name}${role}`, port: 80, weight: share, requestHeadersPolicy };
  };
  const services = [service('-primary', 100 - weight), service('-canary', weight)];
  return {
    apiVersion: 'projectcontour.io/v1',
    kind: 'HTTPProxy',
    metadata: { namespace, name, annotations: optOut, ownerReferences: [owner] },
    spec: { routes: [{ conditions: [{ prefix: '/' }], services }] },
  };
}

/** Written as a person writes it: of another controller that has just been at work Serin would keep clear. */
async function writeStatus({ kube, namespace }: Scene, { name, phase, weight }: Left): Promise<void> {
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const promoted = phase === 'Initialized' || phase === 'Succeeded';
  const condition = {
    type: 'Promoted',
    status: promoted ? 'True' : phase === 'Failed' ? 'False' : 'Unknown',
    reason: phase,
    message: 'left by another controller',
    lastUpdateTime: at,
    lastTransitionTime: at,
  };
  const status = {
    phase,
    canaryWeight: weight,
    failedChecks: 0,
    iterations: 0,
    lastAppliedSpec: promoted ? '5d8c7f9b6' : '7f8b4d9c5z',
    lastPromotedSpec: '5d8c7f9b6',
    lastTransitionTime: at,
    conditions: [condition],
  };
  const path = await kube.pathOf(canaryKind, namespace, name);
  await kube.request(
    'PATCH',
    `${path}/status?fieldManager=kubectl`,
    { status },
    'application/merge-patch+json',
  );
}

/** What is the cluster's of a settled Canary: as long as this stays, nothing has happened to it. */
async function belongings(scene: Scene): Promise<string> {
  const found: unknown[] = [];
  for (const { name } of settled)
    for (const [kind, roles] of [
      [deploymentKind, ['', '-primary']],
      [serviceKind, ['', '-primary', '-canary']],
      [proxyKind, ['']],
    ] as const)
      for (const role of roles) {
        const object = await scene.kube.get(kind, scene.namespace, `${name}${role}`);
        found.push([kind, `${name}${role}`, object?.metadata.generation, object?.['spec']]);
      }
  return JSON.stringify(found, null, 1);
}

async function tell(scene: Scene): Promise<void> {
  const { namespace, host, kube, parts } = scene;
  await parts.controller.kill();
  for (const left of everything) await leaveBehind(scene, left);
  await kube.apply([rootProxy(namespace, host)]);
  for (const { name, target } of everything)
    await scene.eventually(`${name} to run`, async () => {
      const primary = await deploymentOf(scene, `${name}-primary`);
      return primary?.available === 1 && (await deploymentOf(scene, name))?.available === target.replicas;
    });
  const load = await scene.startLoad('contour', { perSecond: 40 });
  await scene.eventually('answers', async () => {
    const last = load.samples.slice(-40);
    return last.length === 40 && last.every(({ status }) => status === 200);
  });
  const servedMs = Date.now();
  // Times in Kubernetes have whole seconds: the target was pushed before Flagger last wrote.
  await scene.pass(2100);
  for (const left of everything) await writeStatus(scene, left);
  const before = await belongings(scene);
  await parts.controller.start();
  scene.say('the controller starts');
  for (const { name, phase } of settled) {
    const { status } = await scene.until('the take-over', adopted, { name });
    expect(status.phase === phase, `${name}: the phase is ${status.phase}, not ${phase}`);
    expect(status.run === undefined, `${name}: a run began`);
  }
  const { status } = await scene.until('the take-over', adopted);
  expect(status.run?.split.canary === 20, `the run goes on at ${status.run?.split.canary}, not at 20`);
  await scene.reach('Succeeded');
  const weights = scene.route().map(({ rules }) => rules[0]?.['app-canary']);
  expect(weights.join() === '20,50,0', `the weights were ${weights.join()}, not 20,50,0`);
  expect((await deploymentOf(scene, 'app-primary'))?.version === '2.0', 'the primary is not 2.0');
  for (const { name, phase } of settled)
    expect(
      scene.status(name).phase === phase && scene.status(name).run === undefined,
      `${name} did not stay ${phase}`,
    );
  const after = await belongings(scene);
  expect(after === before, `what was settled was\n${before}\nand is now\n${after}`);
  expectNoFailure(await load.stop(), servedMs, 'before the take-over');
}

const adopted = ({ status }: { readonly status: { readonly lastPromotedSpec?: string | undefined } }) =>
  status.lastPromotedSpec?.startsWith('v1:') === true;

export const takeover: readonly Story[] = [{ name: 'takeover', company: 'alone', needsWorld: true, tell }];
