// Kinds of the suite's own: a custom kind with everything a schema can do to an object, and one without status.
import { resources, type KubeObject, type Resource } from '../../../src/model/kube.ts';

const group = 'contract.serin.dev';

export const gadgets = { group, version: 'v1', plural: 'gadgets', kind: 'Gadget', namespaced: true } as const;
/** Without a status subresource. */
export const trinkets = {
  group,
  version: 'v1',
  plural: 'trinkets',
  kind: 'Trinket',
  namespaced: true,
} as const;
export const unserved = {
  group,
  version: 'v1',
  plural: 'phantoms',
  kind: 'Phantom',
  namespaced: true,
} as const;

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0, maximum: 10 };

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['color'],
      properties: {
        color: { type: 'string', enum: ['red', 'green'] },
        size: { ...count, default: 3 },
        limits: {
          type: 'object',
          default: {},
          properties: { cpu: { type: 'string', default: '1' }, memory: text },
        },
        parts: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: text, weight: { type: 'integer', default: 1 } },
          },
        },
        names: { type: 'object', additionalProperties: text },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        either: { 'x-kubernetes-int-or-string': true },
        replicas: count,
      },
    },
    status: { type: 'object', properties: { phase: text, ready: count, replicas: count } },
  },
};

function definition(resource: Resource, subresources: Record<string, unknown>): KubeObject {
  const { plural, kind, version } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [
        { name: version, served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources },
      ],
    },
  };
}

const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };

export const definitions: readonly KubeObject[] = [
  definition(gadgets, { status: {}, scale }),
  definition(trinkets, {}),
];

export const definitionsResource: Resource = resources.customResourceDefinitions;
