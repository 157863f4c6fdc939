// All routers. Adding one means adding its file and its line here, and its line in test/contract/router-examples.ts.
import type { CanarySpec } from '../api/canary.ts';
import { apexName } from '../api/defaults.ts';
import { routesOf, type SpecOfRoute } from '../api/routes.ts';
import { apisix } from './apisix.ts';
import { alb } from './alb.ts';
import { appMeshV1beta1, appMeshV1beta2 } from './appmesh.ts';
import { contour } from './contour.ts';
import {
  gatewayApiGrpc,
  gatewayApiTcp,
  gatewayApiTls,
  gatewayApiUdp,
  gatewayApiV1,
  gatewayApiV1beta1,
} from './gateway-api.ts';
import { gloo } from './gloo.ts';
import { istio } from './istio.ts';
import { knative } from './knative.ts';
import { kubernetes } from './kubernetes.ts';
import { kuma } from './kuma.ts';
import { nginx } from './nginx.ts';
import { nginxinc } from './nginxinc.ts';
import { openshift } from './openshift.ts';
import { skipper } from './skipper.ts';
import { smiRouters } from './smi.ts';
import { traefik } from './traefik.ts';
import { inForce, withVariants, type TrafficRouter } from './router.ts';
import { keyOf, type PresenceOf } from '../model/kube.ts';

export const routers: readonly TrafficRouter[] = [
  kubernetes,
  gatewayApiV1,
  gatewayApiV1beta1,
  gatewayApiGrpc,
  gatewayApiTls,
  gatewayApiTcp,
  gatewayApiUdp,
  contour,
  istio,
  traefik,
  nginx,
  nginxinc,
  openshift,
  alb,
  skipper,
  ...smiRouters,
  knative,
  gloo,
  kuma,
  apisix,
  appMeshV1beta1,
  appMeshV1beta2,
];

/** With everything that may take the place of one of them. */
export const allRouters: readonly TrafficRouter[] = [...new Set(routers.flatMap(withVariants))];

/** Serves all of them, as they are released for everybody. */
const everyKind: PresenceOf = (_resource, addition) => (addition === undefined ? 'served' : 'missing');

/** The router for a spec in a cluster; where nothing is said of the cluster, in one that serves every kind. */
export function routerOf(
  spec: CanarySpec,
  provider: string,
  presenceOf: PresenceOf = everyKind,
): TrafficRouter | undefined {
  const router = routerFor(provider);
  return router === undefined ? undefined : inForce(router, spec, presenceOf);
}

/** A route of a Canary and what writes it; undefined for a provider that is unknown or not supported. */
export interface RoutedSpec extends SpecOfRoute {
  readonly router: TrafficRouter | undefined;
}

export function routedSpecs(
  spec: CanarySpec,
  defaultProvider: string,
  presenceOf?: PresenceOf,
): readonly RoutedSpec[] {
  return routesOf(spec, defaultProvider).map((route) => ({
    ...route,
    router: routerOf(route.spec, route.provider, presenceOf),
  }));
}

/** The name of the object of a route. */
export function objectName({ router, spec, name }: RoutedSpec): string {
  return router?.route?.nameOf?.(spec) ?? name ?? apexName(spec);
}

/** Under every name that an object of a route may have for this Canary, so that its events find it. */
export function routeNames(spec: CanarySpec): readonly string[] {
  const apex = apexName(spec);
  const given = routesOf(spec, '').flatMap((one) => [
    one.name,
    ...allRouters.flatMap(({ route, source }) => [route?.nameOf?.(one.spec), source?.nameOf(one.spec)]),
  ]);
  const names = [apex, `${apex}-primary`, `${apex}-canary`, ...given];
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** `namespace/name` of objects in other namespaces that a route may be made from. */
export function distantSources(spec: CanarySpec): readonly string[] {
  return routesOf(spec, '').flatMap((one) =>
    allRouters.flatMap(({ source }) => {
      const name = source?.nameOf(one.spec);
      const namespace = source?.namespaceOf?.(one.spec);
      return name === undefined || namespace === undefined ? [] : [keyOf({ namespace, name })];
    }),
  );
}

const knownAnnotations = new Set(allRouters.flatMap(({ annotations = [] }) => annotations));

/** Of a Canary's annotations those that some router makes objects from. */
export function routeAnnotations(
  annotations: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => knownAnnotations.has(key)));
}

/** What `spec.provider` may say today. */
export const providers: readonly string[] = routers.map(({ provider }) => provider);

/** Known by the start of a name too, as in Flagger; the longer start comes first. Of the Gateway API it means the HTTPRoute. */
const families: readonly TrafficRouter[] = [gatewayApiV1beta1, gatewayApiV1, gloo, appMeshV1beta2];

/** The router of a provider; undefined for one that is unknown or not supported. */
export function routerFor(provider: string): TrafficRouter | undefined {
  const named = routers.find((router) => router.provider === provider);
  if (named !== undefined) {
    return named;
  }
  const family = families.find((router) => provider.startsWith(router.provider));
  if (family !== undefined) {
    return family;
  }
  // `smi:v1alpha2:linkerd`, as the controller's flag may say: the mesh behind it does not change the object.
  const smi = /^smi:v1alpha\d/.exec(provider)?.[0];
  return routers.find((router) => router.provider === smi);
}
