// All routers. Adding one means adding its file and its line here, and its line in test/traffic/routers.test.ts.
import { contour } from './contour.ts';
import { gatewayApiV1, gatewayApiV1beta1 } from './gateway-api.ts';
import { kubernetes } from './kubernetes.ts';
import type { TrafficRouter } from './router.ts';

const routers: readonly TrafficRouter[] = [kubernetes, gatewayApiV1, gatewayApiV1beta1, contour];

/** What `spec.provider` may say today. */
export const providers: readonly string[] = routers.map(({ provider }) => provider);

/**
 * The router of a provider; undefined for one that is unknown or not supported. Gateway API is known by the start of its
 * name, as in Flagger; the longer name comes first.
 */
export function routerFor(provider: string): TrafficRouter | undefined {
  if (provider.startsWith(gatewayApiV1beta1.provider)) {
    return gatewayApiV1beta1;
  }
  if (provider.startsWith(gatewayApiV1.provider)) {
    return gatewayApiV1;
  }
  return routers.find((router) => router.provider === provider);
}
