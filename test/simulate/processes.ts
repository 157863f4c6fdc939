// Many seeds on all processors. Which process plays a seed does not matter: a run follows from its seed alone.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Batch } from './seeds.ts';
import type { Outcome } from './simulate.ts';

const program = fileURLToPath(new URL('seeds.ts', import.meta.url));
const BATCH = 20;

export interface Order {
  readonly first: number;
  readonly runs: number;
  readonly processes: number;
  readonly transcripts: boolean;
}

/** Calls `done` with each outcome, in whatever order they come. */
export async function playAll(
  { first, runs, processes, transcripts }: Order,
  done: (outcome: Outcome) => void,
): Promise<void> {
  let next = first;
  const end = first + runs;
  const take = (): Batch | undefined => {
    const batch = { first: next, count: Math.min(BATCH, end - next), transcripts };
    next += batch.count;
    return batch.count === 0 ? undefined : batch;
  };
  const count = Math.min(processes, Math.ceil(runs / BATCH));
  await Promise.all(Array.from({ length: count }, () => work(take, done)));
}

async function work(take: () => Batch | undefined, done: (outcome: Outcome) => void): Promise<void> {
  const child = fork(program);
  try {
    for (let batch = take(); batch !== undefined; batch = take()) {
      const outcomes = await play(child, batch);
      outcomes.forEach(done);
    }
  } finally {
    child.kill();
  }
}

function play(child: ChildProcess, batch: Batch): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => {
      reject(new Error(`a process of the simulation ended with ${code ?? 'a signal'}`));
    };
    child.once('exit', ended);
    child.once('message', (outcomes: readonly Outcome[]) => {
      child.off('exit', ended);
      resolve(outcomes);
    });
    child.send(batch);
  });
}
