// The programs that the live tests run, each once per version, in a cache outside the repository.
// Not here: how they are made (recipes.ts), starting them (control-plane.ts, gateway.ts, prometheus.ts).
// May import recipes.ts and prerequisites.ts. CLI: `node test/live/binaries.ts [name…]`.
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { exists, type Log, MissingPrerequisites, onPath, requirePrograms } from './prerequisites.ts';
import { type BinaryName, binaryNames, recipes, tierCNames } from './recipes.ts';

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
  await requirePrograms(wanted.flatMap((name) => recipes[name].needs));
  for (const name of wanted) known.set(name, await installed(name, log));
  return (name) => {
    const path = known.get(name);
    if (path === undefined) throw new Error(`${name} was not asked for`);
    return path;
  };
}

/** The CRDs that came with the source of a gateway's binary; filled with it. */
export async function bundledCrdFolder(
  name: 'contour' | 'traefik' | 'istiod' | 'envoy-gateway',
): Promise<string> {
  return join(cacheFolder(), await recipes[name].folder(), 'crds');
}

async function installedPath(name: BinaryName): Promise<string | undefined> {
  const { folder, file } = recipes[name];
  const cached = join(cacheFolder(), await folder(), file);
  if (await exists(cached)) return cached;
  return name === 'prometheus' ? onPath('prometheus') : undefined;
}

async function installed(name: BinaryName, log: Log): Promise<string> {
  const { folder, file, install } = recipes[name];
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

async function main(args: readonly string[]): Promise<void> {
  const all: readonly BinaryName[] = [...binaryNames, ...tierCNames];
  const names = args.length === 0 ? binaryNames : all.filter((name) => args.includes(name));
  const unknown = args.filter((arg) => !all.some((name) => name === arg));
  if (unknown.length > 0) {
    throw new MissingPrerequisites([`unknown: ${unknown.join(', ')}; known: ${all.join(', ')}`]);
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
