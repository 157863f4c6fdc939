import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const folder = join(import.meta.dirname, '..');
/** Of the life of a run, and of routing. */
const knownDefects = { D: 37, R: 20 };

/** What is not built, and so cannot be tested. */
const notThereYet: Readonly<Record<string, string>> = {
  R16: 'a cap on the users whom cookies keep at the canary is an option; sessionAffinity.maxAge bounds how long they stay',
  R18: 'smaller weights than a percent are an option; status.canaryWeight, which other tools read, has no room for them',
};

/** Names of tests, also those of a table, and of the rules of the simulation. */
const name = /(?:\b(?:it|describe)(?:\.\w+)*\(|\)\(|\bname:)\s*(['"`])([DR]\d+):/g;

function namedDefects(): ReadonlySet<string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  return new Set(texts.flatMap((text) => [...text.matchAll(name)].map(([, , id = '']) => id)));
}

describe('every known defect of the controller that is replaced', () => {
  const named = namedDefects();
  const ids = Object.entries(knownDefects).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
  );

  it.each(ids.filter((id) => !(id in notThereYet)))('%s has a test that is named for it', (id) => {
    expect(named).toContain(id);
  });

  it.each(Object.keys(notThereYet))('%s has none, as long as it is said to be missing', (id) => {
    expect(named).not.toContain(id);
  });
});
