import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LintProblem, type LintResult, formatLintProblem, lintText } from '../../src/commands/lint.ts';

const canary = `apiVersion: flagger.app/v1beta1
kind: Canary
metadata:
  name: podinfo
spec:
  provider: contour
  targetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: podinfo
  service:
    port: 80
  analysis:
    interval: 1m
    threshold: 5
    stepWeight: 10
`;

function lint(text: string): string[] {
  return lintText('f.yaml', text).problems.map(formatLintProblem);
}

function changed(from: string, to: string): string {
  expect(canary).toContain(from);
  return canary.replace(from, to);
}

describe('lintText', () => {
  it('has nothing to say about a sound manifest', () => {
    expect(lintText('f.yaml', canary)).toEqual({ problems: [], checked: 1, skipped: 0 });
  });

  it.each<[string, string, unknown[]]>([
    [
      'a value that is refused',
      changed('kind: Deployment', 'kind: StatefulSet'),
      [
        'f.yaml:9: spec.targetRef.kind: is "StatefulSet", which is not allowed, use one of DaemonSet, Deployment, Service',
      ],
    ],
    [
      'a missing field, at the line of what it is missing from',
      changed('    name: podinfo\n  service', '  service'),
      ['f.yaml:7: spec.targetRef.name: is missing, add it'],
    ],
    [
      'two strategies',
      `${canary}    iterations: 5\n`,
      [
        'f.yaml:13: spec.analysis: has iterations and stepWeight, of which only one may be set, keep one and remove the rest',
      ],
    ],
    [
      'text for a number',
      changed('port: 80', 'port: "80"'),
      ['f.yaml:12: spec.service.port: must be a number, not text, write it without quotes: 80'],
    ],
    [
      'no name',
      changed('  name: podinfo\nspec', '  labels: {}\nspec'),
      ['f.yaml:3: metadata.name: is missing, add it'],
    ],
    [
      'a name that is none',
      changed('name: podinfo\nspec', 'name: Pod_Info\nspec'),
      [
        'f.yaml:4: metadata.name: is "Pod_Info", which is not allowed, write text of lower-case letters, digits and dashes',
      ],
    ],
    [
      'a label that is no text',
      changed('name: podinfo\nspec', 'name: podinfo\n  labels: {a: 1}\nspec'),
      ['f.yaml:5: metadata.labels.a: must be text, not a number, put it in quotes: "1"'],
    ],
    [
      'an old version',
      changed('v1beta1', 'v1alpha3'),
      ['f.yaml:1: apiVersion: is flagger.app/v1alpha3: version not served, use flagger.app/v1beta1'],
    ],
    [
      'an unknown kind',
      changed('kind: Canary', 'kind: Canry'),
      [
        'f.yaml:2: kind: is "Canry", which is no kind of flagger.app/v1beta1, use one of Canary, MetricTemplate, AlertProvider',
      ],
    ],
    [
      'a field in the wrong place',
      `${canary}  webhooks: []\n`,
      [
        'f.yaml:17: spec.webhooks: is not a field of the API and is dropped, move it to spec.analysis.webhooks, or remove it (warning)',
      ],
    ],
    [
      'a field from before',
      `${canary}  canaryAnalysis: {}\n`,
      [
        'f.yaml:17: spec.canaryAnalysis: is not a field of the API and is dropped, rename it to spec.analysis (warning)',
      ],
    ],
    [
      'misspelt fields',
      `${canary}    maxWieght: 5\n    max-weight: 5\n    metric: []\n    stepweight: 4\n`,
      [
        'f.yaml:17: spec.analysis.maxWieght: is not a field of the API and is dropped, write maxWeight if that is meant, or remove it (warning)',
        'f.yaml:18: spec.analysis.max-weight: is not a field of the API and is dropped, write maxWeight if that is meant, or remove it (warning)',
        'f.yaml:19: spec.analysis.metric: is not a field of the API and is dropped, write metrics if that is meant, or remove it (warning)',
        'f.yaml:20: spec.analysis.stepweight: is not a field of the API and is dropped, write stepWeight if that is meant, or remove it (warning)',
      ],
    ],
    [
      'what the controller adjusts',
      changed('interval: 1m', 'interval: 5s'),
      [
        'f.yaml:14: spec.analysis.interval: is "5s", which is taken as 10s, write a duration of at least 10s (warning)',
      ],
    ],
    [
      'what the controller refuses',
      changed('stepWeight: 10', 'stepWeights: [10, 5]'),
      [
        'f.yaml:16: spec.analysis.stepWeights[1]: is 5, after 10, list weights in ascending order, from 1 to 100 (warning)',
      ],
    ],
    [
      'fields of Serin',
      `${canary}    steps: [{weight: 120}]\n`,
      ['f.yaml:17: spec.analysis.steps[0].weight: is 120, which is out of range, use at most 100 (warning)'],
    ],
    [
      'a condition that is dropped, and what that leaves',
      `${canary}    match:\n      - uri: {prefix: /}\n`,
      [
        'f.yaml:18: spec.analysis.match[0].uri: is not a field of the API and is dropped, move it to spec.service.match[].uri or spec.service.rewrite.uri, or remove it (warning)',
        'f.yaml:18: spec.analysis.match[0]: has no condition and would take every user, add headers, queryParams or sourceLabels; other conditions belong to spec.service.match (warning)',
      ],
    ],
    [
      'a key that is written twice',
      `${canary}    stepWeight: 20\n`,
      [
        'f.yaml:16: spec.analysis.stepWeight: is written again on line 17, which is the one that counts, remove one of them (warning)',
      ],
    ],
    [
      'the second of two keys',
      changed('port: 80', 'port: 80\n    port: x'),
      [
        'f.yaml:12: spec.service.port: is written again on line 13, which is the one that counts, remove one of them (warning)',
        'f.yaml:13: spec.service.port: must be a number, not text, write a number',
      ],
    ],
    [
      'what the router cannot do, once',
      `${canary}    mirror: true\n`,
      [expect.stringMatching(/^f\.yaml:17: spec\.analysis\.mirror: /)],
    ],
    [
      'what the router needs, once',
      changed('contour', 'gatewayapi:v1'),
      [
        'f.yaml:11: spec.service.gatewayRefs: is missing, and gatewayapi:v1 needs it, name the Gateway (warning)',
      ],
    ],
    [
      'a command that is none',
      'apiVersion: serin.dev/v1alpha1\nkind: CanaryCommand\nmetadata: { name: a }\nspec: { canary: cart, verb: stop }\n',
      [expect.stringMatching(/^f\.yaml:4: spec\.verb: is "stop"/)],
    ],
    ['nulls', `${canary}    metrics:\n    match: ~\n`, []],
    ['the empty document', '# nothing\n---\n', []],
  ])('finds %s', (_title, text, problems) => {
    expect(lint(text)).toEqual(problems);
  });

  it('tells text that is no YAML, and goes on', () => {
    const [problem, ...others] = lintText(
      'f.yaml',
      `a: [1\nb: 2\n---\n${changed('port: 80', 'port: x')}`,
    ).problems;
    expect(problem).toMatchObject({
      severity: 'error',
      field: '',
      message: expect.stringMatching(/^is not YAML: /),
    });
    expect(others.map(({ line, field }) => `${line} ${field}`)).toContain('15 spec.service.port');
  });

  it('reads all documents, and skips those of others', () => {
    const other = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n';
    const text = `${other}---\n${canary}---\n${changed('port: 80', 'port: x')}---\njust text\n`;
    expect(lintText('f.yaml', text)).toMatchObject({ checked: 2, skipped: 2, problems: [{ line: 33 }] });
  });

  it('reads the items of a List', () => {
    const items = canary
      .replaceAll(/^/gm, '    ')
      .trimEnd()
      .replace('    apiV', '  - apiV')
      .replace('port: 80', 'port: x');
    const result = lintText(
      'f.yaml',
      `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Service\n${items}\n`,
    );
    expect(result).toMatchObject({
      checked: 1,
      skipped: 1,
      problems: [{ line: 17, field: 'items[1].spec.service.port' }],
    });
  });

  it('reads YAML as Kubernetes does', () => {
    const text = changed('provider: contour', 'suspend: yes\n  metricsServer: 2026-01-31').replace(
      'port: 80',
      'port: 0120',
    );
    expect(lint(text)).toEqual([]);
    expect(lint(text.replace('2026-01-31', '12'))).toHaveLength(1);
    expect(lint(text.replace('yes', '"yes"'))).toHaveLength(1);
  });

  it('follows anchors', () => {
    const text = changed('    kind: Deployment', '    kind: &kind StatefulSet').replace(
      'name: podinfo\nspec',
      'name: podinfo\nspec',
    );
    expect(lint(`${text}  autoscalerRef: {apiVersion: v2, kind: *kind, name: a}\n`)).toEqual([
      expect.stringMatching(/^f\.yaml:9: spec\.targetRef\.kind: /),
      expect.stringMatching(/^f\.yaml:17: spec\.autoscalerRef\.kind: /),
    ]);
  });
});

describe('serin', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'serin-lint-'));
    writeFileSync(join(folder, 'good.yaml'), canary);
    writeFileSync(join(folder, 'warned.yaml'), changed('interval: 1m', 'interval: 5s'));
    writeFileSync(join(folder, 'bad.yaml'), changed('port: 80', 'port: x'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function serin(args: string[], input = ''): { status: number | null; stdout: string; stderr: string } {
    const cli = join(import.meta.dirname, '../../src/cli.ts');
    return spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8', input, env: {} });
  }

  it.each([
    ['warnings', ['good.yaml', 'warned.yaml'], 0],
    ['a file that is not there', ['none.yaml'], 1],
    ['no file', [], 2],
  ])('lint ends on %s', (_title, args, status) => {
    expect(serin(['lint', ...args]).status).toBe(status);
  });

  it('lint prints a line a problem, and a summary apart', () => {
    expect(serin(['lint', 'bad.yaml', 'warned.yaml'])).toMatchObject({
      status: 1,
      stdout:
        'bad.yaml:12: spec.service.port: must be a number, not text, write a number\n' +
        'warned.yaml:14: spec.analysis.interval: is "5s", which is taken as 10s, write a duration of at least 10s (warning)\n',
      stderr: '2 checked, 0 of other kinds skipped: 1 errors, 1 warnings\n',
    });
  });

  it('lint prints JSON, also of standard input', () => {
    const { stdout, status } = serin(
      ['lint', '--json', '--strict', '-'],
      changed('interval: 1m', 'interval: 5s'),
    );
    expect(status).toBe(1);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      {
        file: '-',
        line: 14,
        field: 'spec.analysis.interval',
        severity: 'error',
        message: 'is "5s", which is taken as 10s',
        fix: 'write a duration of at least 10s',
      },
    ]);
  });

  it('lists its commands, and knows its version', () => {
    expect(serin(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('lint') });
    expect(serin(['--version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect(serin(['lint', '--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--strict'),
    });
    expect(serin(['launch'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no command launch'),
    });
    expect(serin([])).toMatchObject({ status: 2 });
  });
});

/** A folder of manifests that people wrote: the API server refuses those called `refused-*`, and accepts the others. */
const corpus = process.env['SERIN_TEST_CORPUS'];
const describeCorpus = corpus === undefined ? describe.skip : describe;

function read(path: string): LintResult {
  return lintText(path, readFileSync(path, 'utf8'));
}

function errors({ problems }: LintResult): LintProblem[] {
  return problems.filter(({ severity }) => severity === 'error');
}

describeCorpus('public manifests (SERIN_TEST_CORPUS)', () => {
  const folder = corpus ?? '';
  const manifests = (path: string): string[] =>
    corpus === undefined ? [] : readdirSync(path).filter((name) => name.endsWith('.yaml'));

  it('are there', () => {
    expect(manifests(folder).length).toBeGreaterThan(300);
    expect(manifests(join(folder, 'legacy')).length).toBeGreaterThan(10);
  });

  it('are accepted', () => {
    for (const name of manifests(folder).filter((each) => !each.startsWith('refused-'))) {
      const result = read(join(folder, name));
      expect(errors(result)).toEqual([]);
      expect(result.checked).toBeGreaterThan(0);
    }
  });

  // Its author wanted what Flagger's definition does not know: a route of their own, by name.
  const understood = ['refused-canary-131.yaml'];

  it('are refused where the API server refuses them, with field and fix', () => {
    const refused = manifests(folder).filter((each) => each.startsWith('refused-'));
    expect(refused).toEqual(expect.arrayContaining(understood));
    for (const name of refused) {
      const found = errors(read(join(folder, name)));
      expect({ name, refused: found.length > 0 }).toEqual({ name, refused: !understood.includes(name) });
      for (const { line, field, fix } of found) {
        expect(field).toMatch(/^(spec|metadata)/);
        expect(line).toBeGreaterThan(1);
        expect(fix).not.toBe('see the documentation of the field');
      }
    }
  });

  it('are not served in old versions', () => {
    for (const name of manifests(join(folder, 'legacy'))) {
      expect(errors(read(join(folder, 'legacy', name)))[0]).toMatchObject({
        field: 'apiVersion',
        message: expect.stringContaining('version not served'),
        fix: 'use flagger.app/v1beta1',
      });
    }
  });
});
