// The kinds that every API server has, as far as Serin and the sandbox need them.
import { resources, type KubeObject, type Resource } from '../../model/kube.ts';
import {
  autoscalerDefaults,
  daemonSetDefaults,
  deploymentDefaults,
  podDefaults,
  replicaSetDefaults,
} from './defaults-pod.ts';
import { definitionKind } from './definition.ts';
import { each, fill, isEmpty, objectAt, type Json } from './json.ts';
import type { Draft, Kind } from './kind.ts';
import type { Finding } from './refusals.ts';
import type { TypedFields } from './typed.ts';
import {
  checkConfig,
  checkEvent,
  checkLease,
  completeSecret,
  checkRevision,
  eventFields,
  malformedConfig,
  malformedEvent,
  malformedLease,
  required,
  shown,
  unchanged,
} from './record-rules.ts';
import { checkService, completeService } from './service.ts';

const core = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

/** Kinds that only the cluster itself and the sandbox's pretend nodes write. */
export const clusterResources = {
  namespaces: core('namespaces', 'Namespace', false),
  nodes: core('nodes', 'Node', false),
  pods: core('pods', 'Pod', true),
  replicaSets: { group: 'apps', version: 'v1', plural: 'replicasets', kind: 'ReplicaSet', namespaced: true },
  endpointSlices: {
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    kind: 'EndpointSlice',
    namespaced: true,
  },
} as const satisfies Record<string, Resource>;

const inSpec =
  (defaults: (spec: Json) => Json) =>
  ({ object }: Draft): KubeObject => ({ ...object, spec: defaults(objectAt(object, 'spec')) });

function checkWorkload(draft: Draft): readonly Finding[] {
  const spec = objectAt(draft.object, 'spec');
  const selector = objectAt(spec, 'selector');
  if (isEmpty(selector)) return [required('spec.selector')];
  const labels = objectAt(objectAt(objectAt(spec, 'template'), 'metadata'), 'labels');
  const fits = Object.entries(objectAt(selector, 'matchLabels')).every(
    ([key, value]) => labels[key] === value,
  );
  const message = `Invalid value: ${shown(labels)}: \`selector\` does not match template \`labels\``;
  const containers = objectAt(objectAt(spec, 'template'), 'spec')['containers'];
  const replicas = spec['replicas'];
  return [
    ...(fits ? [] : [{ path: 'spec.template.metadata.labels', message }]),
    ...(isEmpty(containers) ? [required('spec.template.spec.containers')] : []),
    ...(typeof replicas === 'number' && replicas < 0
      ? [{ path: 'spec.replicas', message: `Invalid value: ${replicas}: must be greater than or equal to 0` }]
      : []),
    ...unchanged('spec.selector', draft),
  ];
}

function completeNamespace({ object, previous }: Draft): KubeObject {
  const { metadata } = object;
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  const terminating = metadata.deletionTimestamp !== undefined;
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: previous === undefined ? { finalizers: ['kubernetes'] } : objectAt(object, 'spec'),
    status: { ...objectAt(object, 'status'), phase: terminating ? 'Terminating' : 'Active' },
  };
}

const slicePort = (port: Json): Json => fill(port, { name: '', protocol: 'TCP' });

type Traits = Partial<Omit<Kind, 'resource' | 'names' | 'fields'>> &
  Partial<TypedFields> & { readonly shortNames?: readonly string[] };

function builtIn(
  resource: Resource,
  { shortNames = [], body = ['spec', 'status'], raw = [], counts = [], ...traits }: Traits,
): Kind {
  return {
    resource,
    names: { singular: resource.kind.toLowerCase(), shortNames, categories: [] },
    nameRule: 'subdomain',
    statusSubresource: false,
    generation: 'none',
    unconditionalUpdate: true,
    createOnUpdate: false,
    fields: { body, raw, counts },
    selectable: [],
    columns: [],
    ...traits,
  };
}

const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

const workloadScale = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
};

const replicaCounts = ['updatedReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'];

export const builtInKinds: readonly Kind[] = [
  builtIn(resources.deployments, {
    counts: ['replicas', 'unavailableReplicas', ...replicaCounts],
    shortNames: ['deploy'],
    statusSubresource: true,
    generation: 'spec and annotations',
    scale: workloadScale,
    columns: [
      { name: 'Ready', type: 'integer', jsonPath: '.status.readyReplicas' },
      { name: 'Wanted', type: 'integer', jsonPath: '.spec.replicas' },
      { name: 'Up-to-date', type: 'integer', jsonPath: '.status.updatedReplicas' },
      { name: 'Available', type: 'integer', jsonPath: '.status.availableReplicas' },
      age,
      { name: 'Images', type: 'string', jsonPath: '.spec.template.spec.containers[0].image', priority: 1 },
    ],
    complete: inSpec(deploymentDefaults),
    check: checkWorkload,
  }),
  builtIn(resources.daemonSets, {
    counts: ['updatedNumberScheduled', 'numberAvailable', 'numberUnavailable', 'observedGeneration'],
    shortNames: ['ds'],
    statusSubresource: true,
    generation: 'spec and annotations',
    columns: [
      { name: 'Desired', type: 'integer', jsonPath: '.status.desiredNumberScheduled' },
      { name: 'Current', type: 'integer', jsonPath: '.status.currentNumberScheduled' },
      { name: 'Ready', type: 'integer', jsonPath: '.status.numberReady' },
      { name: 'Up-to-date', type: 'integer', jsonPath: '.status.updatedNumberScheduled' },
      { name: 'Available', type: 'integer', jsonPath: '.status.numberAvailable' },
      age,
    ],
    complete: inSpec(daemonSetDefaults),
    check: checkWorkload,
  }),
  builtIn(clusterResources.replicaSets, {
    counts: ['fullyLabeledReplicas', ...replicaCounts],
    shortNames: ['rs'],
    statusSubresource: true,
    generation: 'spec',
    scale: workloadScale,
    complete: inSpec(replicaSetDefaults),
    check: (draft) => unchanged('spec.selector', draft),
  }),
  builtIn(clusterResources.pods, {
    shortNames: ['po'],
    statusSubresource: true,
    generation: 'spec',
    columns: [
      { name: 'Status', type: 'string', jsonPath: '.status.phase' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'IP', type: 'string', jsonPath: '.status.podIP' },
      age,
    ],
    selectable: ['spec.nodeName', 'status.phase', 'status.podIP', 'spec.restartPolicy', 'spec.schedulerName'],
    complete: ({ object }) => ({
      ...object,
      spec: podDefaults(objectAt(object, 'spec')),
      status: fill(objectAt(object, 'status'), { phase: 'Pending' }),
    }),
  }),
  builtIn(resources.controllerRevisions, {
    body: ['revision'],
    raw: ['data'],
    complete: ({ object }) => ({ ...object, revision: object['revision'] ?? 0 }),
    check: checkRevision,
  }),
  builtIn(resources.services, {
    shortNames: ['svc'],
    createOnUpdate: true,
    nameRule: 'service',
    statusSubresource: true,
    selectable: ['spec.clusterIP', 'spec.type'],
    columns: [
      { name: 'Type', type: 'string', jsonPath: '.spec.type' },
      { name: 'Cluster-IP', type: 'string', jsonPath: '.spec.clusterIP' },
      { name: 'Port', type: 'integer', jsonPath: '.spec.ports[0].port' },
      age,
    ],
    complete: completeService,
    check: checkService,
  }),
  builtIn(resources.configMaps, {
    shortNames: ['cm'],
    body: ['data', 'binaryData', 'immutable'],
    malformed: malformedConfig,
    check: checkConfig,
  }),
  builtIn(resources.secrets, {
    body: ['data', 'stringData', 'immutable', 'type'],
    malformed: malformedConfig,
    selectable: ['type'],
    complete: completeSecret,
    check: checkConfig,
  }),
  builtIn(resources.events, {
    body: eventFields,
    shortNames: ['ev'],
    selectable: [
      'involvedObject.kind',
      'involvedObject.name',
      'involvedObject.namespace',
      'involvedObject.uid',
      'reason',
      'type',
    ],
    columns: [
      { name: 'Last seen', type: 'date', jsonPath: '.lastTimestamp' },
      { name: 'Type', type: 'string', jsonPath: '.type' },
      { name: 'Reason', type: 'string', jsonPath: '.reason' },
      { name: 'Object', type: 'string', jsonPath: '.involvedObject.name' },
      { name: 'Message', type: 'string', jsonPath: '.message' },
    ],
    malformed: malformedEvent,
    check: checkEvent,
  }),
  builtIn(resources.leases, {
    body: ['spec'],
    createOnUpdate: true,
    unconditionalUpdate: false,
    complete: inSpec((spec) => spec),
    malformed: malformedLease,
    check: checkLease,
  }),
  builtIn(resources.horizontalPodAutoscalers, {
    shortNames: ['hpa'],
    statusSubresource: true,
    complete: inSpec(autoscalerDefaults),
  }),
  builtIn(resources.ingresses, {
    shortNames: ['ing'],
    statusSubresource: true,
    generation: 'spec',
    complete: ({ object }) => ({
      ...object,
      status: fill(objectAt(object, 'status'), { loadBalancer: {} }),
    }),
  }),
  builtIn(clusterResources.namespaces, {
    shortNames: ['ns'],
    nameRule: 'label',
    statusSubresource: true,
    selectable: ['status.phase'],
    complete: completeNamespace,
  }),
  builtIn(clusterResources.nodes, {
    shortNames: ['no'],
    statusSubresource: true,
    selectable: ['spec.unschedulable'],
  }),
  builtIn(clusterResources.endpointSlices, {
    body: ['addressType', 'endpoints', 'ports'],
    generation: 'spec',
    complete: ({ object }) => ({ ...object, ...each(object, 'ports', slicePort) }),
    check: (draft) => unchanged('addressType', draft),
  }),
  builtIn(resources.customResourceDefinitions, {
    shortNames: ['crd', 'crds'],
    statusSubresource: true,
    generation: 'spec',
    unconditionalUpdate: false,
    ...definitionKind,
  }),
];
