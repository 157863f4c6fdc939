// `npm run generate` writes every generated file; with --check nothing is written, and a stale file is an error.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type GeneratedFile, crdFiles } from './generate-crds.ts';
import { providerFiles } from './generate-providers.ts';

const root = join(import.meta.dirname, '..');

/** Another generator is another line here. */
const files: readonly GeneratedFile[] = [...crdFiles(root), ...providerFiles()];

function current(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

const stale = files.filter(({ path, text }) => current(path) !== text);

if (process.argv.includes('--check')) {
  for (const { path } of stale) {
    console.error(`${path} is out of date: run \`npm run generate\` and commit the result`);
  }
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { path, text } of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
