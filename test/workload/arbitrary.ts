// Arbitrary targets as an API server would serve them, with everything in them that making a primary touches.
import * as fc from 'fast-check';
import { objectOf, objectsOf } from '../../src/model/json.ts';
import type { KubeObject, OwnerReference } from '../../src/model/kube.ts';

export const owner: OwnerReference = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  name: 'podinfo',
  uid: '6d0e4b6c-0000-4000-8000-000000000001',
  controller: true,
  blockOwnerDeletion: true,
};

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
const key = fc.oneof(
  word,
  fc.constantFrom('app.kubernetes.io/part-of', 'kustomize.toolkit.fluxcd.io/name', 'sidecar.istio.io/inject'),
);
const textMap = fc.dictionary(key, word, { maxKeys: 4 });

/** References to configuration in every place where a pod template may have one. */
const configuredContainer = fc
  .record({ env: name, secretEnv: name, bulk: name, secretBulk: name, optional: fc.boolean(), plain: word })
  .map(({ env, secretEnv, bulk, secretBulk, optional, plain }) => ({
    name: plain,
    image: `registry.test/${plain}:1.0`,
    ports: [{ name: 'http', containerPort: 9898, protocol: 'TCP' }],
    env: [
      { name: 'PLAIN', value: plain },
      { name: 'ENV', valueFrom: { configMapKeyRef: { name: env, key: 'k', optional } } },
      { name: 'SECRET', valueFrom: { secretKeyRef: { name: secretEnv, key: 'k' } } },
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    envFrom: [{ configMapRef: { name: bulk, optional } }, { secretRef: { name: secretBulk } }],
  }));

const volumes = fc
  .record({ map: name, secret: name, projectedMap: name, projectedSecret: name })
  .map((at) => [
    { name: 'tmp', emptyDir: {} },
    { name: 'map', configMap: { name: at.map } },
    { name: 'secret', secret: { secretName: at.secret, optional: true } },
    {
      name: 'projected',
      projected: {
        sources: [
          { configMap: { name: at.projectedMap } },
          { secret: { name: at.projectedSecret } },
          { serviceAccountToken: { path: 'token' } },
        ],
      },
    },
  ]);

const scheduling = (value: string): Record<string, unknown> => {
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: value } } };
  const byExpression = {
    topologyKey: 'zone',
    labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['other', value] }] },
  };
  return {
    affinity: {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [term, byExpression],
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: byExpression }],
      },
    },
    topologySpreadConstraints: [{ maxSkew: 1, ...term }],
  };
};

/** A Deployment `podinfo` that selects its pods by `app: <value>`. */
export const deployments: fc.Arbitrary<KubeObject> = fc
  .record({
    value: word,
    labels: textMap,
    annotations: textMap,
    podLabels: textMap,
    podAnnotations: textMap,
    containers: fc.array(configuredContainer, { minLength: 1, maxLength: 2 }),
    initContainers: fc.array(configuredContainer, { maxLength: 1 }),
    volumes,
    spread: fc.boolean(),
    replicas: fc.nat(9),
  })
  .map((part) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'podinfo',
      namespace: 'test',
      uid: 'target-uid',
      resourceVersion: '7',
      generation: 3,
      labels: part.labels,
      annotations: part.annotations,
    },
    spec: {
      replicas: part.replicas,
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      selector: { matchLabels: { app: part.value } },
      template: {
        metadata: {
          creationTimestamp: null,
          labels: { ...part.podLabels, app: part.value },
          annotations: part.podAnnotations,
        },
        spec: {
          containers: part.containers,
          initContainers: part.initContainers,
          volumes: part.volumes,
          restartPolicy: 'Always',
          ...(part.spread ? scheduling(part.value) : {}),
        },
      },
    },
  }));

/** Fields that nobody has heard of, at any depth: what a newer API or an operator may add. */
const unknown = fc.jsonValue({ maxDepth: 3 });
const unknownFields = fc.dictionary(
  word.map((text) => `x${text}`),
  unknown,
  { maxKeys: 3 },
);

/** Pod templates with unknown fields in every place. */
export const podTemplates: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .record({ base: deployments, fields: fc.array(unknownFields, { minLength: 5, maxLength: 5 }) })
  .map(({ base, fields: [top, metadata, pod, container, volume] }) => {
    const template = objectOf(objectOf(base['spec'])['template']);
    const spec = objectOf(template['spec']);
    const extended = (list: string, by: unknown): unknown[] =>
      objectsOf(spec[list]).map((part) => ({ ...part, ...objectOf(by) }));
    return {
      ...template,
      ...top,
      metadata: { ...objectOf(template['metadata']), ...metadata },
      spec: {
        ...spec,
        ...pod,
        containers: extended('containers', container),
        initContainers: extended('initContainers', container),
        volumes: extended('volumes', volume),
      },
    };
  });
