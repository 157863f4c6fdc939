import { describe, expect, it } from '@jest/globals';
import type { CanaryStatus, Round } from '../../src/api/status.ts';
import { eventNews, newsOf, statusOf } from '../../src/demo/news.ts';
import type { KubeObject } from '../../src/model/kube.ts';

const round = (seq: number, at: string): Round => ({
  seq,
  at,
  weight: 10,
  outcome: 'pass',
  reason: 'AwaitingRound',
  checks: [],
});

const ready = (status: 'True' | 'Unknown', message: string): CanaryStatus => ({
  conditions: [{ type: 'Ready', status, reason: 'AwaitingRound', message }],
});

describe('newsOf', () => {
  it.each<[string, CanaryStatus, CanaryStatus, unknown[]]>([
    ['nothing of nothing', {}, {}, []],
    [
      'a phase',
      { phase: 'Initialized' },
      { phase: 'Progressing' },
      [{ kind: 'phase', phase: 'Progressing' }],
    ],
    ['no phase twice', { phase: 'Progressing' }, { phase: 'Progressing' }, []],
    ['a weight', { canaryWeight: 10 }, { canaryWeight: 30 }, [{ kind: 'weight', canary: 30 }]],
    ['a weight that ends', { canaryWeight: 50 }, {}, [{ kind: 'weight', canary: 0 }]],
    ['no first weight of zero', {}, { canaryWeight: 0 }, []],
    [
      'what it waits for',
      ready('True', 'fine'),
      ready('Unknown', 'pods'),
      [expect.objectContaining({ message: 'pods' })],
    ],
    ['no wait twice', ready('Unknown', 'pods'), ready('Unknown', 'pods'), []],
    ['no wait at rest', ready('Unknown', 'pods'), ready('True', 'fine'), []],
  ])('tells %s', (_title, before, after, expected) => {
    expect(newsOf(before, after)).toEqual(expected);
  });

  it('tells each round once, also when a new run counts from one again', () => {
    const [first, second] = [round(1, '2026-01-01T00:00:00Z'), round(2, '2026-01-01T00:00:02Z')];
    expect(newsOf({ rounds: [first] }, { rounds: [first, second] })).toMatchObject([
      { kind: 'round', seq: 2 },
    ]);
    expect(newsOf({ rounds: [first, second] }, { rounds: [] })).toEqual([]);
    const ofNextRun = round(1, '2026-01-01T00:01:00Z');
    expect(newsOf({ rounds: [first] }, { rounds: [ofNextRun] })).toMatchObject([{ kind: 'round', seq: 1 }]);
  });
});

describe('statusOf', () => {
  it('reads what is there, and is empty for anything else', () => {
    const object = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: { name: 'a' } };
    expect(statusOf({ ...object, status: { phase: 'Failed' } })).toMatchObject({ phase: 'Failed' });
    expect(statusOf({ ...object, status: { phase: 'Unheard' } })).toEqual({});
    expect(statusOf(object)).toEqual({});
    expect(statusOf(undefined)).toEqual({});
  });
});

const event = (count: number, name = 'podinfo'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'podinfo.1', namespace: 'demo' },
  type: 'Warning',
  reason: 'RoundFailed',
  message: 'too many errors',
  count,
  involvedObject: { kind: 'Canary', name },
});

describe('eventNews', () => {
  it('tells an event when it is new and when it has happened again', () => {
    const told = { kind: 'event', type: 'Warning', reason: 'RoundFailed', message: 'too many errors' };
    expect(eventNews('podinfo', event(1), undefined)).toEqual(told);
    expect(eventNews('podinfo', event(2), event(1))).toEqual(told);
    expect(eventNews('podinfo', event(1), event(1))).toBeUndefined();
  });

  it('leaves out what is about something else', () => {
    expect(eventNews('podinfo', event(1, 'other'), undefined)).toBeUndefined();
  });
});
