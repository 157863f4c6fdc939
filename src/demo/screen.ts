// The demo on a terminal: the whole view as text, drawn anew from the journal each time. Pure: cursor and clock are the
// command's. Plain ANSI, no library.
import type { LoadCounts } from '../sandbox/load.ts';
import type { Entry, Journal, Requests } from './journal.ts';
import { requestsOf } from './journal.ts';
import { checkText, plainLine } from './lines.ts';

export interface ScreenInput {
  readonly journal: Journal;
  readonly counts: LoadCounts | undefined;
  readonly scenario: string;
  readonly elapsedMs: number;
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

type Paint = (text: string) => string;

interface Paints {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly primary: Paint;
  readonly canary: Paint;
}

/** Lines that fit the terminal, without line breaks. */
export function drawScreen(input: ScreenInput): readonly string[] {
  const { journal, counts, scenario, elapsedMs, columns, rows } = input;
  const paints = paintsFor(input.colour);
  const { bold, dim } = paints;
  const width = Math.max(20, columns - 1);
  const head = [
    `${bold('serin demo')}  ${dim(`scenario ${scenario}, ${(elapsedMs / 1000).toFixed(0)} s`)}`,
    '',
    field('phase', phaseText(journal.phase, paints)),
    field('traffic', trafficBar(journal.canaryWeight, Math.min(50, width - 40), paints)),
    ...checkLines(journal, paints),
    ...requestLines(counts, paints),
    field('waiting', dim(journal.waiting === '' ? '-' : journal.waiting)),
    '',
  ];
  const told = journal.entries.filter(({ news }) => news.kind !== 'waiting' && news.kind !== 'round');
  const room = Math.max(3, Math.min(12, rows - head.length - 2));
  return [...head, ...told.slice(-room).map((entry) => entryLine(entry, paints))].map((line) =>
    cut(line, width),
  );
}

function field(name: string, text: string): string {
  return `${name.padEnd(10)} ${text}`;
}

function phaseText(phase: string, { bold, good, bad }: Paints): string {
  if (phase === 'Succeeded' || phase === 'Initialized') {
    return good(phase);
  }
  return phase === 'Failed' ? bad(phase) : bold(phase || 'starting');
}

function trafficBar(canaryWeight: number, length: number, { primary, canary }: Paints): string {
  const cells = Math.max(10, length);
  const ofCanary = Math.round((cells * canaryWeight) / 100);
  const bar = primary('█'.repeat(cells - ofCanary)) + canary('▒'.repeat(ofCanary));
  return `${bar} ${primary(`primary ${100 - canaryWeight} %`)} ${canary(`canary ${canaryWeight} %`)}`;
}

function checkLines({ entries }: Journal, { good, bad, dim }: Paints): string[] {
  const last = entries.findLast(({ news }) => news.kind === 'round')?.news;
  if (last?.kind !== 'round') {
    return [field('checks', dim('no round yet'))];
  }
  const paintOf = { pass: good, fail: bad, inconclusive: dim, noData: dim, unavailable: dim };
  const title = dim(`round ${last.seq} at ${last.weight} %`);
  const texts = last.checks.map((check) => paintOf[check.outcome](checkText(check)));
  return [field('checks', title), ...texts.map((text) => field('', text))];
}

function requestLines(counts: LoadCounts | undefined, { good, bad, dim }: Paints): string[] {
  if (counts === undefined) {
    return [field('requests', dim('none yet'))];
  }
  const { total, failed, primary, canary }: Requests = requestsOf(counts);
  const errors = failed === 0 ? good('0 failed') : bad(`${failed} failed`);
  const versions = Object.entries(counts.byVersion)
    .filter(([version]) => version !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([version, tally]) =>
      field(
        '',
        `version ${version}: ${tally.requests} requests, ${tally.failed === 0 ? '0 errors' : bad(`${tally.failed} errors`)}`,
      ),
    );
  return [
    field('requests', `${total} in all, ${primary} to the primary, ${canary} to the canary, ${errors}`),
    ...versions,
  ];
}

function entryLine(entry: Entry, { bold, dim, bad }: Paints): string {
  const { news } = entry;
  const line = plainLine(entry);
  if (news.kind === 'story') {
    return bold(line);
  }
  return news.kind === 'event' && news.type === 'Warning' ? bad(line) : dim(line);
}

function paintsFor(colour: boolean): Paints {
  const paint =
    (code: number): Paint =>
    (text) =>
      colour ? `${escape}[${code}m${text}${escape}[0m` : text;
  return {
    bold: paint(1),
    dim: paint(2),
    good: paint(32),
    bad: paint(31),
    primary: paint(34),
    canary: paint(33),
  };
}

const escape = String.fromCodePoint(27);
const colourOrCharacter = new RegExp(`${escape}\\[\\d+m|.`, 'gsu');

/** Cuts to what the terminal shows in one line; colours take no room, and end with the line. */
function cut(line: string, width: number): string {
  let room = width;
  let shown = '';
  for (const [part] of line.matchAll(colourOrCharacter)) {
    const isColour = part.startsWith(escape);
    if (isColour || room > 0) {
      shown += part;
      room -= isColour ? 0 : 1;
    }
  }
  return shown;
}
