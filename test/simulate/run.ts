// `npm run simulate -- [--seed N] [--runs N] [--verbose]`: many seeded runs; the seeds that fail are printed, with their
// transcript where there is one alone.
import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    verbose: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
const began = performance.now();
const failed: number[] = [];
const ends = new Map<string, number>();
let writes = 0;
let crashes = 0;
for (let seed = first; seed < first + runs; seed += 1) {
  const outcome = await simulate(seed);
  writes += outcome.writes;
  crashes += outcome.crashes;
  if (outcome.ok) {
    const end = outcome.verdict.split(' ')[0] ?? '';
    ends.set(end, (ends.get(end) ?? 0) + 1);
  } else {
    failed.push(seed);
    process.stdout.write(`seed ${seed}: ${outcome.verdict}\n`);
  }
  if (values.verbose || (runs === 1 && !outcome.ok)) {
    process.stdout.write(`${outcome.transcript.join('\n')}\n${outcome.verdict}\n`);
  }
  if ((seed - first + 1) % 500 === 0) {
    process.stderr.write(`${seed - first + 1} of ${runs} runs\n`);
  }
}
const seconds = ((performance.now() - began) / 1000).toFixed(1);
const summary = [...ends].map(([end, count]) => `${end} ${count}`).join(', ');
process.stdout.write(`${runs} runs in ${seconds} s: ${writes} writes, ${crashes} crashes; ${summary}\n`);
if (failed.length > 0) {
  process.stdout.write(
    `${failed.length} failed; replay one with: npm run simulate -- --runs 1 --seed ${failed[0]}\n`,
  );
  process.exitCode = 1;
}
