// References to other objects.
import { z } from 'zod';
import { Text, TextMap, object, optional } from './field.ts';

export const TargetRef = object({
  apiVersion: Text.describe('API version of the workload, for example apps/v1.'),
  kind: z.enum(['DaemonSet', 'Deployment', 'Service']).describe('Kind of the workload.'),
  name: Text.describe('Name of the workload, in the namespace of the Canary.'),
});
export type TargetRef = z.infer<typeof TargetRef>;

export const PrimaryScalerReplicas = object({
  minReplicas: optional(z.int().min(1), 'Lower bound of the primary.'),
  maxReplicas: optional(z.int().min(1), 'Upper bound of the primary.'),
});
export type PrimaryScalerReplicas = z.infer<typeof PrimaryScalerReplicas>;

export const AutoscalerRef = object({
  apiVersion: Text.describe(
    'API version of the autoscaler. Any is accepted; autoscaling/v2 and keda.sh/v1alpha1 are used.',
  ),
  kind: z.enum(['HorizontalPodAutoscaler', 'ScaledObject']).describe('Kind of the autoscaler.'),
  name: Text.describe('Name of the autoscaler of the target, in the namespace of the Canary.'),
  primaryScalerQueries: optional(
    TextMap,
    'KEDA only: the query that a trigger of this name has in the primary.',
  ),
  primaryScalerReplicas: optional(
    PrimaryScalerReplicas,
    'Bounds that differ in the autoscaler of the primary.',
  ),
});
export type AutoscalerRef = z.infer<typeof AutoscalerRef>;

/** A reference of a fixed kind, in the namespace of the Canary. */
function referenceTo<Kind extends string>(kind: Kind) {
  return object({
    apiVersion: Text.describe('API version of the object. Informative.'),
    kind: z.enum([kind]).describe('Kind of the object.'),
    name: Text.describe('Name of the object.'),
  });
}

export const IngressRef = referenceTo('Ingress');
export type IngressRef = z.infer<typeof IngressRef>;

export const RouteRef = object({
  apiVersion: Text.describe('API version of the object. Informative.'),
  kind: z
    .enum([
      'ApisixRoute',
      'GRPCRoute',
      'HTTPProxy',
      'HTTPRoute',
      'IngressRoute',
      'Route',
      'TCPRoute',
      'TLSRoute',
      'TraefikService',
      'UDPRoute',
      'VirtualService',
    ])
    .describe('Kind of the object; it has to go with the provider.'),
  name: Text.describe('Name of the object, in the namespace of the Canary.'),
});
export type RouteRef = z.infer<typeof RouteRef>;

export const UpstreamRef = object({
  ...referenceTo('Upstream').shape,
  namespace: optional(Text, 'Namespace of the object; the namespace of the Canary if left out.'),
});
export type UpstreamRef = z.infer<typeof UpstreamRef>;

/** Names a MetricTemplate or an AlertProvider. */
export const NamespacedRef = object({
  name: Text.describe('Name of the object.'),
  namespace: optional(Text, 'Namespace of the object; the namespace of the Canary if left out.'),
});
export type NamespacedRef = z.infer<typeof NamespacedRef>;

/** Names a Secret next to the object that refers to it. */
export const SecretRef = object({ name: Text.describe('Name of the Secret.') });
export type SecretRef = z.infer<typeof SecretRef>;
