// Programs of the machine that the live tests call: are they there, and running one.
// Not here: programs that the tests bring themselves (binaries.ts).
// Imports node:* only.
import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export type Log = (line: string) => void;

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
  go: 'Go 1.26 or newer is missing: install it and put it on PATH',
  python3: 'python3 with pip is missing: apt-get install python3-pip',
  'apt-get': 'prometheus is missing and this is not Debian: install prometheus 2.x and put it on PATH',
  dpkg: 'dpkg is missing: install prometheus 2.x and put it on PATH',
  unshare: 'unshare is missing: apt-get install util-linux',
  nsenter: 'nsenter is missing: apt-get install util-linux',
  setpriv: 'setpriv is missing: apt-get install util-linux',
  ip: 'ip is missing: apt-get install iproute2',
};

/** @throws MissingPrerequisites naming every program that is not on PATH. */
export async function requirePrograms(programs: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const program of new Set(programs)) {
    if ((await onPath(program)) === undefined) missing.push(advice[program] ?? `${program} is missing`);
  }
  if (programs.includes('python3') && missing.length === 0) {
    await run(['python3', '-m', 'pip', '--version'], {}).catch(() => missing.push(advice['python3'] ?? ''));
  }
  if (programs.includes('go') && missing.length === 0 && !(await goIsNewEnough()))
    missing.push(advice['go'] ?? '');
  if (missing.length > 0) throw new MissingPrerequisites(missing);
}

/** Go before 1.26 is enough where it may fetch the toolchain that a module asks for. */
async function goIsNewEnough(): Promise<boolean> {
  const [version = '', toolchain = ''] = (await run(['go', 'env', 'GOVERSION', 'GOTOOLCHAIN'], {})).split(
    '\n',
  );
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  return minor >= 26 || (minor >= 21 && toolchain !== 'local');
}

interface RunOptions {
  readonly log?: Log;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Standard output of a command; its standard error goes to `log`, and into the error where it fails. */
export function run(command: readonly string[], { log, cwd, env }: RunOptions): Promise<string> {
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

export async function onPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (await exists(path)) return path;
  }
  return undefined;
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
