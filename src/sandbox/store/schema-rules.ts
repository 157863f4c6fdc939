// Real CRD schemas for the store; the simulation runs without them.
import { UNCHANGEABLE } from '../../api/canary-command.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { StructuralSchema } from '../../api/structural-schema.ts';
import { admit } from '../crd-schema.ts';
import { isKubeObject } from './access.ts';
import { equalJson, isJson } from './json.ts';
import type { SchemaRules } from './kind.ts';
import type { Finding } from './refusals.ts';

/** Rules of an `openAPIV3Schema`. Hand it to the store as `readSchema`. */
export function readSchema(openApiSchema: unknown): SchemaRules {
  if (!isSchema(openApiSchema)) throw new Error('the schema of a definition must be an object');
  return (object, previous) => {
    const { metadata, ...body } = object;
    const admitted = admit(openApiSchema, { ...body, metadata: {} });
    if (!isKubeObject(admitted.object)) throw new Error(`the schema of ${object.kind} leaves no object`);
    const findings = [...admitted.problems, ...changedForGood(openApiSchema, admitted.object, previous)];
    return { object: { ...admitted.object, metadata }, findings };
  };
}

/** The one CEL rule about changes that our definitions have: a part of the object that stays as it was created. */
function changedForGood(
  { properties = {} }: StructuralSchema,
  object: KubeObject,
  previous: KubeObject | undefined,
): readonly Finding[] {
  return Object.entries(properties).flatMap(([key, { 'x-kubernetes-validations': rules = [] }]) => {
    const rule = rules.find((one) => one.rule === UNCHANGEABLE.rule);
    const same = previous === undefined || equalJson(object[key], previous[key]);
    return rule === undefined || same
      ? []
      : [{ path: key, message: `is refused: ${rule.message ?? rule.rule}` }];
  });
}

/** Nothing below is checked: what an API server refuses in a schema shows when it is installed on one. */
const isSchema = (value: unknown): value is StructuralSchema => isJson(value);
