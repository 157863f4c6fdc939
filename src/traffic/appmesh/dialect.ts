// App Mesh (appmesh.k8s.aws) has two versions of its API that say the same in other words, and in the later one calls of gRPC
// have a kind of route of their own.
import type { Service } from '../../api/service.ts';
import { objectOf, textOf, type JsonObject } from '../../model/json.ts';
import type { Resource } from '../../model/kube.ts';
import type { ServiceKey } from '../live.ts';

export interface Dialect {
  readonly provider: string;
  readonly version: 'v1beta1' | 'v1beta2';
  readonly protocol: 'http' | 'grpc';
  /** Under which key a route says what it does with requests. */
  readonly rule: 'http' | 'httpRoute' | 'grpcRoute';
  /** How a weighted target names its VirtualNode, which is called like the Service that it leads to. */
  readonly node: ServiceKey;
  /** Duration, in a policy for tries. */
  readonly tryTimeout: (ms: number) => JsonObject;
}

const byReference: ServiceKey = {
  of: ({ virtualNodeRef }) => textOf(objectOf(virtualNodeRef)['name']),
  set: (target, name) => ({
    ...target,
    virtualNodeRef: { ...objectOf(target['virtualNodeRef']), name },
  }),
};

const byNodeName: ServiceKey = {
  of: ({ virtualNodeName }) => textOf(virtualNodeName),
  set: (target, name) => ({ ...target, virtualNodeName: name }),
};

export const v1beta1: Dialect = {
  provider: 'appmesh',
  version: 'v1beta1',
  protocol: 'http',
  rule: 'http',
  node: byNodeName,
  tryTimeout: (ms) => ({ perRetryTimeoutMillis: ms }),
};

export const v1beta2: Dialect = {
  provider: 'appmesh:v1beta2',
  version: 'v1beta2',
  protocol: 'http',
  rule: 'httpRoute',
  node: byReference,
  tryTimeout: (ms) => ({ perRetryTimeout: inMs(ms) }),
};

export const v1beta2Grpc: Dialect = { ...v1beta2, protocol: 'grpc', rule: 'grpcRoute' };

export function inMs(value: number): JsonObject {
  return { unit: 'ms', value };
}

/** By the name of the port, as Flagger tells it. */
export function isGrpc(service: Service | undefined): boolean {
  return service?.portName?.includes('grpc') === true;
}

/** Of the containers, where the later version listens; a port that has a name there is taken for that of the Services. */
export function portMapping(service: Service | undefined, { version, protocol }: Dialect): JsonObject {
  const { port, targetPort } = service ?? {};
  const ofContainer = typeof targetPort === 'number' && targetPort > 0 ? targetPort : port;
  return { port: version === 'v1beta1' ? port : ofContainer, protocol };
}

export function resource(
  { version }: Dialect,
  kind: 'VirtualNode' | 'VirtualRouter' | 'VirtualService',
): Resource {
  return { group: 'appmesh.k8s.aws', version, plural: `${kind.toLowerCase()}s`, kind, namespaced: true };
}
