// `spec.service`: how Services and routes are generated. The policies that only Istio reads are in traffic-policy.ts.
import { z } from 'zod';
import {
  DnsName,
  IntOrString,
  KindName,
  NamespaceName,
  ObjectName,
  PortNumber,
  Text,
  TextList,
  TextMap,
  added,
  atMostOneOf,
  exactlyOneOf,
  object,
  optional,
} from './field.ts';
import { TrafficPolicy } from './traffic-policy.ts';

const stringMatchShape = {
  exact: optional(Text, 'The value itself.'),
  prefix: optional(Text, 'How the value starts.'),
  regex: optional(Text, 'A regular expression in RE2 syntax.'),
};

/** How a text is matched: one of `exact`, `prefix`, `regex`; none of them means that it is present. */
export const StringMatch = object(stringMatchShape).meta(atMostOneOf('exact', 'prefix', 'regex'));
export type StringMatch = z.infer<typeof StringMatch>;
const StringMatches = z.record(z.string(), StringMatch);

export const HttpMatch = object({
  name: optional(Text, 'Name of the match.'),
  uri: optional(StringMatch, 'Path of the request.'),
  scheme: optional(StringMatch, 'Scheme of the request.'),
  method: optional(StringMatch, 'Method of the request.'),
  authority: optional(StringMatch, 'Host of the request.'),
  headers: optional(StringMatches, 'Headers of the request, by name.'),
  withoutHeaders: optional(StringMatches, 'Headers that must not match, by name.'),
  queryParams: optional(StringMatches, 'Query parameters of the request, by name.'),
  ignoreUriCase: optional(z.boolean(), 'Compare the path without regard to case.'),
  port: optional(z.int(), 'Port that the request came to.'),
  gateways: optional(TextList, 'Gateways that the match holds for.'),
  sourceLabels: optional(TextMap, 'Labels of the workload that sends the request.'),
  sourceNamespace: optional(Text, 'Namespace of the workload that sends the request.'),
});
export type HttpMatch = z.infer<typeof HttpMatch>;

const Rewrite = object({
  uri: optional(Text, 'Path, or prefix of it, to put in place.'),
  authority: optional(Text, 'Host to put in place.'),
  type: optional(Text, 'Gateway API: ReplacePrefixMatch; anything else replaces the full path.'),
});

const Retries = object({
  attempts: optional(z.int32(), 'How often a request is tried again.'),
  perTryTimeout: optional(Text, 'Time-out of each attempt.'),
  retryOn: optional(Text, 'Conditions under which a request is tried again, separated by commas.'),
});

export const HeaderOperations = object({
  add: optional(TextMap, 'Headers to append.'),
  set: optional(TextMap, 'Headers to overwrite.'),
  remove: optional(TextList, 'Headers to take away.'),
});
export type HeaderOperations = z.infer<typeof HeaderOperations>;

const Headers = object({
  request: optional(HeaderOperations, 'On the way to the workload.'),
  response: optional(HeaderOperations, 'On the way back.'),
});

const OriginMatch = object(stringMatchShape).meta(exactlyOneOf('exact', 'prefix', 'regex'));

export const CorsPolicy = object({
  allowOrigin: optional(TextList, 'Allowed origins as they are written. The older form of allowOrigins.'),
  allowOrigins: optional(z.array(OriginMatch), 'Allowed origins as patterns. Not for Gateway API.'),
  allowMethods: optional(TextList, 'Allowed methods.'),
  allowHeaders: optional(TextList, 'Allowed request headers.'),
  exposeHeaders: optional(TextList, 'Response headers that a browser may show to scripts.'),
  allowCredentials: optional(z.boolean(), 'Whether credentials may be sent.'),
  maxAge: optional(Text, 'How long the answer to a preflight request is valid.'),
});
export type CorsPolicy = z.infer<typeof CorsPolicy>;

export const GatewayRef = object({
  group: DnsName.default('gateway.networking.k8s.io').describe('API group of the parent.'),
  kind: KindName.default('Gateway').describe('Kind of the parent.'),
  name: ObjectName.describe('Name of the parent.'),
  namespace: optional(NamespaceName, 'Namespace of the parent; the namespace of the Canary if left out.'),
  sectionName: optional(DnsName.min(1), 'Listener of the parent.'),
  port: optional(PortNumber, 'Port of the parent.'),
});
export type GatewayRef = z.infer<typeof GatewayRef>;

/** In words: a reference to a core Service needs a port. */
export const SERVICE_NEEDS_PORT = "size(self.group) > 0 || self.kind != 'Service' || has(self.port)";

const MirrorBackendRef = object({
  group: DnsName.default('').describe('API group of the backend; empty for the core group.'),
  kind: KindName.default('Service').describe('Kind of the backend.'),
  name: ObjectName.describe('Name of the backend.'),
  namespace: optional(NamespaceName, 'Namespace of the backend; the namespace of the Canary if left out.'),
  port: optional(PortNumber, 'Port of the backend; a Service needs it.'),
}).meta({
  'x-kubernetes-validations': [{ rule: SERVICE_NEEDS_PORT, message: 'a Service needs a port' }],
});

const Mirror = object({
  backendRef: optional(MirrorBackendRef, 'Where copies of the requests go.'),
});

const ServiceMetadata = object({
  labels: optional(TextMap, 'Labels to add.'),
  annotations: optional(TextMap, 'Annotations to add.'),
});

const UnmanagedMetadata = object({
  labels: optional(TextList, 'Keys of labels.'),
  annotations: optional(TextList, 'Keys of annotations.'),
});

export const Service = object({
  name: optional(
    Text,
    'Base name of the apex, primary and canary Services; the name of the target if left out.',
  ),
  port: z.number().describe('Port of the Services, and the port that routes use.'),
  portName: optional(Text, 'Name of the port; http if left out.'),
  appProtocol: optional(Text, 'Application protocol of the port.'),
  targetPort: optional(
    IntOrString,
    'Number or name of the port of the container; the same as port if left out.',
  ),
  trafficDistribution: optional(
    z.enum(['PreferClose', 'PreferSameZone', 'PreferSameNode']),
    'How clients choose among the endpoints of the Services.',
  ),
  portDiscovery: optional(z.boolean(), 'Expose the other ports of the containers as well.'),
  headless: optional(z.boolean(), 'Create the Services without a cluster address.'),
  timeout: optional(Text, 'Time-out of a request.'),
  backendTimeout: optional(Text, 'Gateway API: time-out of one request to a backend.'),
  gateways: optional(TextList, 'Istio: gateways that the route is bound to; mesh if left out.'),
  gatewayRefs: optional(z.array(GatewayRef).max(32), 'Gateway API: parents of the route.'),
  hosts: optional(TextList, 'Host names of the route.'),
  delegation: optional(
    z.boolean(),
    'Istio: create a VirtualService without hosts and gateways, for delegation.',
  ),
  trafficPolicy: optional(TrafficPolicy, 'Istio: policy of both DestinationRules.'),
  match: optional(z.array(HttpMatch), 'Which requests the route takes.'),
  rewrite: optional(Rewrite, 'How requests are rewritten.'),
  retries: optional(Retries, 'When requests are tried again.'),
  headers: optional(Headers, 'How headers are changed.'),
  mirror: optional(z.array(Mirror), 'Gateway API: backends that always get a copy of every request.'),
  corsPolicy: optional(CorsPolicy, 'Cross-origin resource sharing.'),
  meshName: optional(Text, 'App Mesh v1beta1: name of the mesh.'),
  backends: optional(TextList, 'App Mesh: further backends.'),
  ingressClass: added(DnsName.min(1), 'Ingress class of the route; that of the controller if left out.'),
  ingressAnnotationsPrefix: added(
    DnsName.min(1),
    'NGINX: prefix of the annotations that carry the split; that of the controller if left out.',
  ),
  apex: optional(ServiceMetadata, 'Metadata to add to the apex Service and to the route.'),
  primary: optional(ServiceMetadata, 'Metadata to add to the primary Service.'),
  canary: optional(ServiceMetadata, 'Metadata to add to the canary Service.'),
  unmanagedMetadata: optional(
    UnmanagedMetadata,
    'Metadata keys of the Services that others own and Serin leaves alone.',
  ),
});
export type Service = z.infer<typeof Service>;
