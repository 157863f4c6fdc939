// Istio: the split is the weights of a VirtualService named like the apex; a DestinationRule for each side carries the
// traffic policy. istio/ renders, lays over, reads and checks them. Releases before 1.22 serve v1beta1 alone.
import type { RouterCapabilities } from './capabilities.ts';
import { acceptanceOf } from './istio/acceptance.ts';
import { borrowedVirtualService } from './istio/borrowed.ts';
import { destinationRules } from './istio/destination-rules.ts';
import { mergeSpec } from './istio/merge.ts';
import { normalSpec, serviceKey, weightsOf } from './istio/normal.ts';
import { problemsOf, tcpProblems } from './istio/problems.ts';
import { isTcp, specOf } from './istio/render.ts';
import { whereNamed } from './borrowed-route.ts';
import { routeShape } from './route-shape.ts';
import type { Resource } from '../model/kube.ts';
import { whereOnlyServed, type TrafficRouter } from './router.ts';

const matchers = ['exact', 'prefix', 'regex'] as const;

const capabilities: RouterCapabilities = {
  weighted: true,
  // Istio has no suffix: the matcher would be empty, and take every request that has the header.
  match: { headers: matchers, queryParams: matchers, sourceLabels: true },
  mirror: 'percent',
  affinity: true,
  serviceFields: [
    'gateways',
    'hosts',
    'delegation',
    'trafficPolicy',
    'match',
    'timeout',
    'rewrite',
    'retries',
    'headers',
    'corsPolicy',
  ],
  acceptance: true,
};

/** The policies of its two destinations are Serin's, as always. */
const borrowedCapabilities: RouterCapabilities = {
  weighted: true,
  serviceFields: ['trafficPolicy'],
  acceptance: true,
};

const tcpCapabilities: RouterCapabilities = {
  weighted: true,
  serviceFields: ['gateways', 'hosts', 'delegation', 'trafficPolicy', 'match'],
  acceptance: true,
  tcp: true,
};

interface Istio {
  readonly generated: TrafficRouter;
  readonly borrowed: TrafficRouter & { readonly borrows: string };
}

function istioIn(version: 'v1' | 'v1beta1'): Istio {
  const resource: Resource = {
    group: 'networking.istio.io',
    version,
    plural: 'virtualservices',
    kind: 'VirtualService',
    namespaced: true,
  };
  const parts = {
    provider: 'istio',
    route: routeShape({
      resource,
      keys: { rules: ['http', 'tcp'], backends: 'route', service: serviceKey },
      specOf,
      mergeSpec,
      normalSpec,
      weightsOf,
      acceptanceOf,
    }),
    companions: [destinationRules(version)],
  };
  const borrowed = {
    provider: 'istio',
    capabilities: borrowedCapabilities,
    borrows: resource.kind,
    route: borrowedVirtualService(resource),
    companions: parts.companions,
  };
  const tcp: TrafficRouter = { ...parts, capabilities: tcpCapabilities, problems: tcpProblems };
  const generated: TrafficRouter = {
    ...parts,
    capabilities,
    problems: problemsOf,
    variants: [
      {
        where: 'where `service.appProtocol` is `tcp`',
        applies: ({ service }) => isTcp(service),
        router: tcp,
      },
    ],
  };
  return { generated, borrowed };
}

/** Of releases before 1.22. */
const older = istioIn('v1beta1');
const newer = istioIn('v1');

export const istio: TrafficRouter = {
  ...newer.generated,
  variants: [
    whereNamed({ ...newer.borrowed, variants: [whereOnlyServed(newer.borrowed, older.borrowed)] }),
    whereOnlyServed(newer.generated, older.generated),
    ...(newer.generated.variants ?? []),
  ],
};
