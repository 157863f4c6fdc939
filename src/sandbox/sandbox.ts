// The whole sandbox in one process: API server, garbage collector, pretend nodes, gateway and Prometheus, all on loopback.
// Serin itself is not part of it: it comes over HTTP, as to any cluster. May import model/, api/ and the sandbox's parts.
import { randomUUID } from 'node:crypto';
import { customResourceDefinitions } from '../api/crd.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { resources } from '../model/kube.ts';
import { startApiServer } from './api-server.ts';
import type { ApiServer } from './api-server.ts';
import { startGateway } from './gateway.ts';
import { startNodes } from './nodes.ts';
import { startPrometheus } from './prometheus.ts';
import { routeDefinitions } from './route-kinds.ts';
import { Samples } from './samples.ts';
import { StoreCluster } from './store-cluster.ts';
import { Store } from './store.ts';
import { collectGarbage } from './store/garbage.ts';
import { readSchema } from './store/schema-rules.ts';

export interface SandboxOptions {
  /** Shortest and longest time from a pod's creation to ready. */
  readonly podStartMs?: readonly [number, number];
  /** Told of what a pod could not do, such as bind its address. */
  readonly onError?: (error: unknown) => void;
}

export interface Sandbox {
  /** The same objects as over HTTP, without the detour. */
  readonly cluster: Cluster;
  readonly apiUrl: string;
  /** Text of a kubeconfig for `apiUrl`; there is nobody to log in as. */
  readonly kubeconfig: string;
  readonly gatewayUrl: string;
  readonly prometheusUrl: string;
  readonly requestCounts: ApiServer['requestCounts'];
  /** Cuts everything short; nothing is left open. */
  readonly stop: () => Promise<void>;
}

const collectEveryMs = 250;

/** Ready, with Serin's definitions and those of the routes, when it resolves. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { podStartMs, onError } = options;
  const store = new Store({ now: () => Date.now(), newUid: randomUUID, readSchema });
  const cluster = new StoreCluster(store);
  for (const definition of [...customResourceDefinitions(), ...routeDefinitions]) {
    await cluster.create(resources.customResourceDefinitions, { ...definition });
  }
  const collecting = setInterval(() => collectGarbage(store), collectEveryMs);
  const samples = new Samples(Date.now());
  const nodes = startNodes({
    cluster,
    ...(podStartMs === undefined ? {} : { startMs: podStartMs }),
    ...(onError === undefined ? {} : { onError }),
  });
  await nodes.listed;
  const [api, gateway, prometheus] = await Promise.all([
    startApiServer({ store }),
    startGateway({ cluster, endpoints: nodes.endpoints, samples }),
    startPrometheus({ samples }),
  ]);
  return {
    cluster,
    apiUrl: api.url,
    kubeconfig: kubeconfigFor(api.url),
    gatewayUrl: gateway.url,
    prometheusUrl: prometheus.url,
    requestCounts: () => api.requestCounts(),
    stop: async () => {
      clearInterval(collecting);
      await Promise.all([api.stop(), gateway.stop(), prometheus.stop()]);
      await nodes.stop();
    },
  };
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'sandbox',
    clusters: [{ name: 'sandbox', cluster: { server } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user: 'anybody', namespace: 'default' } }],
    users: [{ name: 'anybody', user: {} }],
  });
}
