// `node .ci/count-tests.mjs REPORT…` prints `passed failed skipped` for reports of jest, in the order of the runs. Where a
// file was run twice its later run counts, because it had more to work with; failures of the earlier one stay.
import { readFileSync } from 'node:fs';

const files = new Map();

for (const path of process.argv.slice(2)) {
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'));
  for (const { name, status, assertionResults } of testResults) {
    const count = (...wanted) => assertionResults.filter((test) => wanted.includes(test.status)).length;
    const failed = count('failed');
    files.set(name, {
      passed: count('passed'),
      // A file that could not be loaded has no tests to fail.
      failed: Math.max(failed, status === 'failed' ? 1 : 0, files.get(name)?.failed ?? 0),
      skipped: count('pending', 'skipped', 'disabled', 'todo'),
    });
  }
}

const sum = (key) => [...files.values()].reduce((total, file) => total + file[key], 0);
console.log(sum('passed'), sum('failed'), sum('skipped'));
