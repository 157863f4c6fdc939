// The stories of tier C: those of other gateways, through istiod, Envoy Gateway and Skipper.
import type { GatewayName } from '../gateway.ts';
import { istio } from './istio.ts';
import { abTestThrough } from './matches.ts';
import { foreignLabelThrough } from './mid-run.ts';
import { otherRoutes } from './other-routes.ts';
import { nobodyLeftThrough, promoteThrough } from './promote.ts';
import { rest } from './rest.ts';
import { retriesThrough } from './retries.ts';
import { rollbackThrough } from './rollback.ts';
import { skipper } from './skipper.ts';
import type { Story } from './story.ts';
import { strategiesThrough } from './strategies.ts';

function through(provider: GatewayName, name: string): readonly Story[] {
  return [
    ...promoteThrough(provider, name),
    ...rollbackThrough(provider, name),
    abTestThrough(provider, `ab-test-${name}`),
    ...strategiesThrough(provider, name, 40),
    foreignLabelThrough(provider, `foreign-label-${name}`),
  ];
}

export const tierCStories: readonly Story[] = [
  ...through('istio', 'istio'),
  ...istio,
  ...through('gatewayapi:v1@envoy-gateway', 'envoy-gateway'),
  retriesThrough('gatewayapi:v1@envoy-gateway', 'envoy-gateway'),
  ...otherRoutes,
  ...promoteThrough('skipper', 'skipper'),
  nobodyLeftThrough('skipper', 'nobody-left-skipper'),
  ...rollbackThrough('skipper', 'skipper'),
  foreignLabelThrough('skipper', 'foreign-label-skipper'),
  ...skipper,
  ...rest,
];
