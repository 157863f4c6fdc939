import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const folder = join(import.meta.dirname, '..');
const KNOWN_DEFECTS = 37;

/** Names of tests, also those of a table, and of the rules of the simulation. */
const name = /(?:\b(?:it|describe)(?:\.\w+)*\(|\]\)\(|\bname:)\s*(['"`])(D\d+):/g;

function namedDefects(): ReadonlySet<string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  return new Set(texts.flatMap((text) => [...text.matchAll(name)].map(([, , id = '']) => id)));
}

describe('every known defect of the controller that is replaced', () => {
  const named = namedDefects();
  const ids = Array.from({ length: KNOWN_DEFECTS }, (_, index) => `D${index + 1}`);

  it.each(ids)('%s has a test that is named for it', (id) => {
    expect(named).toContain(id);
  });
});
