// The names of what routes traffic, as `spec.provider` and the controller's flag give them.
import { specProviders } from './canary.ts';
import type { RouteRef } from './reference.ts';

/** Of these, variants are known too: the SMI ones name a mesh after another colon. */
const families = ['gatewayapi:v1', 'gloo', 'appmesh:v1beta2', 'smi:v1alpha1', 'smi:v1alpha2', 'smi:v1alpha3'];

/** A name that is not known is refused, where Flagger takes it for istio. */
export function isKnownProvider(provider: string): boolean {
  return (
    specProviders.some((known) => known === provider) ||
    families.some((family) => provider.startsWith(family))
  );
}

export function isGatewayApi(provider: string): boolean {
  return provider.startsWith('gatewayapi:');
}

/** Whose kinds of routes are whose. */
export const routeProviders: Readonly<Record<RouteRef['kind'], (typeof specProviders)[number]>> = {
  ApisixRoute: 'apisix',
  GRPCRoute: 'gatewayapi:v1:grpc',
  HTTPProxy: 'contour',
  HTTPRoute: 'gatewayapi:v1',
  IngressRoute: 'traefik',
  Route: 'openshift',
  TCPRoute: 'gatewayapi:v1:tcp',
  TLSRoute: 'gatewayapi:v1:tls',
  TraefikService: 'traefik',
  UDPRoute: 'gatewayapi:v1:udp',
  VirtualService: 'istio',
};

/** The kinds of routes that a Canary of this provider may name; HTTPRoutes are the same in every version. */
export function routeKindsOf(provider: string): readonly string[] {
  const kinds = Object.entries(routeProviders);
  const isWhose = kinds.some(([, whose]) => whose === provider);
  const own = !isWhose && isGatewayApi(provider) ? routeProviders.HTTPRoute : provider;
  return kinds.flatMap(([kind, whose]) => (whose === own ? [kind] : []));
}
