// The nouns of the Kubernetes API, as plain data. No client, no I/O; imports nothing.

/** Metadata every object has; unknown keys survive. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  [key: string]: unknown;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Any object as the API server gives it. `spec`, `status` and `data` are parsed where they are read. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [key: string]: unknown;
}

/** A kind as the API server serves it; `group` is empty for the core group. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Served by an API server of its own, so that no definition says whether a cluster has it. */
  readonly aggregated?: true;
}

/** Names one object of a known resource. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `namespace/name`, or `name` alone for a cluster-scoped object. The key of caches and of the queue. */
export function keyOf({ namespace, name }: ObjectKey): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** True if `owner` is the controlling owner; compared by UID, because a name can be used again. */
export function isControlledBy(meta: ObjectMeta, ownerUid: string): boolean {
  return (meta.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === ownerUid);
}

const namespaced = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});

/** Whether the cluster serves a kind in a version; `unknown` while that is being found out. */
export type Presence = 'served' | 'missing' | 'unknown';
/** With `addition`: whether it serves that as well. */
export type PresenceOf = (resource: Resource, addition?: Addition) => Presence;

/** Fields that only some releases of a definition have; which one it is, the annotations of the definition say. */
export interface Addition {
  readonly isIn: (annotations: Readonly<Record<string, string>>) => boolean;
}

/** The kinds Serin itself reads or writes; routers name the kinds of their own routes. */
export const resources = {
  canaries: namespaced('flagger.app', 'v1beta1', 'canaries', 'Canary'),
  metricTemplates: namespaced('flagger.app', 'v1beta1', 'metrictemplates', 'MetricTemplate'),
  alertProviders: namespaced('flagger.app', 'v1beta1', 'alertproviders', 'AlertProvider'),
  canaryCommands: namespaced('serin.dev', 'v1alpha1', 'canarycommands', 'CanaryCommand'),
  deployments: namespaced('apps', 'v1', 'deployments', 'Deployment'),
  daemonSets: namespaced('apps', 'v1', 'daemonsets', 'DaemonSet'),
  knativeServices: namespaced('serving.knative.dev', 'v1', 'services', 'Service'),
  controllerRevisions: namespaced('apps', 'v1', 'controllerrevisions', 'ControllerRevision'),
  services: namespaced('', 'v1', 'services', 'Service'),
  configMaps: namespaced('', 'v1', 'configmaps', 'ConfigMap'),
  secrets: namespaced('', 'v1', 'secrets', 'Secret'),
  events: namespaced('', 'v1', 'events', 'Event'),
  leases: namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  horizontalPodAutoscalers: namespaced(
    'autoscaling',
    'v2',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
  ),
  gateways: namespaced('gateway.networking.k8s.io', 'v1', 'gateways', 'Gateway'),
  gatewayClasses: {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'gatewayclasses',
    kind: 'GatewayClass',
    namespaced: false,
  },
  ingresses: namespaced('networking.k8s.io', 'v1', 'ingresses', 'Ingress'),
  scaledObjects: namespaced('keda.sh', 'v1alpha1', 'scaledobjects', 'ScaledObject'),
  customResourceDefinitions: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
  },
} as const satisfies Record<string, Resource>;
