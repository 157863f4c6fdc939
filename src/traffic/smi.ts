// Service Mesh Interface: the split is a TrafficSplit named like the apex. Linkerd (with its SMI extension) and Open Service
// Mesh read it too. The projects are archived; new installations do better with the Gateway API. What is written is the same
// in all versions, so that one which the cluster serves is enough.
import { ignored } from './problems.ts';
import { whereOnlyServed, type TrafficRouter } from './router.ts';
import { splitListShape } from './split-list.ts';

/** The newest first. */
const versions = ['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1'] as const;
type Version = (typeof versions)[number];

function smi(provider: string, version: Version): TrafficRouter {
  const preferred = inVersion(provider, version);
  const others = versions.filter((other) => other !== version);
  return {
    ...preferred,
    variants: others.map((other) => whereOnlyServed(preferred, inVersion(provider, other))),
  };
}

function inVersion(provider: string, version: Version): TrafficRouter {
  return {
    provider,
    capabilities: { weighted: true, serviceFields: ['hosts'], acceptance: false },
    route: splitListShape({
      resource: {
        group: 'split.smi-spec.io',
        version,
        plural: 'trafficsplits',
        kind: 'TrafficSplit',
        namespaced: true,
      },
      keys: {
        rules: [''],
        backends: 'backends',
        service: {
          of: ({ service }) => (typeof service === 'string' ? service : undefined),
          set: (backend, service) => ({ ...backend, service }),
        },
      },
      around: ({ apex, spec }) => ({ service: spec.service?.hosts?.[0] ?? apex }),
      entry: (_wish, service, weight) => ({ service, weight }),
      entryKeys: ['service', 'weight'],
      order: 'canary first',
      missingWeight: 0,
    }),
    problems: ({ service }) =>
      (service?.hosts ?? []).length > 1 ? [ignored(['spec', 'service', 'hosts', 1], provider)] : [],
  };
}

export const smiRouters: readonly TrafficRouter[] = [
  smi('smi:v1alpha1', 'v1alpha1'),
  smi('smi:v1alpha2', 'v1alpha2'),
  smi('smi:v1alpha3', 'v1alpha3'),
  smi('linkerd', 'v1alpha1'),
  smi('osm', 'v1alpha2'),
];
