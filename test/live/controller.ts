// Serin on the cluster of the stories: its CRDs and its chart's permissions, and the real controller as a child process that
// acts as the chart's ServiceAccount, so that a permission the chart forgets fails a story.
// Not here: what it is asked to do (stories/).
// May import the files of this folder.
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import type { KubeObject } from '../../src/model/kube.ts';
import { ensureBinaries } from './binaries.ts';
import type { Environment } from './environment.ts';
import { parseObjects } from './kube.ts';
import { run } from './prerequisites.ts';
import { freePorts, poll, type Running } from './processes.ts';

const controllerNamespace = 'serin-live';

export interface Controller {
  /** As the audit log names it. */
  readonly user: string;
  readonly logPath: string;
  /** Resolves when it leads and its caches are filled, with how long that took. */
  readonly start: () => Promise<number>;
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** Takes away what was applied for it, CRDs aside; it must not run any more. */
  readonly remove: () => Promise<void>;
  /** Throws if it ended without being told to. */
  readonly check: () => void;
  readonly rssMiB: () => number;
  /** The Prometheus text of its own /metrics. */
  readonly metrics: () => Promise<string>;
  /** The last lines of its log about one namespace, as written. */
  readonly logAbout: (namespace: string, lines: number) => string[];
}

export interface ControllerOptions {
  readonly program: readonly string[];
  readonly metricsServer: string;
  /** Acts only on Canaries with these labels. */
  readonly labelSelector?: string;
}

const root = join(import.meta.dirname, '../..');
const chart = join(root, 'charts/serin');
/** From the sources, as developers run it; the image runs the bundle that `npm run build` makes. */
export const fromSources = [process.execPath, join(root, 'src/cli.ts')];

/** Makes the bundle, and says how it is started. */
export async function bundle(): Promise<readonly string[]> {
  await run([process.execPath, join(root, 'hack/build.ts')], { cwd: root });
  return [process.execPath, join(root, 'dist/serin.mjs')];
}

const Deployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.tuple([z.object({ args: z.array(z.string()) })]),
      }),
    }),
  }),
});

/** Applies the CRDs and everything of the chart but its Deployment, whose arguments the controller is then started with. */
export async function installSerin(
  environment: Environment,
  { program, metricsServer, labelSelector }: ControllerOptions,
): Promise<Controller> {
  await installOwnCrds(environment);
  const rendered = await renderChart();
  const deployment = rendered.find(({ kind }) => kind === 'Deployment');
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: controllerNamespace } };
  const applied = rendered.filter(({ kind }) => kind !== 'Deployment');
  await environment.apply([namespace, ...applied]);
  const { serviceAccountName: serviceAccount, containers } = Deployment.parse(deployment).spec.template.spec;
  const kubeconfig = await environment.kubeconfig({ namespace: controllerNamespace, serviceAccount });
  const [port = 0] = await freePorts(1);
  const command = [
    ...program,
    ...containers[0].args,
    `-kubeconfig=${kubeconfig}`,
    `-port=${port}`,
    '-bind-address=127.0.0.1',
    '-minimum-interval=1s',
    `-metrics-server=${metricsServer}`,
    '-log-level=debug',
    // Short, because stories kill it; long enough for a machine that stands still for some seconds.
    '-leader-election-lease-duration=12s',
    '-leader-election-renew-deadline=10s',
    '-leader-election-retry-period=500ms',
    ...(labelSelector === undefined ? [] : [`-label-selector=${labelSelector}`]),
  ];
  const user = `system:serviceaccount:${controllerNamespace}:${serviceAccount}`;
  const remove = async () => {
    for (const { apiVersion, kind, metadata } of [...applied, namespace])
      await environment.delete({ kind: `${apiVersion}/${kind}`, ...metadata });
  };
  return control(environment, { user, command, url: `http://127.0.0.1:${port}`, remove });
}

/** On somebody's cluster those that are there already stay as they are. */
async function installOwnCrds(environment: Environment): Promise<void> {
  const files = (await readdir(join(root, 'crds'))).map((name) => join(root, 'crds', name));
  const crds = (
    await Promise.all(files.map(async (file) => parseObjects(await readFile(file, 'utf8'))))
  ).flat();
  const there =
    environment.world === null
      ? (await environment.list('apiextensions.k8s.io/v1/CustomResourceDefinition')).map(
          ({ metadata }) => metadata.name,
        )
      : [];
  await environment.installCrds(crds.filter(({ metadata }) => !there.includes(metadata.name)));
}

async function renderChart(): Promise<KubeObject[]> {
  const helm = (await ensureBinaries(['helm']))('helm');
  const text = await run([helm, 'template', 'serin', chart, '--namespace', controllerNamespace], {});
  return parseObjects(text);
}

interface Started {
  readonly user: string;
  readonly command: readonly string[];
  readonly url: string;
  readonly remove: () => Promise<void>;
}

function control(environment: Environment, { user, command, url, remove }: Started): Controller {
  let running: Running | undefined;
  let code: number | undefined;
  const logPath = join(environment.folder, 'serin.log');
  const check = () => {
    if (code !== undefined) throw new Error(`the controller ended with ${code}; its log: ${logPath}`);
  };
  const get = async (path: string) => {
    const { statusCode, body } = await request(`${url}${path}`);
    return { statusCode, text: await body.text() };
  };
  const leads = async () => {
    const { statusCode, text } = await get('/readyz');
    return statusCode === 200 && text.includes('leading');
  };
  /** An end that nobody asked for. */
  const notice = async (one: Running) => {
    const exit = await one.exited;
    if (running === one) code = exit;
  };
  return {
    user,
    logPath,
    check,
    remove,
    async start() {
      const began = performance.now();
      const started = environment.start({ name: 'serin', command });
      running = started;
      code = undefined;
      void notice(started);
      await poll('the controller to lead', leads, { timeoutMs: 120_000, abort: check, logPath });
      return performance.now() - began;
    },
    async kill() {
      const killed = running;
      running = undefined;
      killed?.signal('SIGKILL');
      await killed?.exited;
    },
    rssMiB() {
      const status = readFileSync(`/proc/${running?.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
    },
    metrics: async () => (await get('/metrics')).text,
    logAbout(namespace, lines) {
      const all = readFileSync(logPath, 'utf8').trimEnd().split('\n');
      return all.filter((line) => line.includes(namespace) || line.includes('"level":"error"')).slice(-lines);
    },
  };
}
