// Shows that the pretend node looks like a kubelet to the real control plane: failures, configs, Services, DNS, Jobs.
// Not here: gateways (smoke.ts).
// May import the files of this folder.
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { z } from 'zod';
import type { KubeObject } from '../../src/model/kube.ts';
import { connectKube, KubeError } from './kube.ts';
import type { OwnEnvironment } from './environment.ts';
import { send } from './load.ts';

const namespace = 'smoke-node';

const Pod = z.object({
  metadata: z.object({ labels: z.object({ app: z.string() }) }),
  status: z.object({
    phase: z.string(),
    containerStatuses: z
      .array(
        z.object({
          ready: z.boolean(),
          restartCount: z.number(),
          state: z.object({ waiting: z.object({ reason: z.string() }).optional() }),
        }),
      )
      .default([]),
  }),
});
const Deployment = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string() })).default([]),
  }),
});
const Service = z.object({ spec: z.object({ clusterIP: z.string() }) });
const Job = z.object({ status: z.object({ succeeded: z.number().default(0) }) });

function deployment(app: string, tag: string, container: Record<string, unknown> = {}): KubeObject {
  const main = {
    name: 'app',
    image: `example.test/app:${tag}`,
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
    ...container,
  };
  const template = {
    metadata: { labels: { app } },
    spec: { containers: [main], terminationGracePeriodSeconds: 1 },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name: app },
    spec: { replicas: 1, progressDeadlineSeconds: 3, selector: { matchLabels: { app } }, template },
  };
}

const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name: 'well' },
  spec: { selector: { app: 'well' }, ports: [{ port: 9898, targetPort: 8080 }] },
};
const job: KubeObject = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { namespace, name: 'once' },
  spec: {
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: 'example.test/job:1' }] },
    },
  },
};

/** What each Deployment's pod shall come to: a reason to wait, or `ready`, or `not ready`. */
const expected: Readonly<Record<string, string>> = {
  well: 'ready',
  'never-ready': 'not ready',
  'no-pull': 'ImagePullBackOff',
  crashing: 'CrashLoopBackOff',
  'no-config': 'CreateContainerConfigError',
};

export async function checkNode(environment: OwnEnvironment, say: (line: string) => void): Promise<void> {
  const { waitFor } = environment;
  await environment.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    deployment('well', '1.0'),
    deployment('never-ready', '1.0', { env: [{ name: 'SERIN_FAULT', value: 'unready' }] }),
    deployment('no-pull', '1.0-nopull'),
    deployment('crashing', '1.0-crash'),
    deployment('no-config', '1.0', { envFrom: [{ configMapRef: { name: 'absent' } }] }),
    service,
    job,
  ]);
  await waitFor('every pod to stand as it should', async () => {
    const pods = (await environment.list('v1/Pod', namespace, { labelSelector: 'app' })).map((pod) =>
      Pod.parse(pod),
    );
    return pods.length === 5 && pods.every((pod) => standing(pod) === expected[pod.metadata.labels.app]);
  });
  say('pods fail as they are told to, and their status says so');

  await waitFor(
    'ProgressDeadlineExceeded',
    async () => (await progressOf(environment, 'no-pull')) === 'ProgressDeadlineExceeded',
  );
  await environment.apply([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'absent' }, data: {} },
  ]);
  await environment.world.node.setFault({ namespace, podPrefix: 'crashing-', fault: '' });
  for (const app of ['no-config', 'crashing']) {
    await waitFor(
      `${app} to recover`,
      async () => (await progressOf(environment, app)) === 'NewReplicaSetAvailable',
    );
  }
  say('they recover when the cause is gone');

  await checkService(environment);
  say('Services answer by address and by name, and refuse without endpoints');

  await waitFor(
    'the Job',
    async () => Job.parse(await environment.get('batch/v1/Job', namespace, 'once')).status.succeeded === 1,
  );
  await checkServiceAccount(environment);
  await environment.delete({ kind: 'v1/Namespace', name: namespace });
  await waitFor(
    'the namespace to go',
    async () => (await environment.get('v1/Namespace', undefined, namespace)) === undefined,
  );
  say('a Job ends, RBAC holds, and a namespace goes with all it has');
}

function standing({ status: { containerStatuses } }: z.infer<typeof Pod>): string {
  const [container] = containerStatuses;
  return container?.state.waiting?.reason ?? (container?.ready === true ? 'ready' : 'not ready');
}

async function progressOf(environment: OwnEnvironment, name: string): Promise<string | undefined> {
  const { conditions } = Deployment.parse(
    await environment.get('apps/v1/Deployment', namespace, name),
  ).status;
  return conditions.find(({ type }) => type === 'Progressing')?.reason;
}

async function checkService({ get, patch, waitFor }: OwnEnvironment): Promise<void> {
  const { clusterIP } = Service.parse(await get('v1/Service', namespace, 'well')).spec;
  const host = `well.${namespace}`;
  await waitFor('the Service', async () => {
    return (await send({ url: `http://${clusterIP}:9898`, host, freshConnections: true })).status === 200;
  });
  for (const name of [host, `${host}.svc.cluster.local`]) {
    const { address } = await lookup(name);
    if (address !== clusterIP) throw new Error(`${name} is ${address}, not ${clusterIP}`);
  }
  await patch({ kind: 'apps/v1/Deployment', namespace, name: 'well' }, { spec: { replicas: 0 } });
  await waitFor(
    'the Service to refuse',
    async () => (await connectError(clusterIP, 9898)) === 'ECONNREFUSED',
  );
}

function connectError(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.on('connect', () => {
      socket.destroy();
      resolve('');
    });
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
}

/** A ServiceAccount may do what a Role grants and nothing else. */
async function checkServiceAccount(environment: OwnEnvironment): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io/v1';
  await environment.apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'reader' } },
    {
      apiVersion: rbac,
      kind: 'Role',
      metadata: { namespace, name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
    },
    {
      apiVersion: rbac,
      kind: 'RoleBinding',
      metadata: { namespace, name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', namespace, name: 'reader' }],
    },
  ]);
  const token = await environment.token({ namespace, serviceAccount: 'reader' });
  const reader = connectKube({ server: environment.server, ca: environment.ca, token });
  await environment.waitFor('the role to be in force', () => reader.get('v1/ConfigMap', namespace, 'absent'));
  const refused = await reader.get('v1/Secret', namespace, 'absent').catch((error: unknown) => error);
  await reader.close();
  if (!(refused instanceof KubeError && refused.status === 403)) throw new Error('a Secret was not refused');
}
