// Traefik: the split is the weights of a TraefikService named like the apex, to which the user's IngressRoute leads. Every
// weight is written: Traefik reads one that is missing as 1. A Service without weight is not named: unless Traefik runs with
// `allowEmptyServices`, one Service without pods takes the whole TraefikService away (seen with 3.7.10), and the canary has
// none at rest.
import type { RouterCapabilities } from './capabilities.ts';
import { whereNamed } from './borrowed-route.ts';
import { borrowedShapes } from './traefik/borrowed.ts';
import type { TrafficRouter } from './router.ts';
import { splitListShape } from './split-list.ts';
import { namingOnlyUsed } from './used-backends.ts';

const keys = { rules: ['weighted'], backends: 'services' };

const provider = 'traefik';
const capabilities: RouterCapabilities = { weighted: true, serviceFields: [], acceptance: false };

export const traefik: TrafficRouter = {
  provider,
  capabilities,
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
  variants: Object.entries(borrowedShapes).map(([borrows, route]) =>
    whereNamed({ provider, capabilities, borrows, route }),
  ),
};
