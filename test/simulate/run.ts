// `npm run simulate -- [--seed N] [--runs N] [--processes N] [--verbose]`: many seeded runs; the seeds that fail are printed,
// with their transcript where there is one alone, and what has never happened.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { playAll } from './processes.ts';
import { Report } from './report.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    processes: { type: 'string', default: String(availableParallelism()) },
    verbose: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
const transcripts = values.verbose || runs === 1;
const report = new Report(runs);
const began = performance.now();
await playAll({ first, runs, processes: Number(values.processes), transcripts }, (outcome) => {
  report.add(outcome);
  if (values.verbose || (runs === 1 && !outcome.ok)) {
    process.stdout.write(`${outcome.transcript.join('\n')}\n${outcome.verdict}\n`);
  }
  if (report.played % 500 === 0 && report.played < runs) {
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    process.stderr.write(`${report.played} of ${runs} runs, ${seconds} s\n`);
  }
});
process.stdout.write(report.text((performance.now() - began) / 1000));
process.exitCode = report.ok() ? 0 : 1;
