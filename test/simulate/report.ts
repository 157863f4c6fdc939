// What many runs come to: how they ended, which seeds failed, and by how many seeds everything that can happen was seen.
import type { Outcome } from './simulate.ts';
import { missing, tableOf, unlisted } from './coverage.ts';

/** From so many runs on, everything that can happen has to. */
const ENOUGH_RUNS = 10_000;

export class Report {
  readonly #runs: number;
  readonly #failed: Outcome[] = [];
  readonly #ends = new Map<string, number>();
  readonly #seen = new Map<string, number>();
  #writes = 0;
  #crashes = 0;
  played = 0;

  constructor(runs: number) {
    this.#runs = runs;
  }

  add(outcome: Outcome): void {
    this.played += 1;
    this.#writes += outcome.writes;
    this.#crashes += outcome.crashes;
    if (outcome.ok) {
      count(this.#ends, outcome.verdict.split(' ')[0] ?? '');
    } else {
      this.#failed.push(outcome);
    }
    outcome.seen.forEach((name) => {
      count(this.#seen, name);
    });
  }

  ok(): boolean {
    return (
      this.#failed.length === 0 &&
      (this.#runs < ENOUGH_RUNS || (missing(this.#seen).length === 0 && unlisted(this.#seen).length === 0))
    );
  }

  text(seconds: number): string {
    const ends = [...this.#ends].sort(byName).map(([end, runs]) => `${end} ${runs}`);
    const failed = this.#failed.sort((a, b) => a.seed - b.seed);
    return [
      ...(this.#runs < 100 ? [] : tableOf(this.#seen)),
      ...failed.map(({ seed, verdict }) => `seed ${seed}: ${verdict}`),
      `${this.played} runs in ${seconds.toFixed(1)} s: ${this.#writes} writes, ${this.#crashes} crashes; ${ends.join(', ')}`,
      ...(failed[0] === undefined
        ? []
        : [
            `${failed.length} failed; replay one with: npm run simulate -- --runs 1 --seed ${failed[0].seed}`,
          ]),
      '',
    ].join('\n');
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}
