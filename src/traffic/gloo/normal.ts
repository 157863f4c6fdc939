// The normal form of a RouteTable: only what we write, with what Gloo takes a missing value for, order taken out where it has
// no meaning. Destinations are told by the Service behind them.
import { listOf, numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { isOwnRule, sortedByContent, type ServiceKey } from '../live.ts';

/** `<namespace>-<apex>-canaryupstream-<port>`, of which the Service is `<apex>-canary`. */
const OURS = /^(.+)-(primary|canary)upstream-(\d+)$/;
/** `<namespace>-<service>-<port>`, as Gloo calls an Upstream that it has discovered. */
const DISCOVERED = /^(.+)-\d+$/;

export const serviceKey: ServiceKey = {
  of: ({ destination }) => serviceOf(objectOf(destination), ''),
  set: (backend, service) => {
    const { upstream, ...rest } = objectOf(backend['destination']);
    const { name, namespace } = objectOf(upstream);
    const [, base = '', , port = ''] = OURS.exec(textOf(name) ?? '') ?? [];
    const [, apex] = /^(.+)-(?:primary|canary)$/.exec(service) ?? [];
    const destination =
      apex !== undefined && base.endsWith(apex)
        ? {
            upstream: {
              ...objectOf(upstream),
              name: `${base.slice(0, -apex.length)}${service}upstream-${port}`,
            },
          }
        : { kube: { ref: { name: service, namespace }, port: Number(port) } };
    return { ...backend, destination: { ...rest, ...destination } };
  },
};

/** @param namespace where the RouteTable is; empty where that is not known, so that no discovered Upstream is */
function serviceOf({ upstream, kube }: JsonObject, namespace: string): string | undefined {
  if (kube !== undefined) {
    return textOf(objectOf(objectOf(kube)['ref'])['name']);
  }
  const name = textOf(objectOf(upstream)['name']);
  const [, ours, side] = OURS.exec(name ?? '') ?? [];
  if (ours !== undefined) {
    return `${without(textOf(objectOf(upstream)['namespace']) ?? namespace, ours)}-${side}`;
  }
  const [, discovered] = DISCOVERED.exec(name ?? '') ?? [];
  return discovered !== undefined && namespace !== '' && discovered.startsWith(`${namespace}-`)
    ? without(namespace, discovered)
    : name;
}

function without(namespace: string, name: string): string {
  return name.startsWith(`${namespace}-`) ? name.slice(namespace.length + 1) : name;
}

/** The Services behind all destinations of a route, also of one that has a single destination. */
export function servicesOf(route: JsonObject, namespace: string): readonly string[] {
  const { single, multi } = objectOf(route['routeAction']);
  const several = objectsOf(objectOf(multi)['destinations']).map(({ destination }) => destination);
  return [single, ...several]
    .filter((one) => one !== undefined)
    .flatMap((one) => serviceOf(objectOf(one), namespace) ?? []);
}

/** Weight by Service; a missing one counts 0. */
export function weightsOf(route: JsonObject): Readonly<Record<string, number>> {
  const { multi } = objectOf(route['routeAction']);
  return Object.fromEntries(
    objectsOf(objectOf(multi)['destinations']).map((one) => [
      serviceKey.of(one) ?? '',
      numberOf(one['weight']) ?? 0,
    ]),
  );
}

export function normalSpec({ metadata, spec }: KubeObject): unknown {
  const { name, namespace = '' } = metadata;
  return objectsOf(objectOf(spec)['routes'])
    .filter((route) => isOwnRule(servicesOf(route, namespace), name))
    .map((route) => {
      const { multi, ...others } = objectOf(route['routeAction']);
      return {
        matchers: normalMatchers(route['matchers']),
        inheritablePathMatchers: route['inheritablePathMatchers'] === true,
        others: Object.keys(others).filter((key) => actions.has(key)),
        destinations: sortedByContent(
          objectsOf(objectOf(multi)['destinations']).map(({ destination }) =>
            normalDestination(objectOf(destination)),
          ),
        ),
      };
    });
}

/** Where a route may lead instead of to several destinations; one excludes the others. */
export const actions: ReadonlySet<string> = new Set([
  'single',
  'upstreamGroup',
  'clusterHeader',
  'dynamicForwardProxy',
]);

function normalDestination({ upstream, kube, consul }: JsonObject): unknown {
  const { name, namespace } = objectOf(upstream);
  return { name, namespace, others: [kube, consul].filter((one) => one !== undefined) };
}

/** Matchers are alternatives; conditions of one must all hold. */
export function normalMatchers(list: unknown): unknown {
  return sortedByContent(
    objectsOf(list).map(({ headers, queryParameters, methods, ...path }) => ({
      ...path,
      headers: sortedByContent(objectsOf(headers).map(normalCondition)),
      queryParameters: sortedByContent(objectsOf(queryParameters).map(normalCondition)),
      methods: sortedByContent(listOf(methods)),
    })),
  );
}

function normalCondition({ name, value = '', regex = false, invertMatch = false }: JsonObject): JsonObject {
  return { name, value, regex, invertMatch };
}
