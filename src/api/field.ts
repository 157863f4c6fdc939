// The parts that the schemas in this folder are made of. What a schema cannot say in zod (rules over the set of keys,
// CEL, fields that the CRD must not look into) travels in its metadata to the generator, crd.ts.
import { z } from 'zod';

/**
 * An object whose unknown keys survive a parse, for the sake of manifests written for a newer version. The type does
 * not show them, so that a misspelt key in our own code stays a compile error: that is the reason for the cast.
 */
export function object<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape> {
  return z.looseObject(shape);
}

/** A field that may be left out. Nulls are gone before a schema sees them, so absent is the only other state. */
export function optional<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
): z.ZodExactOptional<Schema> {
  return z.exactOptional(schema.meta({ ...schema.meta(), description }));
}

/** Marks a field whose content the CRD keeps without looking into it. */
export const OPEN_FIELD = 'x-serin-open';

/**
 * A field that Serin adds to the API. Manifests from before may have anything under its name, which the API server used
 * to prune; so the CRD keeps it unseen, and only the controller and `serin lint` hold it to its schema.
 */
export function added<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
): z.ZodExactOptional<Schema> {
  return z.exactOptional(schema.meta({ description, [OPEN_FIELD]: true }));
}

export const Text = z.string();
export const TextList = z.array(z.string());
export const TextMap = z.record(z.string(), z.string());

/**
 * Unanchored at its end, as it has always been: `1m30s` and `500ms` pass, `1h` does not. What it means is decided by
 * parseDurationMs.
 */
export const Duration = z.string().regex(/^[0-9]+(m|s)/);

/** A duration in a field that Serin added: whole text, hours allowed. */
export const StrictDuration = z.string().regex(/^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$/);

export const DnsName = z
  .string()
  .max(253)
  .regex(/^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
export const NamespaceName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
export const KindName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/);
export const ObjectName = z.string().min(1).max(253);
export const PortNumber = z.int().min(1).max(65_535).meta({ format: 'int32' });
export const IntOrString = z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true });

const requiring = (name: string): { required: string[] } => ({ required: [name] });

/** Exactly one of these keys must be present. */
export function exactlyOneOf(...names: string[]): { oneOf: object[] } {
  return { oneOf: names.map(requiring) };
}

/** At most one of these keys may be present. */
export function atMostOneOf(...names: string[]): { oneOf: object[] } {
  return { oneOf: [{ not: { anyOf: names.map(requiring) } }, ...names.map(requiring)] };
}
