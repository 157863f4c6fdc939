// The kinds of route of the Gateway API: under which versions its releases serve them, and where they keep their rules.
import type { Resource } from '../../model/kube.ts';
import type { RuleKeys } from '../live.ts';

/** The newest first, of which one that a cluster serves is enough. */
export const routeVersions = {
  HTTPRoute: ['v1', 'v1beta1'],
  GRPCRoute: ['v1'],
  TLSRoute: ['v1', 'v1alpha3', 'v1alpha2'],
  TCPRoute: ['v1', 'v1alpha2'],
  UDPRoute: ['v1', 'v1alpha2'],
} as const satisfies Readonly<Record<string, readonly [string, ...string[]]>>;

export type RouteKind = keyof typeof routeVersions;

export function routeResource(kind: RouteKind, version: string): Resource {
  return {
    group: 'gateway.networking.k8s.io',
    version,
    plural: `${kind.toLowerCase()}s`,
    kind,
    namespaced: true,
  };
}

export const ruleKeys: RuleKeys = { rules: ['rules'], backends: 'backendRefs' };
