import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { KubeObject } from '../../src/model/kube.ts';
import { carryOut, planRollout } from '../../src/sandbox/rollout.ts';
import type { RolloutPlan } from '../../src/sandbox/rollout.ts';
import { templateHashOf } from '../../src/sandbox/rollout-spec.ts';
import type { Generation, RolloutPod } from '../../src/sandbox/rollout-spec.ts';

const startMs = Date.UTC(2026, 0, 1);

/** A Deployment on a cluster whose pods become ready, and go, when the test says so. */
class World {
  deployment: KubeObject;
  spec: { replicas: number; template: unknown; [key: string]: unknown };
  generations: Generation[] = [];
  nowMs = startMs;
  plan: RolloutPlan | undefined;
  private named = 0;

  constructor(spec: Record<string, unknown>) {
    this.spec = { replicas: 3, template: { image: 'web:1' }, ...spec };
    this.deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop', generation: 1 },
      spec: this.spec,
    };
  }

  change(spec: Record<string, unknown>): void {
    const { metadata } = this.deployment;
    this.spec = { ...this.spec, ...spec };
    this.deployment = {
      ...this.deployment,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
      spec: this.spec,
    };
  }

  sync(): RolloutPlan {
    const plan = planRollout(this.deployment, this.generations, this.nowMs);
    this.plan = plan;
    this.generations = carryOut(this.generations, plan, this.nowMs, (hash) => `web-${hash}-${++this.named}`);
    this.deployment = { ...this.deployment, status: plan.status };
    return plan;
  }

  pods(): RolloutPod[] {
    return this.generations.flatMap(({ pods }) => pods);
  }

  /** Changes each pod; undefined removes it. */
  each(change: (pod: RolloutPod) => RolloutPod | undefined): void {
    this.generations = this.generations.map((generation) => ({
      ...generation,
      pods: generation.pods.flatMap((pod) => change(pod) ?? []),
    }));
  }

  makeReady(): void {
    this.each((pod) => ({ ...pod, readySinceMs: pod.readySinceMs ?? this.nowMs }));
  }

  letGo(): void {
    this.each((pod) => (pod.deleting ? undefined : pod));
  }

  settle(rounds = 30): void {
    for (let i = 0; i < rounds; i++) {
      this.sync();
      this.letGo();
      this.makeReady();
      this.nowMs += 1000;
    }
    this.sync();
  }

  condition(type: string): string {
    const found = this.plan?.status.conditions.find((condition) => condition.type === type);
    return `${found?.status} ${found?.reason}`;
  }
}

describe('planRollout', () => {
  it('creates all pods of a new Deployment and reports progress, then availability', () => {
    const world = new World({});
    expect(world.sync().generations).toMatchObject([{ revision: 1, replicas: 3, create: 3, remove: [] }]);
    expect(world.plan?.status).toMatchObject({ observedGeneration: 1, unavailableReplicas: 3 });
    expect(world.plan?.status).not.toHaveProperty('replicas');
    expect(world.condition('Progressing')).toBe('True NewReplicaSetCreated');
    expect(world.condition('Available')).toBe('False MinimumReplicasUnavailable');

    world.makeReady();
    world.sync();
    expect(world.plan?.status).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    });
    expect(world.plan?.status).not.toHaveProperty('unavailableReplicas');
    expect(world.condition('Progressing')).toBe('True NewReplicaSetAvailable');
    expect(world.condition('Available')).toBe('True MinimumReplicasAvailable');
    expect(world.plan?.wakeAtMs).toBeUndefined();
  });

  it.each([
    ['default 25 %', 4, undefined, { create: 1, kept: 3 }],
    ['surge only', 4, { maxSurge: 2, maxUnavailable: 0 }, { create: 2, kept: 4 }],
    ['unavailable only', 4, { maxSurge: 0, maxUnavailable: 1 }, { create: 0, kept: 3 }],
    [
      'both zero counts as one unavailable',
      4,
      { maxSurge: 0, maxUnavailable: '10%' },
      { create: 0, kept: 3 },
    ],
    ['all at once', 4, { maxSurge: '100%', maxUnavailable: 0 }, { create: 4, kept: 4 }],
    ['one pod is never taken before its successor', 1, undefined, { create: 1, kept: 1 }],
  ])('starts a roll-out within its bounds: %s', (_title, replicas, rollingUpdate, expected) => {
    const world = new World({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } });
    world.settle();
    world.change({ template: { image: 'web:2' } });
    const [old, newest] = world.sync().generations;
    expect({ create: newest?.create, kept: old?.replicas }).toEqual(expected);
    expect(newest?.revision).toBe(2);
    world.settle();
    expect(world.generations).toMatchObject([{ templateHash: templateHashOf({ image: 'web:2' }), replicas }]);
    expect(world.condition('Progressing')).toBe('True NewReplicaSetAvailable');
  });

  it('runs old and new never side by side under Recreate, terminating pods included', () => {
    const world = new World({ strategy: { type: 'Recreate' } });
    world.settle();
    world.change({ template: { image: 'web:2' } });
    expect(world.sync().generations).toMatchObject([
      { replicas: 0, remove: [expect.any(String), expect.any(String), expect.any(String)] },
      { replicas: 0, create: 0 },
    ]);
    expect(world.sync().generations).toMatchObject([{ remove: [] }, { create: 0 }]);
    world.letGo();
    expect(world.sync().generations).toMatchObject([{ replicas: 3, create: 3 }]);
  });

  it('stops serving pods of the old template only as new ones become available', () => {
    const world = new World({ replicas: 2, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    world.settle();
    world.change({ template: { image: 'web:2' } });
    for (let i = 0; i < 5; i++) {
      world.sync();
      world.letGo();
    }
    expect(world.pods().filter(({ readySinceMs }) => readySinceMs !== undefined)).toHaveLength(2);
    expect(world.plan?.status).toMatchObject({ replicas: 3, updatedReplicas: 1, availableReplicas: 2 });
  });

  it('replaces a vanished pod of either generation in the middle of a roll-out', () => {
    const world = new World({ replicas: 2, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    world.settle();
    world.change({ template: { image: 'web:2' } });
    world.sync();
    world.generations = world.generations.map((generation) => ({ ...generation, pods: [] }));
    expect(world.sync().generations.map(({ create }) => create)).toEqual([2, 1]);
  });

  it('takes pods that serve nobody first, then the youngest', () => {
    const world = new World({});
    world.settle();
    const [first, second, third] = world.pods().map(({ name }) => name);
    world.each((pod) =>
      pod.name === second
        ? { ...pod, readySinceMs: undefined }
        : pod.name === third
          ? { ...pod, readySinceMs: world.nowMs }
          : pod,
    );
    world.change({ replicas: 1 });
    expect(world.sync().generations[0]?.remove).toEqual([second, third]);
    expect(world.pods().find(({ name }) => name === first)).toMatchObject({ deleting: false });
  });

  it('counts a pod as available after minReadySeconds, and wakes for it', () => {
    const world = new World({ replicas: 1, minReadySeconds: 10 });
    world.sync();
    world.makeReady();
    world.sync();
    expect(world.plan?.status).toMatchObject({ readyReplicas: 1, unavailableReplicas: 1 });
    expect(world.plan?.wakeAtMs).toBe(startMs + 10_000);
    world.nowMs = startMs + 10_000;
    expect(world.sync().status).toMatchObject({ availableReplicas: 1 });
  });

  it('gives up on progress at the deadline, once, and recovers when pods come', () => {
    const world = new World({ progressDeadlineSeconds: 60 });
    world.sync();
    expect(world.plan?.wakeAtMs).toBe(startMs + 61_000);
    world.sync();
    world.nowMs = startMs + 60_000;
    world.sync();
    expect(world.condition('Progressing')).toBe('True ReplicaSetUpdated');
    world.nowMs = startMs + 61_000;
    world.sync();
    expect(world.condition('Progressing')).toBe('False ProgressDeadlineExceeded');
    expect(world.plan?.wakeAtMs).toBeUndefined();
    const written = world.plan?.status;
    world.nowMs += 60_000;
    expect(world.sync().status).toEqual(written);
    world.settle();
    expect(world.condition('Progressing')).toBe('True NewReplicaSetAvailable');
  });

  it('starts the deadline anew with each bit of progress', () => {
    const world = new World({ progressDeadlineSeconds: 60 });
    world.sync();
    world.nowMs = startMs + 59_000;
    const first = world.pods()[0]?.name;
    world.each((pod) => (pod.name === first ? { ...pod, readySinceMs: world.nowMs } : pod));
    world.sync();
    expect(world.condition('Progressing')).toBe('True ReplicaSetUpdated');
    expect(world.plan?.wakeAtMs).toBe(startMs + 120_000);
  });

  it('leaves a complete Deployment complete when only its scale changes, so only Available tells', () => {
    const world = new World({ replicas: 0, progressDeadlineSeconds: 60 });
    world.settle();
    world.change({ replicas: 2 });
    world.sync();
    world.nowMs += 600_000;
    world.sync();
    expect(world.condition('Progressing')).toBe('True NewReplicaSetAvailable');
    expect(world.condition('Available')).toBe('False MinimumReplicasUnavailable');
  });

  it('only scales while paused, and rolls when resumed', () => {
    const world = new World({});
    world.settle();
    world.change({ paused: true, replicas: 5, template: { image: 'web:2' } });
    expect(world.sync().generations).toMatchObject([
      { templateHash: templateHashOf({ image: 'web:1' }), create: 2 },
    ]);
    expect(world.condition('Progressing')).toBe('Unknown DeploymentPaused');
    world.change({ paused: false });
    world.settle();
    expect(world.generations).toMatchObject([
      { templateHash: templateHashOf({ image: 'web:2' }), replicas: 5 },
    ]);
  });

  it('returns to a template that still has pods under a new revision', () => {
    const world = new World({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    world.settle();
    world.change({ template: { image: 'web:2' } });
    world.sync();
    world.change({ template: { image: 'web:1' } });
    world.sync();
    const back = world.generations.find(
      ({ templateHash }) => templateHash === templateHashOf({ image: 'web:1' }),
    );
    expect(back).toMatchObject({ revision: 3, replicas: 3 });
    world.settle();
    expect(world.generations).toHaveLength(1);
  });

  it('changes nothing of a Deployment that is being deleted', () => {
    const world = new World({});
    world.settle();
    world.change({ replicas: 9 });
    world.deployment.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(world.sync().generations).toMatchObject([{ replicas: 3, create: 0, remove: [] }]);
  });

  it('names templates independent of key order', () => {
    expect(templateHashOf({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(templateHashOf({ b: [{ d: 3, c: 2 }], a: 1 }));
    expect(templateHashOf({ a: 1 })).not.toBe(templateHashOf({ a: 2 }));
  });
});

const edits = fc.oneof(
  fc.record({ kind: fc.constant('scale' as const), replicas: fc.nat(6) }),
  fc.record({ kind: fc.constant('image' as const), image: fc.nat(3) }),
  fc.record({ kind: fc.constant('ready' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('unready' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('gone' as const) }),
  fc.record({ kind: fc.constant('lost' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(100_000) }),
);

type Edit = typeof edits extends fc.Arbitrary<infer T> ? T : never;

function meddle(world: World, edit: Edit): void {
  const chosen = (which: number): string | undefined =>
    world.pods()[which % Math.max(1, world.pods().length)]?.name;
  switch (edit.kind) {
    case 'scale':
      return world.change({ replicas: edit.replicas });
    case 'image':
      return world.change({ template: { image: `web:${edit.image}` } });
    case 'gone':
      return world.letGo();
    case 'wait':
      world.nowMs += edit.ms;
      return undefined;
    case 'ready':
    case 'unready':
    case 'lost': {
      const name = chosen(edit.which);
      const readySinceMs = edit.kind === 'ready' ? world.nowMs : undefined;
      return world.each((pod) =>
        pod.name !== name ? pod : edit.kind === 'lost' ? undefined : { ...pod, readySinceMs },
      );
    }
  }
}

const anyWorld = fc.record({
  spec: fc.record({
    replicas: fc.nat(6),
    minReadySeconds: fc.nat(3),
    strategy: fc.oneof(
      fc.constant({ type: 'Recreate' }),
      fc.record({ rollingUpdate: fc.record({ maxSurge: fc.nat(3), maxUnavailable: fc.nat(3) }) }),
    ),
  }),
  story: fc.array(edits, { maxLength: 25 }),
});

describe('planRollout, whatever happens', () => {
  it('never removes a pod that would take a serving Deployment below its minimum', () => {
    fc.assert(
      fc.property(anyWorld, ({ spec, story }) => {
        fc.pre(!('type' in spec.strategy));
        const rolling = 'rollingUpdate' in spec.strategy ? spec.strategy.rollingUpdate : undefined;
        const world = new World(spec);
        world.settle();
        for (const edit of story) {
          meddle(world, edit);
          const { replicas } = world.spec;
          const isAvailable = (pod: RolloutPod): boolean =>
            !pod.deleting &&
            pod.readySinceMs !== undefined &&
            world.nowMs - pod.readySinceMs >= spec.minReadySeconds * 1000;
          const before = world.pods().filter(isAvailable).length;
          world.sync();
          const after = world.pods().filter(isAvailable).length;
          const slack = Math.max(rolling?.maxUnavailable ?? 0, rolling?.maxSurge === 0 ? 1 : 0);
          expect(after).toBeGreaterThanOrEqual(Math.min(before, replicas - slack));
        }
      }),
    );
  });

  it('ends with exactly the wanted pods of the newest template once pods become ready and go', () => {
    fc.assert(
      fc.property(anyWorld, ({ spec, story }) => {
        const world = new World(spec);
        for (const edit of story) {
          meddle(world, edit);
          world.sync();
        }
        world.settle(40);
        const { replicas, template } = world.spec;
        expect(world.generations).toMatchObject([{ templateHash: templateHashOf(template), replicas }]);
        expect(world.pods()).toHaveLength(replicas);
        expect(world.condition('Available')).toBe('True MinimumReplicasAvailable');
        expect(world.condition('Progressing')).toBe('True NewReplicaSetAvailable');
        expect(world.plan?.wakeAtMs).toBeUndefined();
      }),
    );
  });

  it('asks for nothing more after a few plans when nothing else happens', () => {
    fc.assert(
      fc.property(anyWorld, ({ spec, story }) => {
        const world = new World(spec);
        for (const edit of story) {
          meddle(world, edit);
          world.sync();
        }
        for (let i = 0; i < 10; i++) {
          world.sync();
        }
        const settled = world.sync();
        expect(settled.generations.flatMap(({ remove }) => remove)).toEqual([]);
        expect(settled.generations.map(({ create }) => create)).toEqual(settled.generations.map(() => 0));
        expect(world.sync().status).toEqual(settled.status);
      }),
    );
  });
});
