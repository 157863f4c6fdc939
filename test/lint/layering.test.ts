// Proof that lint holds the layering: files that break it, one sin each, are refused by the repository's own configuration.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));

const pure = ['api', 'model', 'decide', 'judge', 'workload', 'traffic', 'measure', 'notify'] as const;
const shell = ['observe', 'act', 'watch', 'serve', 'telemetry', 'commands'] as const;

/** A value is used, so that nothing but the import is wrong with the file. */
const importing = (from: string): string =>
  `import { thing } from '${from}';\n\nexport const used = [thing];\n`;

type Row = readonly [sin: string, folder: string, code: string, rule: string];

const IMPORTS = 'eslint(no-restricted-imports)';
const GLOBALS = 'eslint(no-restricted-globals)';

const inPureFolders: readonly Row[] = pure.flatMap((folder): Row[] => [
  ['the clock', folder, 'export const now = (): number => Date.now();\n', GLOBALS],
  ['a timer', folder, 'export const later = (): unknown => setTimeout(String, 1);\n', GLOBALS],
  ['the environment', folder, "export const home = process.env['HOME'];\n", GLOBALS],
  ['the network', folder, "export const page = (): unknown => fetch('http://example.com');\n", GLOBALS],
  ['the console', folder, "export const say = (): void => console.log('');\n", GLOBALS],
  [
    'chance',
    folder,
    'export const dice = (): number => Math.random();\n',
    'eslint(no-restricted-properties)',
  ],
  ['node:fs', folder, importing('node:fs'), IMPORTS],
  ['the Kubernetes client', folder, importing('@kubernetes/client-node'), IMPORTS],
  ['an HTTP client', folder, importing('axios'), IMPORTS],
  ['the logger', folder, importing('pino'), IMPORTS],
  ['observe/', folder, importing('../observe/observe.ts'), IMPORTS],
  ['act/', folder, importing('../act/act.ts'), IMPORTS],
  ['cluster/', folder, importing('../cluster/cluster.ts'), IMPORTS],
  ['the pass', folder, importing('../reconcile.ts'), IMPORTS],
]);

const upward: readonly Row[] = [
  ['model/', 'api', importing('../model/kube.ts'), IMPORTS],
  ['decide/', 'model', importing('../decide/decide.ts'), IMPORTS],
  ['traffic/', 'decide', importing('../traffic/router.ts'), IMPORTS],
  ['a library', 'decide', importing('zod'), IMPORTS],
  ['decide/', 'observe', importing('../decide/decide.ts'), IMPORTS],
  ['decide/', 'act', importing('../decide/decide.ts'), IMPORTS],
  ['the pass', 'act', importing('../reconcile.ts'), IMPORTS],
  ['a command', 'observe', importing('../commands/report.ts'), IMPORTS],
  ['the sandbox', 'act', importing('../sandbox/store.ts'), IMPORTS],
];

const clients: readonly Row[] = shell.map((folder): Row => [
  'the Kubernetes client',
  folder,
  importing('@kubernetes/client-node'),
  IMPORTS,
]);

const everywhere: readonly Row[] = ['decide', 'observe', 'cluster'].flatMap((folder): Row[] => [
  ['a default export', folder, 'export default 1;\n', 'import(no-default-export)'],
  ['any', folder, 'export const anything: any = 1;\n', 'typescript(no-explicit-any)'],
]);

const sins = [...inPureFolders, ...upward, ...clients, ...everywhere];

/** What has to stay possible, or the rules above would prove nothing. */
const allowed: readonly (readonly [what: string, folder: string, code: string])[] = [
  ['zod', 'api', importing('zod')],
  ['api/', 'model', importing('../api/status.ts')],
  ['model/', 'decide', importing('../model/kube.ts')],
  ['judge/', 'decide', importing('../judge/round.ts')],
  ['model/', 'traffic', importing('../model/split.ts')],
  ['node:fs', 'act', importing('node:fs')],
  ['cluster/', 'act', importing('../cluster/cluster.ts')],
  ['the Kubernetes client', 'cluster', importing('@kubernetes/client-node')],
  ['the clock', 'observe', 'export const now = (): number => Date.now();\n'],
];

const Report = z.object({
  diagnostics: z.array(z.object({ code: z.string().default(''), filename: z.string().default('') })),
});

const nameOf = (index: number, folder: string): string => `src/${folder}/file-${index}.ts`;

/** Diagnostics by file, of one run over all files at once. */
async function lint(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
    const oxlint = join(root, 'node_modules/.bin/oxlint');
    // It ends with status 1, because it finds something.
    execFile(oxlint, ['--format', 'json', 'src'], { cwd: folder, maxBuffer: 2 ** 26 }, (_error, output) => {
      resolve({ stdout: output });
    });
  });
  const found = new Map<string, string[]>();
  for (const { code, filename } of Report.parse(JSON.parse(stdout)).diagnostics) {
    found.set(filename, [...(found.get(filename) ?? []), code]);
  }
  return found;
}

let folder = '';
let found: ReadonlyMap<string, readonly string[]> = new Map();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serin-lint-'));
  await cp(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  const files = [...sins, ...allowed].map(([, where, code], index) => [nameOf(index, where), code] as const);
  await Promise.all(
    files.map(async ([name, code]) => {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), code);
    }),
  );
  found = await lint(folder);
}, 30_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('lint holds the layering', () => {
  it.each(sins.map(([sin, where, , rule], index) => [where, sin, rule, nameOf(index, where)]))(
    '%s/ cannot use %s',
    (_where, _sin, rule, file) => {
      expect(found.get(file)).toContain(rule);
    },
  );

  it.each(allowed.map(([what, where], index) => [where, what, nameOf(sins.length + index, where)]))(
    '%s/ may use %s',
    (_where, _what, file) => {
      expect(found.get(file) ?? []).toEqual([]);
    },
  );
});
