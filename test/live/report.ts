// What a run of the stories prints: a line whenever something happens, what is known of a failure, and the table at the end.
// May import the files of this folder and yaml.
import { stringify } from 'yaml';
import type { Controller } from './controller.ts';
import type { Environment } from './environment.ts';
import type { CanaryMoment } from './history.ts';

export interface Told {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  readonly detail: string;
}

export interface Report {
  readonly log: (line: string) => void;
  readonly say: (story: string, line: string) => void;
  /** Prints a Canary's phase and weight where they are new. */
  readonly progress: (key: string, moments: readonly CanaryMoment[]) => void;
  /** The table, and last `N passed, N failed`. */
  readonly end: (told: readonly Told[]) => void;
}

/** @param json one JSON object a line instead of text */
export function createReport({ json }: { readonly json: boolean }): Report {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const print = (kind: string, text: string, fields: Record<string, unknown> = {}) => {
    if (json) write(JSON.stringify({ kind, seconds: Number(elapsed().toFixed(2)), ...fields, text }));
    else write(`${elapsed().toFixed(1).padStart(6)} s  ${text}`);
  };
  return {
    log: (line) => print('log', line),
    say: (story, line) => print('story', json ? line : `${story}: ${line}`, { story }),
    progress(key, moments) {
      const [before, now] = [moments.at(-2), moments.at(-1)].map((moment) => moment && summary(moment));
      if (now !== undefined && now !== '' && now !== before) {
        const [namespace = '', name = ''] = key.split('/');
        const story = namespace.replace(/^live-/, '');
        print('progress', json ? now : `${story}${name === 'app' ? '' : `/${name}`}: ${now}`, {
          story,
          name,
        });
      }
    },
    end(told) {
      const count = (outcome: Told['outcome']) => told.filter((one) => one.outcome === outcome).length;
      const skipped = count('skipped') === 0 ? '' : `, ${count('skipped')} skipped`;
      const line = `${count('passed')} passed, ${count('failed')} failed${skipped}`;
      const width = Math.max(0, ...told.map(({ name }) => name.length));
      for (const { name, outcome, seconds, detail } of told) {
        if (json) write(JSON.stringify({ kind: 'told', name, outcome, seconds, detail }));
        else
          write(`${outcome.padEnd(8)} ${name.padEnd(width)} ${seconds.toFixed(1).padStart(6)} s  ${detail}`);
      }
      write(line);
    },
  };
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

function summary({ status }: CanaryMoment): string {
  const { phase = '', run } = status;
  return run === undefined || run.kind === 'initialise'
    ? phase
    : `${phase}, ${run.stage} at ${run.split.canary}`;
}

interface Scenery {
  readonly environment: Environment;
  readonly controller: Controller;
}

/** The Canaries of a namespace with their status, the events, and what the controller logged about it. */
export async function diagnosis({ environment, controller }: Scenery, namespace: string): Promise<string> {
  const parts: string[] = [];
  for (const { metadata, status } of await environment.list('flagger.app/v1beta1/Canary', namespace))
    parts.push(`Canary ${metadata.name}:\n${stringify({ status })}`);
  const events = await environment.list('v1/Event', namespace);
  const told = events
    .filter(({ involvedObject }) => JSON.stringify(involvedObject ?? {}).includes('"Canary"'))
    .map(({ firstTimestamp, type, reason, message }) => [firstTimestamp, type, reason, message].join(' '))
    .toSorted();
  parts.push(`events:\n${told.join('\n')}`);
  parts.push(`the controller's log:\n${controller.logAbout(namespace, 30).join('\n')}`);
  return parts.join('\n');
}
