import { describe, expect, it } from '@jest/globals';
import type { PostedNotice } from '../../src/api/status.ts';
import { createDelivery } from '../../src/commands/deliver.ts';
import type { DeliveryParts } from '../../src/commands/deliver.ts';
import { ApiError } from '../../src/cluster/cluster.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { HookAnswer, HookQuestion } from '../../src/model/question.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { basics, canaryObject, lab } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';
import { hooks } from '../fixture/observation.ts';

interface Desk {
  readonly of: Lab;
  readonly deliver: (notice?: PostedNotice) => Promise<void>;
  readonly called: HookQuestion[];
  readonly waits: number[];
  readonly logged: () => readonly Readonly<Record<string, unknown>>[];
}

const notice: PostedNotice = {
  seq: 1,
  at: '2027-01-15T08:00:00.000Z',
  type: 'Warning',
  reason: 'RoundFailed',
  message: 'too slow',
  phase: 'Progressing',
};

function desk(override: Partial<DeliveryParts> = {}, of: Lab = lab()): Desk {
  const lines: string[] = [];
  const called: HookQuestion[] = [];
  const waits: number[] = [];
  const deliver = createDelivery({
    cluster: of.cluster,
    log: createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }),
    answerer: {
      deliver: (question) => {
        called.push(question);
        return Promise.resolve(taken);
      },
    },
    eventWebhook: undefined,
    clock: {
      nowMs: () => of.nowMs,
      wait: (durationMs) => {
        waits.push(durationMs);
        return Promise.resolve();
      },
      timeout: () => new AbortController().signal,
    },
    ...override,
  });
  return {
    of,
    deliver: (one = notice) => deliver(of.view(), one),
    called,
    waits,
    logged: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
  };
}

const taken: HookAnswer = { kind: 'hook', outcome: 'passed', reason: 'HookPassed', message: '' };

const events = ({ of }: Desk): readonly KubeObject[] =>
  of.store.list(resources.events, { namespace: 'shop' }).items;

describe('the event of a notice', () => {
  it('says of whom, and by which word', async () => {
    const one = desk();
    await one.deliver();

    expect(events(one)).toMatchObject([
      {
        type: 'Warning',
        reason: 'RoundFailed',
        message: 'too slow',
        involvedObject: { kind: 'Canary', name: 'cart', uid: one.of.view().uid },
      },
    ]);
  });

  it('is tried again where the server could not be reached, and stays one event', async () => {
    const one = desk();
    let failures = 2;
    one.of.refuse = () => ((failures -= 1) >= 0 ? new Error('socket hang up') : undefined);
    await one.deliver();
    await one.deliver();

    expect(one.waits).toEqual([1000, 2000]);
    expect(events(one)).toHaveLength(1);
    expect(one.logged()).toEqual([]);
  });

  it.each<[string, Error, number]>([
    ['at once where it is refused', new ApiError(403, 'Forbidden', 'the namespace is being terminated'), 0],
    ['after a while where nobody answers', new Error('socket hang up'), 5],
  ])('is given up %s, and logged', async (_title, error, waits) => {
    const one = desk();
    one.of.refuse = () => error;
    await one.deliver();

    expect(one.waits).toHaveLength(waits);
    expect(one.logged()).toMatchObject([{ level: 'warn', canary: 'cart.shop', reason: 'RoundFailed' }]);
  });
});

describe('event webhooks', () => {
  it('of the Canary are called, and no other hook', async () => {
    const analysis = {
      interval: '10s',
      threshold: 2,
      stepWeight: 50,
      webhooks: [...hooks('event'), ...hooks('rollout')],
    };
    const of = lab([[resources.canaries, canaryObject({ analysis })], ...basics().slice(1)]);
    const one = desk({ eventWebhook: 'http://global.example.com' }, of);
    await one.deliver();

    expect(one.called).toMatchObject([
      {
        url: 'http://hooks.example.com/event',
        payload: { name: 'cart', namespace: 'shop', phase: 'Progressing' },
      },
    ]);
  });

  it('or else the one of the controller, or else none', async () => {
    const one = desk({ eventWebhook: 'http://global.example.com' });
    await one.deliver();
    expect(one.called.map(({ url }) => url)).toEqual(['http://global.example.com']);

    const none = desk();
    await none.deliver();
    expect(none.called).toEqual([]);
  });

  it.each<[string, DeliveryParts['answerer'], string]>([
    [
      'refuses it',
      { deliver: () => Promise.resolve({ ...taken, outcome: 'denied', message: 'no' }) },
      'warn',
    ],
    ['throws', { deliver: () => Promise.reject(new Error('bug')) }, 'error'],
  ])('whose receiver %s is logged, and fails nothing', async (_title, answerer, level) => {
    const one = desk({ answerer, eventWebhook: 'http://global.example.com' });
    await one.deliver();

    expect(one.logged()).toMatchObject([{ level, canary: 'cart.shop', hook: 'event-webhook' }]);
    expect(events(one)).toHaveLength(1);
  });
});
