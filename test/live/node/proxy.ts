// The service proxy of the pretend node: TCP listeners on ClusterIPs, spread in turn over ready endpoints.
// Not here: the endpoints themselves (the real controller manager writes them).
// May import kube.ts and follow.ts.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import type { KubeObject } from '../../../src/model/kube.ts';
import { follow, type Following, keyOf } from '../follow.ts';
import type { Kube } from '../kube.ts';

const Service = z.object({
  spec: z.object({
    clusterIP: z.string().optional(),
    ports: z
      .array(
        z.object({ name: z.string().default(''), port: z.number(), protocol: z.string().default('TCP') }),
      )
      .default([]),
  }),
});
const Slice = z.object({
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        conditions: z
          .object({
            ready: z.boolean().nullish(),
            serving: z.boolean().nullish(),
            terminating: z.boolean().nullish(),
          })
          .default({}),
      }),
    )
    .nullish(),
  ports: z.array(z.object({ name: z.string().nullish(), port: z.number().nullish() })).nullish(),
});

interface Listener {
  readonly server: Server;
  targets: readonly string[];
}

export interface ServiceProxy {
  readonly following: readonly Following[];
  /** The ClusterIP of `name.namespace`, or the addresses behind a headless Service. */
  readonly resolve: (name: string, namespace: string) => string[];
}

export function startProxy(kube: Kube): ServiceProxy {
  const services = new Map<string, KubeObject>();
  const slices = new Map<string, KubeObject>();
  const listeners = new Map<string, Listener>();
  const followInto = (kind: string, objects: Map<string, KubeObject>) =>
    follow(kube, kind, {
      onObject(object) {
        objects.set(keyOf(object), object);
        refresh();
      },
      onGone(key) {
        objects.delete(key);
        refresh();
      },
    });

  let planned = false;
  /** Once for all events that arrived together. */
  function refresh() {
    if (planned) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      apply(wantedListeners(services, slices));
    });
  }

  /** Without endpoints nothing listens, so that connections are refused as kube-proxy does it. */
  function apply(wanted: ReadonlyMap<string, readonly string[]>) {
    for (const [address, { server }] of listeners) {
      if (wanted.has(address)) continue;
      server.close();
      listeners.delete(address);
    }
    for (const [address, targets] of wanted) {
      const listener = listeners.get(address);
      if (listener === undefined) listeners.set(address, listen(address, targets));
      else listener.targets = targets;
    }
  }

  return {
    following: [followInto('v1/Service', services), followInto('discovery.k8s.io/v1/EndpointSlice', slices)],
    resolve(name, namespace) {
      const service = services.get(`${namespace}/${name}`);
      if (service === undefined) return [];
      const { clusterIP } = Service.parse(service).spec;
      if (clusterIP !== undefined && clusterIP !== 'None') return [clusterIP];
      return slicesOf(service, slices).flatMap((slice) => readyAddresses(slice));
    },
  };
}

/** `clusterIP:port` to `podIP:port`s; only what has endpoints. */
function wantedListeners(services: ReadonlyMap<string, KubeObject>, slices: ReadonlyMap<string, KubeObject>) {
  const wanted = new Map<string, string[]>();
  for (const service of services.values()) {
    const { clusterIP, ports } = Service.parse(service).spec;
    if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None') continue;
    const own = slicesOf(service, slices);
    for (const { name, port, protocol } of ports) {
      if (protocol !== 'TCP') continue;
      const targets = own.flatMap((slice) => {
        const target = slice.ports?.find((candidate) => (candidate.name ?? '') === name)?.port;
        return typeof target === 'number'
          ? readyAddresses(slice).map((address) => `${address}:${target}`)
          : [];
      });
      if (targets.length > 0) wanted.set(`${clusterIP}:${port}`, targets);
    }
  }
  return wanted;
}

function slicesOf(service: KubeObject, slices: ReadonlyMap<string, KubeObject>) {
  const { namespace, name } = service.metadata;
  return [...slices.values()]
    .filter(({ metadata }) => metadata.namespace === namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .map((slice) => Slice.parse(slice));
}

/** Ready ones, else those that end but still serve, as kube-proxy chooses. */
function readyAddresses({ endpoints }: z.infer<typeof Slice>): string[] {
  const all = endpoints ?? [];
  const ready = all.filter(({ conditions }) => conditions.ready ?? true);
  const serving = all.filter(
    ({ conditions }) => (conditions.serving ?? false) && (conditions.terminating ?? false),
  );
  return (ready.length > 0 ? ready : serving).flatMap(({ addresses }) => addresses);
}

function listen(address: string, targets: readonly string[]): Listener {
  const [host = '', port = ''] = address.split(':');
  let turn = 0;
  const server = createServer((client) => {
    turn += 1;
    const target = listener.targets[turn % listener.targets.length];
    if (target === undefined) client.resetAndDestroy();
    else join(client, target);
  });
  const listener: Listener = { server, targets };
  server.on('error', (error) => console.error(`service ${address}: ${error.message}`));
  server.listen(Number(port), host);
  return listener;
}

function join(client: Socket, target: string) {
  const [host, port] = target.split(':');
  const upstream = connect({ host: host ?? '', port: Number(port) });
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.resetAndDestroy());
}
