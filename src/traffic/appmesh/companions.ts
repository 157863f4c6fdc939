// What stands beside the route. A VirtualNode for each side, which is what a pod is to the mesh: the injector refuses pods, or
// leaves them alone, as long as none selects them. A second router for the canary alone, and in the later version the
// VirtualServices by which clients call the two routers.
import type { CanarySpec } from '../../api/canary.ts';
import type { Service } from '../../api/service.ts';
import { digest } from '../../model/hash.ts';
import { objectOf, objectsOf, overlay, type JsonObject } from '../../model/json.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../../model/kube.ts';
import {
  countedMetadata,
  isCountedField,
  isRecordedField,
  mergeMetadata,
  ownMetadata,
} from '../../model/metadata.ts';
import { backendNames, keepIfSame } from '../live.ts';
import { qualifiedName, type CompanionShape, type RouteShape, type RouteWish } from '../router.ts';
import { portMapping, resource, type Dialect } from './dialect.ts';
import { mergeListeners } from './merge.ts';
import { normalPort } from './normal.ts';
import { canarySpecOf, timeoutOf } from './render.ts';

/** Annotation of a Canary: `enabled` lets the sidecars log every request. */
export const ACCESS_LOG = 'appmesh.flagger.app/accesslog';

const GATEWAY = 'gateway.appmesh.k8s.aws';

interface Named {
  readonly name: string;
  readonly spec: JsonObject;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly fields?: readonly string[];
}

function objectFrom(
  kind: Resource,
  { namespace, owner }: RouteWish,
  { spec, ...metadata }: Named,
): KubeObject {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: ownMetadata({ ...metadata, namespace, owner }),
    spec,
  };
}

export function virtualNodes(dialect: Dialect): CompanionShape {
  const kind = resource(dialect, 'VirtualNode');
  return {
    resource: kind,
    beforePods: true,
    render: (wish) => nodesOf(wish, dialect).map((node) => objectFrom(kind, wish, node)),
    merge: (live, wanted) => ({
      ...live,
      metadata: mergeMetadata(live.metadata, wanted.metadata),
      spec: mergeNode(live, wanted),
    }),
    fingerprint: (node) => digest({ metadata: countedMetadata(node), spec: normalNode(node) }),
  };
}

/** The earlier version knows pods by the name of their node alone, and has one for the apex, which is the primary. */
function nodesOf(wish: RouteWish, dialect: Dialect): readonly Named[] {
  const { apex, namespace, podLabels } = wish;
  const { primary, canary } = backendNames(apex);
  if (dialect.version === 'v1beta1') {
    return [
      [apex, primary],
      [primary, primary],
      [canary, canary],
    ].map(([name = '', service = '']) =>
      nodeOf(wish, dialect, { name, dns: { hostName: qualifiedName(service, namespace) } }),
    );
  }
  // Which pods are meant is not known yet: nothing is written then.
  return podLabels === undefined
    ? []
    : [
        { name: canary, matchLabels: podLabels.canary },
        { name: primary, matchLabels: podLabels.primary },
      ].map(({ name, matchLabels }) =>
        nodeOf(wish, dialect, {
          name,
          dns: { hostname: `${qualifiedName(name, namespace)}.svc.cluster.local.` },
          podSelector: { matchLabels },
        }),
      );
}

/** Fields that a node may have because the Canary says so, or because somebody else does. */
const OPTIONAL = ['backends', 'logging', 'timeout'];

function nodeOf(
  { spec: { service }, annotations = {} }: RouteWish,
  dialect: Dialect,
  {
    name,
    dns,
    podSelector,
  }: { readonly name: string; readonly dns: JsonObject; readonly podSelector?: JsonObject },
): Named {
  const timeout = timeoutOf(service, dialect);
  const optional = optionalIn(service, annotations, dialect);
  return {
    name,
    labels: service?.apex?.labels,
    annotations: service?.apex?.annotations,
    fields: [...Object.keys(optional), ...(timeout === undefined ? [] : ['timeout'])],
    spec: {
      ...(dialect.version === 'v1beta1' ? { meshName: service?.meshName } : {}),
      listeners: [
        {
          portMapping: portMapping(service, dialect),
          ...(timeout === undefined ? {} : { timeout: { [dialect.protocol]: timeout } }),
        },
      ],
      ...(podSelector === undefined ? {} : { podSelector }),
      serviceDiscovery: { dns },
      ...optional,
    },
  };
}

/** Fields of a node that it has because the Canary says so. */
function optionalIn(
  service: Service | undefined,
  annotations: Readonly<Record<string, string>>,
  dialect: Dialect,
): JsonObject {
  const backends = (service?.backends ?? []).map((backend) => backendOf(backend, dialect));
  return {
    ...(backends.length === 0 ? {} : { backends }),
    ...(annotations[ACCESS_LOG] === 'enabled'
      ? { logging: { accessLog: { file: { path: '/dev/stdout' } } } }
      : {}),
  };
}

function backendOf(backend: string, { version }: Dialect): JsonObject {
  if (version === 'v1beta1') {
    return { virtualService: { virtualServiceName: backend } };
  }
  return {
    virtualService: backend.startsWith('arn:aws')
      ? { virtualServiceARN: backend }
      : { virtualServiceRef: { name: backend } },
  };
}

function mergeNode(live: KubeObject, wanted: KubeObject): JsonObject {
  const before = objectOf(live['spec']);
  const after = objectOf(wanted['spec']);
  const isOurs = (field: string): boolean => isRecordedField(live, field) || isRecordedField(wanted, field);
  const discovery = objectOf(before['serviceDiscovery']);
  const { dns } = objectOf(after['serviceDiscovery']);
  return overlay(
    before,
    {
      ...after,
      listeners: mergeListeners(before['listeners'], after['listeners'], [
        'portMapping',
        ...(isOurs('timeout') ? ['timeout'] : []),
      ]),
      serviceDiscovery: { ...discovery, dns: { ...objectOf(discovery['dns']), ...objectOf(dns) } },
    },
    ['meshName', 'listeners', 'podSelector', 'serviceDiscovery', ...['backends', 'logging'].filter(isOurs)],
  );
}

function normalNode(node: KubeObject): JsonObject {
  const { meshName, listeners, podSelector, serviceDiscovery, ...rest } = objectOf(node['spec']);
  const [listener] = objectsOf(listeners);
  const { hostname, hostName } = objectOf(objectOf(serviceDiscovery)['dns']);
  const optional = { ...rest, timeout: listener?.['timeout'] };
  const counted = Object.entries(optional).filter(
    ([field]) => OPTIONAL.includes(field) && isCountedField(node, field),
  );
  return {
    meshName,
    port: normalPort(listener),
    pods: objectOf(podSelector)['matchLabels'],
    host: hostname ?? hostName,
    optional: Object.fromEntries(counted.filter(([, value]) => value !== undefined)),
  };
}

/** All requests to the canary, under its own name: for clients that want no split, such as load tests. */
export function canaryRouter(dialect: Dialect, route: RouteShape): CompanionShape {
  const kind = route.resource;
  const nameIn = ({ apex, namespace }: RouteWish): string => {
    const { canary } = backendNames(apex);
    return route.qualified === true ? qualifiedName(canary, namespace) : canary;
  };
  return {
    resource: kind,
    render: (wish) => [objectFrom(kind, wish, { name: nameIn(wish), spec: canarySpecOf(wish, dialect) })],
    merge: (live, wanted) => route.merge(live, wanted),
    // Its weights are no split of anybody's: they count.
    fingerprint: (object) =>
      digest({ is: route.fingerprint(object), weights: route.view(object).weights ?? null }),
  };
}

/** By which clients call the two routers. */
export function virtualServices(dialect: Dialect): CompanionShape {
  const kind = resource(dialect, 'VirtualService');
  return {
    resource: kind,
    render: (wish) => {
      const { canary } = backendNames(wish.apex);
      return [
        { name: wish.apex, annotations: gatewayAnnotations(wish.spec) },
        { name: canary, annotations: {} },
      ].map(({ name, annotations }) =>
        objectFrom(kind, wish, {
          name,
          annotations,
          spec: { provider: { virtualRouter: { virtualRouterRef: { name } } } },
        }),
      );
    },
    merge: (live, wanted) => ({
      ...live,
      metadata: mergeMetadata(live.metadata, wanted.metadata),
      spec: overlay(
        objectOf(live['spec']),
        {
          provider: keepIfSame(
            objectOf(live['spec'])['provider'],
            objectOf(wanted['spec'])['provider'],
            routerIn,
          ),
        },
        ['provider'],
      ),
    }),
    fingerprint: (service) =>
      digest({
        metadata: countedMetadata(service),
        router: routerIn(objectOf(service['spec'])['provider']) ?? null,
      }),
  };
}

function routerIn(provider: unknown): unknown {
  return objectOf(objectOf(objectOf(provider)['virtualRouter'])['virtualRouterRef'])['name'];
}

/** What the gateway of App Mesh reads; Flagger ends the list of domains with a comma. */
export function gatewayAnnotations({ service }: CanarySpec): Record<string, string> {
  const { hosts = [], timeout = '', retries } = service ?? {};
  const attempts = retries?.attempts ?? 0;
  return hosts.length === 0
    ? {}
    : {
        [`${GATEWAY}/expose`]: 'true',
        [`${GATEWAY}/domain`]: hosts.map((host) => `${host},`).join(''),
        ...(timeout === '' ? {} : { [`${GATEWAY}/timeout`]: timeout }),
        ...(attempts > 0 ? { [`${GATEWAY}/retries`]: String(attempts) } : {}),
      };
}
