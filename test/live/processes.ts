// Child processes of the live tests: start them with a log file, know when they die, end them all.
// Not here: what is started, and what ready means for it.
// May import node:* only.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Program {
  /** Unique; also the name of its log file. */
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  /** Settles with the exit code (or 128 + signal) when the process is gone. */
  readonly exited: Promise<number>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when it is gone. */
  readonly stop: (graceMs?: number) => Promise<void>;
}

export interface Processes {
  /** A temporary folder for everything the processes keep; holds the logs. */
  readonly folder: string;
  readonly start: (program: Program) => Running;
  /** Throws, with the last lines of its log, if a process that nobody stopped has ended. */
  readonly check: () => void;
  /** Ends everything, last started first, and deletes the folder unless `keepFolder`. */
  readonly stop: (options?: { readonly keepFolder?: boolean }) => Promise<void>;
}

/**
 * The processes die with this one even when it is killed with SIGKILL (setpriv --pdeathsig). On SIGINT or SIGTERM everything
 * is stopped in order, and this process ends with 130 or 143.
 */
export async function startProcesses(): Promise<Processes> {
  const folder = await mkdtemp(join(tmpdir(), 'serin-live-'));
  const entries: Entry[] = [];
  const stop: Processes['stop'] = async ({ keepFolder = false } = {}) => {
    for (const entry of entries.toReversed()) await entry.running.stop();
    if (!keepFolder) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    process.off('SIGINT', endNow).off('SIGTERM', endNow);
  };
  let ending = false;
  /** Signals may come twice (a death signal does); the second must not cut the tidying short. */
  function endNow(signal: NodeJS.Signals) {
    if (ending) return;
    ending = true;
    void stop().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  }
  process.on('SIGINT', endNow).on('SIGTERM', endNow);
  return {
    folder,
    start(program) {
      const entry = startOne(program, folder);
      entries.push(entry);
      return entry.running;
    },
    check() {
      const dead = entries.find((entry) => entry.code !== undefined && !entry.stopping);
      if (dead !== undefined) {
        const { name, logPath } = dead.running;
        throw new Error(`${name} ended with ${dead.code}; the end of ${logPath}:\n${lastLines(logPath)}`);
      }
    },
    stop,
  };
}

interface Entry {
  readonly running: Running;
  code: number | undefined;
  stopping: boolean;
}

function startOne({ name, command, env }: Program, folder: string): Entry {
  const logPath = join(folder, `${name}.log`);
  const log = openSync(logPath, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env },
    detached: true, // Ctrl-C reaches the runner only, which then stops everything in order.
  });
  closeSync(log);
  const entry: Entry = {
    running: {
      name,
      pid: child.pid ?? 0,
      logPath,
      exited: exitOf(child).then((code) => (entry.code = code)),
      signal(signal) {
        // A story that kills a process means it: its end is no surprise then.
        entry.stopping ||= ['SIGKILL', 'SIGTERM', 'SIGINT'].includes(signal);
        child.kill(signal);
      },
      async stop(graceMs = 1500) {
        entry.stopping = true;
        if (entry.code !== undefined) return;
        child.kill('SIGTERM');
        const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
        await entry.running.exited;
        clearTimeout(kill);
      },
    },
    code: undefined,
    stopping: false,
  };
  return entry;
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  });
}

function lastLines(path: string, count = 15): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

/** Polls every `everyMs` until `probe` answers something other than undefined or false. A throwing probe is asked again. */
export async function poll<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  { timeoutMs = 120_000, everyMs = 100, abort = () => {}, logPath }: PollOptions = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last = '';
  for (;;) {
    abort();
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = `; last: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() > deadline) {
      const log = logPath === undefined ? '' : `\nthe end of ${logPath}:\n${lastLines(logPath)}`;
      throw new Error(`waited ${timeoutMs / 1000} s for ${what}${last}${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export interface PollOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** Called before each attempt; throws to give up early, for instance when a process has died. */
  readonly abort?: () => void;
  /** Its last lines become part of the error. */
  readonly logPath?: string;
}

/** Ports of 127.0.0.1 that nothing listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.on('error', reject).listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
