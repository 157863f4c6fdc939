// `spec.service.trafficPolicy`: what Istio reads into both DestinationRules.
import { z } from 'zod';
import { Text, TextList, object, optional } from './field.ts';

const HttpConnectionPool = object({
  h2UpgradePolicy: optional(
    z.enum(['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE']),
    'Whether HTTP/1.1 is upgraded.',
  ),
  http1MaxPendingRequests: optional(z.int32(), 'Most requests that wait for a connection.'),
  http2MaxRequests: optional(z.int32(), 'Most requests in flight.'),
  idleTimeout: optional(Text, 'How long an idle connection is kept.'),
  maxRequestsPerConnection: optional(z.int32(), 'Most requests over one connection.'),
  maxRetries: optional(z.int32(), 'Most retries in flight.'),
});

const ConnectionPool = object({ http: optional(HttpConnectionPool, 'Limits for HTTP.') });

const HashCookie = object({
  name: optional(Text, 'Name of the cookie.'),
  path: optional(Text, 'Path of the cookie.'),
  ttl: optional(Text, 'Lifetime of the cookie.'),
});

const ConsistentHash = object({
  httpHeaderName: optional(Text, 'Hash a header.'),
  httpCookie: optional(HashCookie, 'Hash a cookie.'),
  useSourceIp: optional(z.boolean(), 'Hash the address of the client.'),
  httpQueryParameterName: optional(Text, 'Hash a query parameter.'),
  minimumRingSize: optional(z.int(), 'Fewest virtual nodes on the ring.'),
});

const Distribute = object({
  from: optional(Text, 'Locality of the client.'),
  to: optional(z.record(z.string(), z.int()), 'Share of each locality in percent.'),
});

const Failover = object({
  from: optional(Text, 'Region that fails.'),
  to: optional(Text, 'Region that takes over.'),
});

const LocalityLbSetting = object({
  enabled: optional(z.boolean(), 'Whether localities count at all.'),
  distribute: optional(z.array(Distribute), 'Shares by locality.'),
  failover: optional(z.array(Failover), 'Regions that take over.'),
});

const hashSources = ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'];

const LoadBalancer = object({
  simple: optional(
    z.enum(['ROUND_ROBIN', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'LEAST_REQUEST']),
    'A standard algorithm.',
  ),
  consistentHash: optional(ConsistentHash, 'Hashing, for soft stickiness.'),
  localityLbSetting: optional(LocalityLbSetting, 'Preference by locality.'),
  warmupDurationSecs: optional(Text, 'How long a new endpoint is spared.'),
}).meta({
  oneOf: [
    { required: ['simple'] },
    {
      required: ['consistentHash'],
      properties: { consistentHash: { oneOf: hashSources.map((source) => ({ required: [source] })) } },
    },
  ],
});

const OutlierDetection = object({
  consecutiveErrors: optional(z.int32(), 'The older form of consecutive5xxErrors.'),
  consecutive5xxErrors: optional(z.int(), 'Errors in a row until an endpoint is ejected.'),
  consecutiveGatewayErrors: optional(z.int32(), 'Gateway errors in a row until an endpoint is ejected.'),
  consecutiveLocalOriginFailures: optional(
    z.int32(),
    'Local failures in a row until an endpoint is ejected.',
  ),
  splitExternalLocalOriginErrors: optional(z.boolean(), 'Count local failures apart.'),
  interval: optional(Text, 'Time between sweeps.'),
  baseEjectionTime: optional(Text, 'Shortest time of an ejection.'),
  maxEjectionPercent: optional(z.int32(), 'Most endpoints ejected at a time, in percent.'),
  minHealthPercent: optional(z.int32(), 'Fewest healthy endpoints for ejection to be on, in percent.'),
});

const Tls = object({
  mode: optional(z.enum(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']), 'How connections are secured.'),
  clientCertificate: optional(Text, 'File of the client certificate, for MUTUAL.'),
  privateKey: optional(Text, 'File of the private key, for MUTUAL.'),
  caCertificates: optional(Text, 'File of the certificates to trust.'),
  subjectAltNames: optional(TextList, 'Names to accept in the certificate of the server.'),
  sni: optional(Text, 'Server name to send.'),
});

export const TrafficPolicy = object({
  connectionPool: optional(ConnectionPool, 'Limits for connections.'),
  loadBalancer: optional(LoadBalancer, 'How an endpoint is chosen.'),
  outlierDetection: optional(OutlierDetection, 'When an endpoint is ejected.'),
  tls: optional(Tls, 'How connections to the workload are secured.'),
});
export type TrafficPolicy = z.infer<typeof TrafficPolicy>;
