// `npm run mutants [-- NAME…]`: breaks the code in one place, and expects a test to notice. Each hack/mutants/*.patch opens with
// what it breaks and the command that has to fail; see docs/simulate.md. The tree without a patch has to pass them all.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const folder = join(root, 'hack/mutants');
const LONGEST_MS = 300_000;
const KEPT_CHARACTERS = 2000;

interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly breaks: string;
  /** `jest test/judge` or `simulate --runs 100`. */
  readonly caughtBy: string;
}

interface Result {
  readonly passed: boolean;
  /** The end of what it printed. */
  readonly said: string;
}

async function mutants(names: readonly string[]): Promise<Mutant[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.patch')).sort();
  const all = await Promise.all(files.map(readMutant));
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

async function readMutant(file: string): Promise<Mutant> {
  const text = await readFile(join(folder, file), 'utf8');
  const header = (key: string): string => {
    const value = new RegExp(`^${key}: (.+)$`, 'm').exec(text)?.[1];
    if (value === undefined) {
      throw new Error(`${file}: has no line "${key}: …"`);
    }
    return value;
  };
  const caughtBy = header('Caught by');
  if (!/^(jest|simulate) /.test(caughtBy)) {
    throw new Error(`${file}: is caught by "${caughtBy}", which is neither jest nor simulate`);
  }
  return { name: file.replace(/\.patch$/, ''), file: join(folder, file), breaks: header('Breaks'), caughtBy };
}

/** What is committed or about to be, in a folder of its own: nothing of the tree itself is touched. */
async function copyTree(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'serin-mutants-'));
  const listing = `git ls-files -z --cached --others --exclude-standard`;
  await run(
    'sh',
    ['-c', `${listing} | tar --null --ignore-failed-read -T - -cf - | tar -xf - -C "$0"`, copy],
    {
      cwd: root,
    },
  );
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function perform(copy: string, command: string): Promise<Result> {
  const [program = '', ...options] = command.split(' ');
  const args =
    program === 'jest'
      ? ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--ci', '--runInBand']
      : ['test/simulate/run.ts', '--processes', '1'];
  return new Promise((done) => {
    const child = spawn(process.execPath, [...args, ...options], { cwd: copy, timeout: LONGEST_MS });
    let said = '';
    const hear = (part: Buffer): void => {
      said = `${said}${part.toString()}`.slice(-KEPT_CHARACTERS);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', (code) => {
      done({ passed: code === 0, said });
    });
  });
}

/** The patch the other way round puts everything back. */
async function breakAndTry(copy: string, { file, caughtBy }: Mutant): Promise<Result | string> {
  try {
    await run('git', ['apply', file], {
      cwd: copy,
      env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const result = await perform(copy, caughtBy);
  await run('git', ['apply', '--reverse', file], { cwd: copy });
  return result;
}

const failures: string[] = [];

function report(what: string, { caughtBy, breaks }: Mutant, beganMs: number): void {
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(0).padStart(4);
  process.stdout.write(`${what.padEnd(10)}${seconds} s  ${caughtBy.padEnd(44)}  ${breaks}\n`);
}

async function tryMutant(copy: string, mutant: Mutant): Promise<void> {
  const beganMs = performance.now();
  const result = await breakAndTry(copy, mutant);
  if (typeof result === 'string') {
    failures.push(`${mutant.name} does not apply any more: ${result}`);
    report('no patch', mutant, beganMs);
  } else if (result.passed) {
    failures.push(`${mutant.name} survives ${mutant.caughtBy}`);
    report('SURVIVES', mutant, beganMs);
  } else {
    report('caught', mutant, beganMs);
  }
}

async function tryUnbroken(copy: string, command: string): Promise<void> {
  const { passed, said } = await perform(copy, command);
  if (!passed) {
    failures.push(`without a mutant, ${command} fails:\n${said}`);
  }
}

/** Several at once, each worker in a copy of its own. */
async function forAll<T>(items: readonly T[], work: (copy: string, item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const workers = Math.min(availableParallelism(), items.length);
  await Promise.all(
    Array.from({ length: workers }, async () => {
      const copy = await copyTree();
      try {
        for (let item = left.shift(); item !== undefined; item = left.shift()) {
          await work(copy, item);
        }
      } finally {
        await rm(copy, { recursive: true, force: true });
      }
    }),
  );
}

const all = await mutants(process.argv.slice(2));
// One jest for all of its paths is faster than one for each.
const commands = [...new Set(all.map(({ caughtBy }) => caughtBy))];
const paths = commands.filter((command) => command.startsWith('jest ')).map((command) => command.slice(5));
const unbroken = [
  ...(paths.length === 0 ? [] : [`jest ${paths.join(' ')}`]),
  ...commands.filter((command) => !command.startsWith('jest ')),
];
await forAll(unbroken, tryUnbroken);
await forAll(all, tryMutant);
process.stdout.write(
  `${all.length} mutants, ${failures.length === 0 ? 'all caught' : `${failures.length} failures`}\n`,
);
failures.forEach((failure) => process.stdout.write(`${failure}\n`));
process.exitCode = failures.length === 0 ? 0 : 1;
