// How an object that an API server has stored differs from the one that was sent.
import { isJsonObject } from '../../../src/model/json.ts';

/** What was sent and is not stored, or is stored as something else. */
export function lost(sent: unknown, stored: unknown, path = ''): readonly string[] {
  if (Array.isArray(sent) && Array.isArray(stored) && sent.length === stored.length) {
    return sent.flatMap((one, index) => lost(one, stored[index], `${path}[]`));
  }
  if (isJsonObject(sent) && isJsonObject(stored)) {
    return Object.entries(sent)
      .filter(([, value]) => value !== undefined)
      .flatMap(([key, value]) => lost(value, stored[key], below(path, key)));
  }
  const same = JSON.stringify(sent) === JSON.stringify(stored);
  return same ? [] : [`${path}: ${JSON.stringify(sent)} became ${JSON.stringify(stored)}`];
}

/** What is stored and was not sent, as `path=value`; a list stands for all that is in it. */
export function added(sent: unknown, stored: unknown, path = ''): readonly string[] {
  if (Array.isArray(sent) && Array.isArray(stored)) {
    return stored.flatMap((one, index) => added(sent[index], one, `${path}[]`));
  }
  if (isJsonObject(sent) && isJsonObject(stored)) {
    return Object.entries(stored).flatMap(([key, value]) => added(sent[key], value, below(path, key)));
  }
  return sent === undefined ? [`${path}=${JSON.stringify(stored)}`] : [];
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

const gatewayApi = [
  'spec.parentRefs[].group="gateway.networking.k8s.io"',
  'spec.parentRefs[].kind="Gateway"',
  'spec.rules[].backendRefs[].group=""',
  'spec.rules[].backendRefs[].kind="Service"',
  'spec.rules[].backendRefs[].weight=1',
  'spec.rules[].matches=[{"path":{"type":"PathPrefix","value":"/"}}]',
  'spec.rules[].matches[].path={"type":"PathPrefix","value":"/"}',
  'spec.rules[].matches[].headers[].type="Exact"',
  'spec.rules[].matches[].queryParams[].type="Exact"',
];

/** What API servers add to a route, by its kind. */
export const defaults: Readonly<Record<string, readonly string[]>> = {
  HTTPRoute: gatewayApi,
  GRPCRoute: gatewayApi,
  HTTPProxy: ['status={"currentStatus":"NotReconciled","description":"Waiting for controller"}'],
  MeshHTTPRoute: [
    'spec.to[].rules[].default.backendRefs[].weight=1',
    'spec.to[].rules[].default.filters[].requestMirror.backendRef.weight=1',
  ],
  Ingress: ['status={"loadBalancer":{}}'],
  RouteTable: ['status={"statuses":{}}'],
  Upstream: ['status={"statuses":{}}'],
};
