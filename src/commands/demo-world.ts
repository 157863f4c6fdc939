// Everything that runs behind the demo: the sandbox, the real controller over HTTP, and the connection of a user who looks
// on. What is shown of it is demo.ts'; what happens in it, demo/story.ts'.
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { connect } from '../cluster/connect.ts';
import { noProxies } from '../observe/proxy.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { parseSettings } from '../settings.ts';
import { createLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { version } from '../version.ts';
import { startController } from './start-controller.ts';

export interface DemoWorldOptions {
  /** Gets the controller's log, all of it; without it only errors are kept. */
  readonly logFile: string | undefined;
  readonly onError: (message: string) => void;
}

export interface DemoWorld {
  /** The cluster as a user reaches it: over HTTP. */
  readonly cluster: Cluster;
  readonly sandbox: Sandbox;
  readonly stop: () => Promise<void>;
}

export async function startDemoWorld({ logFile, onError }: DemoWorldOptions): Promise<DemoWorld> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).toReversed()) {
      await each();
    }
  };
  try {
    const sandbox = await startSandbox({ onError: (error) => onError(String(error)) });
    stops.push(sandbox.stop);
    const folder = await mkdtemp(join(tmpdir(), 'serin-demo-'));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, sandbox.kubeconfig);
    const user = connect({ kubeconfig, fieldManager: 'demo' });
    stops.push(() => user.close());
    stops.push(await control(kubeconfig, sandbox.prometheusUrl, { logFile, onError }));
    return { cluster: user.cluster, sandbox, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The controller as `serin controller` starts it, with the settings of a test: intervals of a second are allowed. */
async function control(
  kubeconfig: string,
  metricsServer: string,
  { logFile, onError }: DemoWorldOptions,
): Promise<() => Promise<void>> {
  const { settings } = parseSettings(
    [
      `-kubeconfig=${kubeconfig}`,
      `-metrics-server=${metricsServer}`,
      '-minimum-interval=1s',
      '-bind-address=127.0.0.1',
      '-port=0',
      `-log-level=${logFile === undefined ? 'error' : 'debug'}`,
    ],
    {},
  );
  const log = createLogger({
    level: settings.logLevel,
    destination: {
      write: (line) => (logFile === undefined ? onError(line.trim()) : appendFileSync(logFile, line)),
    },
  });
  const metrics = createMetrics({
    version: version(),
    meshProvider: settings.meshProvider,
    processMetrics: false,
  });
  const connection = connect({ kubeconfig, version: version() });
  const controller = await startController({
    cluster: connection.cluster,
    settings,
    log,
    metrics,
    proxies: noProxies,
    onLost: (why) => onError(`the controller has lost its lease: ${why}`),
  });
  return async () => {
    await controller.stop();
    await connection.close();
  };
}
