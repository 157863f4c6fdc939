// What users write. One zod schema a kind, with the type inferred from it; crds/ is generated from here. No behaviour
// beyond reading: defaults.ts says what an absent value means, check.ts what a sound one may still be wrong about.
// Imports zod and itself only.
import { z } from 'zod';
import { Analysis } from './analysis.ts';
import { Text, added, object, optional } from './field.ts';
import { Metadata } from './metadata.ts';
import { AutoscalerRef, IngressRef, RouteRef, TargetRef, UpstreamRef } from './reference.ts';
import { RouteEntry } from './route-entry.ts';
import { Service } from './service.ts';
import { CanaryStatus } from './status.ts';

/** What `spec.provider` may say. The controller's flag may say more, see provider.ts. */
export const specProviders = [
  'alb',
  'apisix',
  'appmesh',
  'appmesh:v1beta2',
  'contour',
  'gatewayapi:v1',
  'gatewayapi:v1:grpc',
  'gatewayapi:v1:tcp',
  'gatewayapi:v1:tls',
  'gatewayapi:v1:udp',
  'gatewayapi:v1beta1',
  'gloo',
  'istio',
  'knative',
  'kubernetes',
  'kuma',
  'linkerd',
  'nginx',
  'nginxinc',
  'openshift',
  'osm',
  'skipper',
  'smi:v1alpha1',
  'smi:v1alpha2',
  'smi:v1alpha3',
  'traefik',
] as const;

export const CanarySpec = object({
  provider: optional(z.enum(specProviders), 'What routes the traffic; the controller has a default.'),
  metricsServer: optional(Text, 'Address of the Prometheus for built-in checks and inline queries.'),
  targetRef: TargetRef.describe('The workload whose changes are rolled out.'),
  autoscalerRef: optional(AutoscalerRef, 'The autoscaler of the target.'),
  ingressRef: optional(IngressRef, 'The Ingress that exposes the apex Service, for nginx and skipper.'),
  routeRef: optional(
    RouteRef,
    'A route of yours that sends to the apex Service: weights are moved in it, and no other is written. For apisix, it is copied.',
  ),
  upstreamRef: optional(UpstreamRef, 'The Upstream whose settings are copied, for gloo.'),
  service: optional(Service, 'How Services and routes are generated.'),
  routes: added(
    z.array(RouteEntry),
    'Several routes to the same Services, each by a provider of its own; spec.provider alone if left out.',
  ),
  analysis: Analysis.describe('The release strategy and its checks.'),
  progressDeadlineSeconds: optional(z.number(), 'How long a workload may stay unready; 600 if left out.'),
  skipAnalysis: optional(z.boolean(), 'Promote as soon as the canary is ready, without checks.'),
  revertOnDeletion: optional(z.boolean(), 'Give everything back as it was when the Canary is deleted.'),
  suspend: optional(z.boolean(), 'Leave everything as it is until this is false again.'),
});
export type CanarySpec = z.infer<typeof CanarySpec>;

export const Canary = object({
  apiVersion: z.literal('flagger.app/v1beta1'),
  kind: z.literal('Canary'),
  metadata: Metadata,
  spec: CanarySpec,
  status: z.exactOptional(CanaryStatus),
});
export type Canary = z.infer<typeof Canary>;
