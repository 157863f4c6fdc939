// A core Service as the target: it is the apex itself, and what is released is its spec. Primary and canary are copies of it,
// each with addresses of its own. It has no pods that Serin knows of, so nothing is scaled and it is always ready.
import { digest } from '../model/hash.ts';
import { isJsonObject, objectOf, objectsOf } from '../model/json.ts';
import type { JsonObject } from '../model/json.ts';
import { apiVersionOf, resources } from '../model/kube.ts';
import { lastSetAt } from '../model/managed-fields.ts';
import type { KubeObject, OwnerReference } from '../model/kube.ts';
import { gitopsOptOut } from '../model/metadata.ts';
import type { OwnedShape } from '../model/owned.ts';
import type { WorkloadKind, WorkloadView } from './kind.ts';
import {
  REVISION_ANNOTATION,
  WRITTEN_ANNOTATION,
  copiedAnnotations,
  mergeMetadata,
  ownedMetadata,
  ownerUidsOf,
  recordCopied,
  revisionAnnotation,
  withoutToolkit,
} from './metadata.ts';
import { hasDrifted, sourceHashOf, templateHashOf, writtenNote } from './template-hash.ts';

/** What one Service has for itself, and no two can share. */
const ownFields = [
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'healthCheckNodePort',
  'loadBalancerIP',
] as const;

/** The spec without what only this Service can have. Without an address by choice is a choice, and stays. */
function contentOf(service: KubeObject): JsonObject {
  const spec = objectOf(service['spec']);
  const shared = Object.entries(spec).filter(([key]) => !ownFields.some((own) => own === key));
  return {
    ...Object.fromEntries(shared),
    ...(spec['clusterIP'] === 'None' ? { clusterIP: 'None' } : {}),
    ...(Array.isArray(spec['ports']) ? { ports: spec['ports'].map(withoutNodePort) } : {}),
  };
}

function withoutNodePort(port: unknown): unknown {
  if (!isJsonObject(port)) {
    return port;
  }
  const { nodePort: _own, ...shared } = port;
  return shared;
}

function view(object: KubeObject): WorkloadView {
  const { metadata } = object;
  const content = contentOf(object);
  const changedAt = lastSetAt(metadata, ['spec']);
  return {
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    observedGeneration: metadata.generation ?? 0,
    ownerUids: ownerUidsOf(object),
    templateHash: templateHashOf(content),
    sourceHash: sourceHashOf(content),
    replicas: 1,
    updatedReplicas: 1,
    totalReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    paused: false,
    conditions: [],
    matchLabels: {},
    podLabels: {},
    ports: [],
    configRefs: [],
    revision: revisionAnnotation(metadata),
    drifted: hasDrifted(object, shape),
    ...(changedAt === undefined ? {} : { changedAt }),
  };
}

const shape: OwnedShape = {
  merge(live, wanted) {
    return {
      ...live,
      metadata: mergeMetadata(live.metadata, wanted.metadata),
      spec: withOwnFields(objectOf(wanted['spec']), objectOf(live['spec'])),
    };
  },
  fingerprint: (object) => digest({ spec: contentOf(object), metadata: ownedMetadata(object.metadata) }),
};

/** A Service that becomes a name for something outside has no addresses any more. */
function withOwnFields(wanted: JsonObject, live: JsonObject): JsonObject {
  if (wanted['type'] === 'ExternalName') {
    return wanted;
  }
  const kept = ownFields.filter((key) => live[key] !== undefined && wanted[key] === undefined);
  const before = objectsOf(live['ports']);
  const ports = objectsOf(wanted['ports']).map((port) => {
    const nodePort = before.find((one) => isSamePort(one, port))?.['nodePort'];
    return nodePort === undefined || !hasNodePorts(wanted) ? port : { ...port, nodePort };
  });
  return {
    ...wanted,
    ...Object.fromEntries(kept.map((key) => [key, live[key]])),
    ...(wanted['ports'] === undefined ? {} : { ports }),
  };
}

function hasNodePorts({ type }: JsonObject): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

function isSamePort(a: JsonObject, b: JsonObject): boolean {
  return a['name'] === undefined
    ? a['port'] === b['port'] && (a['protocol'] ?? 'TCP') === (b['protocol'] ?? 'TCP')
    : a['name'] === b['name'];
}

interface CloneWish {
  readonly name: string;
  readonly namespace: string;
  readonly owner: OwnerReference;
}

interface CloneSource {
  readonly template: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

function clone({ template, labels, annotations }: CloneSource, wish: CloneWish): KubeObject {
  return {
    apiVersion: apiVersionOf(resources.services),
    kind: resources.services.kind,
    metadata: recordCopied({
      name: wish.name,
      namespace: wish.namespace,
      labels,
      annotations: { ...annotations, ...gitopsOptOut },
      ownerReferences: [wish.owner],
    }),
    spec: template,
  };
}

/** `<target>-canary`, which leads where the target leads now. */
export function renderCanaryClone(target: KubeObject, wish: CloneWish): KubeObject {
  const { labels = {}, annotations = {} } = target.metadata;
  return clone(
    {
      template: contentOf(target),
      labels: withoutToolkit(labels),
      annotations: copiedAnnotations(annotations),
    },
    wish,
  );
}

export const coreServices: WorkloadKind = {
  resource: resources.services,
  services: 'cloned',
  sized: false,
  view,
  readiness: () => ({ kind: 'ready' }),
  capture: (target) => ({ template: contentOf(target), spec: {} }),
  recapture: (primary) => ({ template: contentOf(primary), spec: {} }),
  renderPrimary(stored, wish) {
    const primary = clone(stored, wish);
    const notes = {
      [REVISION_ANNOTATION]: stored.revision,
      [WRITTEN_ANNOTATION]: writtenNote(shape.fingerprint(primary)),
    };
    const { metadata } = primary;
    return { ...primary, metadata: { ...metadata, annotations: { ...metadata.annotations, ...notes } } };
  },
  primaryShape: shape,
};
