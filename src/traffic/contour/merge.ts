// Lays our HTTPProxy over a live one. Routes that send elsewhere stay where they are, and so do unknown keys of a route of
// ours or of a Service in it, and all of the spec beside routes and class.
import { objectOf, objectsOf, overlay, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { amongForeign, isOwnRule, keepIfSame, predecessors, type RuleReader } from '../live.ts';
import {
  isLinkerdHeader,
  normalConditions,
  normalHeaders,
  normalRetries,
  normalRewrite,
  normalTimeouts,
  weightsOf,
} from './normal.ts';

const reader: RuleReader = {
  backends: (route) => Object.keys(weightsOf(route)),
  matches: (route) => normalConditions(route['conditions']),
  unique: [],
};

interface Policy {
  readonly key: string;
  /** Keys of the policy that are ours; others in it stay. */
  readonly own: readonly string[];
  /** Without our keys it would still say something, so it goes as a whole. */
  readonly whole: boolean;
  readonly normal: (policy: unknown) => unknown;
}

const headers = { own: ['set', 'remove'], normal: normalHeaders, whole: false };
const policies: readonly Policy[] = [
  { key: 'timeoutPolicy', own: ['response', 'idle'], normal: normalTimeouts, whole: false },
  { key: 'retryPolicy', own: ['count', 'perTryTimeout', 'retryOn'], normal: normalRetries, whole: true },
  { key: 'pathRewritePolicy', own: ['replacePrefix'], normal: normalRewrite, whole: false },
  { key: 'requestHeadersPolicy', ...headers },
  { key: 'responseHeadersPolicy', ...headers },
];

export function mergeSpec(live: KubeObject, wanted: KubeObject): JsonObject {
  const before = objectOf(live['spec']);
  const after = objectOf(wanted['spec']);
  const routes = objectsOf(after['routes']);
  const standing = objectsOf(before['routes']);
  const from = predecessors(standing, routes, wanted.metadata.name, reader);
  const ours = routes.map((route, index) => mergeRoute(from[index] ?? {}, route));
  const isOurs = (route: JsonObject): boolean => isOwnRule(reader.backends(route), wanted.metadata.name);
  return overlay(before, { ...after, routes: amongForeign(standing, ours, isOurs) }, [
    'ingressClassName',
    'routes',
  ]);
}

function mergeRoute(live: JsonObject, wanted: JsonObject): JsonObject {
  const merged = policies.map((policy): [string, unknown] => [
    policy.key,
    mergePolicy(live[policy.key], wanted[policy.key], policy),
  ]);
  return overlay(
    live,
    {
      ...Object.fromEntries(merged),
      conditions: keepIfSame(live['conditions'], wanted['conditions'], normalConditions),
      services: objectsOf(wanted['services']).map((service) => mergeService(live, service)),
    },
    ['conditions', 'services', ...policies.map(({ key }) => key)],
  );
}

function mergePolicy(live: unknown, wanted: unknown, { own, normal, whole }: Policy): unknown {
  if (keepIfSame(live, wanted, normal) === live) {
    return live;
  }
  if (wanted === undefined && whole) {
    return undefined;
  }
  const merged = overlay(objectOf(live), objectOf(wanted), own);
  return Object.keys(merged).length === 0 ? undefined : merged;
}

function mergeService(route: JsonObject, wanted: JsonObject): JsonObject {
  const live = objectsOf(route['services']).find(({ name }) => name === wanted['name']) ?? {};
  const before = objectOf(live['requestHeadersPolicy']);
  const foreign = objectsOf(before['set']).filter((header) => !isLinkerdHeader(header));
  const ours = objectsOf(objectOf(wanted['requestHeadersPolicy'])['set']);
  const requestHeadersPolicy = { ...before, set: [...foreign, ...ours] };
  return overlay(live, { ...wanted, requestHeadersPolicy }, [
    'name',
    'port',
    'weight',
    'requestHeadersPolicy',
  ]);
}
