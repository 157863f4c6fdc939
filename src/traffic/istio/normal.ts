// The normal form of a VirtualService: only what we write, empty lists left out, order taken out where it has no meaning,
// weights left out.
import { listOf, numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { isOwnRule, sortedByContent, type ServiceKey } from '../live.ts';

export const httpKeys = [
  'match',
  'rewrite',
  'timeout',
  'retries',
  'corsPolicy',
  'headers',
  'mirror',
  'mirrorPercentage',
  'route',
] as const;

export const serviceKey: ServiceKey = {
  of: ({ destination }) => shortName(objectOf(destination)['host']),
  set: (backend, host) => ({ ...backend, destination: { ...objectOf(backend['destination']), host } }),
};

/** `cart-primary.shop.svc.cluster.local` is `cart-primary`: a VirtualService sends to Services of its own namespace here. */
function shortName(host: unknown): string | undefined {
  return textOf(host)?.replace(/\.[^.]+(\.svc(\..*)?)?$/, '');
}

export function normalSpec({ metadata, spec }: KubeObject): unknown {
  const { hosts, gateways, http, tcp } = objectOf(spec);
  const ours = (rules: unknown): readonly JsonObject[] =>
    objectsOf(rules).filter((rule) => isOwnRule(Object.keys(weightsOf(rule)), metadata.name));
  return {
    hosts: sortedByContent(listOf(hosts)),
    gateways: sortedByContent(listOf(gateways)),
    http: ours(http).map(normalRule),
    tcp: ours(tcp).map(normalRule),
  };
}

function normalRule(rule: JsonObject): JsonObject {
  return Object.fromEntries(
    httpKeys.map((key) => [key, key === 'route' ? normalRoute(rule[key]) : normalValue(rule[key])]),
  );
}

/** Entries of a match are alternatives: their order says nothing. */
export function normalMatches(list: unknown): unknown {
  return sortedByContent(objectsOf(list).map(normalValue));
}

function normalRoute(route: unknown): unknown {
  const backends = objectsOf(route).map((backend) => ({
    host: serviceKey.of(backend),
    port: objectOf(objectOf(backend['destination'])['port'])['number'],
    headers: normalValue(backend['headers']),
  }));
  return sortedByContent(backends);
}

/** Without empty lists and maps, which say nothing wherever they stand; an empty matcher in a map does. */
export function normalValue(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.length === 0 ? undefined : value;
  }
  if (typeof value !== 'object' || value === null) {
    return value ?? undefined;
  }
  const filled = Object.entries(value).filter(([, one]) => !isEmptyList(one));
  return filled.length === 0 ? undefined : Object.fromEntries(filled);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Weight by Service of one rule. A lone destination takes everything, whatever its weight. */
export function weightsOf(rule: JsonObject): Readonly<Record<string, number>> {
  const route = objectsOf(rule['route']);
  return Object.fromEntries(
    route.map((backend) => [
      serviceKey.of(backend) ?? '',
      route.length === 1 ? 100 : (numberOf(backend['weight']) ?? 0),
    ]),
  );
}
