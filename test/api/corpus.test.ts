// Every public manifest that the API server accepts can be read by the controller, as the server stores it.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { schemaOfKind } from '../../src/api/crd.ts';
import { parseAlertProvider, parseCanary, parseMetricTemplate } from '../../src/api/parse.ts';
import { admit } from '../../src/sandbox/crd-schema.ts';

const folder = process.env['SERIN_TEST_CORPUS'];
const described = folder === undefined ? describe.skip : describe;

const parsers = {
  Canary: parseCanary,
  MetricTemplate: parseMetricTemplate,
  AlertProvider: parseAlertProvider,
};
const Manifest = z.looseObject({ kind: z.enum(['Canary', 'MetricTemplate', 'AlertProvider']) });

described('public manifests (SERIN_TEST_CORPUS)', () => {
  const names = readdirSync(folder ?? '.').filter((name) => /^\w+-\d+\.yaml$/.test(name));

  it.each(Object.entries(parsers))('of kind %s can be read', (kind, parse) => {
    const manifests = names.flatMap((name) => {
      const text = readFileSync(join(folder ?? '.', name), 'utf8');
      const object: unknown = parseAllDocuments(text, { uniqueKeys: false })[0]?.toJS();
      return Manifest.parse(object).kind === kind ? [{ name, object }] : [];
    });
    expect(manifests.length).toBeGreaterThan(10);
    for (const { name, object } of manifests) {
      const { object: stored, problems } = admit(schemaOfKind(kind) ?? {}, object);
      expect({ name, problems }).toEqual({ name, problems: [] });
      expect({ name, ...parse(stored) }).toMatchObject({ name, ok: true });
    }
  });
});
