// The private network of the live tests: a network and mount namespace in which every address of 198.18.0.0/15 is local.
// Not here: who listens where.
// May import prerequisites.ts, processes.ts and node:*.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MissingPrerequisites, requirePrograms } from './prerequisites.ts';
import { poll, type Processes } from './processes.ts';

const marker = 'SERIN_LIVE_NAMESPACE';

export function insideNetworkNamespace(): boolean {
  return process.env[marker] !== undefined;
}

/**
 * Call it first in a runner. Outside, it runs this very program again inside new namespaces and ends with its exit code,
 * so it does not return. Inside, it sets the network and the DNS resolver up and returns. Nothing of it outlives the runner.
 * There is no way out of the namespace: get everything that needs the network before (ensureBinaries).
 * Needs root, or a kernel that lets users make namespaces.
 * @throws MissingPrerequisites
 */
export async function enterNetworkNamespace(): Promise<void> {
  if (!insideNetworkNamespace()) {
    await requirePrograms(['unshare', 'nsenter', 'setpriv', 'ip', 'mount']);
    const { status } = spawnSync('unshare', [...namespaces(), 'true']);
    if (status !== 0)
      throw new MissingPrerequisites(['this machine lets you make no network namespace: run as root']);
    process.exit(await runInside());
  }
  ip('link set lo up');
  ip('route add local 198.18.0.0/15 dev lo');
  const folder = mkdtempSync(join(tmpdir(), 'serin-live-dns-'));
  const resolver = join(folder, 'resolv.conf');
  writeFileSync(resolver, 'nameserver 127.0.0.1\noptions timeout:1 attempts:2\n');
  execFileSync('mount', ['--bind', resolver, realpathSync('/etc/resolv.conf')]);
  // The mount keeps the file.
  rmSync(folder, { recursive: true });
}

/** Without root a user namespace of one's own gives the right to make the others, where the kernel allows it. */
const namespaces = () => (process.getuid?.() === 0 ? ['-n', '-m'] : ['-r', '-n', '-m']);

/** Exit code of the inner run. It dies with this process; a SIGTERM is passed on, a Ctrl-C reaches it anyway. */
function runInside(): Promise<number> {
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', 'unshare', ...namespaces(), '--', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [marker]: '1' },
  });
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/** The two ends of the line to a second network namespace: addresses that no pod and no Service gets. */
export const line = { here: '198.18.0.249', there: '198.18.0.250' } as const;

/**
 * A second network namespace, for programs that bind ports on the wildcard address: here that would take the ports of all pods.
 * From there everything of 198.18.0.0/15 is reached through `line.here`, from here only `line.there`.
 * @returns what a command must begin with to run there
 */
export async function secondNetwork(processes: Processes): Promise<readonly string[]> {
  // A network namespace lives as long as a process in it.
  const { pid } = processes.start({
    name: 'second-network',
    command: ['unshare', '-n', 'sleep', 'infinity'],
  });
  const [own, other] = ['/proc/self/ns/net', `/proc/${pid}/ns/net`];
  await poll('a second network namespace', async () => readlinkSync(other) !== readlinkSync(own), {
    abort: processes.check,
  });
  const enter = ['nsenter', `--net=${other}`];
  const ipThere = (command: string) => ip(command, enter);
  ip(`link add second-here type veth peer name second-there netns ${pid}`);
  ip(`addr add ${line.here}/30 dev second-here`);
  ip('link set second-here up');
  // In the table that is asked first, for it says that every address of the network is local.
  ip(`route add ${line.there}/32 dev second-here table local`);
  ipThere('link set lo up');
  ipThere(`addr add ${line.there}/30 dev second-there`);
  ipThere('link set second-there up');
  ipThere(`route add 198.18.0.0/15 via ${line.here}`);
  return enter;
}

/** @param enter what makes the command run in another namespace */
function ip(command: string, enter: readonly string[] = []): void {
  const [program = '', ...args] = [...enter, 'ip', ...command.split(' ')];
  execFileSync(program, args);
}
