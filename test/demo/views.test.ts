import { describe, expect, it } from '@jest/globals';
import {
  emptyJournal,
  failuresWithoutCanary,
  requestsOf,
  weightsOf,
  written,
} from '../../src/demo/journal.ts';
import type { Journal } from '../../src/demo/journal.ts';
import { jsonLine, plainLine, resultLines } from '../../src/demo/lines.ts';
import type { Result } from '../../src/demo/lines.ts';
import type { News } from '../../src/demo/news.ts';
import { drawScreen } from '../../src/demo/screen.ts';
import type { ScreenInput } from '../../src/demo/screen.ts';
import type { LoadCounts } from '../../src/sandbox/load.ts';

const round: News = {
  kind: 'round',
  seq: 3,
  weight: 10,
  outcome: 'fail',
  reason: 'RoundFailed',
  checks: [
    { name: 'request-success-rate', outcome: 'fail', value: 70.126, threshold: 'min 99' },
    { name: 'request-duration', outcome: 'pass', value: 9, threshold: 'max 1000' },
    { name: 'errors', outcome: 'noData', reason: 'NoValues', threshold: 'max 1' },
  ],
};

const story: readonly News[] = [
  { kind: 'story', message: 'you release podinfo 1.1' },
  { kind: 'phase', phase: 'Progressing' },
  { kind: 'weight', canary: 10 },
  round,
  { kind: 'waiting', reason: 'AwaitingRound', message: 'weight 10: round 4' },
  { kind: 'event', type: 'Warning', reason: 'RoundFailed', message: 'too many errors' },
];

const told = (news: readonly News[]): Journal =>
  news.reduce((journal, each, i) => written(journal, { atMs: i * 1000, news: each }), emptyJournal);

const counts: LoadCounts = {
  requests: 106,
  failed: 5,
  byPod: {
    'podinfo-primary-abc-1': { requests: 60, failed: 1 },
    'podinfo-primary-abc-2': { requests: 30, failed: 0 },
    'podinfo-def-1': { requests: 15, failed: 3 },
    '': { requests: 1, failed: 1 },
  },
  byVersion: {
    '1.0': { requests: 90, failed: 1 },
    '1.1': { requests: 15, failed: 3 },
    '': { requests: 1, failed: 1 },
  },
  byStatus: { 200: 101, 500: 4, 0: 1 },
};

describe('the journal', () => {
  it('keeps where the Canary stands', () => {
    expect(told(story)).toMatchObject({
      phase: 'Progressing',
      canaryWeight: 10,
      waiting: 'weight 10: round 4',
    });
  });

  it('forgets what a phase waited for when the next begins', () => {
    expect(told([...story, { kind: 'phase', phase: 'Succeeded' }]).waiting).toBe('');
  });

  it('lists the weights of the canary in order', () => {
    const weights = [10, 30, 0, 10].map((canary): News => ({ kind: 'weight', canary }));
    expect(weightsOf(told(weights))).toEqual([10, 30, 10]);
  });

  it('counts requests by pod, and failures that no canary explains', () => {
    expect(requestsOf(counts)).toEqual({ total: 106, failed: 5, primary: 90, canary: 15 });
    expect(failuresWithoutCanary(counts)).toBe(2);
  });
});

const result: Result = {
  kind: 'result',
  scenario: 'promote',
  phase: 'Succeeded',
  weights: [10, 30, 50],
  requests: requestsOf(counts),
  seconds: 21.5,
};

describe('lines', () => {
  it('are what a person would write down', () => {
    expect(told(story).entries.map(plainLine)).toEqual([
      '   0.0s  story    you release podinfo 1.1',
      '   1.0s  phase    Progressing',
      '   2.0s  weight   primary 90 %, canary 10 %',
      '   3.0s  round    3 at 10 %: fail (request-success-rate 70.13 fails min 99; request-duration 9 fits max 1000; errors NoValues for max 1)',
      '   4.0s  waits    weight 10: round 4',
      '   5.0s  event    RoundFailed: too many errors',
    ]);
  });

  it('are JSON, one object each', () => {
    expect(story.map((news) => JSON.parse(jsonLine(news)))).toEqual(story);
    expect(jsonLine({ kind: 'phase', phase: 'Failed' })).toBe('{"kind":"phase","phase":"Failed"}');
    expect(jsonLine({ kind: 'weight', canary: 30 })).toBe('{"kind":"weight","canary":30}');
    expect(Object.keys(JSON.parse(jsonLine(result)))).toEqual([
      'kind',
      'scenario',
      'phase',
      'weights',
      'requests',
      'seconds',
    ]);
  });

  it('end with the result, and with the problem where there is one', () => {
    expect(resultLines(result)).toEqual([
      'done: scenario promote ended Succeeded after 21.5 s, canary weights 10, 30, 50',
      'requests: 106 in all, 90 to the primary, 15 to the canary, 5 failed',
    ]);
    expect(resultLines({ ...result, problem: '5 requests failed' }).join('\n')).toMatch(
      /^failed: (.|\n)*problem: 5 requests failed$/,
    );
  });
});

describe('the screen', () => {
  const input: ScreenInput = {
    journal: told(story),
    counts,
    scenario: 'promote',
    elapsedMs: 12_400,
    columns: 100,
    rows: 30,
    colour: false,
  };

  it('shows phase, weights, checks, requests by version, what it waits for and events', () => {
    expect(drawScreen(input)).toEqual([
      'serin demo  scenario promote, 12 s',
      '',
      'phase      Progressing',
      `traffic    ${'█'.repeat(45)}${'▒'.repeat(5)} primary 90 % canary 10 %`,
      'checks     round 3 at 10 %',
      '           request-success-rate 70.13 fails min 99',
      '           request-duration 9 fits max 1000',
      '           errors NoValues for max 1',
      'requests   106 in all, 90 to the primary, 15 to the canary, 5 failed',
      '           version 1.0: 90 requests, 1 errors',
      '           version 1.1: 15 requests, 3 errors',
      'waiting    weight 10: round 4',
      '',
      '   0.0s  story    you release podinfo 1.1',
      '   1.0s  phase    Progressing',
      '   2.0s  weight   primary 90 %, canary 10 %',
      '   5.0s  event    RoundFailed: too many errors',
    ]);
  });

  it('is the same with colours, but for the colours', () => {
    const escape = String.fromCodePoint(27);
    const coloured = drawScreen({ ...input, colour: true });
    expect(coloured.some((line) => line.includes(`${escape}[31m`))).toBe(true);
    const plain = coloured.map((line) => line.replaceAll(new RegExp(`${escape}\\[\\d+m`, 'g'), ''));
    expect(plain).toEqual(drawScreen(input));
  });

  it.each([
    [30, 12],
    [80, 24],
    [200, 60],
  ])('never is wider than the terminal or has a line for each of many events: %i x %i', (columns, rows) => {
    const many = told(Array.from({ length: 100 }, (): News => ({ kind: 'story', message: 'x'.repeat(300) })));
    for (const colour of [true, false]) {
      const lines = drawScreen({ ...input, journal: many, columns, rows, colour });
      const escape = String.fromCodePoint(27);
      const widths = lines.map((line) => line.replaceAll(new RegExp(`${escape}\\[\\d+m`, 'g'), '').length);
      expect(Math.max(...widths)).toBeLessThan(columns);
      expect(lines.length).toBeLessThanOrEqual(Math.max(rows, 16));
    }
  });

  it('has something to show before anything has happened', () => {
    const lines = drawScreen({ ...input, journal: emptyJournal, counts: undefined });
    expect(lines).toEqual(
      expect.arrayContaining(['phase      starting', 'checks     no round yet', 'requests   none yet']),
    );
  });
});
