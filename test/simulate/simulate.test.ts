import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const script = fileURLToPath(new URL('run.ts', import.meta.url));
const RUNS = 2000;

describe('the real pass on a simulated cluster with faults', () => {
  it(`never does harm and always ends, in ${RUNS} runs`, async () => {
    // In processes of its own: what jest puts around modules makes a run three times as dear. A seed that fails is printed
    // and makes the process fail, which rejects with all that it has printed.
    const { stdout } = await run(process.execPath, [script, '--runs', String(RUNS)]);
    expect(stdout).toContain(`${RUNS} runs in `);
  }, 900_000);
});
