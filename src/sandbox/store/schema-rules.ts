// Real CRD schemas for the store; the simulation runs without them.
import type { StructuralSchema } from '../../api/structural-schema.ts';
import { admit } from '../crd-schema.ts';
import { isKubeObject } from './access.ts';
import { isJson } from './json.ts';
import type { SchemaRules } from './kind.ts';

/** Rules of an `openAPIV3Schema`. Hand it to the store as `readSchema`. */
export function readSchema(openApiSchema: unknown): SchemaRules {
  if (!isSchema(openApiSchema)) throw new Error('the schema of a definition must be an object');
  return (object) => {
    const { metadata, ...body } = object;
    const admitted = admit(openApiSchema, { ...body, metadata: {} });
    if (!isKubeObject(admitted.object)) throw new Error(`the schema of ${object.kind} leaves no object`);
    return { object: { ...admitted.object, metadata }, findings: admitted.problems };
  };
}

/** Nothing below is checked: what an API server refuses in a schema shows when it is installed on one. */
const isSchema = (value: unknown): value is StructuralSchema => isJson(value);
