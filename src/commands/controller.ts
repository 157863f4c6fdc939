// `serin controller`: settings, connection, signals; everything else is started by start-controller.ts.
import { EventEmitter } from 'node:events';
import { ApiError } from '../cluster/cluster.ts';
import { connect, ConnectError } from '../cluster/connect.ts';
import { Stalled } from '../model/errors.ts';
import { describeFlags, parseSettings, SettingsError } from '../settings.ts';
import type { Settings } from '../settings.ts';
import { createLogger } from '../telemetry/log.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { ProxySettings } from '../observe/proxy.ts';
import { startController } from './start-controller.ts';
import { version } from '../version.ts';

export async function run(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parseSettings>;
  try {
    parsed = parseSettings(args, process.env);
  } catch (error) {
    if (error instanceof SettingsError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    throw error;
  }
  const { settings, warnings } = parsed;
  if (settings.help) {
    process.stdout.write(`Usage: serin controller [flags]\n\n${describeFlags()}\n`);
    return 0;
  }
  if (settings.version) {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const log = createLogger({ level: settings.logLevel });
  for (const warning of warnings) {
    log.warn(warning);
  }
  return control(settings, log);
}

/** What cannot work is said in one line, and ends the process: whoever runs it tries again, or mends it. */
async function control(settings: Settings, log: Logger): Promise<number> {
  try {
    return await controlCluster(settings, log);
  } catch (error) {
    if (error instanceof Stalled || error instanceof ConnectError || error instanceof ApiError) {
      log.fatal(error.message, { reason: error instanceof Stalled ? error.reason : error.name });
      return 1;
    }
    throw error;
  }
}

async function controlCluster(settings: Settings, log: Logger): Promise<number> {
  const metrics = createMetrics({
    version: version(),
    meshProvider: settings.meshProvider,
    processMetrics: true,
  });
  const connection = connect({
    kubeconfig: settings.kubeconfig,
    master: settings.master,
    version: version(),
    observer: (seen) => {
      metrics.apiRequest(seen);
    },
  });
  const ending = waitForEnd();
  const controller = await startController({
    cluster: connection.cluster,
    settings,
    log,
    metrics,
    proxies: proxiesOf(process.env),
    onLost: ending.lose,
  });
  log.info('started', { version: version(), server: connection.server, port: controller.port });
  const { status, why } = await ending.end;
  log.info('stopping', { why });
  await controller.stop();
  await connection.close();
  return status;
}

interface End {
  readonly status: number;
  readonly why: string;
}

/** A second signal ends the process at once. */
function waitForEnd(): { readonly end: Promise<End>; readonly lose: (why: string) => void } {
  const ended = new EventEmitter<{ end: [End] }>();
  const end = new Promise<End>((resolve) => {
    ended.once('end', resolve);
  });
  let signalled = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (signalled) {
        process.exit(1);
      }
      signalled = true;
      ended.emit('end', { status: 0, why: signal });
    });
  }
  return {
    end,
    lose: (why) => {
      ended.emit('end', { status: 1, why });
    },
  };
}

function proxiesOf(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string): string => environment[name] ?? environment[name.toLowerCase()] ?? '';
  return { httpProxy: read('HTTP_PROXY'), httpsProxy: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}
