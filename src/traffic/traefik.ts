// Traefik: the split is the weights of a TraefikService named like the apex, to which the user's IngressRoute leads. Both
// weights are always written: Traefik reads one that is missing as 1.
import type { TrafficRouter } from './router.ts';
import { splitListShape } from './split-list.ts';

export const traefik: TrafficRouter = {
  provider: 'traefik',
  capabilities: { weighted: true, serviceFields: [], acceptance: false },
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
};
