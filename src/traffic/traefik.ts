// Traefik: the split is the weights of a TraefikService named like the apex, to which the user's IngressRoute leads. Every
// weight is written: Traefik reads one that is missing as 1. A Service without weight is not named: unless Traefik runs with
// `allowEmptyServices`, one Service without pods takes the whole TraefikService away (seen with 3.7.10), and the canary has
// none at rest.
import type { RouterCapabilities } from './capabilities.ts';
import { digest } from '../model/hash.ts';
import { allPrimary } from '../model/split.ts';
import { whereNamed } from './borrowed-route.ts';
import { isMatched } from './matches.ts';
import type { CompanionShape, TrafficRouter } from './router.ts';
import { abRoute } from './traefik/ab-route.ts';
import { borrowedShapes, noticingCookies } from './traefik/borrowed.ts';
import { ingressRoutes, ingressRouteSource, needsTraefikService } from './traefik/ingress-route.ts';
import { splitListShape } from './split-list.ts';
import { namingOnlyUsed } from './used-backends.ts';

const keys = { rules: ['weighted'], backends: 'services' };

const provider = 'traefik';
const capabilities: RouterCapabilities = { weighted: true, serviceFields: [], acceptance: false };

const traefikService = namingOnlyUsed(
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
);

/** Where the user's IngressRoute leads to our TraefikService, everybody who is not chosen stays on the primary by that. */
const everybodyElse: CompanionShape = {
  ...traefikService,
  render: (wish) =>
    needsTraefikService(wish.apex, wish.source)
      ? [traefikService.render({ ...wish, split: allPrimary })]
      : [],
  fingerprint: (object) => digest([traefikService.fingerprint(object), traefikService.view(object).weights]),
};

const abTest: TrafficRouter = {
  provider,
  capabilities: {
    ...capabilities,
    match: {
      headers: ['exact', 'prefix', 'suffix', 'regex', 'present'],
      queryParams: ['exact', 'prefix', 'regex', 'present'],
    },
  },
  route: abRoute,
  companions: [everybodyElse],
  source: ingressRouteSource,
};

export const traefik: TrafficRouter = {
  provider,
  capabilities,
  route: noticingCookies(traefikService),
  variants: [
    {
      where: 'where `routeRef` names an IngressRoute, for an A/B test',
      applies: (spec) => isMatched(spec) && spec.routeRef?.kind === ingressRoutes.kind,
      router: abTest,
    },
    ...Object.entries(borrowedShapes).map(([borrows, route]) =>
      whereNamed({ provider, capabilities, borrows, route }),
    ),
  ],
};
