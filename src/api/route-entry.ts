// One of several routes of a Canary, as when a Service is reached through an ingress and through a mesh.
import { z } from 'zod';
import { DnsName, Text, TextList, object, optional } from './field.ts';
import { IngressRef, RouteRef, UpstreamRef } from './reference.ts';
import { GatewayRef, HttpMatch } from './service.ts';

export const RouteEntry = object({
  provider: Text.describe('What routes the traffic here.'),
  name: optional(
    DnsName.min(1),
    'Name of the object that Serin makes; the base name of the Services if left out. Routes of one kind need different names.',
  ),
  gatewayRefs: optional(z.array(GatewayRef).max(32), 'In place of spec.service.gatewayRefs.'),
  gateways: optional(TextList, 'In place of spec.service.gateways.'),
  hosts: optional(TextList, 'In place of spec.service.hosts.'),
  match: optional(z.array(HttpMatch), 'In place of spec.service.match.'),
  ingressClass: optional(DnsName.min(1), 'In place of spec.service.ingressClass.'),
  ingressAnnotationsPrefix: optional(DnsName.min(1), 'In place of spec.service.ingressAnnotationsPrefix.'),
  ingressRef: optional(IngressRef, 'In place of spec.ingressRef.'),
  routeRef: optional(RouteRef, 'In place of spec.routeRef.'),
  upstreamRef: optional(UpstreamRef, 'In place of spec.upstreamRef.'),
  metrics: optional(
    z.boolean(),
    'Built-in metrics are those of this route; of the first in the list if none says so.',
  ),
});
export type RouteEntry = z.infer<typeof RouteEntry>;

/** Fields that stand for one of `spec.service`; the references stand for one of `spec`. */
export const serviceOverrides = [
  'gatewayRefs',
  'gateways',
  'hosts',
  'match',
  'ingressClass',
  'ingressAnnotationsPrefix',
] as const;
export const referenceOverrides = ['ingressRef', 'routeRef', 'upstreamRef'] as const;
