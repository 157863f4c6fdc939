// Tier A: a real API server on loopback, nothing else. For the contract suite and for trying things by hand.
// Not here: nodes, gateways (environment.ts). Needs no root and no network namespace.
// May import the files of this folder. CLI: `node test/live/api-server.ts`, stays up until SIGTERM.
import { ensureBinaries } from './binaries.ts';
import { startControlPlane } from './control-plane.ts';
import { startProcesses } from './processes.ts';

export interface ApiServer {
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  /** Of a user in system:masters. */
  readonly token: string;
  /** A file. */
  readonly kubeconfig: string;
  readonly auditLogPath: string;
  /** Ends all processes and deletes their files. */
  readonly stop: () => Promise<void>;
}

/**
 * etcd, kube-apiserver and kube-controller-manager on free ports of 127.0.0.1, ready to be asked.
 * The first call on a machine builds the binary (about 5 minutes).
 * @throws MissingPrerequisites; an Error with the end of the log where a process died
 */
export async function startApiServer(log: (line: string) => void = () => {}): Promise<ApiServer> {
  const paths = await ensureBinaries(['controlplane'], log);
  const processes = await startProcesses();
  try {
    const plane = await startControlPlane(processes, {
      binary: paths('controlplane'),
      bindAddress: '127.0.0.1',
      scheduler: false,
    });
    const { server, ca, auditLogPath } = plane;
    const kubeconfig = await plane.kubeconfigOf('admin');
    const stop = async () => {
      await plane.admin.close();
      await processes.stop();
    };
    return { server, ca, token: plane.access('admin').token ?? '', kubeconfig, auditLogPath, stop };
  } catch (error) {
    await processes.stop({ keepFolder: true });
    throw error;
  }
}

const log = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const started = Date.now();
  const { server, token, kubeconfig, auditLogPath } = await startApiServer(log);
  const lines = {
    KUBECONFIG: kubeconfig,
    SERIN_API_SERVER: server,
    SERIN_API_TOKEN: token,
    SERIN_AUDIT_LOG: auditLogPath,
  };
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`export ${name}=${value}\n`);
  process.stdout.write(
    `# ready after ${Date.now() - started} ms; pid ${process.pid}; stop with SIGTERM or Ctrl-C\n`,
  );
  // The signal ends the processes, their files and this one (processes.ts).
  setInterval(() => undefined, 60_000);
}

if (process.argv[1] === import.meta.filename) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
