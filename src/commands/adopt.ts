// `serin adopt --dry-run`: what the controller would do first with each Canary that another one left, and what it would write.
// It takes the controller's flags, so that it sees what the controller would see. It writes nothing.
import { parseArgs } from 'node:util';
import { connect, ConnectError } from '../cluster/connect.ts';
import { ApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { clockFromIso } from '../model/time.ts';
import { createCaches } from '../observe/caches.ts';
import { parseSettings, SettingsError } from '../settings.ts';
import type { Settings } from '../settings.ts';
import { createLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { version } from '../version.ts';
import { parseLabelSelector } from '../watch/label-selector.ts';
import { foretell } from './foretell.ts';
import type { Foretold } from './foretell.ts';
import { startWatches } from './start-watches.ts';

const USAGE = `Usage: serin adopt --dry-run [--json] [flags of the controller]

Shows what the controller would do first with each Canary, if no other controller were at work, and which objects it would
write: tried with a dry run, never stored. Exits with 0 where nothing would differ for the users of a service, with 1 where a
run would start or end or a Canary would be refused.
`;

export async function run(args: string[]): Promise<number> {
  const own = new Set(['--dry-run', '--json', '--help', '-h']);
  const { values } = parseArgs({
    args: args.filter((arg) => own.has(arg)),
    options: {
      'dry-run': { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values['dry-run'] !== true) {
    process.stderr.write(
      `The controller takes Canaries over by itself, when it starts. What it would do shows --dry-run.\n\n${USAGE}`,
    );
    return 2;
  }
  try {
    const { settings } = parseSettings(
      args.filter((arg) => !own.has(arg)),
      process.env,
    );
    return await show(settings, values.json === true ? asJson : asText);
  } catch (error) {
    if (error instanceof SettingsError || error instanceof ConnectError || error instanceof ApiError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    throw error;
  }
}

async function show(settings: Settings, render: (all: readonly Foretold[]) => string): Promise<number> {
  const { kubeconfig, master } = settings;
  const connection = connect({ kubeconfig, master, version: version() });
  try {
    const all = await foretellAll(connection.cluster, settings);
    process.stdout.write(render(all));
    return all.some(({ differs }) => differs) ? 1 : 0;
  } finally {
    await connection.close();
  }
}

/** In the order of their names. */
export async function foretellAll(cluster: Cluster, settings: Settings): Promise<readonly Foretold[]> {
  const log = createLogger({ level: 'warn' });
  const metrics = createMetrics({
    version: version(),
    meshProvider: settings.meshProvider,
    processMetrics: false,
  });
  const caches = createCaches((error, what) => {
    log.error('an object could not be read', { what, error });
  });
  const watching = startWatches({ cluster, settings, log, metrics }, caches, () => undefined);
  try {
    await watching.ready;
    const isOurs = parseLabelSelector(settings.labelSelector) ?? (() => true);
    const parts = {
      cluster,
      caches,
      settings: { ...settings, ingressClass: settings.ingressClass ?? '' },
      presenceOf: watching.presenceOf,
      nowMs: Date.now,
    };
    const keys = [...caches.canaries.entries()]
      .filter(({ value }) => isOurs(value.labels))
      .map(({ key }) => key)
      .toSorted();
    const all: Foretold[] = [];
    for (const key of keys) {
      const told = await foretell(parts, key);
      all.push(...(told === undefined ? [] : [told]));
    }
    return all;
  } finally {
    await watching.stop();
  }
}

function asJson(all: readonly Foretold[]): string {
  return `${JSON.stringify(all, undefined, 2)}\n`;
}

export function asText(all: readonly Foretold[]): string {
  const rows = [
    ['CANARY', 'PHASE', 'FIRST', 'WEIGHT', 'BECAUSE'],
    ...all.map(({ namespace, name, phase, first, weight, message }) => [
      `${name}.${namespace}`,
      phase === '' ? '-' : phase,
      first,
      String(weight),
      message,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const details = all.map(detailsOf);
  const body = lines.flatMap((line, index) => [line, ...(index === 0 ? [] : (details[index - 1] ?? []))]);
  const differing = all.filter(({ differs }) => differs).length;
  return `${body.join('\n')}\n\n${all.length} Canaries, ${differing} of them would not be as they are.\n`;
}

function detailsOf({ writes, writer }: Foretold): string[] {
  return [
    ...(writer === undefined
      ? []
      : [
          `    ${writer.manager} wrote its status at ${writer.at.slice(0, 10)} ${clockFromIso(writer.at)}: stop it first`,
        ]),
    ...writes.flatMap(({ verb, kind, name, changes }) => [
      `    ${verb} ${kind} ${name}`,
      ...changes.map(({ path, before, after }) => `        ${path}: ${shown(before)} → ${shown(after)}`),
    ]),
  ];
}

function shown(value: unknown): string {
  const text = value === undefined ? '-' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
