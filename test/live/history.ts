// What became of every Canary and every route, moment by moment, as a watch sees it: nothing that passes quickly is missed,
// and every weight has the time at which it was written.
// Not here: what is expected (stories/).
// May import the files of this folder and src/api.
import { z } from 'zod';
import { CanaryStatus } from '../../src/api/status.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { follow, keyOf } from './follow.ts';
import type { Kube } from './kube.ts';

export interface CanaryMoment {
  /** When the runner saw it, ms since the epoch. */
  readonly atMs: number;
  readonly status: CanaryStatus;
  readonly object: KubeObject;
}

/** The weights of a route after a change of them. */
export interface RouteMoment {
  readonly atMs: number;
  /** By Service, one record a rule. */
  readonly rules: readonly Readonly<Record<string, number>>[];
}

export interface History {
  /** Oldest first; the last is how it is now. Empty where there is none, or none any more. */
  readonly canary: (namespace: string, name: string) => readonly CanaryMoment[];
  readonly route: (namespace: string, name: string) => readonly RouteMoment[];
  /** Told of every change of a Canary. */
  readonly onChange: (listener: (key: string, moments: readonly CanaryMoment[]) => void) => void;
  readonly stop: () => void;
}

const WithStatus = z.object({ status: CanaryStatus.default({}) });
const Backend = z.object({ name: z.string(), weight: z.number().default(1) });
const HttpProxy = z.object({
  spec: z.object({ routes: z.array(z.object({ services: z.array(Backend).default([]) })).default([]) }),
});
/** All routes of the Gateway API. */
const RuledRoute = z.object({
  spec: z.object({ rules: z.array(z.object({ backendRefs: z.array(Backend).default([]) })).default([]) }),
});
const TraefikService = z.object({
  spec: z.object({
    weighted: z.object({ services: z.array(Backend).default([]) }).default({ services: [] }),
  }),
});

const Destination = z.object({
  destination: z.object({ host: z.string() }),
  weight: z.number().default(100),
});
const VirtualService = z.object({
  spec: z.object({ http: z.array(z.object({ route: z.array(Destination).default([]) })).default([]) }),
});

const Weights = z.record(z.string(), z.number());

/** The weights of each rule, by the kind of the route. */
const weightsIn = {
  'projectcontour.io/v1/HTTPProxy': (object: KubeObject) =>
    HttpProxy.parse(object).spec.routes.map(({ services }) => tableOf(services)),
  'gateway.networking.k8s.io/v1/HTTPRoute': weightsOfRules,
  'gateway.networking.k8s.io/v1/GRPCRoute': weightsOfRules,
  'gateway.networking.k8s.io/v1/TLSRoute': weightsOfRules,
  'gateway.networking.k8s.io/v1/TCPRoute': weightsOfRules,
  'gateway.networking.k8s.io/v1/UDPRoute': weightsOfRules,
  'networking.istio.io/v1beta1/VirtualService': (object: KubeObject) =>
    VirtualService.parse(object).spec.http.map(({ route }) =>
      tableOf(route.map(({ destination, weight }) => ({ name: destination.host, weight }))),
    ),
  'traefik.io/v1alpha1/TraefikService': (object: KubeObject) => {
    const { name } = object.metadata;
    const { services } = TraefikService.parse(object).spec.weighted;
    // What is not named gets nothing.
    return [{ [`${name}-primary`]: 0, [`${name}-canary`]: 0, ...tableOf(services) }];
  },
  // For ingress-nginx it is named like the Service that it leads to, as the user's is.
  'networking.k8s.io/v1/Ingress': ({ metadata: { name, annotations = {} } }: KubeObject) => {
    const backends = annotations['zalando.org/backend-weights'];
    if (backends !== undefined) return [Weights.parse(JSON.parse(backends))];
    const [canary, weight] = ['canary', 'canary-weight'].map(
      (key) => annotations[`nginx.ingress.kubernetes.io/${key}`],
    );
    return canary === 'true' ? [{ [name]: Number(weight ?? 0) }] : undefined;
  },
} satisfies Record<string, (object: KubeObject) => RouteMoment['rules'] | undefined>;
export type RouteKind = keyof typeof weightsIn;

function weightsOfRules(object: KubeObject): RouteMoment['rules'] {
  return RuledRoute.parse(object).spec.rules.map(({ backendRefs }) => tableOf(backendRefs));
}

/** An Ingress of Serin's is the second one, beside that of the user. */
const routeKey = (key: string) => key.replace(/-canary$/, '');

/** @param routeKinds which of them the cluster serves */
export async function recordHistory(kube: Kube, routeKinds: ReadonlySet<RouteKind>): Promise<History> {
  const canaries = new Map<string, CanaryMoment[]>();
  const weights = new Map<string, RouteMoment[]>();
  const listeners: ((key: string, moments: readonly CanaryMoment[]) => void)[] = [];
  const record = (key: string, rules: RouteMoment['rules']) => {
    const moments = momentsOf(weights, key);
    if (JSON.stringify(moments.at(-1)?.rules) !== JSON.stringify(rules))
      moments.push({ atMs: Date.now(), rules });
  };
  const canaryFollowing = follow(kube, 'flagger.app/v1beta1/Canary', {
    onObject(object) {
      const key = keyOf(object);
      const moments = momentsOf(canaries, key);
      if (moments.at(-1)?.object.metadata.resourceVersion === object.metadata.resourceVersion) return;
      moments.push({ atMs: Date.now(), status: WithStatus.parse(object).status, object });
      for (const listener of listeners) listener(key, moments);
    },
    onGone: (key) => canaries.delete(key),
  });
  const routeFollowings = [...routeKinds].map((kind) =>
    follow(kube, kind, {
      onObject(object) {
        const rules = weightsIn[kind](object);
        if (rules !== undefined) record(routeKey(keyOf(object)), rules);
      },
      onGone: (key) => weights.delete(routeKey(key)),
    }),
  );
  const followings = [canaryFollowing, ...routeFollowings];
  await Promise.all(followings.map(({ synced }) => synced));
  return {
    canary: (namespace, name) => canaries.get(`${namespace}/${name}`) ?? [],
    route: (namespace, name) => weights.get(`${namespace}/${name}`) ?? [],
    onChange: (listener) => listeners.push(listener),
    stop: () => {
      for (const following of followings) following.stop();
    },
  };
}

function momentsOf<T>(map: Map<string, T[]>, key: string): T[] {
  const moments = map.get(key) ?? [];
  map.set(key, moments);
  return moments;
}

function tableOf(backends: readonly z.infer<typeof Backend>[]): Record<string, number> {
  return Object.fromEntries(backends.map(({ name, weight }) => [name, weight]));
}
