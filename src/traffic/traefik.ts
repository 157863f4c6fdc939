// Traefik: the split is the weights of a TraefikService named like the apex, to which the user's IngressRoute leads. Both
// weights are always written: Traefik reads one that is missing as 1.
import type { CanarySpec } from '../api/canary.ts';
import type { Problem } from '../model/problem.ts';
import { unsplittableProblems } from './problems.ts';
import type { TrafficRouter } from './router.ts';
import { splitListShape } from './split-list.ts';

const provider = 'traefik';

export const traefik: TrafficRouter = {
  provider,
  capabilities: { weighted: true, match: false, mirror: false, affinity: false },
  route: splitListShape({
    resource: {
      group: 'traefik.io',
      version: 'v1alpha1',
      plural: 'traefikservices',
      kind: 'TraefikService',
      namespaced: true,
    },
    keys: { rules: ['weighted'], backends: 'services' },
    around: () => ({}),
    entry: ({ namespace, spec }, name, weight) => ({ name, namespace, port: spec.service?.port, weight }),
    entryKeys: ['name', 'namespace', 'port', 'weight'],
    order: 'primary first',
    missingWeight: 1,
  }),
  problems: (spec: CanarySpec): readonly Problem[] => unsplittableProblems(spec, provider, []),
};
