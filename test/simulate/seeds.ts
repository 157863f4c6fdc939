// A child process of run.ts: plays the seeds it is told, a batch at a time, and says how each ended.
import { simulate } from './simulate.ts';
import type { Outcome } from './simulate.ts';

export interface Batch {
  readonly first: number;
  readonly count: number;
  /** Transcripts are many; only what will be shown is sent. */
  readonly transcripts: boolean;
}

process.on('message', ({ first, count, transcripts }: Batch) => {
  void play(first, count, transcripts);
});

async function play(first: number, count: number, transcripts: boolean): Promise<void> {
  const outcomes: Outcome[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const outcome = await simulate(seed);
    outcomes.push(transcripts ? outcome : { ...outcome, transcript: [] });
  }
  process.send?.(outcomes);
}
