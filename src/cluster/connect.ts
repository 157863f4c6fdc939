// Finds the API server and who we are there: kubeconfig file, in-cluster, exec and OIDC plugins, by the loader of
// @kubernetes/client-node. The only importer of that package; everything after loading is transport.ts.
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';
import { createHttpCluster } from './http-cluster.ts';
import type { Credentials } from './pools.ts';
import { createTransport, type RequestObserver } from './transport.ts';

export interface ConnectOptions {
  /** Path of a kubeconfig file. Without it: $KUBECONFIG, ~/.kube/config, then the service account of the pod. */
  readonly kubeconfig?: string | undefined;
  /** Address of the API server; wins over the kubeconfig's. */
  readonly master?: string | undefined;
  readonly observer?: RequestObserver | undefined;
  /** Who wrote, in managedFields; `serin` if not given. */
  readonly fieldManager?: string | undefined;
  /** For the User-Agent. */
  readonly version?: string | undefined;
}

export interface Connection {
  readonly cluster: Cluster;
  readonly server: string;
  /** The namespace that the context or the pod's service account names. */
  readonly namespace: string | undefined;
  close(): Promise<void>;
}

/** No API server is named anywhere, or the configuration that names one cannot be used. */
export class ConnectError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConnectError';
  }
}

function load({ kubeconfig, master }: ConnectOptions): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) {
      config.loadFromDefault();
    } else {
      config.loadFromFile(kubeconfig);
    }
  } catch (error) {
    const where = kubeconfig ?? 'the default kubeconfig';
    const why = error instanceof Error ? error.message : String(error);
    throw new ConnectError(`cannot read ${where}: ${why}`, { cause: error });
  }
  const found = config.getCurrentCluster();
  if (found === null) {
    throw new ConnectError(
      `${kubeconfig ?? 'the kubeconfig'} has no current context that names a cluster: set current-context`,
    );
  }
  // What the loader falls back to where it found nothing at all.
  if (master === undefined && found.name === 'cluster' && found.server === 'http://localhost:8080') {
    throw new ConnectError(
      'no API server found: give -kubeconfig or -master, set KUBECONFIG, or run in a pod',
    );
  }
  const server = (master ?? found.server).replace(/\/+$/, '');
  const skipTLSVerify = found.skipTLSVerify || server.startsWith('http:');
  config.clusters = config.clusters.map((entry) =>
    // The loader refuses plain http unless verification is off; over http there is nothing to verify.
    entry.name === found.name ? { ...entry, server, skipTLSVerify } : entry,
  );
  return config;
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const applied: RequestOptions = {};
  await config.applyToHTTPSOptions(applied);
  const { ca, cert, key, rejectUnauthorized, servername, headers, auth } = applied;
  const basic =
    typeof auth === 'string' ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  const given = Object.entries(headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    String(value).trim(),
  ]);
  return {
    headers: { ...basic, ...Object.fromEntries(given) },
    // Undefined entries would override what Node does by default.
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      ...(servername === undefined ? {} : { servername }),
    },
  };
}

/** @throws ConnectError where no usable configuration is found; nothing is sent yet. */
export function connect(options: ConnectOptions = {}): Connection {
  const config = load(options);
  const found = config.getCurrentCluster();
  const server = found?.server ?? '';
  if (!/^https?:\/\//.test(server)) {
    throw new ConnectError(`the API server's address must start with https:// or http://, got ${server}`);
  }
  const proxyUrl = found?.proxyUrl;
  if (proxyUrl !== undefined && !/^https?:\/\//.test(proxyUrl)) {
    throw new ConnectError('proxy-url of the kubeconfig: only http and https proxies are supported');
  }
  const transport = createTransport({
    server,
    userAgent: `serin/${options.version ?? 'dev'}`,
    credentials: () => credentialsOf(config),
    observer: options.observer,
    proxyUrl,
  });
  return {
    cluster: createHttpCluster({ transport, fieldManager: options.fieldManager }),
    server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    close: () => transport.close(),
  };
}
