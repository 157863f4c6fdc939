// CustomResourceDefinitions: an object that makes the store serve another kind.
import { z } from 'zod';
import type { KubeObject, Resource } from '../../model/kube.ts';
import { fill, isEmpty, objectAt, within } from './json.ts';
import type { Draft, Kind, PrinterColumn, ScalePaths, SchemaRules } from './kind.ts';
import type { Finding } from './refusals.ts';

const definitionSchema = z.object({
  spec: z.object({
    group: z.string().min(1),
    scope: z.enum(['Namespaced', 'Cluster']),
    names: z.object({
      plural: z.string().min(1),
      kind: z.string().min(1),
      singular: z.string().optional(),
      shortNames: z.array(z.string()).default([]),
      categories: z.array(z.string()).default([]),
    }),
    versions: z
      .array(
        z.object({
          name: z.string().min(1),
          served: z.boolean(),
          storage: z.boolean(),
          schema: z.object({ openAPIV3Schema: z.record(z.string(), z.unknown()) }),
          subresources: z
            .object({
              status: z.unknown().optional(),
              scale: z
                .object({
                  specReplicasPath: z.string(),
                  statusReplicasPath: z.string(),
                  labelSelectorPath: z.string().optional(),
                })
                .optional(),
            })
            .optional(),
          additionalPrinterColumns: z
            .array(
              z.object({
                name: z.string(),
                type: z.string(),
                jsonPath: z.string(),
                description: z.string().optional(),
                priority: z.number().optional(),
              }),
            )
            .default([]),
        }),
      )
      .min(1),
  }),
});

type Definition = z.infer<typeof definitionSchema>;

function completeDefinition({ object, previous }: Draft): KubeObject {
  const spec = within(
    fill(objectAt(object, 'spec'), { conversion: { strategy: 'None' } }),
    'names',
    (names) => {
      const kind = String(names['kind']);
      return fill(names, { singular: kind.toLowerCase(), listKind: `${kind}List` });
    },
  );
  const since = previous?.metadata.creationTimestamp ?? object.metadata.creationTimestamp;
  const parsed = definitionSchema.safeParse({ ...object, spec });
  const stored = parsed.success ? parsed.data.spec.versions.filter(({ storage }) => storage) : [];
  const condition = (type: string, reason: string, message: string): Record<string, unknown> => ({
    type,
    status: 'True',
    lastTransitionTime: since,
    reason,
    message,
  });
  const status = {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: spec['names'],
    storedVersions: stored.map(({ name }) => name),
  };
  return { ...object, spec, status };
}

function checkDefinition({ object }: Draft): readonly Finding[] {
  const parsed = definitionSchema.safeParse(object);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({
      path: path.join('.'),
      message: `Invalid value: ${message}`,
    }));
  }
  const { group, names, versions } = parsed.data.spec;
  const name = `${names.plural}.${group}`;
  const stored = versions.filter(({ storage }) => storage).length;
  return [
    ...(object.metadata.name === name
      ? []
      : [
          {
            path: 'metadata.name',
            message: `Invalid value: "${object.metadata.name}": must be spec.names.plural+"."+spec.group`,
          },
        ]),
    ...(stored === 1
      ? []
      : [
          {
            path: 'spec.versions',
            message: 'Invalid value: must have exactly one version marked as storage version',
          },
        ]),
  ];
}

export const definitionKind = { complete: completeDefinition, check: checkDefinition };

/** How the store is told to judge objects of a kind; undefined means that no schema is looked at. */
export type SchemaReader = (openApiSchema: unknown) => SchemaRules;

export interface KindOptions {
  /** The `openAPIV3Schema` of the kind's version; looked at only if the store was given a SchemaReader. */
  readonly schema?: unknown;
  readonly statusSubresource?: boolean;
  readonly scale?: ScalePaths;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly columns?: readonly PrinterColumn[];
}

export function customKind(resource: Resource, options: KindOptions, readSchema?: SchemaReader): Kind {
  const {
    schema,
    statusSubresource = false,
    scale,
    singular,
    shortNames = [],
    categories = [],
    columns = [],
  } = options;
  return {
    resource,
    names: { singular: singular ?? resource.kind.toLowerCase(), shortNames, categories },
    nameRule: 'subdomain',
    statusSubresource,
    generation: 'spec',
    unconditionalUpdate: false,
    createOnUpdate: false,
    selectable: [],
    columns,
    ...(scale === undefined ? {} : { scale }),
    ...(schema === undefined || readSchema === undefined ? {} : { schema: readSchema(schema) }),
  };
}

/** One kind for each served version of a stored definition, the storage version first. */
export function kindsOf(definition: KubeObject, readSchema?: SchemaReader): readonly Kind[] {
  const { spec } = definitionSchema.parse(definition);
  const { group, names } = spec;
  const namespaced = spec.scope === 'Namespaced';
  return spec.versions
    .filter(({ served }) => served)
    .sort((left, right) => Number(right.storage) - Number(left.storage))
    .map((version) => {
      const resource = { group, version: version.name, plural: names.plural, kind: names.kind, namespaced };
      return customKind(resource, optionsOf(names, version), readSchema);
    });
}

function optionsOf(
  names: Definition['spec']['names'],
  version: Definition['spec']['versions'][number],
): KindOptions {
  const { schema, subresources, additionalPrinterColumns: columns } = version;
  const scale = subresources?.scale;
  return {
    schema: schema.openAPIV3Schema,
    statusSubresource: subresources?.status !== undefined,
    ...(isEmpty(names.singular) || names.singular === undefined ? {} : { singular: names.singular }),
    shortNames: names.shortNames,
    categories: names.categories,
    columns,
    ...(scale === undefined ? {} : { scale: scalePaths(scale) }),
  };
}

function scalePaths(scale: {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string | undefined;
}): ScalePaths {
  const { labelSelectorPath, ...paths } = scale;
  return labelSelectorPath === undefined ? paths : { ...paths, labelSelectorPath };
}
