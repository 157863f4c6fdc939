// APISIX: the split is the weights of an ApisixRoute of ours, `<route>-<apex>-canary`, made from the rule of the user's that
// leads to the apex and put before it. In an A/B test it takes the chosen requests alone; all others stay with the user's
// rule, whose Service leads to the primary: built-in metrics count a whole route, and so only who was chosen. apisix/ makes
// it, lays it over a live one and reads it.
import type { CanarySpec } from '../api/canary.ts';
import { apexName } from '../api/defaults.ts';
import { ownMetadata } from '../model/metadata.ts';
import { acceptanceOf } from './apisix/acceptance.ts';
import { fieldsOf, mergeSpec, normalSpec } from './apisix/merge.ts';
import { resource, weightsOf } from './apisix/rule.ts';
import { specOf } from './apisix/render.ts';
import { routeSource } from './apisix/source.ts';
import { copiedMetadata } from './copied-metadata.ts';
import { byServiceName } from './live.ts';
import { routeShape } from './route-shape.ts';
import type { RouteWish, TrafficRouter } from './router.ts';

const shape = routeShape({
  resource,
  keys: { rules: ['http'], backends: 'backends', service: byServiceName },
  specOf,
  mergeSpec,
  normalSpec,
  weightsOf,
  acceptanceOf,
});

function nameOf(spec: CanarySpec): string {
  return `${spec.routeRef?.name ?? ''}-${apexName(spec)}-canary`;
}

export const apisix: TrafficRouter = {
  provider: 'apisix',
  capabilities: {
    weighted: true,
    match: {
      headers: ['exact', 'prefix', 'suffix', 'regex', 'present'],
      queryParams: ['exact', 'prefix', 'regex', 'present'],
    },
    serviceFields: [],
    acceptance: true,
  },
  route: {
    ...shape,
    nameOf,
    render: (wish: RouteWish) => {
      const { spec, namespace, owner, source } = wish;
      const made = shape.render(wish);
      const name = nameOf(spec);
      return {
        ...made,
        metadata: ownMetadata({
          name,
          namespace,
          owner,
          ...copiedMetadata(source),
          fields: fieldsOf(made['spec']),
        }),
      };
    },
  },
  source: routeSource,
};
