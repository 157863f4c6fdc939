// Canaries that people wrote, routed: those without errors are accepted by the definitions of the route's project, and what
// is refused is refused for a reason that is listed here. SERIN_TEST_CORPUS and SERIN_TEST_CRDS name the folders.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { Canary } from '../../src/api/canary.ts';
import { apexName } from '../../src/api/defaults.ts';
import { parseCanary } from '../../src/api/parse.ts';
import { objectOf } from '../../src/model/json.ts';
import { admit } from '../../src/sandbox/crd-schema.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import { schemaOf } from './definitions.ts';
import { routeOf, wishOf } from './wish.ts';

const corpus = process.env['SERIN_TEST_CORPUS'] ?? '';
const crds = process.env['SERIN_TEST_CRDS'] ?? '';
const missing = corpus === '' || crds === '';
const describeWithCorpus = missing ? describe.skip : describe;

/** What may be refused: features out of scope, and manifests that never were complete. */
const acceptable = [
  'UnsupportedAffinity spec.analysis.sessionAffinity',
  'MissingReference spec.service.gatewayRefs',
  'InvalidSpec spec.service.hosts[0]',
];

function canaries(): { file: string; canary: Canary }[] {
  return readdirSync(corpus)
    .filter((file) => file.startsWith('canary-'))
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(corpus, file), 'utf8')).flatMap((document) => {
        const parsed = parseCanary(document.toJS());
        return parsed.ok ? [{ file, canary: parsed.canary }] : [];
      }),
    );
}

describeWithCorpus(
  `routes of the corpus${missing ? ' (skipped: SERIN_TEST_CORPUS or SERIN_TEST_CRDS is not set)' : ''}`,
  () => {
    it.each(['gatewayapi:v1', 'contour', 'appmesh:v1beta2'])('are accepted for %s', (provider) => {
      const router = routerFor(provider);
      const chosen = canaries().filter(({ canary }) => canary.spec.provider === provider);
      expect(chosen.length).toBeGreaterThan(0);
      const wrong = chosen.flatMap(({ file, canary: { spec } }) => {
        const errors = (router === undefined ? [] : routerProblems(router, spec)).filter(
          ({ severity }) => severity === 'error',
        );
        if (errors.length > 0) {
          return errors.map(({ reason, field }) => `${file}: ${reason} ${field}`);
        }
        const shape = routeOf(router);
        const sent = shape.render(wishOf(spec, { apex: apexName(spec) }));
        const { object, removed, problems } = admit(schemaOf(crds, shape.resource), sent);
        const live = { ...sent, spec: objectOf(object)['spec'] };
        const same = shape.fingerprint(live) === shape.fingerprint(sent);
        return removed.length + problems.length > 0 || !same ? [`${file}: not stored as sent`] : [];
      });
      expect(wrong.filter((line) => !acceptable.some((reason) => line.endsWith(reason)))).toEqual([]);
    });
  },
);
