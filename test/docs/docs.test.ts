// The documentation against the code: what a machine can check of it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { lintObjects } from '../../src/commands/lint-object.ts';
import { describeFlags } from '../../src/settings.ts';
import { routers } from '../../src/traffic/routers.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path))
    .toSorted(),
];

/** The texts of code spans in the first column of all tables. */
function firstColumn(page: string): ReadonlySet<string> {
  const cells = page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|')[1] ?? '');
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)));
}

/** As GitHub makes them: lower case, without punctuation, dashes for spaces. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

const reasons = [...read('src/model/reason.ts').matchAll(/^ {2}\| '(\w+)'/gm)].map(
  ([, reason = '']) => reason,
);
const flags = [...describeFlags().matchAll(/(?:^| )(-[a-z][\w-]*)(?=\s)/gm)].map(([, flag = '']) => flag);

/** Providers that write the same objects have a page in common. */
function pageOf(provider: string): string {
  const family = ['gatewayapi', 'appmesh', 'smi'].find((name) => provider.startsWith(name));
  const shared: Readonly<Record<string, string>> = { gatewayapi: 'gateway-api', linkerd: 'smi', osm: 'smi' };
  const name = family ?? provider;
  return `docs/providers/${shared[name] ?? name}.md`;
}

describe('the documentation', () => {
  it('is looked at as a whole', () => {
    expect(pages.length).toBeGreaterThan(20);
    expect(reasons).toContain('ThresholdReached');
    expect(flags).toEqual(expect.arrayContaining(['-mesh-provider', '-help', '-slack-url']));
  });

  it('explains every reason, and none that does not exist', () => {
    const explained = firstColumn(read('docs/operate.md').split('## Reasons')[1]?.split('\n## ')[0] ?? '');

    expect([...explained].toSorted()).toEqual(reasons.toSorted());
  });

  it('names every flag', () => {
    const install = read('docs/install.md');

    expect(flags.filter((flag) => !install.includes(`\`${flag}\``))).toEqual([]);
  });

  it('names no flag that does not exist', () => {
    const described = [...firstColumn(read('docs/install.md'))].filter((text) => text.startsWith('-'));

    expect(described.filter((flag) => !flags.includes(flag))).toEqual([]);
  });

  it.each(pages)('links from %s lead somewhere', (path) => {
    const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      return (
        !/^https?:/.test(link) &&
        (!existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(read(target)).has(anchor)))
      );
    });

    expect(broken).toEqual([]);
  });

  it.each(pages.filter((path) => path.startsWith('docs/providers/') || path === 'docs/several-routes.md'))(
    'has manifests in %s that work',
    (path) => {
      // Indented, or between fences.
      const indented = read(path).replaceAll(/^```yaml\n([^`]*)^```$/gm, (_fence, block: string) =>
        block.replaceAll(/^(?=.)/gm, '    '),
      );
      const blocks = [...indented.matchAll(/(?:^(?: {4}.*)?\n)+/gm)].map(([block]) =>
        block.replaceAll(/^ {4}/gm, ''),
      );
      const manifests = blocks
        .filter((block) => block.trimStart().startsWith('apiVersion:'))
        .flatMap((block) => parseAllDocuments(block).map((document): unknown => document.toJS()));
      const found = manifests.flatMap((manifest) =>
        lintObjects(manifest).flatMap(({ problems = [] }) => problems),
      );

      expect(manifests).toContainEqual(expect.objectContaining({ kind: 'Canary' }));
      expect(found).toEqual([]);
    },
  );

  it.each([...new Set(routers.map(({ provider }) => pageOf(provider)))])('has a page %s', (page) => {
    expect(pages).toContain(page);
  });

  it('names only scripts that exist', () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')));
    const named = pages.flatMap((path) =>
      [...read(path).matchAll(/npm (?:run (?:-s )?([a-z]+)|(test)\b)/g)].map(([, run, test]) => run ?? test),
    );

    expect(named).toContain('demo');
    expect([...new Set(named)].filter((name) => name === undefined || !(name in scripts))).toEqual([]);
  });

  it.each([['README.md'], ['docs/lint.md']])('names in %s only commands of serin that exist', (path) => {
    const commands = [...read('src/cli.ts').matchAll(/^ {2}([a-z]+): \{/gm)].map(([, name]) => name);
    const named = [...read(path).matchAll(/`serin ([a-z]+)/g)].map(([, name]) => name);

    expect(commands).toContain('controller');
    expect(named.filter((name) => !commands.includes(name))).toEqual([]);
  });

  it.each(pages)('names in %s only files of the repository that exist', (path) => {
    const named = [...read(path).matchAll(/`((?:src|test|docs|hack|charts|crds|\.ci)\/[\w./-]*)`/g)].map(
      ([, file = '']) => file,
    );

    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});
