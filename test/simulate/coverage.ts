// What has happened at all, so that what never happens is noticed: every Reason, every change of phase, every shape and habit.
import { readFileSync } from 'node:fs';
import type { CanaryStatus } from '../../src/api/status.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { Observation } from '../../src/model/observation.ts';
import { habitNames } from './habits.ts';
import { impossible, rare, shellOnly, transitions } from './expected.ts';

/** What one seed has seen, each once: `reason Promoting`, `phase Progressing -> Promoting`, `habit suspends`. */
export class Seen {
  readonly #names = new Set<string>();
  #said = '';

  names(): readonly string[] {
    return [...this.#names];
  }

  shape(name: string): void {
    this.#names.add(`shape ${name}`);
  }

  habit(name: string): void {
    this.#names.add(`habit ${name}`);
  }

  decision({ status: before }: Observation, decision: Decision): void {
    this.#reason(decision.reason);
    this.#said = decision.reason;
    if (decision.kind === 'intend') {
      decision.notices.forEach(({ reason }) => this.#reason(reason));
      this.#status(before, decision.status);
    }
  }

  #status(before: CanaryStatus, after: CanaryStatus): void {
    for (const { reason } of [...(after.conditions ?? []), ...(after.rounds ?? []), ...(after.runs ?? [])]) {
      this.#reason(reason);
    }
    this.#names.add(
      before.phase === after.phase
        ? `phase ${phaseOf(after)}: ${this.#said}`
        : `phase ${phaseOf(before)} -> ${phaseOf(after)}`,
    );
  }

  #reason(reason: string): void {
    this.#names.add(`reason ${reason}`);
  }
}

function phaseOf({ phase }: CanaryStatus): string {
  return phase === undefined || phase === '' ? 'none' : phase;
}

/** Every Reason there is, read from its source, so that none can be forgotten here. */
function allReasons(): readonly string[] {
  const source = readFileSync(new URL('../../src/model/reason.ts', import.meta.url), 'utf8');
  return [...source.matchAll(/^ {2}\| '(\w+)'/gmu)].map(([, reason = '']) => reason);
}

/** What can happen and has not; `counts` says by how many seeds a name was seen. */
export function missing(counts: ReadonlyMap<string, number>): readonly string[] {
  return expected().filter((name) => !counts.has(name));
}

/** Changes of phase that nobody has thought of. */
export function unlisted(counts: ReadonlyMap<string, number>): readonly string[] {
  const listed = new Set([...phaseNames(), ...rare.map((row) => `phase ${row}`)]);
  return [...counts.keys()].filter((name) => name.includes(' -> ') && !listed.has(name));
}

/** A line for everything that was seen or ought to have been, rarest last within its group; then what cannot be. */
export function tableOf(counts: ReadonlyMap<string, number>): readonly string[] {
  const wanted = expected();
  const names = [
    ...wanted,
    ...unlisted(counts),
    ...[...counts.keys()].filter((name) => name.startsWith('shape ')),
  ];
  const lines = ['shape', 'habit', 'phase', 'reason'].flatMap((group) => {
    const rows = [...new Set(names)]
      .filter((name) => name.startsWith(`${group} `))
      .map((name) => [counts.get(name) ?? 0, name.slice(group.length + 1)] as const)
      .sort(([a], [b]) => b - a);
    return [`seeds by ${group}:`, ...rows.map(([seeds, name]) => `${String(seeds).padStart(8)}  ${name}`)];
  });
  return [
    ...lines,
    'not expected of a simulated pass:',
    ...[...Object.entries(shellOnly), ...Object.entries(impossible)].map(
      ([name, why]) => `          ${name}: ${why}`,
    ),
    ...unlisted(counts).map((name) => `unlisted: ${name.replace('phase ', '')}`),
    ...missing(counts).map((name) => `missing: ${name}`),
  ];
}

function expected(): readonly string[] {
  return [
    ...allReasons()
      .filter((reason) => !(reason in shellOnly))
      .map((reason) => `reason ${reason}`),
    ...habitNames.map((name) => `habit ${name}`),
    ...phaseNames(),
  ];
}

function phaseNames(): readonly string[] {
  return Object.values(transitions).flatMap((rows) => rows.map((row) => `phase ${row}`));
}
