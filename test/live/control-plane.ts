// The control plane as plain processes: etcd, API server, controller manager and, if wanted, the scheduler.
// Not here: nodes, gateways, and the network namespace they need.
// May import the files of this folder.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Access, connectKube, type Kube } from './kube.ts';
import { freePorts, poll, type Processes } from './processes.ts';

/** Users with a static token; all are in `system:masters`, each has a name of its own in the audit log. */
const staticUsers = [
  'admin',
  'controller-manager',
  'scheduler',
  'pretend-node',
  'contour',
  'contour-gateway',
  'envoy-gateway',
  'istiod',
  'skipper',
  'traefik',
] as const;
type StaticUser = (typeof staticUsers)[number];

/** The API server's address for others to reach it by; part of the network that network.ts makes. */
export const advertisedAddress = '198.18.0.254';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

export interface ControlPlane {
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  /** The API server's own, which it has signed itself. */
  readonly certificate: CertificateFiles;
  readonly admin: Kube;
  readonly auditLogPath: string;
  readonly access: (user: StaticUser) => Access;
  /** The path of a kubeconfig file with this token. */
  readonly writeKubeconfig: (name: string, token: string) => Promise<string>;
  readonly kubeconfigOf: (user: StaticUser) => Promise<string>;
}

export interface ControlPlaneOptions {
  readonly binary: string;
  /** Where the API server listens: loopback, or an address of the private network. */
  readonly bindAddress: string;
  readonly scheduler: boolean;
}

export async function startControlPlane(
  processes: Processes,
  options: ControlPlaneOptions,
): Promise<ControlPlane> {
  const { binary, bindAddress } = options;
  const at = (name: string) => join(processes.folder, name);
  const tokens = new Map(staticUsers.map((user) => [user, randomBytes(16).toString('hex')]));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(at('service-account.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
    mode: 0o600,
  });
  const tokenLines = [...tokens].map(([user, token]) => `${token},${user},${user},system:masters\n`);
  await writeFile(at('tokens.csv'), tokenLines.join(''), { mode: 0o600 });
  await writeFile(at('audit-policy.yaml'), auditPolicy);

  const [etcdPort = 0, peerPort = 0, apiPort = 0, managerPort = 0, schedulerPort = 0] = await freePorts(5);
  const securePort = bindAddress === advertisedAddress ? 6443 : apiPort;
  const server = `https://${bindAddress}:${securePort}`;
  processes.start({ name: 'etcd', command: [binary, 'etcd', ...etcdFlags(at('etcd'), etcdPort, peerPort)] });
  const { logPath } = processes.start({
    name: 'apiserver',
    command: [binary, 'apiserver', ...apiServerFlags({ at, etcdPort, securePort, bindAddress })],
  });
  const caPath = at('certificates/apiserver.crt');
  await poll('the API server to write its certificate', async () => existsSync(caPath), {
    abort: processes.check,
  });
  const ca = readFileSync(caPath, 'utf8');
  const access = (user: StaticUser) => ({ server, ca, token: tokens.get(user) });
  const admin = connectKube(access('admin'));
  await poll('the API server', () => admin.request('GET', '/readyz'), {
    timeoutMs: 120_000,
    abort: processes.check,
    logPath,
  });

  const writeKubeconfig = async (name: string, token: string) => {
    const path = at(`${name.replaceAll(/[^a-z0-9-]/g, '-')}.kubeconfig`);
    await writeFile(path, kubeconfigText(server, ca, token), { mode: 0o600 });
    return path;
  };
  const kubeconfigOf = (user: StaticUser) => writeKubeconfig(user, tokens.get(user) ?? '');
  const managed = managerFlags(at, caPath, managerPort);
  processes.start({
    name: 'controller-manager',
    command: [
      binary,
      'controller-manager',
      `--kubeconfig=${await kubeconfigOf('controller-manager')}`,
      ...managed,
    ],
  });
  if (options.scheduler) {
    const kubeconfig = await kubeconfigOf('scheduler');
    processes.start({
      name: 'scheduler',
      command: [
        binary,
        'scheduler',
        `--kubeconfig=${kubeconfig}`,
        '--leader-elect=false',
        ...loopback(schedulerPort),
      ],
    });
  }
  const certificate = { certPath: caPath, keyPath: at('certificates/apiserver.key') };
  const auditLogPath = at('audit.log');
  return { server, ca, certificate, admin, auditLogPath, access, writeKubeconfig, kubeconfigOf };
}

const loopback = (port: number) => ['--bind-address=127.0.0.1', `--secure-port=${port}`];

function etcdFlags(folder: string, port: number, peerPort: number): string[] {
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${folder}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=http://127.0.0.1:${port}`,
    `--advertise-client-urls=http://127.0.0.1:${port}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

interface ApiServerPlace {
  readonly at: (name: string) => string;
  readonly etcdPort: number;
  readonly securePort: number;
  readonly bindAddress: string;
}

function apiServerFlags({ at, etcdPort, securePort, bindAddress }: ApiServerPlace): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--cert-dir=${at('certificates')}`,
    `--secure-port=${securePort}`,
    `--bind-address=${bindAddress}`,
    `--advertise-address=${advertisedAddress}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${at('service-account.key')}`,
    `--service-account-key-file=${at('service-account.key')}`,
    '--service-cluster-ip-range=198.19.0.0/16',
    '--authorization-mode=RBAC',
    `--token-auth-file=${at('tokens.csv')}`,
    // Pods get no token mounted; nobody serves them files.
    '--disable-admission-plugins=ServiceAccount',
    '--enable-priority-and-fairness=false',
    '--allow-privileged=true',
    `--audit-policy-file=${at('audit-policy.yaml')}`,
    `--audit-log-path=${at('audit.log')}`,
  ];
}

function managerFlags(at: (name: string) => string, caPath: string, port: number): string[] {
  return [
    `--service-account-private-key-file=${at('service-account.key')}`,
    `--root-ca-file=${caPath}`,
    '--controllers=*,-nodeipam,-nodelifecycle,-cloud-node-lifecycle',
    '--leader-elect=false',
    '--use-service-account-credentials=false',
    '--horizontal-pod-autoscaler-sync-period=2s',
    ...loopback(port),
  ];
}

/** RequestReceived is left out, so a request is one line, and a watch two (start and end). */
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`;

export function kubeconfigText(server: string, ca: string | undefined, token: string): string {
  const authority =
    ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'live', cluster: { server, ...authority } }],
    users: [{ name: 'live', user: { token } }],
    contexts: [{ name: 'live', context: { cluster: 'live', user: 'live', namespace: 'default' } }],
    'current-context': 'live',
  };
  return JSON.stringify(text, undefined, 2);
}
