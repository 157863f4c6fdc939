// One Canary with everything that belongs to it, resolved from the caches: what observe/ describes and act/ writes to.
import type { CanarySpec } from '../api/canary.ts';
import { apexName, primaryName, providerOf, warmName } from '../api/defaults.ts';
import { keyOf, resources, apiVersionOf } from '../model/kube.ts';
import type { KubeObject, ObjectKey, OwnerReference, PresenceOf, Resource } from '../model/kube.ts';
import type { Problem } from '../model/problem.ts';
import { allPrimary } from '../model/split.ts';
import type { Split } from '../model/split.ts';
import { qualifiedName, viewFor } from '../traffic/router.ts';
import { objectName, routedSpecs } from '../traffic/routers.ts';
import type { RoutedSpec } from '../traffic/routers.ts';
import { storedWish } from '../traffic/stored-wish.ts';
import type { CompanionShape, ObjectView, RouteView, RouteWish } from '../traffic/router.ts';
import { autoscalersOf } from './autoscalers.ts';
import type { SceneAutoscalers } from './autoscalers.ts';
import type { WorkloadKind, WorkloadView } from '../workload/kind.ts';
import { kindOf } from '../workload/kinds.ts';
import { selectorOf } from '../workload/selector.ts';
import type { Selector } from '../workload/selector.ts';
import { headlessProblems, renderServices, serviceName } from '../workload/services.ts';
import type { Protocol, RenderedServices, ServiceRole, ServiceView } from '../workload/services.ts';
import { resourceKey } from './caches.ts';
import type { Caches, TrafficObject } from './caches.ts';
import type { CanaryView } from './canary-view.ts';
import type { WithWorkload } from './workload-caches.ts';

export interface SceneSettings {
  readonly meshProvider: string;
  readonly ingressClass: string;
  readonly ingressAnnotationsPrefix?: string;
  readonly selectorLabels: readonly string[];
  readonly includeLabelPrefix: readonly string[];
  /** Left out: everything is served. */
  readonly presenceOf?: PresenceOf;
}

export interface Scene {
  readonly view: CanaryView;
  readonly spec: CanarySpec;
  readonly owner: OwnerReference;
  /** Of several routes, that of the one which is measured. */
  readonly provider: string;
  readonly apex: string;
  /** undefined for a target of a kind that is not supported. */
  readonly kind: WorkloadKind | undefined;
  readonly targetKey: ObjectKey;
  readonly primaryKey: ObjectKey;
  readonly warmKey: ObjectKey;
  readonly target: WorkloadView | undefined;
  readonly primary: WorkloadView | undefined;
  readonly warm: WorkloadView | undefined;
  readonly selector: Selector | undefined;
  readonly serviceViews: Readonly<Record<ServiceRole, (ServiceView & WithWorkload) | undefined>>;
  /** undefined while it is not known which pods to select. */
  readonly services: RenderedServices | undefined;
  readonly autoscalers: SceneAutoscalers;
  /** At least one. */
  readonly routes: readonly RouteScene[];
  readonly problems: readonly Problem[];
  readonly includeLabelPrefix: readonly string[];
}

/** One route of a Canary: what shall be there, and what is. */
export interface RouteScene extends RoutedSpec {
  readonly view: RouteView | undefined;
  /** Key of the route object; of a cluster-scoped one, its name alone. */
  readonly key: ObjectKey;
  /** What stands beside the route: as it shall be, and as it is. */
  readonly companions: readonly CompanionScene[];
  /** The object that the route is made from. */
  readonly source: KubeObject | undefined;
  readonly wish: (split: Split) => RouteWish;
}

interface CompanionScene {
  readonly shape: CompanionShape;
  readonly wanted: KubeObject;
  readonly view: ObjectView | undefined;
}

/** undefined for a Canary whose spec cannot be read. */
export function sceneOf(view: CanaryView, caches: Caches, settings: SceneSettings): Scene | undefined {
  if (view.canary === undefined) {
    return undefined;
  }
  const kind = kindOf(view.canary.spec.targetRef);
  const spec = honoured(view.canary.spec, kind);
  const { namespace } = view;
  const apex = apexName(spec);
  const provider = providerOf(spec, settings.meshProvider);
  const owner = ownerOf(view);
  const workloads = workloadsOf(spec, kind, { namespace, caches, settings });
  const { target, selector } = workloads;
  const serviceViews = {
    apex: caches.services.get(keyOf({ namespace, name: serviceName(apex, 'apex') })),
    primary: caches.services.get(keyOf({ namespace, name: serviceName(apex, 'primary') })),
    canary: caches.services.get(keyOf({ namespace, name: serviceName(apex, 'canary') })),
  };
  const shared = { view, spec, owner, apex };
  const routed = routedSpecs(spec, settings.meshProvider, settings.presenceOf);
  const protocols = protocolsOf(routed);
  const services =
    target === undefined || selector === undefined
      ? undefined
      : servicesOf(shared, { target, selector, serviceViews, protocols });
  return {
    ...shared,
    provider,
    kind,
    ...workloads,
    serviceViews,
    services,
    autoscalers: autoscalersOf(view, spec, caches),
    routes: routed.map((route) => routeSceneOf(caches, settings, { ...shared, services, route })),
    problems: [
      ...workloads.problems,
      ...(services?.problems ?? []),
      ...(spec.service === undefined
        ? []
        : headlessProblems(
            spec.service,
            roles.map((role) => ({ name: serviceName(apex, role), view: serviceViews[role] })),
          )),
    ],
    includeLabelPrefix: settings.includeLabelPrefix,
  };
}

function workloadsOf(
  spec: CanarySpec,
  kind: WorkloadKind | undefined,
  {
    namespace,
    caches,
    settings,
  }: { readonly namespace: string; readonly caches: Caches; readonly settings: SceneSettings },
): Pick<
  Scene,
  'targetKey' | 'primaryKey' | 'warmKey' | 'target' | 'primary' | 'warm' | 'selector' | 'problems'
> {
  const targetKey = { namespace, name: spec.targetRef.name };
  const inTarget = kind?.services === 'none';
  const primaryKey = inTarget ? targetKey : { namespace, name: primaryName(spec) };
  const warmKey = { namespace, name: warmName(spec) };
  const known = kind === undefined ? undefined : caches.workloads.get(kind);
  const target = known?.get(keyOf(targetKey));
  const selected = selectedBy(kind, target, settings.selectorLabels);
  return {
    targetKey,
    primaryKey,
    warmKey,
    target,
    ...(inTarget
      ? { primary: target?.primary, warm: undefined }
      : { primary: known?.get(keyOf(primaryKey)), warm: known?.get(keyOf(warmKey)) }),
    selector: selected?.kind === 'selector' ? selected.selector : undefined,
    problems: selected?.kind === 'problem' ? [selected.problem] : [],
  };
}

/** undefined where no pods are selected, or it is not known which. */
function selectedBy(
  kind: WorkloadKind | undefined,
  target: WorkloadView | undefined,
  labels: readonly string[],
): ReturnType<typeof selectorOf> | undefined {
  return target === undefined || kind?.services !== 'generated'
    ? undefined
    : selectorOf(target.matchLabels, labels);
}

/** What has no replicas has no autoscaler; `checkCanary` warns of one that is named. */
function honoured(spec: CanarySpec, kind: WorkloadKind | undefined): CanarySpec {
  const { autoscalerRef: _ignored, ...rest } = spec;
  return kind?.sized === false ? rest : spec;
}

function ownerOf({ name, uid }: CanaryView): OwnerReference {
  return {
    apiVersion: apiVersionOf(resources.canaries),
    kind: resources.canaries.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

function routeSceneOf(
  caches: Caches,
  settings: SceneSettings,
  {
    view,
    owner,
    apex,
    services,
    route,
  }: Pick<Scene, 'view' | 'owner' | 'apex' | 'services'> & { readonly route: RoutedSpec },
): RouteScene {
  const { router, spec, name } = route;
  const { namespace } = view;
  const source = sourceOf(caches, route, namespace);
  const wish = (split: Split): RouteWish => ({
    namespace,
    apex,
    ...(name === undefined ? {} : { name }),
    spec,
    split,
    ...storedWish(view.status),
    annotations: view.annotations,
    ...(services === undefined ? {} : { podLabels: services.podLabels }),
    owner,
    ...ingressWords(spec, settings),
    source,
  });
  const shape = router?.route;
  const own = objectName(route);
  const called = shape?.qualified === true ? qualifiedName(own, namespace) : own;
  const key = shape?.resource.namespaced === false ? { name: called } : { namespace, name: called };
  // Without the object that it is made from, a route cannot be said to be wanted in any form.
  const renderable = router?.source === undefined || source !== undefined;
  return {
    ...route,
    key,
    view: shape && viewFor(trafficObjectOf(caches, shape.resource, keyOf(key))?.routes.get(shape), apex),
    companions: renderable
      ? (router?.companions ?? []).flatMap((companion) =>
          companion.render(wish(allPrimary)).map((wanted) => ({
            shape: companion,
            wanted,
            view: trafficObjectOf(caches, companion.resource, keyOf(wanted.metadata))?.companions.get(
              companion,
            ),
          })),
        )
      : [],
    source,
    wish,
  };
}

/** What the flags say of ingresses, where the Canary says nothing else. */
function ingressWords(
  { service }: CanarySpec,
  settings: SceneSettings,
): Pick<RouteWish, 'ingressClass' | 'annotationsPrefix'> {
  const prefix = service?.ingressAnnotationsPrefix ?? settings.ingressAnnotationsPrefix;
  return {
    ingressClass: service?.ingressClass ?? settings.ingressClass,
    ...(prefix === undefined ? {} : { annotationsPrefix: prefix }),
  };
}

function trafficObjectOf(caches: Caches, resource: Resource, key: string): TrafficObject | undefined {
  return caches.traffic.get(resourceKey(resource))?.cache.get(key);
}

function sourceOf(caches: Caches, { router, spec }: RoutedSpec, own: string): KubeObject | undefined {
  const source = router?.source;
  const name = source?.nameOf(spec);
  const namespace = source?.namespaceOf?.(spec) ?? own;
  return source === undefined || name === undefined
    ? undefined
    : trafficObjectOf(caches, source.resource, keyOf({ namespace, name }))?.source;
}

/** What the routes divide: connections, datagrams or both. */
function protocolsOf(routes: readonly RoutedSpec[]): readonly Protocol[] {
  const all = routes.map(({ router }): Protocol => (router?.capabilities.udp === true ? 'UDP' : 'TCP'));
  return [...new Set(all)].toSorted();
}

const roles: readonly ServiceRole[] = ['apex', 'primary', 'canary'];

function servicesOf(
  { view, spec, owner, apex }: Pick<Scene, 'view' | 'spec' | 'owner' | 'apex'>,
  found: {
    readonly target: WorkloadView;
    readonly selector: Selector;
    readonly serviceViews: Scene['serviceViews'];
    readonly protocols: readonly Protocol[];
  },
): RenderedServices | undefined {
  if (spec.service === undefined) {
    return undefined;
  }
  const { target, selector, serviceViews, protocols } = found;
  return renderServices({
    namespace: view.namespace,
    apex,
    service: spec.service,
    selectorKey: selector.key,
    selectorValue: selector.value,
    warm: view.status.run?.warm === true,
    protocols,
    containers: target.ports,
    owner,
    adopted: roles.filter((role) => {
      const live = serviceViews[role];
      return live !== undefined && !live.ownerUids.includes(view.uid);
    }),
  });
}
