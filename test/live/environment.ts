// The whole live environment for stories: control plane, pretend node, gateways, Prometheus; or somebody's cluster.
// Not here: the controller under test and the stories.
// May import the files of this folder.
import type { KubeObject } from '../../src/model/kube.ts';
import { ensureBinaries } from './binaries.ts';
import { readKubeconfig } from './cluster-access.ts';
import { advertisedAddress, kubeconfigText, startControlPlane } from './control-plane.ts';
import { installCrds } from './crds.ts';
import type { Gateway, GatewayName } from './gateway.ts';
import { type Access, connectKube, type Kube } from './kube.ts';
import { insideNetworkNamespace } from './network.ts';
import { type NodeAdmin, startNode } from './node-admin.ts';
import { type Processes, type Program, type Running, startProcesses } from './processes.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';
import { type Tier, tierB } from './tier.ts';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Whose credentials: the administrator's, or a ServiceAccount's (a bound token, valid for a day). */
type User = 'admin' | { readonly namespace: string; readonly serviceAccount: string };

/** What a story needs from any cluster. The methods of Kube act as the administrator. */
export interface Environment extends Kube {
  readonly server: string;
  /** PEM. */
  readonly ca: string | undefined;
  /** For temporary files; gone after stop() unless it failed. */
  readonly folder: string;
  readonly token: (user: User) => Promise<string | undefined>;
  /** The path of a kubeconfig file. The ServiceAccount must exist. */
  readonly kubeconfig: (user: User) => Promise<string>;
  /** Starts a program (a controller) whose log is `folder/name.log`; it ends with the environment. */
  readonly start: (program: Program) => Running;
  /** Applies CRDs in parallel and waits until they are established. */
  readonly installCrds: (crds: readonly KubeObject[]) => Promise<void>;
  /** Everything that came with it. Null on somebody's own cluster. */
  readonly world: World | null;
  /** Ends all processes. With `failed`, logs stay, and their folder is printed. */
  readonly stop: (options?: { readonly failed?: boolean }) => Promise<void>;
}

export interface World {
  /** Those that this environment has. */
  readonly gateways: ReadonlyMap<GatewayName, Gateway>;
  readonly prometheusUrl: string;
  readonly prometheus: Prometheus;
  readonly node: NodeAdmin;
  readonly auditLogPath: string;
  /** Throws, with the end of its log, if a process of the environment has died. */
  readonly check: () => void;
}

export interface EnvironmentOptions {
  readonly log?: (line: string) => void;
  /** Which gateways; those of tier B where left out. */
  readonly tier?: Tier;
}

/** The programs that every tier needs. */
const programs = ['controlplane', 'prometheus'] as const;

/** Call it before enterNetworkNamespace(): there is no way to the network from inside. */
export async function prepare(tier: Tier, log: (line: string) => void): Promise<void> {
  await ensureBinaries([...programs, ...tier.programs], log);
}

/** The environment with its world, which only startEnvironment gives. */
export type OwnEnvironment = Environment & { readonly world: World };

/** KUBECONFIG, where set, names a cluster of the user's: then nothing is started. */
export async function openEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const path = process.env['KUBECONFIG'];
  return path === undefined || path === '' ? startEnvironment(options) : useCluster(path);
}

/**
 * Starts everything, ready to use, in 10 to 30 s. Call prepare() and enterNetworkNamespace() first.
 * On failure everything is ended, and the error says which log to read.
 */
export async function startEnvironment({
  log = () => {},
  tier = tierB,
}: EnvironmentOptions = {}): Promise<OwnEnvironment> {
  if (!insideNetworkNamespace()) throw new Error('call enterNetworkNamespace() before startEnvironment()');
  const binary = await ensureBinaries([...programs, ...tier.programs], log);
  const processes = await startProcesses();
  const began = Date.now();
  const say = (what: string) => log(`${((Date.now() - began) / 1000).toFixed(1)} s  ${what}`);
  try {
    const options = { binary: binary('controlplane'), bindAddress: advertisedAddress, scheduler: true };
    const plane = await startControlPlane(processes, options);
    say('the API server answers');
    const kube = plane.admin;
    const node = startNode(processes, plane.access('pretend-node'), plane.certificate);
    await installCrds(kube, await tier.crds());
    await kube.apply(tier.objects);
    say('the CRDs are established');
    const gateways = await tier.start({ processes, plane, binary });
    say('the gateways are ready');
    const { url: nodeUrl } = await node;
    const prometheus = await startPrometheus(processes, {
      binary: binary('prometheus'),
      gateways: [...gateways.values()],
      podTargetsUrl: `${nodeUrl}/targets`,
    });
    say('Prometheus is ready');
    return {
      ...clusterPart(processes, kube, plane.access('admin')),
      world: {
        gateways,
        prometheusUrl: prometheus.url,
        prometheus,
        node: await node,
        auditLogPath: plane.auditLogPath,
        check: processes.check,
      },
    };
  } catch (error) {
    await processes.stop({ keepFolder: true });
    log(`the logs are in ${processes.folder}`);
    throw error;
  }
}

/** An environment on an existing cluster, by the current context of a kubeconfig file. */
async function useCluster(kubeconfigPath: string): Promise<Environment> {
  const access = await readKubeconfig(kubeconfigPath);
  const processes = await startProcesses();
  return { ...clusterPart(processes, connectKube(access), access, kubeconfigPath), world: null };
}

function clusterPart(
  processes: Processes,
  kube: Kube,
  access: Access,
  adminKubeconfig?: string,
): Omit<Environment, 'world'> {
  const { server, ca } = access;
  const token = async (user: User) => (user === 'admin' ? access.token : requestToken(kube, user));
  return {
    ...kube,
    server,
    ca,
    folder: processes.folder,
    token,
    async kubeconfig(user) {
      if (user === 'admin' && adminKubeconfig !== undefined) return adminKubeconfig;
      const name = user === 'admin' ? 'admin' : `${user.namespace}-${user.serviceAccount}`;
      const path = join(processes.folder, `${name}.kubeconfig`);
      await writeFile(path, kubeconfigText(server, ca, (await token(user)) ?? ''), { mode: 0o600 });
      return path;
    },
    start: processes.start,
    installCrds: (crds) => installCrds(kube, crds),
    async stop({ failed = false } = {}) {
      await kube.close();
      await processes.stop({ keepFolder: failed });
      if (failed) process.stderr.write(`the logs are in ${processes.folder}\n`);
    },
  };
}

const TokenAnswer = z.object({ status: z.object({ token: z.string() }) });

async function requestToken(kube: Kube, user: Exclude<User, 'admin'>): Promise<string> {
  const path = await kube.pathOf('v1/ServiceAccount', user.namespace, user.serviceAccount);
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 86_400 },
  };
  return TokenAnswer.parse(await kube.request('POST', `${path}/token`, body)).status.token;
}
