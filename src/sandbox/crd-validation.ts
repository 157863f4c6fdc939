// The validating half of crd-schema.ts: one function a group of keywords.
import type { Path } from '../api/problem.ts';
import { GATE_WITH_APPROVE } from '../api/canary-command.ts';
import { SERVICE_NEEDS_PORT } from '../api/service.ts';
import type { StructuralSchema } from '../api/structural-schema.ts';
import { fixForType, formatValue, listOf, meaningOfPattern, messageForType } from '../api/wording.ts';
import { describeChoice } from './crd-choice.ts';

export interface Finding {
  readonly segments: Path;
  readonly value: unknown;
  readonly message: string;
  readonly fix: string;
}

type Json = Readonly<Record<string, unknown>>;
type Wrong = Pick<Finding, 'message' | 'fix'>;

/** Everything wrong with the value, outermost first. A value of the wrong type is not looked into. */
export function findProblems(schema: StructuralSchema, value: unknown, segments: Path): Finding[] {
  if (value === null && (schema.nullable === true || schema.type === undefined)) {
    return [];
  }
  const here = (wrong: Wrong): Finding => ({ segments, value, ...wrong });
  const mismatch = typeProblem(schema, value);
  if (mismatch !== undefined) {
    return [here(mismatch)];
  }
  const own = [
    ...enumProblems(schema, value),
    ...(typeof value === 'string' ? textProblems(schema, value) : []),
    ...(typeof value === 'number' ? numberProblems(schema, value) : []),
    ...(Array.isArray(value) ? listProblems(schema, value) : []),
    ...(isJson(value) ? mapProblems(schema, value) : []),
    ...logicProblems(schema, value),
  ].map(here);
  const inner = [...requiredProblems(schema, value, segments), ...childProblems(schema, value, segments)];
  // As on the server, rules see only what is sound otherwise.
  const broken = own.length + inner.length > 0;
  return [...own, ...inner, ...(broken ? [] : ruleProblems(schema, value).map(here))];
}

function typeProblem(schema: StructuralSchema, value: unknown): Wrong | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return typeof value === 'string' || Number.isInteger(value)
      ? undefined
      : { message: `must not be ${formatValue(value)}`, fix: 'write a whole number or text' };
  }
  const { type } = schema;
  if (type === undefined || isOfType(type, value)) {
    return undefined;
  }
  const expected = type === 'integer' ? 'int' : type;
  return { message: messageForType(expected, value), fix: fixForType(expected, value) };
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isJson(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function enumProblems(schema: StructuralSchema, value: unknown): Wrong[] {
  if (schema.enum === undefined || schema.enum.some((allowed) => sameValue(allowed, value))) {
    return [];
  }
  return [{ message: `is ${formatValue(value)}, which is not allowed`, fix: `use ${listOf(schema.enum)}` }];
}

function textProblems(schema: StructuralSchema, value: string): Wrong[] {
  const found: Wrong[] = [];
  const { length } = Array.from(value);
  const { minLength = 0, maxLength = Infinity, pattern, format } = schema;
  if (length < minLength || length > maxLength) {
    found.push({
      message: `has ${length} characters`,
      fix: maxLength === Infinity ? `use at least ${minLength}` : `use ${minLength} to ${maxLength}`,
    });
  }
  if (pattern !== undefined && !new RegExp(pattern).test(value)) {
    const meaning = meaningOfPattern(pattern);
    found.push({ message: `is ${formatValue(value)}, which is not ${meaning}`, fix: `write ${meaning}` });
  }
  if (format === 'date-time' && !DATE_TIME.test(value)) {
    const meaning = 'a time such as 2026-01-31T12:00:00Z';
    found.push({ message: `is ${formatValue(value)}, which is not ${meaning}`, fix: `write ${meaning}` });
  }
  return found;
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

const INT32_LIMIT = 2 ** 31;

function numberProblems(schema: StructuralSchema, value: number): Wrong[] {
  const isInt32 = schema.format === 'int32';
  const least = schema.minimum ?? (isInt32 ? -INT32_LIMIT : -Infinity);
  const most = schema.maximum ?? (isInt32 ? INT32_LIMIT - 1 : Infinity);
  const tooSmall = schema.exclusiveMinimum === true ? value <= least : value < least;
  const tooLarge = schema.exclusiveMaximum === true ? value >= most : value > most;
  const found: Wrong[] = [];
  if (tooSmall || tooLarge) {
    const limit = tooSmall ? `at least ${least}` : `at most ${most}`;
    found.push({ message: `is ${value}, which is out of range`, fix: `use ${limit}` });
  }
  if (schema.multipleOf !== undefined && value % schema.multipleOf !== 0) {
    found.push({
      message: `is ${value}, which is no multiple of ${schema.multipleOf}`,
      fix: `use a multiple of ${schema.multipleOf}`,
    });
  }
  return found;
}

function listProblems(schema: StructuralSchema, value: readonly unknown[]): Wrong[] {
  const found = sizeProblems('entries', value.length, [schema.minItems, schema.maxItems]);
  const keys = value.map((item) => listKeyOf(schema, item));
  const repeated = keys.find((key, index) => key !== undefined && keys.indexOf(key) !== index);
  if (repeated !== undefined) {
    found.push({ message: `has two entries for ${repeated}`, fix: 'keep one of them' });
  }
  return found;
}

/** What may not occur twice in a list; undefined where anything may. */
function listKeyOf(schema: StructuralSchema, item: unknown): string | undefined {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] === 'map' && keys !== undefined && isJson(item)) {
    return keys.map((key) => `${key} ${JSON.stringify(item[key])}`).join(', ');
  }
  const isSet = schema['x-kubernetes-list-type'] === 'set' || schema.uniqueItems === true;
  return isSet ? JSON.stringify(item) : undefined;
}

function mapProblems(schema: StructuralSchema, value: Json): Wrong[] {
  return sizeProblems('keys', Object.keys(value).length, [schema.minProperties, schema.maxProperties]);
}

function sizeProblems(
  noun: string,
  size: number,
  [least = 0, most = Infinity]: (number | undefined)[],
): Wrong[] {
  if (size >= least && size <= most) {
    return [];
  }
  const limit = size < least ? `at least ${least}` : `at most ${most}`;
  return [{ message: `has ${size} ${noun}`, fix: `use ${limit}` }];
}

function requiredProblems(schema: StructuralSchema, value: unknown, segments: Path): Finding[] {
  if (!isJson(value)) {
    return [];
  }
  return (schema.required ?? [])
    .filter((key) => value[key] === undefined)
    .map((key) => ({ segments: [...segments, key], value: undefined, message: 'is missing', fix: 'add it' }));
}

function childProblems(schema: StructuralSchema, value: unknown, segments: Path): Finding[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? []
      : value.flatMap((each: unknown, index) => findProblems(items, each, [...segments, index]));
  }
  if (!isJson(value)) {
    return [];
  }
  const others = schema.additionalProperties;
  return Object.entries(value).flatMap(([key, each]) => {
    const child = schema.properties?.[key] ?? (typeof others === 'object' ? others : undefined);
    return child === undefined || each === undefined ? [] : findProblems(child, each, [...segments, key]);
  });
}

/** oneOf, anyOf, allOf and not. */
function logicProblems(schema: StructuralSchema, value: unknown): Wrong[] {
  const fits = (part: StructuralSchema): boolean => findProblems(part, value, []).length === 0;
  const found: Wrong[] = [];
  if (schema.oneOf !== undefined && schema.oneOf.filter(fits).length !== 1) {
    found.push(describeChoice(schema.oneOf, value));
  }
  if (schema.anyOf !== undefined && !schema.anyOf.some(fits)) {
    found.push(describeChoice(schema.anyOf, value));
  }
  for (const part of schema.allOf ?? []) {
    found.push(...findProblems(part, value, []).map(({ message, fix }) => ({ message, fix })));
  }
  if (schema.not !== undefined && fits(schema.not)) {
    found.push({ message: 'has a form that is not allowed', fix: 'see the documentation of the field' });
  }
  return found;
}

/** The CEL rules of our own definitions, by their text. A rule that is not here is taken as kept. */
const knownRules: ReadonlyMap<string, (self: Json) => boolean> = new Map([
  [GATE_WITH_APPROVE.rule, (self: Json) => !('gate' in self) || self['verb'] === 'approve'],
  [SERVICE_NEEDS_PORT, (self: Json) => self['group'] !== '' || self['kind'] !== 'Service' || 'port' in self],
]);

function ruleProblems(schema: StructuralSchema, value: unknown): Wrong[] {
  if (!isJson(value)) {
    return [];
  }
  return (schema['x-kubernetes-validations'] ?? [])
    .filter(({ rule }) => knownRules.get(rule)?.(value) === false)
    .map(({ rule, message }) => ({ message: `is refused: ${message ?? rule}`, fix: 'make it so' }));
}

function sameValue(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
