import { describe, expect, it } from '@jest/globals';
import { takeOver } from './takeover.ts';

const SEEDS = 300;

describe('Canaries that Flagger left, in every phase', () => {
  it(`are taken over without a change that people see, and come to their end, in ${SEEDS} worlds`, async () => {
    const ends = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const end = await takeOver(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }

    expect([...ends.keys()].toSorted()).toEqual(
      expect.arrayContaining([
        'Failed with app:good-1',
        'Initialized with app:good-1',
        'Succeeded with app:good-2',
        'Succeeded with app:good-3',
      ]),
    );
  }, 300_000);
});
