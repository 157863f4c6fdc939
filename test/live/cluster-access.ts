// How to reach a cluster that exists already, from its kubeconfig file.
// Not here: anything but reading credentials; exec and OIDC plugins are the Kubernetes client's own.
// May import @kubernetes/client-node and kube.ts.
import { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import type { Access } from './kube.ts';

/** The current context. @throws Error where the file names no cluster */
export async function readKubeconfig(path: string): Promise<Access> {
  const config = new KubeConfig();
  config.loadFromFile(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${path} has no current context with a cluster`);
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const authorization = new Headers(asHeaders(options.headers)).get('authorization');
  return {
    server: cluster.server.replace(/\/$/, ''),
    ca: text(options.ca),
    cert: text(options.cert),
    key: text(options.key),
    token: authorization?.replace(/^Bearer /, ''),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  };
}

function asHeaders(headers: RequestOptions['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}

function text(pem: RequestOptions['ca'] | RequestOptions['key']): string | undefined {
  return typeof pem === 'string' || Buffer.isBuffer(pem) ? pem.toString() : undefined;
}
