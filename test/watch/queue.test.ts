import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Stalled } from '../../src/model/errors.ts';
import { createDueTimes } from '../../src/watch/due-times.ts';
import { createQueue, type Queue } from '../../src/watch/queue.ts';
import { settle, virtualClock, type VirtualClock } from './virtual-clock.ts';

interface Fixture {
  readonly queue: Queue;
  readonly clock: VirtualClock;
  /** Passes that began, as `key@time`. */
  readonly began: string[];
  readonly errors: string[];
  /** Ends the running pass of a key. */
  readonly end: (key: string, error?: Error) => Promise<void>;
}

function fixture({ concurrency = 2, hold = false } = {}): Fixture {
  const clock = virtualClock();
  const began: string[] = [];
  const errors: string[] = [];
  const running = new Map<string, (error?: Error) => void>();
  const queue = createQueue({
    concurrency,
    clock,
    random: () => 1,
    backOff: { baseMs: 100, maxMs: 1000 },
    onError: (error, key) => errors.push(`${key}: ${String(error)}`),
    work: (key) => {
      began.push(`${key}@${String(clock.nowMs())}`);
      return hold
        ? new Promise((resolve, reject) => {
            running.set(key, (error) => {
              if (error === undefined) {
                resolve();
              } else {
                reject(error);
              }
            });
          })
        : Promise.resolve();
    },
  });
  const end = async (key: string, error?: Error): Promise<void> => {
    running.get(key)?.(error);
    await settle();
  };
  return { queue, clock, began, errors, end };
}

describe('the queue', () => {
  it('D14: works on a key once at a time, and once more for all that was added meanwhile', async () => {
    const { queue, began, end } = fixture({ hold: true });
    queue.add('a');
    queue.add('a');
    queue.add('a');
    expect([began, queue.active, queue.depth]).toEqual([['a@0'], 1, 0]);
    await end('a');
    expect(began).toEqual(['a@0', 'a@0']);
    await end('a');
    expect([began.length, queue.active]).toEqual([2, 0]);
  });

  it('works on no more keys than it may, in the order they came', async () => {
    const { queue, began, end } = fixture({ hold: true });
    for (const key of ['a', 'b', 'c', 'd']) {
      queue.add(key);
    }
    expect([began, queue.depth]).toEqual([['a@0', 'b@0'], 2]);
    await end('b');
    await end('c');
    expect(began).toEqual(['a@0', 'b@0', 'c@0', 'd@0']);
  });

  it('waits for due times with one timer; the earlier time wins, and a pass forgets it', async () => {
    const { queue, clock, began } = fixture();
    for (let index = 0; index < 500; index += 1) {
      queue.addAt(`k${String(index)}`, 10_000);
    }
    queue.addAt('a', 5000);
    queue.addAt('a', 3000);
    queue.addAt('a', 4000);
    queue.addAt('b', 6000);
    expect([clock.timers(), queue.delayed]).toEqual([1, 502]);
    await clock.advance(2000);
    queue.add('b');
    await clock.advance(6000);
    expect(began).toEqual(['b@2000', 'a@3000']);
    await clock.advance(2000);
    expect([began.length, clock.timers(), queue.delayed]).toEqual([502, 0, 0]);
  });

  it('keeps a time that the pass itself asked for', async () => {
    const { queue, clock, began, end } = fixture({ hold: true });
    queue.add('a');
    queue.addAt('a', 700);
    await end('a');
    await clock.advance(1000);
    expect(began).toEqual(['a@0', 'a@700']);
  });

  it('backs off from failures, longer each time, and afresh after a success', async () => {
    const { queue, clock, began, errors, end } = fixture({ hold: true });
    queue.add('a');
    for (let count = 0; count < 6; count += 1) {
      await end('a', new Error('no'));
      await clock.advance(1000);
    }
    await end('a');
    queue.add('a');
    await end('a', new Error('no'));
    await clock.advance(100);
    const times = began.map((one) => Number(one.slice(2)));
    expect(times.slice(0, 5)).toEqual([0, 100, 1200, 2400, 3800]);
    expect(began.at(-1)).toBe(`a@${String(clock.nowMs())}`);
    expect(errors).toHaveLength(7);
  });

  it('does not spin where a pass adds its own key and fails', async () => {
    const { queue, clock, began, end } = fixture({ hold: true });
    queue.add('a');
    queue.add('a');
    await end('a', new Error('no'));
    expect(began).toEqual(['a@0']);
    await clock.advance(100);
    expect(began).toEqual(['a@0', 'a@100']);
  });

  it('leaves what stalled until something is added', async () => {
    const { queue, clock, began, errors, end } = fixture({ hold: true });
    queue.add('a');
    await end('a', new Stalled('InvalidSpec', 'spec.x is wrong'));
    await clock.advance(100_000);
    expect([began, errors]).toEqual([['a@0'], ['a: Stalled: spec.x is wrong']]);
    queue.add('a');
    expect(began).toHaveLength(2);
  });

  it('D37: a slow or failing key does not delay another', async () => {
    const { queue, began, end } = fixture({ hold: true });
    queue.add('slow');
    queue.add('bad');
    await end('bad', new Error('no'));
    queue.add('good');
    expect(began).toEqual(['slow@0', 'bad@0', 'good@0']);
    expect(queue.oldestStartMs).toBe(0);
  });

  it('forgets a key that is removed', async () => {
    const { queue, clock, began, end } = fixture({ hold: true });
    queue.addAt('a', 10);
    queue.add('b');
    queue.add('b');
    queue.remove('a');
    queue.remove('b');
    await end('b');
    await clock.advance(1000);
    expect([began, clock.timers()]).toEqual([['b@0'], 0]);
  });

  it('stops: starts nothing more, and waits for what runs', async () => {
    const { queue, clock, began, end } = fixture({ hold: true, concurrency: 1 });
    queue.add('a');
    queue.add('b');
    queue.addAt('c', 10);
    let stopped = false;
    const stopping = (async () => {
      await queue.stop();
      stopped = true;
    })();
    queue.add('d');
    await clock.advance(1000);
    expect([stopped, clock.timers()]).toEqual([false, 0]);
    await end('a');
    await stopping;
    expect([began, stopped]).toEqual([['a@0'], true]);
  });

  it('works on every key that was added, within its limits, whatever happens', async () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: fc.nat(5) }),
      fc.record({ do: fc.constant('addAt' as const), key: fc.nat(5), inMs: fc.nat(500) }),
      fc.record({ do: fc.constant('end' as const), key: fc.nat(5), fails: fc.boolean() }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(300) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), async (commands) => {
        const { queue, clock, began, end } = fixture({ hold: true });
        const owed = new Set<string>();
        let counted = 0;
        const note = (): void => {
          for (const one of began.slice(counted)) {
            owed.delete(one.split('@')[0] ?? '');
          }
          counted = began.length;
          expect(queue.active).toBeLessThanOrEqual(2);
          expect(clock.timers()).toBeLessThanOrEqual(1);
        };
        for (const one of commands) {
          const key = 'key' in one ? `k${String(one.key)}` : '';
          switch (one.do) {
            case 'add':
              owed.add(key);
              queue.add(key);
              break;
            case 'addAt':
              owed.add(key);
              queue.addAt(key, clock.nowMs() + one.inMs);
              break;
            case 'end':
              await end(key, one.fails ? new Error('no') : undefined);
              break;
            case 'advance':
              await clock.advance(one.ms);
              break;
          }
          note();
        }
        for (let round = 0; round < 20; round += 1) {
          for (let key = 0; key <= 5; key += 1) {
            await end(`k${String(key)}`);
          }
          await clock.advance(1000);
          note();
        }
        expect([...owed]).toEqual([]);
        expect([queue.active, queue.depth, queue.delayed]).toEqual([0, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('due times', () => {
  it('come out in order, each key once, at its earliest time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ key: fc.nat(30), dueMs: fc.nat(1000), remove: fc.boolean() }), {
          maxLength: 300,
        }),
        (all) => {
          const due = createDueTimes();
          const wanted = new Map<string, number>();
          for (const { key, dueMs, remove } of all) {
            const name = String(key);
            if (remove) {
              due.remove(name);
              wanted.delete(name);
            } else {
              due.add(name, dueMs);
              wanted.set(name, Math.min(dueMs, wanted.get(name) ?? dueMs));
            }
          }
          expect(due.size).toBe(wanted.size);
          expect(due.nextMs() ?? Infinity).toBe(Math.min(...wanted.values()));
          const taken = [...due.take(500), ...due.take(1000)];
          expect(taken.map((key) => wanted.get(key))).toEqual([...wanted.values()].sort((a, b) => a - b));
          expect(due.size).toBe(0);
        },
      ),
    );
  });
});
