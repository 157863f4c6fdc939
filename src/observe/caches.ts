// The watch caches of everything a decision looks at, each with the projection that is kept at its door. Which watches
// feed them is the composition's business.
import { parseMetricTemplate } from '../api/parse.ts';
import type { MetricTemplate } from '../api/metric-template.ts';
import { resources } from '../model/kube.ts';
import type { AutoscalerName } from '../model/observation.ts';
import type { KubeObject, Resource } from '../model/kube.ts';
import { canaryClaim, claimant } from '../traffic/cluster-scoped.ts';
import { objectView, resourcesOf } from '../traffic/router.ts';
import type { CompanionShape, ObjectView, RouteShape, RouteView } from '../traffic/router.ts';
import { allRouters } from '../traffic/routers.ts';
import { createCache } from '../watch/cache.ts';
import type { Cache } from '../watch/cache.ts';
import { viewOfAutoscaler } from '../workload/autoscaler.ts';
import type { AutoscalerView } from '../workload/autoscaler.ts';
import { autoscalerKindNames, autoscalerKinds } from '../workload/autoscalers.ts';
import type { WorkloadKind } from '../workload/kind.ts';
import { viewOfService } from '../workload/services.ts';
import type { ServiceView } from '../workload/services.ts';
import { viewOfRevision } from '../workload/stored-revision.ts';
import type { RevisionView } from '../workload/stored-revision.ts';
import { viewOfGateway, viewOfGatewayClass } from './gateways.ts';
import type { GatewayCaches } from './gateways.ts';
import { interestsOf, targetKeyOf, viewOfCanary } from './canary-view.ts';
import type { CanaryView } from './canary-view.ts';
import { canaryKeyOf, viewOfCommand } from './command-view.ts';
import type { CommandView } from './command-view.ts';
import { isSameKind, workloadCaches, workloadOf } from './workload-caches.ts';
import type { WithWorkload, WorkloadCache, WorkloadFeed } from './workload-caches.ts';

export interface ConfigView {
  readonly resourceVersion: string;
}

/** What is kept of an object that routers read or write, by what reads it. */
export interface TrafficObject extends WithWorkload {
  readonly routes: ReadonlyMap<RouteShape, RouteView>;
  readonly companions: ReadonlyMap<CompanionShape, ObjectView>;
  /** Whole, because a route is made from it; undefined for kinds of which none is. */
  readonly source: KubeObject | undefined;
}

interface TrafficCache {
  readonly resource: Resource;
  readonly cache: Cache<TrafficObject, 'claim'>;
}

export interface Caches extends GatewayCaches {
  readonly canaries: Cache<CanaryView, 'interest' | 'target'>;
  readonly templates: Cache<MetricTemplate>;
  /** Of every kind that can be a target. */
  readonly workloads: ReadonlyMap<WorkloadKind, WorkloadCache>;
  /** Those of them that have a watch to themselves. */
  readonly workloadFeeds: readonly WorkloadFeed[];
  readonly commands: Cache<CommandView, 'canary'>;
  readonly services: Cache<ServiceView & WithWorkload>;
  readonly autoscalers: Readonly<Record<AutoscalerName['kind'], Cache<AutoscalerView, 'owner'>>>;
  readonly revisions: Cache<RevisionView, 'owner'>;
  /** Metadata only: the content is read when the version changes. */
  readonly configMaps: Cache<ConfigView>;
  /** Everything that routers read or write, by `group/version/plural`. */
  readonly traffic: ReadonlyMap<string, TrafficCache>;
}

export type CacheErrorListener = (error: unknown, what: string) => void;

export function createCaches(onError: CacheErrorListener): Caches {
  const failed = (kind: string) => (error: unknown, key: string) => {
    onError(error, `${kind} ${key}`);
  };
  const services = createCache({
    project: (object) => ({ ...viewOfService(object), ...workloadOf(resources.services, object) }),
    onError: failed('Service'),
  });
  const traffic = trafficCaches(failed);
  return {
    canaries: createCache({
      project: viewOfCanary,
      indexes: {
        interest: interestsOf,
        target: (view) => [targetKeyOf(view)].filter((key) => key !== undefined),
      },
      onError: failed('Canary'),
    }),
    templates: createCache({ project: readTemplate, onError: failed('MetricTemplate') }),
    ...workloadCaches([{ resource: resources.services, cache: services }, ...traffic.values()], failed),
    autoscalers: {
      HorizontalPodAutoscaler: autoscalerCache('HorizontalPodAutoscaler', failed),
      ScaledObject: autoscalerCache('ScaledObject', failed),
    },
    commands: createCache({
      project: viewOfCommand,
      indexes: { canary: (view) => [canaryKeyOf(view)] },
      onError: failed('CanaryCommand'),
    }),
    services,
    revisions: createCache({
      project: ownRevision,
      indexes: { owner: ({ ownerUids }) => ownerUids },
      onError: failed('ControllerRevision'),
    }),
    configMaps: createCache({
      project: ({ metadata }): ConfigView => ({ resourceVersion: metadata.resourceVersion ?? '' }),
      onError: failed('ConfigMap'),
    }),
    gateways: createCache({ project: viewOfGateway, onError: failed('Gateway') }),
    gatewayClasses: createCache({ project: viewOfGatewayClass, onError: failed('GatewayClass') }),
    traffic,
  };
}

function readTemplate(object: KubeObject): MetricTemplate | undefined {
  const parsed = parseMetricTemplate(object);
  return parsed.ok ? parsed.template : undefined;
}

/** The revisions of StatefulSets and DaemonSets are none of ours, and are not kept. */
function ownRevision(object: KubeObject): RevisionView | undefined {
  const view = viewOfRevision(object);
  return view.revision === undefined ? undefined : view;
}

type Failed = (kind: string) => (error: unknown, key: string) => void;

function autoscalerCache(kind: AutoscalerName['kind'], failed: Failed): Cache<AutoscalerView, 'owner'> {
  return createCache({
    project: (object) => viewOfAutoscaler(autoscalerKinds[kind], object),
    indexes: { owner: ({ ownerUids }) => ownerUids },
    onError: failed(kind),
  });
}

function trafficCaches(failed: Failed): Map<string, TrafficCache> {
  const caches = new Map<string, TrafficCache>();
  for (const resource of allRouters.flatMap(resourcesOf)) {
    const key = resourceKey(resource);
    if (!caches.has(key)) {
      const cache = createCache({
        project: trafficObject(resource),
        indexes: { claim: claimsOn },
        onError: failed(resource.kind),
      });
      caches.set(key, { resource, cache });
    }
  }
  return caches;
}

function trafficObject(kind: Resource): (object: KubeObject) => TrafficObject {
  const isOfKind = ({ resource }: { readonly resource: Resource }): boolean => isSameKind(resource, kind);
  const routes = [...new Set(allRouters.flatMap(({ route }) => route ?? []))].filter(isOfKind);
  const companions = allRouters.flatMap((router) => router.companions ?? []).filter(isOfKind);
  const isSource = allRouters.some(({ source }) => source !== undefined && isOfKind(source));
  return (object) => ({
    routes: new Map(routes.map((shape) => [shape, shape.view(object)])),
    companions: new Map(companions.map((shape) => [shape, objectView(object, shape.fingerprint(object))])),
    source: isSource ? object : undefined,
    ...workloadOf(kind, object),
  });
}

/** Whose an object is that no Canary can own. */
function claimsOn({ routes }: TrafficObject): readonly string[] {
  const claims = [...routes.values()].map(({ belongsTo }) => belongsTo);
  return [...new Set(claims)].filter((claim) => claim !== undefined);
}

/** The Canaries, as `namespace/name`, that an object says it belongs to. */
export function claimantsOf(object: TrafficObject | undefined): readonly string[] {
  const claims = object === undefined ? [] : claimsOn(object);
  return claims.map(claimant).filter((key) => key !== undefined);
}

export interface ClaimedObject {
  readonly resource: Resource;
  readonly name: string;
  readonly uid: string;
}

/** Everything scoped to the cluster that says it belongs to the Canary of this key, `namespace/name`. */
export function claimedBy(caches: Pick<Caches, 'traffic'>, key: string): readonly ClaimedObject[] {
  return [...caches.traffic.values()].flatMap(({ resource, cache }) =>
    cache.byIndex('claim', canaryClaim(key)).map(({ key: name, uid }) => ({ resource, name, uid })),
  );
}

export function resourceKey({ group, version, plural }: Resource): string {
  return `${group}/${version}/${plural}`;
}

/** Groups of the API server itself have no dot, or end in k8s.io; of the latter, Gateway API comes with definitions. */
export function isBuiltIn({ group }: Resource): boolean {
  return group === 'networking.k8s.io' || !group.includes('.');
}

/** Each cache with the kind that feeds it; `optional` kinds come with a CRD and may be missing. */
export interface Feed {
  readonly resource: Resource;
  readonly cache: Cache<unknown>;
  readonly optional: boolean;
  readonly metadataOnly: boolean;
}

export function feedsOf(caches: Caches): readonly Feed[] {
  const builtIn = (resource: Resource, cache: Feed['cache'], metadataOnly = false): Feed => ({
    resource,
    cache,
    optional: false,
    metadataOnly,
  });
  const optional = (resource: Resource, cache: Feed['cache']): Feed => ({
    ...builtIn(resource, cache),
    optional: true,
  });
  return [
    builtIn(resources.canaries, caches.canaries),
    builtIn(resources.metricTemplates, caches.templates),
    ...caches.workloadFeeds.map(({ resource, cache }) => builtIn(resource, cache)),
    builtIn(resources.services, caches.services),
    builtIn(resources.controllerRevisions, caches.revisions),
    builtIn(resources.configMaps, caches.configMaps, true),
    ...autoscalerKindNames.map((kind) => ({
      resource: autoscalerKinds[kind].resource,
      cache: caches.autoscalers[kind],
      optional: autoscalerKinds[kind].optional,
      metadataOnly: false,
    })),
    optional(resources.canaryCommands, caches.commands),
    optional(resources.gateways, caches.gateways),
    optional(resources.gatewayClasses, caches.gatewayClasses),
    ...[...caches.traffic.values()].map(({ resource, cache }) => ({
      resource,
      cache,
      optional: !isBuiltIn(resource),
      metadataOnly: false,
    })),
  ];
}
