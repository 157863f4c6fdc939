import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { KubeObject } from '../../src/model/kube.ts';
import { resources } from '../../src/model/kube.ts';
import { StoreCluster, type Call } from '../../src/sandbox/store-cluster.ts';
import { Store } from '../../src/sandbox/store.ts';
import { pause } from '../../src/watch/clock.ts';
import { createElection, type Election } from '../../src/watch/lease.ts';
import { virtualClock } from './virtual-clock.ts';

const key = { namespace: 'kube-system', name: 'flagger-leader-election' };

function world() {
  const clock = virtualClock(Date.parse('2026-11-21T12:00:00Z'));
  let uids = 0;
  const store = new Store({ now: () => clock.nowMs(), newUid: () => `uid-${String((uids += 1))}` });
  const log: string[] = [];
  const waits: string[] = [];
  const calls: Call[] = [];
  const trouble: unknown[] = [];
  const join = (identity: string, fault?: (call: Call) => Promise<void> | void): Election => {
    const cluster = new StoreCluster(store, {
      before(call) {
        calls.push(call);
        return fault?.(call);
      },
    });
    return createElection({
      cluster,
      lease: key,
      identity,
      clock,
      random: () => 0,
      onElected: () => log.push(`${identity} leads`),
      onLost: () => log.push(`${identity} lost`),
      onWaiting: (holder) => waits.push(`${identity} waits for ${holder}`),
      onTrouble: (error) => trouble.push(error),
    });
  };
  const lease = (): KubeObject | undefined => store.find(resources.leases, key);
  return { clock, store, log, waits, calls, trouble, join, lease };
}

describe('the election', () => {
  it('creates the lease, renews it with one request each time, and hands it over when it stops', async () => {
    const { clock, log, waits, calls, join, lease } = world();
    const a = join('a');
    a.start();
    await clock.advance(0);
    expect(lease()?.['spec']).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 60,
      acquireTime: '2026-11-21T12:00:00.000000Z',
      renewTime: '2026-11-21T12:00:00.000000Z',
      leaseTransitions: 0,
    });
    const b = join('b');
    b.start();
    await clock.advance(120_000);
    expect([log, a.isLeader, b.isLeader, b.holder]).toEqual([['a leads'], true, false, 'a']);
    expect(waits).toEqual(['b waits for a']);
    const before = calls.length;
    await clock.advance(5000);
    expect(
      calls
        .slice(before)
        .map(({ verb }) => verb)
        .sort(),
    ).toEqual(['get', 'replace']);
    await a.stop();
    expect(lease()?.['spec']).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(5000);
    expect(log).toEqual(['a leads', 'b leads']);
    expect(lease()?.['spec']).toMatchObject({
      holderIdentity: 'b',
      leaseDurationSeconds: 60,
      leaseTransitions: 1,
    });
    await b.stop();
    expect([clock.timers(), a.isLeader, b.isLeader]).toEqual([0, false, false]);
  });

  it('takes over from a leader that died, a whole lease after its last sign of life', async () => {
    const { clock, store, log, join } = world();
    store.create(resources.leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...key, annotations: { kept: 'yes' } },
      // By its own clock long over: clocks of others are not believed.
      spec: {
        holderIdentity: 'dead',
        leaseDurationSeconds: 30,
        renewTime: '2020-01-01T00:00:00.000000Z',
        leaseTransitions: 7,
      },
    });
    const a = join('a');
    a.start();
    await clock.advance(29_000);
    expect(log).toEqual([]);
    await clock.advance(5000);
    expect(log).toEqual(['a leads']);
    expect(store.find(resources.leases, key)).toMatchObject({
      metadata: { annotations: { kept: 'yes' } },
      spec: { holderIdentity: 'a', leaseTransitions: 8 },
    });
    await a.stop();
  });

  it.each<[string, () => Promise<void>]>([
    ['refused', () => Promise.reject(new Error('down'))],
    ['never answered', () => new Promise(() => undefined)],
  ])('is lost where renewals are %s for 15 seconds, before anyone else may lead', async (_, fault) => {
    const { clock, log, join } = world();
    let broken = false;
    const a = join('a', () => (broken ? fault() : undefined));
    const b = join('b');
    a.start();
    await clock.advance(0);
    b.start();
    await clock.advance(20_000);
    broken = true;
    await clock.advance(14_000);
    expect(a.isLeader).toBe(true);
    await clock.advance(1000);
    expect([a.isLeader, log]).toEqual([false, ['a leads', 'a lost']]);
    await clock.advance(70_000);
    expect(log).toEqual(['a leads', 'a lost', 'b leads']);
    await b.stop();
  });

  it('survives a failed renewal, a foreign edit and a deleted lease', async () => {
    const { clock, store, log, join, lease, trouble } = world();
    let broken = false;
    const a = join('a', () => (broken ? Promise.reject(new Error('down')) : undefined));
    a.start();
    await clock.advance(1000);
    broken = true;
    await clock.advance(5000);
    broken = false;
    await clock.advance(5000);
    store.patch(resources.leases, key, { kind: 'merge', body: { metadata: { labels: { by: 'someone' } } } });
    await clock.advance(10_000);
    expect(lease()).toMatchObject({ metadata: { labels: { by: 'someone' } }, spec: { holderIdentity: 'a' } });
    store.delete(resources.leases, key);
    await clock.advance(10_000);
    expect([log, a.isLeader]).toEqual([['a leads'], true]);
    expect(trouble.length).toBeGreaterThanOrEqual(2);
    expect(lease()?.['spec']).toMatchObject({ holderIdentity: 'a' });
    await a.stop();
  });

  it('is lost at once where somebody else holds the lease', async () => {
    const { clock, store, log, join } = world();
    const a = join('a');
    a.start();
    await clock.advance(1000);
    store.patch(resources.leases, key, { kind: 'merge', body: { spec: { holderIdentity: 'thief' } } });
    await clock.advance(10_000);
    expect([log, a.isLeader, a.holder]).toEqual([['a leads', 'a lost'], false, 'thief']);
  });

  it('never has two leaders, and always finds one when the network is well', async () => {
    const step = fc.record({
      who: fc.constantFrom('a', 'b', 'c'),
      what: fc.constantFrom('fail', 'hang', 'heal', 'stop', 'nothing'),
      forMs: fc.nat(40_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12, size: 'max' }), async (steps) => {
        const { clock, join } = world();
        const state: Record<string, string> = {};
        const members = new Map<string, Election>();
        const all: Election[] = [];
        const leaders = (): number => all.filter(({ isLeader }) => isLeader).length;
        const born: Record<string, number> = {};
        const revive = (who: string): void => {
          born[who] = (born[who] ?? 0) + 1;
          const identity = `${who}${String(born[who])}`;
          const election = join(identity, () => {
            if (state[who] === 'fail') {
              return Promise.reject(new Error('down'));
            }
            // As long as the transport waits.
            return state[who] === 'hang'
              ? pause(clock, 30_000, new AbortController().signal).then(() =>
                  Promise.reject(new Error('hung')),
                )
              : undefined;
          });
          members.set(who, election);
          all.push(election);
          election.start();
        };
        for (const who of ['a', 'b', 'c']) {
          revive(who);
        }
        const check = async (ms: number): Promise<void> => {
          for (let left = ms; left > 0; left -= 1000) {
            await clock.advance(Math.min(left, 1000));
            expect(leaders()).toBeLessThanOrEqual(1);
          }
        };
        for (const { who, what, forMs } of steps) {
          if (what === 'stop') {
            void members.get(who)?.stop();
            revive(who);
          } else {
            state[who] = what;
          }
          await check(forMs);
        }
        for (const who of ['a', 'b', 'c']) {
          state[who] = 'heal';
          // A process that lost the lease has ended and come back.
          revive(who);
        }
        await check(150_000);
        expect(leaders()).toBe(1);
      }),
      { numRuns: 25 },
    );
  });
});
