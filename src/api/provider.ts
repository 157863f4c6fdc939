// The names of what routes traffic, as `spec.provider` and the controller's flag give them.
import { specProviders } from './canary.ts';

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
