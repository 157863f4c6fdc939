// The kinds that every API server has, as far as Serin and the sandbox need them.
import { resources, type KubeObject, type Resource } from '../../model/kube.ts';
import { autoscalerDefaults, deploymentDefaults, podDefaults, replicaSetDefaults } from './defaults-pod.ts';
import { definitionKind } from './definition.ts';
import { each, equalJson, fill, isEmpty, isJson, objectAt, type Json } from './json.ts';
import type { Draft, Kind } from './kind.ts';
import type { Finding } from './refusals.ts';
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

const required = (path: string): Finding => ({ path, message: 'Required value' });

const shown = (value: unknown): string => JSON.stringify(value);

function unchanged(field: string, { object, previous }: Draft): readonly Finding[] {
  if (previous === undefined) return [];
  const path = field.split('.');
  const read = (from: KubeObject): unknown =>
    path.reduce<unknown>((value, key) => (isJson(value) ? value[key] : undefined), from);
  if (equalJson(read(object), read(previous))) return [];
  return [{ path: field, message: `Invalid value: ${shown(read(object))}: field is immutable` }];
}

function checkDeployment(draft: Draft): readonly Finding[] {
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

function checkConfig(draft: Draft): readonly Finding[] {
  const { object, previous } = draft;
  const keys = ['data', 'binaryData'].flatMap((field) =>
    Object.keys(objectAt(object, field))
      .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))
      .map((key) => ({
        path: `${field}[${key}]`,
        message: `Invalid value: "${key}": a valid config key must consist of alphanumeric characters, '-', '_' or '.'`,
      })),
  );
  const typeFindings = [...keys, ...unchanged('type', draft)];
  if (previous?.['immutable'] !== true) return typeFindings;
  const frozen = ['immutable', 'data', 'binaryData'].filter(
    (field) => !equalJson(object[field], previous[field]),
  );
  const message = 'Forbidden: field is immutable when `immutable` is set';
  return [...typeFindings, ...frozen.map((path) => ({ path, message }))];
}

function completeSecret({ object }: Draft): KubeObject {
  const { stringData, ...secret } = object;
  const typed = { ...secret, type: secret['type'] ?? 'Opaque' };
  if (!isJson(stringData)) return typed;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  return { ...typed, data: { ...objectAt(secret, 'data'), ...Object.fromEntries(encoded) } };
}

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

function badTime(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && microTime.test(value))) return undefined;
  return `parsing time ${shown(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse`;
}

const malformedLease = (lease: KubeObject): string | undefined =>
  badTime(objectAt(lease, 'spec')['acquireTime']) ?? badTime(objectAt(lease, 'spec')['renewTime']);

function checkLease({ object }: Draft): readonly Finding[] {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = objectAt(object, 'spec');
  return [
    ...(typeof duration === 'number' && duration <= 0
      ? [{ path: 'spec.leaseDurationSeconds', message: `Invalid value: ${duration}: must be greater than 0` }]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [
          {
            path: 'spec.leaseTransitions',
            message: `Invalid value: ${transitions}: must be greater than or equal to 0`,
          },
        ]
      : []),
  ];
}

function checkEvent({ object }: Draft): readonly Finding[] {
  const about = objectAt(object, 'involvedObject')['namespace'];
  const own = object.metadata.namespace;
  // An event about something without a namespace lives in `default`.
  if (about === own || (isEmpty(about) && own === 'default')) return [];
  const message = `Invalid value: "${typeof about === 'string' ? about : ''}": does not match event.namespace`;
  return [{ path: 'involvedObject.namespace', message }];
}

function completeNamespace({ object }: Draft): KubeObject {
  const { metadata } = object;
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  const terminating = metadata.deletionTimestamp !== undefined;
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: fill(objectAt(object, 'spec'), { finalizers: ['kubernetes'] }),
    status: { ...objectAt(object, 'status'), phase: terminating ? 'Terminating' : 'Active' },
  };
}

const slicePort = (port: Json): Json => fill(port, { name: '', protocol: 'TCP' });

type Traits = Partial<Omit<Kind, 'resource' | 'names'>> & { readonly shortNames?: readonly string[] };

function builtIn(resource: Resource, { shortNames = [], ...traits }: Traits = {}): Kind {
  return {
    resource,
    names: { singular: resource.kind.toLowerCase(), shortNames, categories: [] },
    nameRule: 'subdomain',
    statusSubresource: false,
    generation: 'none',
    unconditionalUpdate: true,
    typed: true,
    fields: [],
    ...traits,
  };
}

const workloadScale = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
};

export const builtInKinds: readonly Kind[] = [
  builtIn(resources.deployments, {
    shortNames: ['deploy'],
    statusSubresource: true,
    generation: 'spec and annotations',
    scale: workloadScale,
    complete: inSpec(deploymentDefaults),
    check: checkDeployment,
  }),
  builtIn(clusterResources.replicaSets, {
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
    fields: ['spec.nodeName', 'status.phase', 'status.podIP', 'spec.restartPolicy', 'spec.schedulerName'],
    complete: ({ object }) => ({
      ...object,
      spec: podDefaults(objectAt(object, 'spec')),
      status: fill(objectAt(object, 'status'), { phase: 'Pending' }),
    }),
  }),
  builtIn(resources.controllerRevisions, {
    check: (draft) => [
      ...(typeof draft.object['revision'] === 'number' ? [] : [required('revision')]),
      ...unchanged('data', draft),
    ],
  }),
  builtIn(resources.services, {
    shortNames: ['svc'],
    nameRule: 'service',
    statusSubresource: true,
    fields: ['spec.clusterIP', 'spec.type'],
    complete: completeService,
    check: checkService,
  }),
  builtIn(resources.configMaps, { shortNames: ['cm'], check: checkConfig }),
  builtIn(resources.secrets, { fields: ['type'], complete: completeSecret, check: checkConfig }),
  builtIn(resources.events, {
    shortNames: ['ev'],
    fields: [
      'involvedObject.kind',
      'involvedObject.name',
      'involvedObject.namespace',
      'involvedObject.uid',
      'reason',
      'type',
    ],
    malformed: (event) => badTime(event['eventTime']),
    check: checkEvent,
  }),
  builtIn(resources.leases, { unconditionalUpdate: false, malformed: malformedLease, check: checkLease }),
  builtIn(resources.horizontalPodAutoscalers, {
    shortNames: ['hpa'],
    statusSubresource: true,
    complete: inSpec(autoscalerDefaults),
  }),
  builtIn(clusterResources.namespaces, {
    shortNames: ['ns'],
    nameRule: 'label',
    statusSubresource: true,
    fields: ['status.phase'],
    complete: completeNamespace,
  }),
  builtIn(clusterResources.nodes, {
    shortNames: ['no'],
    statusSubresource: true,
    fields: ['spec.unschedulable'],
  }),
  builtIn(clusterResources.endpointSlices, {
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
