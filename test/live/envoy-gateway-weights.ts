// Which weights the Envoy of Envoy Gateway goes by, whatever the kind of the route.
// Not here: starting it (envoy-gateway.ts).
// May import the files of this folder, undici and zod.
import { request } from 'undici';
import { z } from 'zod';
import type { Gateway } from './gateway.ts';
import type { Kube } from './kube.ts';

const Endpoints = z.object({
  configs: z
    .array(
      z.object({
        endpoint_config: z.object({
          endpoints: z
            .array(
              z.object({
                locality: z.object({ region: z.string().default('') }).default({ region: '' }),
                load_balancing_weight: z.number().default(0),
              }),
            )
            .default([]),
        }),
      }),
    )
    .default([]),
});
const Route = z.object({
  spec: z.object({
    hostnames: z.array(z.string()).optional(),
    rules: z
      .array(z.object({ backendRefs: z.array(z.object({ name: z.string() })).default([]) }))
      .default([]),
  }),
});

/** As `history.ts` calls them. */
export type EnvoyRoute = Extract<Gateway['routeKind'], `gateway.networking.k8s.io/${string}`>;

interface Asked {
  readonly kube: Kube;
  readonly kind: EnvoyRoute;
  /** The URL of Envoy's administration interface. */
  readonly admin: string;
}

/**
 * Where nothing but the weight differs between its backends, a rule is one cluster to Envoy, and each backend a locality of it. It
 * calls a locality `httproute/namespace/route/rule/0/backend/1`, by the places in the route; `rule/-1` where connections are divided.
 */
export function routedWeights({ kube, kind, admin }: Asked): Gateway['weights'] {
  const word = kind.slice(kind.lastIndexOf('/') + 1).toLowerCase();
  const divides = word === 'httproute' || word === 'grpcroute' ? 'requests' : 'connections';
  return async (host, namespace) => {
    const { body } = await request(`${admin}/config_dump?include_eds&resource=dynamic_endpoint_configs`);
    const weights = new Map(
      Endpoints.parse(await body.json())
        .configs.flatMap(({ endpoint_config }) => endpoint_config.endpoints)
        .map(({ locality, load_balancing_weight }) => [locality.region, load_balancing_weight]),
    );
    return (await kube.list(kind)).flatMap((object) => {
      const { hostnames, rules } = Route.parse(object).spec;
      const { namespace: home, name: route } = object.metadata;
      if (hostnames === undefined ? home !== namespace : !hostnames.includes(host)) return [];
      return rules.map(({ backendRefs }, index) => {
        const rule = divides === 'requests' ? index : -1;
        return Object.fromEntries(
          backendRefs.map((backend, place) => [
            `${home}/${backend.name}`,
            weights.get(`${word}/${home}/${route}/rule/${rule}/backend/${place}`) ?? 0,
          ]),
        );
      });
    });
  };
}
