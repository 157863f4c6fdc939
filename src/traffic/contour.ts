// Contour: the split is the weights of an HTTPProxy named like the apex. It has no host: the user's root HTTPProxy
// includes it. contour/ renders it, reads it and checks the spec.
import { acceptanceOf } from './contour/acceptance.ts';
import { mergeSpec } from './contour/merge.ts';
import { normalSpec, weightsOf } from './contour/normal.ts';
import { problemsOf } from './contour/problems.ts';
import { specOf } from './contour/render.ts';
import { routeShape } from './route-shape.ts';
import type { TrafficRouter } from './router.ts';

export const contour: TrafficRouter = {
  provider: 'contour',
  capabilities: {
    weighted: true,
    match: {
      headers: ['exact', 'prefix', 'suffix', 'regex', 'present'],
      queryParams: ['exact', 'prefix', 'regex', 'present'],
    },
    serviceFields: ['timeout', 'match', 'rewrite', 'retries', 'headers'],
    acceptance: true,
  },
  route: routeShape({
    resource: {
      group: 'projectcontour.io',
      version: 'v1',
      plural: 'httpproxies',
      kind: 'HTTPProxy',
      namespaced: true,
    },
    keys: { rules: ['routes'], backends: 'services' },
    specOf,
    mergeSpec,
    normalSpec,
    weightsOf,
    acceptanceOf,
  }),
  problems: problemsOf,
};
