// The schema language of CustomResourceDefinitions, and how a zod schema is said in it.
import { z } from 'zod';
import { OPEN_FIELD } from './field.ts';

/**
 * A structural schema, as far as Serin and its sandbox understand it; other keywords survive.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
export interface StructuralSchema {
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema | boolean;
  readonly items?: StructuralSchema;
  readonly oneOf?: readonly StructuralSchema[];
  readonly anyOf?: readonly StructuralSchema[];
  readonly allOf?: readonly StructuralSchema[];
  readonly not?: StructuralSchema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message?: string }[];
}

/** What zod says, before it is structural. */
type Raw = Readonly<Record<string, unknown>>;

/** Everything else in the raw schema is left out: it is implied, or no structural schema may say it. */
const COPIED = [
  'type',
  'format',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'oneOf',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
  'default',
] as const;

/** Bounds that zod adds to say "an int32" and "an integer a double can hold". */
const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

/**
 * The structural schema of what users may write for `schema`: defaults are optional, unknown fields are pruned, fields
 * that Serin added are kept unseen.
 */
export function structuralSchemaOf(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }));
}

function structural(raw: Raw): StructuralSchema {
  const description = typeof raw['description'] === 'string' ? { description: raw['description'] } : {};
  if (raw[OPEN_FIELD] === true) {
    return { ...description, 'x-kubernetes-preserve-unknown-fields': true };
  }
  if (raw['x-kubernetes-int-or-string'] === true) {
    return { ...description, 'x-kubernetes-int-or-string': true };
  }
  return {
    ...description,
    ...Object.fromEntries(COPIED.filter((key) => key in raw).map((key) => [key, raw[key]])),
    ...boundsOf(raw),
    ...childrenOf(raw),
  };
}

function boundsOf(raw: Raw): StructuralSchema {
  if (raw['minimum'] === INT32_MIN && raw['maximum'] === INT32_MAX) {
    return { format: 'int32' };
  }
  const { minimum, maximum } = raw;
  return {
    ...(typeof minimum === 'number' && minimum !== Number.MIN_SAFE_INTEGER ? { minimum } : {}),
    ...(typeof maximum === 'number' && maximum !== Number.MAX_SAFE_INTEGER ? { maximum } : {}),
  };
}

function childrenOf(raw: Raw): StructuralSchema {
  const { properties, additionalProperties, items, required } = raw;
  // An object that lists its keys also says `additionalProperties: {}`, since it is lenient; that would stop pruning.
  if (isRaw(properties) && Object.keys(properties).length > 0) {
    return {
      ...(Array.isArray(required) && required.length > 0 ? { required: required.map(String) } : {}),
      properties: Object.fromEntries(
        Object.entries(properties).flatMap(([key, each]) => (isRaw(each) ? [[key, structural(each)]] : [])),
      ),
    };
  }
  if (isRaw(additionalProperties) && Object.keys(additionalProperties).length > 0) {
    return { additionalProperties: structural(additionalProperties) };
  }
  return isRaw(items) ? { items: structural(items) } : {};
}

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
