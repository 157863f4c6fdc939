// `serin demo`: a canary release before your eyes, on an embedded cluster, by the real controller. Flags, the choice of a
// view, and the exit status; the stories are demo/story.ts', what runs is demo-world.ts'.
import { parseArgs } from 'node:util';
import { requestsOf, weightsOf } from '../demo/journal.ts';
import type { Entry } from '../demo/journal.ts';
import { jsonLine, plainLine, resultLines } from '../demo/lines.ts';
import type { Result } from '../demo/lines.ts';
import { drawScreen } from '../demo/screen.ts';
import { openStage } from '../demo/stage.ts';
import type { LiveStage } from '../demo/stage.ts';
import { scenarios, tell } from '../demo/story.ts';
import type { Scenario } from '../demo/story.ts';
import { startDemoWorld } from './demo-world.ts';

const usage = `Usage: serin demo [--scenario ${scenarios.join('|')}] [--json] [--pace SECONDS] [--log FILE]

  --scenario  promote: 1.0 to 1.1, step by step, without a failed request (the default)
              rollback: 1.1 fails part of its requests and is rolled back; a fixed 1.2 is promoted
  --json      one JSON object a line, the result last
  --pace      seconds between two rounds of the analysis, 1 to 30; 3 unless told
  --log       write the controller's log to this file
`;

interface Options {
  readonly scenario: Scenario;
  readonly json: boolean;
  readonly intervalSeconds: number;
  readonly logFile: string | undefined;
}

/** 0: the story ended as its scenario says; 1: it did not; 2: wrong flags; 130: interrupted. */
export async function run(args: string[]): Promise<number> {
  const options = optionsOf(args);
  if (options === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  if (typeof options === 'string') {
    process.stderr.write(`serin demo: ${options}\n\n${usage}`);
    return 2;
  }
  return play(options);
}

/** A text is what is wrong; undefined asks for help. */
function optionsOf(args: string[]): Options | string | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: {
        scenario: { type: 'string', default: 'promote' },
        json: { type: 'boolean', default: false },
        pace: { type: 'string', default: '3' },
        log: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      return undefined;
    }
    const scenario = scenarios.find((name) => name === values.scenario);
    if (scenario === undefined) {
      return `--scenario ${values.scenario}: there are ${scenarios.join(' and ')}`;
    }
    const intervalSeconds = Number(values.pace);
    if (!Number.isInteger(intervalSeconds) || intervalSeconds < 1 || intervalSeconds > 30) {
      return `--pace ${values.pace}: must be a whole number of seconds from 1 to 30`;
    }
    return { scenario, json: values.json, intervalSeconds, logFile: values.log };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function play(options: Options): Promise<number> {
  const { scenario, intervalSeconds, logFile } = options;
  const startedAtMs = performance.now();
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  // Whoever reads us has gone, as `head` does: there is nobody to go on for.
  process.stdout.on('error', onSignal);
  const errors: string[] = [];
  const world = await startDemoWorld({ logFile, onError: (message) => errors.push(message) });
  const view = viewFor(options);
  const stage = openStage({
    cluster: world.cluster,
    gatewayUrl: world.sandbox.gatewayUrl,
    pace: { intervalSeconds },
    ratePerSecond: 60,
    patienceMs: 30_000 + 20_000 * intervalSeconds,
    onEntry: (entry) => view.show(entry),
    signal: interrupted.signal,
  });
  view.open(stage);
  let problem: string | undefined;
  try {
    await tell(scenario, stage);
  } catch (error) {
    // Whatever it was, the terminal is given back first.
    problem = error instanceof Error ? error.message : String(error);
  } finally {
    await stage.stop();
    await world.stop();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  view.end({
    kind: 'result',
    scenario,
    phase: stage.journal().phase,
    weights: weightsOf(stage.journal()),
    requests: requestsOf(stage.counts()),
    seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
    ...(problem === undefined ? {} : { problem }),
  });
  if (errors.length > 0) {
    process.stderr.write(`the controller said:\n${errors.slice(-10).join('\n')}\n`);
  }
  if (interrupted.signal.aborted) {
    return 130;
  }
  return problem === undefined ? 0 : 1;
}

interface View {
  open(stage: LiveStage): void;
  show(entry: Entry): void;
  end(result: Result): void;
}

function viewFor({ json, scenario }: Options): View {
  const { stdout } = process;
  if (json) {
    const print = (line: string): boolean => stdout.write(`${line}\n`);
    return {
      open: () => undefined,
      show: ({ news }) => print(jsonLine(news)),
      end: (result) => print(jsonLine(result)),
    };
  }
  const endWith = (result: Result): void => {
    stdout.write(`${resultLines(result).join('\n')}\n`);
  };
  return stdout.isTTY ? screenView(scenario, endWith) : linesView(endWith);
}

function printLine(entry: Entry): void {
  process.stdout.write(`${plainLine(entry)}\n`);
}

const fleetingMs = 400;

/** What is waited for is a line of its own only where the wait lasts. */
function linesView(endWith: (result: Result) => void): View {
  let held: NodeJS.Timeout | undefined;
  return {
    open: () => undefined,
    show: (entry) => {
      clearTimeout(held);
      if (entry.news.kind === 'waiting') {
        held = setTimeout(() => printLine(entry), fleetingMs);
      } else {
        printLine(entry);
      }
    },
    end: (result) => {
      clearTimeout(held);
      endWith(result);
    },
  };
}

const escape = String.fromCodePoint(27);
const redrawEveryMs = 150;

/** Draws in place: back to where the last drawing began, and over it. */
function screenView(scenario: Scenario, endWith: (result: Result) => void): View {
  const { stdout } = process;
  const colour = (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;
  let draw: (() => void) | undefined;
  return {
    open: (stage) => {
      draw = (): void => {
        const lines = drawScreen({
          journal: stage.journal(),
          counts: stage.liveCounts(),
          scenario,
          elapsedMs: stage.elapsedMs(),
          columns: stdout.columns,
          rows: stdout.rows,
          colour,
        });
        const back = drawn === 0 ? '' : `${escape}[${drawn}A\r`;
        stdout.write(`${back}${escape}[0J${lines.map((line) => `${line}\n`).join('')}`);
        drawn = lines.length;
      };
      stdout.write(`${escape}[?25l`);
      timer = setInterval(draw, redrawEveryMs);
    },
    show: () => undefined,
    end: (result) => {
      clearInterval(timer);
      draw?.();
      stdout.write(`${escape}[?25h\n`);
      endWith(result);
    },
  };
}
