import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { planDaemonRollout } from '../../src/sandbox/daemon-rollout.ts';
import { carryOut } from '../../src/sandbox/rollout.ts';
import type { Generation } from '../../src/sandbox/rollout-spec.ts';
import type { KubeObject } from '../../src/model/kube.ts';

const NODES = 3;

interface Wish {
  readonly image?: string;
  readonly away?: boolean;
  readonly strategy?: Readonly<Record<string, unknown>>;
  readonly minReadySeconds?: number;
}

function daemonSet({ image = 'a', away = false, strategy = {}, minReadySeconds = 0 }: Wish = {}): KubeObject {
  const nodeSelector = away ? { nodeSelector: { nowhere: 'true' } } : {};
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'logs', generation: 4 },
    spec: {
      minReadySeconds,
      updateStrategy: strategy,
      template: { spec: { containers: [{ name: 'app', image }], ...nodeSelector } },
    },
  };
}

/** A cluster with one DaemonSet in it; pods are ready `readyAfterMs` after they were made. */
function cluster(readyAfterMs = 0): {
  nowMs: number;
  apply(object: KubeObject): void;
  tick(): ReturnType<typeof planDaemonRollout>;
  available(): number;
} {
  let generations: Generation[] = [];
  let object = daemonSet();
  let pods = 0;
  const self = {
    nowMs: 0,
    apply(next: KubeObject): void {
      object = next;
    },
    tick() {
      self.nowMs += 1000;
      generations = generations.map((one) => ({
        ...one,
        pods: one.pods
          .filter(({ deleting }) => !deleting)
          .map((pod) => ({
            ...pod,
            readySinceMs:
              pod.readySinceMs ?? (self.nowMs - pod.createdAtMs >= readyAfterMs ? self.nowMs : undefined),
          })),
      }));
      const plan = planDaemonRollout(object, generations, self.nowMs, NODES);
      generations = carryOut(generations, plan, self.nowMs, () => `pod-${(pods += 1)}`);
      return plan;
    },
    available: () =>
      generations
        .flatMap((one) => one.pods)
        .filter(({ deleting, readySinceMs }) => !deleting && readySinceMs !== undefined).length,
  };
  return self;
}

function settle(of: ReturnType<typeof cluster>): ReturnType<typeof planDaemonRollout> {
  let plan = of.tick();
  for (let tick = 0; tick < 60; tick += 1) {
    plan = of.tick();
  }
  return plan;
}

const complete = {
  observedGeneration: 4,
  desiredNumberScheduled: 3,
  currentNumberScheduled: 3,
  numberMisscheduled: 0,
  numberReady: 3,
  updatedNumberScheduled: 3,
  numberAvailable: 3,
};

describe('a DaemonSet', () => {
  it('gets a pod a node, and says so', () => {
    const of = cluster();

    expect(of.tick().status).toEqual({
      observedGeneration: 4,
      desiredNumberScheduled: 3,
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
      numberUnavailable: 3,
    });
    expect(settle(of).status).toEqual(complete);
  });

  it.each([
    [{}, 2],
    [{ rollingUpdate: { maxUnavailable: 2 } }, 1],
    [{ rollingUpdate: { maxUnavailable: '50%' } }, 1],
  ])('replaces its pods by %j, never with fewer than %i', (strategy, least) => {
    const of = cluster(3000);
    settle(of);
    of.apply(daemonSet({ image: 'b', strategy }));
    let fewest = NODES;
    for (let tick = 0; tick < 40; tick += 1) {
      of.tick();
      fewest = Math.min(fewest, of.available());
    }

    expect(fewest).toBe(least);
    expect(of.tick().status).toEqual(complete);
  });

  it('keeps old pods where it is told to wait for their deletion', () => {
    const of = cluster();
    settle(of);
    of.apply(daemonSet({ image: 'b', strategy: { type: 'OnDelete' } }));

    const { updatedNumberScheduled: _none, ...rest } = complete;
    expect(settle(of).status).toEqual(rest);
  });

  it('loses all its pods when no node fits it, and gets them back', () => {
    const of = cluster();
    settle(of);
    of.apply(daemonSet({ away: true }));

    expect(of.tick().status).toMatchObject({ desiredNumberScheduled: 0, numberMisscheduled: 3 });
    expect(settle(of).status).toEqual({
      observedGeneration: 4,
      desiredNumberScheduled: 0,
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
    });
    of.apply(daemonSet());
    expect(settle(of).status).toEqual(complete);
  });

  it('counts a pod as available when it has been ready for long enough', () => {
    const of = cluster();
    of.apply(daemonSet({ minReadySeconds: 5 }));
    of.tick();

    const { status, wakeAtMs } = of.tick();
    expect(status).toMatchObject({ numberReady: 3, numberUnavailable: 3 });
    expect(wakeAtMs).toBe(of.nowMs + 5000);
  });

  it('never has more pods than nodes, whatever is applied when', () => {
    const wishes = fc.record({
      image: fc.constantFrom('a', 'b', 'c'),
      away: fc.boolean(),
      ticks: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(
        fc.array(wishes, { maxLength: 8 }),
        fc.integer({ min: 0, max: 4000 }),
        (edits, readyAfterMs) => {
          const of = cluster(readyAfterMs);
          for (const { ticks, ...edit } of edits) {
            of.apply(daemonSet(edit));
            for (let tick = 0; tick < ticks; tick += 1) {
              const { currentNumberScheduled, numberMisscheduled } = of.tick().status;
              expect(currentNumberScheduled + numberMisscheduled).toBeLessThanOrEqual(NODES);
            }
          }
          of.apply(daemonSet());
          expect(settle(of).status).toEqual(complete);
        },
      ),
    );
  });
});
