// `npm run build` makes dist/serin.mjs: the whole program in one file, for Node 22.19 or newer. Starts three times as
// fast as the sources with their packages, with half the memory. Not minified, so that stacks stay readable.
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

await build({
  absWorkingDir: root,
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/serin.mjs',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  sourcemap: true,
  legalComments: 'external',
  logLevel: 'warning',
  // Some packages are CommonJS and call require for what Node brings along.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
});
