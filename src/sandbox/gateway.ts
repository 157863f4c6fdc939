// The sandbox's gateway: one HTTP listener that splits real requests by the weights of HTTPRoutes and HTTPProxies, or follows
// a plain Service, and says in each route's status what became of it. Pods are nodes.ts'; queries are prometheus.ts'.
import { createServer } from 'node:http';
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf, resources } from '../model/kube.ts';
import type { KubeObject, ObjectKey } from '../model/kube.ts';
import { Choices } from './choices.ts';
import { follow } from './follow.ts';
import { httpProxies, readHttpProxies } from './http-proxy.ts';
import { httpRoutes, readHttpRoute } from './http-route.ts';
import { listenOn } from './listener.ts';
import type { Listener } from './listener.ts';
import type { Endpoint } from './pod.ts';
import { Forwarder } from './forwarder.ts';
import type { Destination } from './forwarder.ts';
import type { RouteReading } from './route-reading.ts';
import { RouteStatus } from './route-status.ts';
import { findRule, sortRules } from './route-table.ts';
import type { Backend, RoutedRequest, Rule } from './route-table.ts';
import type { Samples } from './samples.ts';

export interface GatewayOptions {
  readonly cluster: Cluster;
  readonly endpoints: (service: ObjectKey) => readonly Endpoint[];
  readonly samples: Samples;
  /** Zero takes any free port. */
  readonly port?: number;
}

export async function startGateway(options: GatewayOptions): Promise<Listener> {
  const { cluster, endpoints, samples, port = 0 } = options;
  const statuses = new RouteStatus(cluster);
  let rules: readonly Rule[] = [];

  const hasService = ({ namespace, service }: Backend): boolean =>
    services.objects.has(keyOf({ namespace, name: service }));
  const program = (): void => {
    const readRoutes = [...routes.objects.values()].map((route): readonly [KubeObject, RouteReading] => [
      route,
      readHttpRoute(route, hasService),
    ]);
    const readings = readHttpProxies([...proxies.objects.values()], hasService);
    const readProxies = [...proxies.objects].flatMap(
      ([key, proxy]): (readonly [KubeObject, RouteReading])[] => {
        const reading = readings.get(key);
        return reading === undefined ? [] : [[proxy, reading]];
      },
    );
    rules = sortRules([...readRoutes, ...readProxies].flatMap(([, reading]) => reading.rules));
    for (const [route, { status }] of readRoutes) {
      statuses.say(httpRoutes, route, status);
    }
    for (const [proxy, { status }] of readProxies) {
      statuses.say(httpProxies, proxy, status);
    }
  };
  const services = follow(cluster, resources.services, () => program());
  const routes = follow(cluster, httpRoutes, () => program());
  const proxies = follow(cluster, httpProxies, () => program());

  const choices = new Choices(endpoints);
  const destinationOf = (request: RoutedRequest): Destination => {
    const rule = findRule(rules, request) ?? ruleOf(serviceNamed(request.host, services.objects));
    // Gateway API: 404 without a rule, 500 where a rule has no backend with a weight.
    return rule === undefined ? { kind: 'refusal', status: 404 } : choices.destinationOf(rule);
  };

  const forwarder = new Forwarder(destinationOf, samples);
  const server = createServer((request, response) => forwarder.forward(request, response));
  server.keepAliveTimeout = 0;
  const listener = await listenOn(server, { host: '127.0.0.1', port });
  return {
    ...listener,
    stop: async () => {
      await Promise.all([services, routes, proxies].map((followed) => followed.stop()));
      await listener.stop();
      forwarder.stop();
    },
  };
}

/** `cart.shop`, `cart.shop.svc` and `cart.shop.svc.cluster.local` are Services by name, as cluster DNS has it. */
function serviceNamed(host: string, services: ReadonlyMap<string, KubeObject>): Backend | undefined {
  const [, service = '', namespace = ''] =
    /^([^.]+)\.([^.]+)(?:\.svc(?:\.cluster\.local)?)?$/.exec(host) ?? [];
  return services.has(`${namespace}/${service}`) ? { namespace, service, port: 80, weight: 1 } : undefined;
}

/** Everything goes to one Service. */
function ruleOf(backend: Backend | undefined): Rule | undefined {
  return backend === undefined
    ? undefined
    : {
        id: `Service ${backend.namespace}/${backend.service}`,
        hostname: '',
        path: { kind: 'prefix', value: '/' },
        method: '',
        headers: [],
        parameters: [],
        backends: [backend],
      };
}
