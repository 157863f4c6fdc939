// A VirtualService that is the user's: its HTTP, TCP and TLS routes are all lists of weighted destinations.
import { numberOf, objectOf, textOf } from '../../model/json.ts';
import type { Resource } from '../../model/kube.ts';
import { borrowedRoute } from '../borrowed-route.ts';
import type { ServiceKey } from '../live.ts';
import type { RouteShape } from '../router.ts';
import { acceptanceOf } from './acceptance.ts';

function hostOf(destination: unknown): string {
  return textOf(objectOf(destination)['host']) ?? '';
}

/** Hosts as Istio reads them: `cart`, `cart.shop`, `cart.shop.svc` and `cart.shop.svc.cluster.local` are one Service. */
function serviceIn(own: string): ServiceKey {
  return {
    of: ({ destination }) => {
      const [name = '', namespace = own, svc = 'svc'] = hostOf(destination).split('.');
      return name !== '' && namespace === own && svc === 'svc' ? name : undefined;
    },
    set: (backend, name) => {
      const { destination } = backend;
      const [, ...rest] = hostOf(destination).split('.');
      return { ...backend, destination: { ...objectOf(destination), host: [name, ...rest].join('.') } };
    },
  };
}

export function borrowedVirtualService(resource: Resource): RouteShape {
  return borrowedRoute({
    resource,
    keys: { rules: ['http', 'tcp', 'tls'], backends: 'route' },
    serviceIn,
    // A lone destination takes everything, whatever its weight.
    weightOf: ({ weight }, all) => (all.length === 1 ? 100 : (numberOf(weight) ?? 0)),
    acceptanceOf,
    unfit: ({ destination }) => {
      const subset = textOf(objectOf(destination)['subset']);
      return subset === undefined
        ? undefined
        : {
            message: `sends to subset ${subset} of ${hostOf(destination)}, and primary and canary have no subsets`,
            fix: 'take the subset out of that rule',
          };
    },
  });
}
