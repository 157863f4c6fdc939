// F5 NGINX Ingress Controller: the split is in a VirtualServer named like the apex, in its routes for the paths of the
// Canary. nginxinc/ renders it, reads it and checks the spec.
import { digest } from '../model/hash.ts';
import { objectOf, objectsOf, overlay, type JsonObject } from '../model/json.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../model/kube.ts';
import { countedMetadata, mergeMetadata } from '../model/metadata.ts';
import { amongForeign, backendNames, routeMetadata, routeView } from './live.ts';
import { acceptanceOf } from './nginxinc/acceptance.ts';
import { namesIn, normalRoute, splitIn, withProxying, withSplit } from './nginxinc/normal.ts';
import { problemsOf } from './nginxinc/problems.ts';
import { specOf } from './nginxinc/render.ts';
import type { RouteShape, TrafficRouter } from './router.ts';

const resource: Resource = {
  group: 'k8s.nginx.org',
  version: 'v1',
  plural: 'virtualservers',
  kind: 'VirtualServer',
  namespaced: true,
};

/** Of the spec. Routes for other paths, other upstreams, TLS, policies and everything else are the user's. */
const ownTop = ['ingressClassName', 'host', 'upstreams', 'routes'] as const;

/** Of a route; the rest of it stays. */
const ownRoute = ['path', 'action', 'splits', 'matches'] as const;

const routesOf = (object: KubeObject): readonly JsonObject[] => objectsOf(objectOf(object['spec'])['routes']);
const upstreamsOf = (object: KubeObject): readonly JsonObject[] =>
  objectsOf(objectOf(object['spec'])['upstreams']);

/** The base name of the Services that it sends to; its own where it sends to none of a Canary's. */
function apexOf(object: KubeObject): string {
  const primary = routesOf(object)
    .flatMap(namesIn)
    .find((name) => name.endsWith('-primary'));
  return primary === undefined ? object.metadata.name : primary.slice(0, -'-primary'.length);
}

function isOurs(route: JsonObject, apex: string): boolean {
  const { primary, canary } = backendNames(apex);
  return namesIn(route).some((name) => name === primary || name === canary);
}

function fingerprint(object: KubeObject): string {
  const apex = apexOf(object);
  const { primary, canary } = backendNames(apex);
  const { ingressClassName, host } = objectOf(object['spec']);
  return digest({
    metadata: countedMetadata(object),
    ingressClassName,
    host,
    upstreams: upstreamsOf(object)
      .filter(({ name }) => name === primary || name === canary)
      .map(({ name, service, port }) => ({ name, service, port })),
    routes: routesOf(object)
      .filter((route) => isOurs(route, apex))
      .map(normalRoute),
  });
}

/** Ours for a path takes the place of whatever stood for it; the first of ours stands where the first of those stood. */
function mergedRoutes(live: KubeObject, wanted: KubeObject): readonly JsonObject[] {
  const apex = apexOf(wanted);
  const standing = routesOf(live);
  const ours = routesOf(wanted).map((route) => {
    const before = standing.find(({ path }) => path === route['path']) ?? {};
    return overlay(before, withProxying(route, before), ownRoute);
  });
  const isReplaced = (route: JsonObject): boolean =>
    isOurs(route, apex) || ours.some(({ path }) => path === route['path']);
  return amongForeign(standing, ours, isReplaced);
}

function mergedUpstreams(live: KubeObject, wanted: KubeObject): readonly JsonObject[] {
  const ours = upstreamsOf(wanted);
  const standing = upstreamsOf(live);
  const merged = ours.map((upstream) =>
    overlay(standing.find(({ name }) => name === upstream['name']) ?? {}, upstream, [
      'name',
      'service',
      'port',
    ]),
  );
  return [...standing.filter(({ name }) => !ours.some((one) => one['name'] === name)), ...merged];
}

function merge(live: KubeObject, wanted: KubeObject): KubeObject {
  return {
    ...live,
    metadata: mergeMetadata(live.metadata, wanted.metadata),
    spec: overlay(
      objectOf(live['spec']),
      {
        ...objectOf(wanted['spec']),
        upstreams: mergedUpstreams(live, wanted),
        routes: mergedRoutes(live, wanted),
      },
      ownTop,
    ),
  };
}

const route: RouteShape = {
  resource,
  render: (wish) => ({
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: routeMetadata(wish),
    spec: specOf(wish),
  }),
  merge,
  fingerprint,
  view: (live) => {
    const apex = apexOf(live);
    const splits = routesOf(live).flatMap((one) => (isOurs(one, apex) ? [splitIn(one, apex)] : []));
    const [first] = splits;
    const agree = first !== undefined && splits.every((split) => split?.canary === first?.canary);
    const { primary, canary } = backendNames(apex);
    return routeView(live, {
      fingerprint: fingerprint(live),
      weights: agree ? { [primary]: first.primary, [canary]: first.canary } : undefined,
      acceptance: acceptanceOf(live),
    });
  },
  reweigh: (live, split) => {
    const apex = apexOf(live);
    const routes = routesOf(live).map((one) => (isOurs(one, apex) ? withSplit(one, apex, split) : one));
    return { ...live, spec: { ...objectOf(live['spec']), routes } };
  },
};

export const nginxinc: TrafficRouter = {
  provider: 'nginxinc',
  capabilities: {
    weighted: true,
    match: {
      headers: ['exact'],
      queryParams: ['exact'],
      limit: 'NGINX compares values without regard to case',
    },
    serviceFields: ['hosts', 'match', 'ingressClass'],
    acceptance: true,
  },
  route,
  problems: problemsOf,
};
