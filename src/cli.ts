#!/usr/bin/env node
// `serin <command>`: the list of commands. Each is loaded only when it is called, so that all of them start fast.
import { version } from './version.ts';

interface Command {
  readonly summary: string;
  /** Resolves to the exit status. */
  readonly load: () => Promise<{ run(args: string[]): Promise<number> }>;
}

const commands: Readonly<Record<string, Command>> = {
  demo: {
    summary: 'show a canary release on an embedded cluster',
    load: () => import('./commands/demo.ts'),
  },
  controller: { summary: 'watch Canaries and act on them', load: () => import('./commands/controller.ts') },
  adopt: {
    summary: 'show what the controller would do with Canaries that another one left',
    load: () => import('./commands/adopt.ts'),
  },
  lint: { summary: 'check manifests, without a cluster', load: () => import('./commands/lint.ts') },
};

/** The oldest Node that the Kubernetes client runs on. */
const OLDEST_NODE = [22, 19] as const;

function nodeIsTooOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
}

function usage(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: serin <command> [--help]\n\nCommands:\n${lines.join('\n')}\n`;
}

async function main([name, ...args]: string[]): Promise<number> {
  if (nodeIsTooOld()) {
    process.stderr.write(
      `serin needs Node ${OLDEST_NODE.join('.')} or newer, this is ${process.versions.node}\n`,
    );
    return 2;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage());
    return 0;
  }
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(
      `serin: ${name === undefined ? 'name a command' : `no command ${name}`}\n\n${usage()}`,
    );
    return 2;
  }
  return (await command.load()).run(args);
}

process.exitCode = await main(process.argv.slice(2));
