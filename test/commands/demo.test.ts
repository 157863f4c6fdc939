import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

interface Ending {
  readonly status: number;
  readonly lines: readonly string[];
}

/** In a process of its own, as a user starts it; it has to end by itself. */
function demo(...args: string[]): Promise<Ending> {
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--no-warnings', cli, 'demo', ...args],
      { timeout: 110_000, env: { ...process.env, NODE_OPTIONS: '' } },
      (_error, stdout) => {
        resolve({ status: child.exitCode ?? -1, lines: stdout.split('\n').filter((line) => line !== '') });
      },
    );
  });
}

const Line = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('story'), message: z.string() }),
  z.strictObject({ kind: z.literal('phase'), phase: z.string() }),
  z.strictObject({ kind: z.literal('weight'), canary: z.number() }),
  z.looseObject({
    kind: z.literal('round'),
    seq: z.number(),
    weight: z.number(),
    outcome: z.string(),
    checks: z.array(
      z.looseObject({
        name: z.string(),
        outcome: z.string(),
        value: z.number().optional(),
        threshold: z.string().optional(),
      }),
    ),
  }),
  z.strictObject({ kind: z.literal('waiting'), reason: z.string(), message: z.string() }),
  z.strictObject({ kind: z.literal('event'), type: z.string(), reason: z.string(), message: z.string() }),
  z.strictObject({
    kind: z.literal('result'),
    scenario: z.string(),
    phase: z.string(),
    weights: z.array(z.number()),
    requests: z.strictObject({
      total: z.number(),
      failed: z.number(),
      primary: z.number(),
      canary: z.number(),
    }),
    seconds: z.number(),
  }),
]);

type Line = z.infer<typeof Line>;

const parsed = ({ lines }: Ending): Line[] => lines.map((line) => Line.parse(JSON.parse(line)));

const phasesOf = (lines: readonly Line[]): string[] =>
  lines.flatMap((line) => (line.kind === 'phase' ? [line.phase] : []));

const run11 = ['Progressing', 'Promoting', 'Finalising', 'Succeeded'];

describe('serin demo', () => {
  let promote: Ending;
  let rollback: Ending;

  beforeAll(async () => {
    [promote, rollback] = await Promise.all([
      demo('--json', '--pace', '1'),
      demo('--json', '--pace', '1', '--scenario', 'rollback'),
    ]);
  }, 120_000);

  it('promotes 1.1 step by step, and no request fails', () => {
    const lines = parsed(promote);
    const result = lines.at(-1);
    expect(result).toMatchObject({
      kind: 'result',
      scenario: 'promote',
      phase: 'Succeeded',
      weights: [10, 30, 50],
      requests: { failed: 0 },
    });
    expect(promote.status).toBe(0);
    expect(phasesOf(lines)).toEqual(['Initializing', 'Initialized', ...run11]);
    expect(lines.filter(({ kind }) => kind === 'weight')).toEqual(
      [10, 30, 50, 0].map((canary) => ({ kind: 'weight', canary })),
    );
    if (result?.kind === 'result') {
      const { total, primary, canary } = result.requests;
      expect(primary).toBeGreaterThan(0);
      expect(canary).toBeGreaterThan(0);
      expect(total).toBe(primary + canary);
    }
  });

  it('rolls back a bad 1.1 for a metric it names, and promotes a fixed 1.2', () => {
    const lines = parsed(rollback);
    expect(lines.at(-1)).toMatchObject({ kind: 'result', scenario: 'rollback', phase: 'Succeeded' });
    expect(rollback.status).toBe(0);
    expect(phasesOf(lines)).toEqual(['Initializing', 'Initialized', 'Progressing', 'Failed', ...run11]);
    const failed = lines
      .flatMap((line) => (line.kind === 'round' && line.outcome === 'fail' ? line.checks : []))
      .filter(({ outcome }) => outcome === 'fail');
    expect(new Set(failed.map(({ name }) => name))).toEqual(new Set(['request-success-rate']));
    for (const { value, threshold } of failed) {
      expect(value).toBeLessThan(99);
      expect(threshold).toBe('min 99');
    }
  });

  it.each([
    [['--scenario', 'explode'], 2],
    [['--pace', '0'], 2],
    [['--pace', 'fast'], 2],
    [['--loud'], 2],
    [['more'], 2],
    [['--help'], 0],
  ])('looks at its flags before it starts anything: %j', async (args, status) => {
    const ending = await demo(...args);
    expect(ending.status).toBe(status);
    expect(ending.lines.length > 0).toBe(status === 0);
  });
});
