// Traefik: the split is the weights of a TraefikService named like the apex, to which the user's IngressRoute leads. Every
// weight is written: Traefik reads one that is missing as 1. A Service without weight is not named: unless Traefik runs with
// `allowEmptyServices`, one Service without pods takes the whole TraefikService away (Traefik 3.7), and the canary has
// none at rest.
import type { TrafficRouter } from './router.ts';
import { splitListShape } from './split-list.ts';
import { namingOnlyUsed } from './used-backends.ts';

const keys = { rules: ['weighted'], backends: 'services' };

export const traefik: TrafficRouter = {
  provider: 'traefik',
  capabilities: { weighted: true, serviceFields: [], acceptance: false },
  route: namingOnlyUsed(
    splitListShape({
      resource: {
        group: 'traefik.io',
        version: 'v1alpha1',
        plural: 'traefikservices',
        kind: 'TraefikService',
        namespaced: true,
      },
      keys,
      around: () => ({}),
      entry: ({ namespace, spec }, name, weight) => ({ name, namespace, port: spec.service?.port, weight }),
      entryKeys: ['name', 'namespace', 'port', 'weight'],
      order: 'primary first',
      missingWeight: 1,
    }),
    keys,
  ),
};
