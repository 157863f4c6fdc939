// The demo as plain lines, for pipes and logs, and as JSON, one object a line. Pure. No colours, no redrawing (screen.ts).
import type { Entry, Requests } from './journal.ts';
import type { CheckNews, News } from './news.ts';

export interface Result {
  readonly kind: 'result';
  readonly scenario: string;
  readonly phase: string;
  /** The weights that the canary was given, in order. */
  readonly weights: readonly number[];
  readonly requests: Requests;
  readonly seconds: number;
  /** Why the story did not end as the scenario says; absent where it did. */
  readonly problem?: string;
}

export function jsonLine(news: News | Result): string {
  return JSON.stringify(news);
}

export function plainLine({ atMs, news }: Entry): string {
  const [subject, text] = spoken(news);
  return `${(atMs / 1000).toFixed(1).padStart(6)}s  ${subject.padEnd(8)} ${text}`;
}

export function resultLines({
  scenario,
  phase,
  weights,
  requests,
  seconds,
  problem,
}: Result): readonly string[] {
  const { total, failed, primary, canary } = requests;
  return [
    `${problem === undefined ? 'done' : 'failed'}: scenario ${scenario} ended ${phase || 'without a phase'} after ${seconds} s, canary weights ${weights.join(', ') || 'none'}`,
    `requests: ${total} in all, ${primary} to the primary, ${canary} to the canary, ${failed} failed`,
    ...(problem === undefined ? [] : [`problem: ${problem}`]),
  ];
}

function spoken(news: News): readonly [subject: string, text: string] {
  switch (news.kind) {
    case 'story':
      return ['story', news.message];
    case 'phase':
      return ['phase', news.phase];
    case 'weight':
      return ['weight', `primary ${100 - news.canary} %, canary ${news.canary} %`];
    case 'round':
      return ['round', `${news.seq} at ${news.weight} %: ${news.outcome}${checksText(news.checks)}`];
    case 'waiting':
      return ['waits', news.message];
    case 'event':
      return ['event', `${news.reason}: ${news.message}`];
  }
}

function checksText(checks: readonly CheckNews[]): string {
  return checks.length === 0 ? '' : ` (${checks.map(checkText).join('; ')})`;
}

/** `request-success-rate 70 fails min 99`. */
export function checkText({ name, outcome, value, threshold = '', reason }: CheckNews): string {
  const shown = value === undefined ? (reason ?? outcome) : String(Math.round(value * 100) / 100);
  const verdict = {
    pass: 'fits',
    fail: 'fails',
    inconclusive: 'is unclear for',
    noData: 'for',
    unavailable: 'for',
  }[outcome];
  return `${name} ${shown}${threshold === '' ? '' : ` ${verdict} ${threshold}`}`;
}
