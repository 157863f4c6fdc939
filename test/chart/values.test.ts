import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { isJsonObject, listOf, objectOf } from '../../src/model/json.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { describeFlags } from '../../src/settings.ts';

const root = join(import.meta.dirname, '../..');
const chart = join(root, 'charts/serin');
const read = (path: string): string => readFileSync(join(chart, path), 'utf8');
const values: JsonObject = objectOf(parse(read('values.yaml')));
const schema: JsonObject = objectOf(JSON.parse(read('values.schema.json')));
const templates = readdirSync(join(chart, 'templates'))
  .map((name) => read(`templates/${name}`))
  .join('\n');

/** Helm gives this to every chart; nothing in ours reads it. */
const notOurs = ['global'];

/** Each value with the schema that is about it; objects that the schema leaves open count as one value. */
function pairs(value: unknown, about: unknown, path: string): [string, unknown, JsonObject][] {
  const rules = objectOf(about);
  if (!isJsonObject(value) || rules['additionalProperties'] !== false) {
    return [[path, value, rules]];
  }
  const properties = objectOf(rules['properties']);
  return Object.entries(value).flatMap(([key, item]) =>
    pairs(item, properties[key], path === '' ? key : `${path}.${key}`),
  );
}

function schemaPaths(about: unknown, path = ''): string[] {
  const rules = objectOf(about);
  if (rules['additionalProperties'] !== false) {
    return [path];
  }
  return Object.entries(objectOf(rules['properties'])).flatMap(([key, child]) =>
    schemaPaths(child, path === '' ? key : `${path}.${key}`),
  );
}

function fits(value: unknown, rules: JsonObject): boolean {
  const { type, pattern, minLength, maxLength, minimum } = rules;
  const allowed = listOf(rules['enum']);
  const choices = listOf(rules['oneOf']);
  return (
    (allowed.length === 0 || allowed.includes(value)) &&
    (choices.length === 0 || choices.filter((choice) => fits(value, objectOf(choice))).length === 1) &&
    (type === undefined || type === typeName(value)) &&
    (typeof value !== 'string' || typeof pattern !== 'string' || new RegExp(pattern).test(value)) &&
    (typeof value !== 'string' || typeof minLength !== 'number' || value.length >= minLength) &&
    (typeof value !== 'string' || typeof maxLength !== 'number' || value.length <= maxLength) &&
    (typeof value !== 'number' || typeof minimum !== 'number' || value >= minimum)
  );
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) {
    return 'array';
  }
  return Number.isInteger(value) ? 'integer' : typeof value;
}

const valuePairs = pairs(values, schema, '');

describe('the values of the chart', () => {
  it('are the ones that the schema knows', () => {
    const known = schemaPaths(schema).filter((path) => !notOurs.includes(path));
    expect(valuePairs.map(([path]) => path).toSorted()).toEqual(known.toSorted());
  });

  it.each(valuePairs)('%s has a default that the schema accepts', (_path, value, rules) => {
    expect(fits(value, rules)).toBe(true);
  });

  it('are all read by a template, and no template reads another', () => {
    const used = new Set([...templates.matchAll(/(?<=\.Values\.)[A-Za-z.]+/g)].map(([path]) => path));
    expect([...used].toSorted()).toEqual(valuePairs.map(([path]) => path).toSorted());
  });
});

describe('the chart', () => {
  it('passes flags that the controller acts upon', () => {
    const [acted = ''] = describeFlags().split('without effect');
    const passed = [...read('templates/deployment.yaml').matchAll(/(?<=[ "])-[a-z-]+(?==)/g)].map(String);
    expect(passed.length).toBeGreaterThan(10);
    expect(passed.filter((flag) => !acted.includes(`  ${flag}\n`))).toEqual([]);
  });

  it('has the version of the package', () => {
    const { version } = objectOf(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    expect(objectOf(parse(read('Chart.yaml')))).toMatchObject({ appVersion: version });
  });

  it('carries every CRD', () => {
    const crds = readdirSync(join(root, 'crds')).toSorted();
    expect(crds.length).toBeGreaterThan(0);
    expect(readdirSync(join(chart, 'crds')).toSorted()).toEqual(crds);
  });
});
