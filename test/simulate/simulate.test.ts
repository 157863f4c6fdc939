import { describe, expect, it } from '@jest/globals';
import { simulate } from './simulate.ts';

/** Seeds in blocks, so that a failure names few of them and jest shows progress. */
const BLOCKS = 10;
const RUNS_IN_BLOCK = 100;

describe('the real pass on a simulated cluster with faults', () => {
  it.each(Array.from({ length: BLOCKS }, (_, block) => block * RUNS_IN_BLOCK + 1))(
    'never does harm and always ends, from seed %i',
    async (first) => {
      const failed: string[] = [];
      for (let seed = first; seed < first + RUNS_IN_BLOCK; seed += 1) {
        const { ok, verdict } = await simulate(seed);
        if (!ok) {
          failed.push(`seed ${seed}: ${verdict}`);
        }
      }

      expect(failed).toEqual([]);
    },
    600_000,
  );
});
