// The CustomResourceDefinitions of the four kinds, made from their schemas. `npm run generate` writes them to crds/;
// `serin lint` and the sandbox use them as they are, without a file.
import type { z } from 'zod';
import { AlertProviderSpec } from './alert-provider.ts';
import { COMMAND_GROUP, COMMAND_VERSION, CanaryCommandSpec, CanaryCommandStatus } from './canary-command.ts';
import { CanarySpec } from './canary.ts';
import { MetricTemplateSpec } from './metric-template.ts';
import { CanaryStatus } from './status.ts';
import { type StructuralSchema, structuralSchemaOf } from './structural-schema.ts';

const GROUP = 'flagger.app';
const VERSION = 'v1beta1';

type PrinterColumn = {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly priority?: number;
};

/** A type, not an interface, so that it passes for a KubeObject. */
export type CustomResourceDefinition = {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly annotations: Record<string, string> };
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly categories: readonly string[];
      readonly shortNames?: readonly string[];
    };
    readonly scope: 'Namespaced';
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly subresources: { readonly status: object };
      readonly additionalPrinterColumns: readonly PrinterColumn[];
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
    }[];
  };
};

const wide = { priority: 1 } as const;

const canaryColumns: readonly PrinterColumn[] = [
  { name: 'Status', type: 'string', jsonPath: '.status.phase' },
  { name: 'Weight', type: 'string', jsonPath: '.status.canaryWeight' },
  { name: 'Suspended', type: 'boolean', jsonPath: '.spec.suspend', ...wide },
  { name: 'FailedChecks', type: 'string', jsonPath: '.status.failedChecks', ...wide },
  { name: 'Interval', type: 'string', jsonPath: '.spec.analysis.interval', ...wide },
  { name: 'Mirror', type: 'boolean', jsonPath: '.spec.analysis.mirror', ...wide },
  { name: 'StepWeight', type: 'string', jsonPath: '.spec.analysis.stepWeight', ...wide },
  { name: 'StepWeights', type: 'string', jsonPath: '.spec.analysis.stepWeights', ...wide },
  { name: 'MaxWeight', type: 'string', jsonPath: '.spec.analysis.maxWeight', ...wide },
  { name: 'LastTransitionTime', type: 'string', jsonPath: '.status.lastTransitionTime' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message' },
];

/** The fields that readers of Flagger's status know. They keep their types; all else in status is kept unseen. */
const typedStatus: ReadonlyMap<string, string> = new Map([
  ['phase', 'Where the Canary stands.'],
  ['canaryWeight', 'Share of the canary in percent.'],
  ['failedChecks', 'Failed rounds of the current run.'],
  ['iterations', 'Rounds done in the current run.'],
  ['lastAppliedSpec', 'Hash of the target revision that was last picked up.'],
  ['lastPromotedSpec', 'Hash of the revision that is live.'],
  ['trackedConfigs', 'Checksums of the ConfigMaps and Secrets that the target uses.'],
  ['lastTransitionTime', 'When the status was last written.'],
  ['sessionAffinityCookie', 'Cookie of the current run.'],
  ['previousSessionAffinityCookie', 'Cookie of the run before, while it expires.'],
  ['primarySessionAffinityCookie', 'Cookie of the primary.'],
  ['conditions', 'What is true of the Canary, in the form that tools wait for.'],
]);

/** Whatever a newer version adds to the status survives, so that an older definition never loses a run. */
function statusSchema(): StructuralSchema {
  const { properties = {} } = structuralSchemaOf(CanaryStatus);
  return {
    description: 'Written by the controller.',
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => {
        const description = typedStatus.get(name);
        return description === undefined
          ? [name, { 'x-kubernetes-preserve-unknown-fields': true }]
          : [name, { ...schema, description }];
      }),
    ),
  };
}

function rootSchema(
  description: string,
  { spec, status, apiVersion = `${GROUP}/${VERSION}`, specRequired = false }: RootParts,
): StructuralSchema {
  return {
    description,
    type: 'object',
    properties: {
      apiVersion: { description: `Always ${apiVersion}.`, type: 'string' },
      kind: { description: 'The kind of this object.', type: 'string' },
      metadata: { type: 'object' },
      spec,
      ...(status === undefined ? {} : { status }),
    },
    ...(specRequired ? { required: ['spec'] } : {}),
  };
}

type RootParts = {
  readonly spec: StructuralSchema;
  readonly status?: StructuralSchema;
  readonly apiVersion?: string;
  readonly specRequired?: boolean;
};

type Kind = {
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly category?: string;
  readonly shortNames?: readonly string[];
  readonly columns: readonly PrinterColumn[];
  readonly schema: StructuralSchema;
};

function definition(of: Kind): CustomResourceDefinition {
  const { kind, columns, schema, group = GROUP, version = VERSION, category = 'all', shortNames } = of;
  const singular = kind.toLowerCase();
  const plural = singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    // Helm must not take every Canary of the cluster along when the release is removed.
    metadata: { name: `${plural}.${group}`, annotations: { 'helm.sh/resource-policy': 'keep' } },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        categories: [category],
        ...(shortNames === undefined ? {} : { shortNames }),
      },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}

function specSchema(schema: z.ZodType, description: string): StructuralSchema {
  return { description, ...structuralSchemaOf(schema) };
}

const commandColumns: readonly PrinterColumn[] = [
  { name: 'Canary', type: 'string', jsonPath: '.spec.canary' },
  { name: 'Verb', type: 'string', jsonPath: '.spec.verb' },
  // Not what stands in spec: without an admission policy anybody may have written that.
  { name: 'Author', type: 'string', jsonPath: '.status.author' },
  { name: 'Result', type: 'string', jsonPath: '.status.result' },
  { name: 'Message', type: 'string', jsonPath: '.status.message', ...wide },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

/** In the order Canary, MetricTemplate, AlertProvider, CanaryCommand. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return [
    definition({
      kind: 'Canary',
      columns: canaryColumns,
      schema: rootSchema('A workload whose changes are released step by step.', {
        spec: specSchema(CanarySpec, 'What is released, and how.'),
        status: statusSchema(),
      }),
    }),
    definition({
      kind: 'MetricTemplate',
      columns: [{ name: 'Provider', type: 'string', jsonPath: '.spec.provider.type' }],
      schema: rootSchema('A query that Canaries judge by.', {
        spec: specSchema(MetricTemplateSpec, 'Whom to ask, and what.'),
      }),
    }),
    definition({
      kind: 'AlertProvider',
      columns: [{ name: 'Type', type: 'string', jsonPath: '.spec.type' }],
      schema: rootSchema('A channel that news of Canaries is sent to.', {
        spec: specSchema(AlertProviderSpec, 'Where to send, and as whom.'),
      }),
    }),
    definition({
      kind: 'CanaryCommand',
      group: COMMAND_GROUP,
      version: COMMAND_VERSION,
      category: 'serin',
      shortNames: ['ccmd'],
      columns: commandColumns,
      schema: rootSchema('What a person tells a Canary to do, once.', {
        spec: specSchema(CanaryCommandSpec, 'Who shall do what.'),
        status: specSchema(CanaryCommandStatus, 'Written by the controller: what came of it.'),
        apiVersion: `${COMMAND_GROUP}/${COMMAND_VERSION}`,
        specRequired: true,
      }),
    }),
  ];
}

/** The schema of one kind; undefined for a kind that is not served. */
export function schemaOfKind(kind: string): StructuralSchema | undefined {
  return customResourceDefinitions().find((crd) => crd.spec.names.kind === kind)?.spec.versions[0]?.schema
    .openAPIV3Schema;
}
