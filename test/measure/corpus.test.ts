import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { renderQuery } from '../../src/measure/go-template.ts';

const folder = process.env['SERIN_TEST_CORPUS'];
const corpus = folder === undefined ? describe.skip : describe;

const scope = {
  name: 'podinfo',
  namespace: 'test',
  target: 'podinfo',
  service: 'podinfo',
  ingress: 'podinfo',
  route: 'podinfo',
  interval: '1m',
};
const Metric = z.object({
  query: z.string().optional(),
  templateVariables: z.record(z.string(), z.string()).nullish(),
});
const Manifest = z.object({
  spec: z.object({
    query: z.string().optional(),
    analysis: z.object({ metrics: z.array(Metric).nullish() }).optional(),
  }),
});

interface Query {
  readonly file: string;
  readonly text: string;
}

function queriesOf(file: string): Query[] {
  const documents = parseAllDocuments(readFileSync(join(folder ?? '', file), 'utf8'), { uniqueKeys: false });
  return documents.flatMap((document) => {
    const manifest = Manifest.safeParse(document.toJS());
    const { query, analysis } = manifest.success ? manifest.data.spec : {};
    const inline = (analysis?.metrics ?? []).map((metric) => metric.query);
    return [query, ...inline].flatMap((text) => (text === undefined ? [] : [{ file, text }]));
  });
}

/** Every variable that the text names is there. */
function variablesOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/variables\.(\w+)/g)].map(([, name = '']) => [name, 'value']));
}

// Set SERIN_TEST_CORPUS to a folder of Canary and MetricTemplate manifests to run this.
corpus('the queries of public manifests', () => {
  const files = folder === undefined ? [] : readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
  const queries = files.flatMap((file) => queriesOf(file));

  it('are found', () => {
    expect(queries.length).toBeGreaterThan(0);
  });

  it('render without a trace of the template, or say which mistake they have always had', () => {
    const known = /no data to take \.\w+ from|function "args" is not known/;
    const wrong = queries.filter(({ text }) => {
      const rendered = renderQuery(text, { ...scope, variables: variablesOf(text) });
      const escaped = text.includes('`{{');
      return rendered.ok ? !escaped && rendered.text.includes('{{') : !known.test(rendered.message);
    });
    expect(wrong).toEqual([]);
  });
});
