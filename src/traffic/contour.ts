// Contour: the split is the weights of an HTTPProxy named like the apex. It has no host: the user's root HTTPProxy
// includes it. contour/ renders it, reads it and checks the spec.
import type { Resource } from '../model/kube.ts';
import { whereNamed } from './borrowed-route.ts';
import { acceptanceOf } from './contour/acceptance.ts';
import { borrowedProxy } from './contour/borrowed.ts';
import { mergeSpec } from './contour/merge.ts';
import { normalSpec, weightsOf } from './contour/normal.ts';
import { problemsOf } from './contour/problems.ts';
import { specOf } from './contour/render.ts';
import { routeShape } from './route-shape.ts';
import type { TrafficRouter } from './router.ts';

const provider = 'contour';
const resource: Resource = {
  group: 'projectcontour.io',
  version: 'v1',
  plural: 'httpproxies',
  kind: 'HTTPProxy',
  namespaced: true,
};

export const contour: TrafficRouter = {
  provider,
  capabilities: {
    weighted: true,
    match: {
      headers: ['exact', 'prefix', 'suffix', 'regex', 'present'],
      queryParams: ['exact', 'prefix', 'regex', 'present'],
    },
    serviceFields: ['timeout', 'match', 'rewrite', 'retries', 'headers', 'ingressClass'],
    acceptance: true,
  },
  route: routeShape({
    resource,
    keys: { rules: ['routes'], backends: 'services' },
    specOf,
    mergeSpec,
    normalSpec,
    weightsOf,
    acceptanceOf,
  }),
  problems: problemsOf,
  variants: [
    whereNamed({
      provider,
      capabilities: { weighted: true, serviceFields: [], acceptance: true },
      borrows: resource.kind,
      route: borrowedProxy(resource),
    }),
  ],
};
