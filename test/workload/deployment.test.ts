import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isJsonObject, objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Readiness } from '../../src/model/observation.ts';
import { isoFromMs } from '../../src/model/time.ts';
import { readinessOf, viewOfDeployment } from '../../src/workload/deployment.ts';
import type { WorkloadView } from '../../src/workload/kind.ts';
import { selectorOf } from '../../src/workload/selector.ts';
import { deployments } from './arbitrary.ts';

interface Rollout {
  readonly replicas?: number;
  readonly paused?: boolean;
  readonly generation?: number;
  readonly status?: Record<string, unknown>;
}

const rolledOut = {
  observedGeneration: 2,
  replicas: 3,
  updatedReplicas: 3,
  readyReplicas: 3,
  availableReplicas: 3,
};

function deployment({
  replicas = 3,
  paused = false,
  generation = 2,
  status = rolledOut,
}: Rollout): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'podinfo', namespace: 'test', uid: 'u', resourceVersion: '5', generation },
    spec: {
      replicas,
      paused,
      selector: { matchLabels: { app: 'podinfo' } },
      template: {
        metadata: { labels: { app: 'podinfo' } },
        spec: {
          containers: [
            {
              name: 'podinfo',
              ports: [
                { name: 'http', containerPort: 9898, protocol: 'TCP' },
                { containerPort: 9999, protocol: 'UDP' },
              ],
            },
            { name: 'proxy' },
          ],
        },
      },
    },
    status,
  };
}

const unavailableSince = (ms: number): Record<string, unknown> => ({
  conditions: [
    {
      type: 'Available',
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
      lastUpdateTime: isoFromMs(ms),
    },
  ],
});

const ready: Readiness = { kind: 'ready' };

const deadlineExceeded = {
  conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
};

describe('readinessOf', () => {
  it.each<[string, Rollout, number, Readiness]>([
    ['is ready when all pods are available', {}, 100, ready],
    [
      'waits for a generation that was not observed',
      { generation: 3 },
      100,
      { kind: 'notYet', message: 'the newest generation has not been observed yet' },
    ],
    [
      'trusts no old status, not even of zero replicas',
      { generation: 3, replicas: 0 },
      100,
      { kind: 'notYet', message: 'the newest generation has not been observed yet' },
    ],
    [
      'is ready with zero desired replicas, whatever the conditions say',
      { replicas: 0, status: { observedGeneration: 2, ...deadlineExceeded } },
      100,
      ready,
    ],
    [
      'waits for updated pods',
      { status: { ...rolledOut, updatedReplicas: 2 } },
      100,
      { kind: 'notYet', message: '2 of 3 pods updated' },
    ],
    [
      'says that a paused rollout will not move',
      { paused: true, status: { ...rolledOut, updatedReplicas: 0 } },
      100,
      { kind: 'notYet', message: '0 of 3 pods updated, the rollout is paused' },
    ],
    [
      'waits for old pods to go',
      { status: { ...rolledOut, replicas: 4 } },
      100,
      { kind: 'notYet', message: '1 old pods still there' },
    ],
    [
      'waits for available pods',
      { status: { ...rolledOut, availableReplicas: 1 } },
      100,
      { kind: 'notYet', message: '1 of 3 pods available' },
    ],
    ['rounds the threshold down', { status: { ...rolledOut, availableReplicas: 1 } }, 50, ready],
    [
      'is never ready without an available pod',
      { status: { ...rolledOut, availableReplicas: 0 } },
      10,
      { kind: 'notYet', message: '0 of 3 pods available' },
    ],
    [
      'fails by its own deadline',
      { status: { ...rolledOut, availableReplicas: 0, ...deadlineExceeded } },
      100,
      { kind: 'failed', message: "the workload's own progress deadline has passed: 0 of 3 pods available" },
    ],
    [
      'does not hold against a new revision how long the one before it was unavailable',
      { status: { ...rolledOut, availableReplicas: 1, ...unavailableSince(0) } },
      100,
      { kind: 'notYet', message: '1 of 3 pods available' },
    ],
    [
      'has no deadline for what it needs no more',
      { status: { ...rolledOut, availableReplicas: 2, ...unavailableSince(0) } },
      50,
      ready,
    ],
    [
      'is not ready without any status',
      { status: {} },
      100,
      { kind: 'notYet', message: 'the newest generation has not been observed yet' },
    ],
  ])('%s', (_title, rollout, thresholdPercent, expected) => {
    const readiness = readinessOf(viewOfDeployment(deployment(rollout)), thresholdPercent);
    expect(readiness).toEqual(expected);
  });
});

describe('viewOfDeployment', () => {
  it('keeps what decisions need', () => {
    const view = viewOfDeployment(deployment({}));
    expect(view).toMatchObject({
      uid: 'u',
      resourceVersion: '5',
      generation: 2,
      replicas: 3,
      availableReplicas: 3,
      matchLabels: { app: 'podinfo' },
      revision: undefined,
      drifted: false,
      ports: [
        {
          container: 'podinfo',
          ports: [
            { name: 'http', containerPort: 9898, protocol: 'TCP' },
            { containerPort: 9999, protocol: 'UDP' },
          ],
        },
        { container: 'proxy', ports: [] },
      ],
    });
  });

  it('stays small and names its target hash by content alone', () => {
    fc.assert(
      fc.property(deployments, (target) => {
        const view = viewOfDeployment(target);
        const shuffled = viewOfDeployment(reversed(target));
        expect(shuffled.templateHash).toBe(view.templateHash);
        expect(shuffled.sourceHash).toBe(view.sourceHash);
        expect(JSON.stringify(view).length).toBeLessThan(4000);
      }),
    );
  });

  it('ignores what a server may spell or leave out', () => {
    const bare = deployment({});
    const template = objectOf(objectOf(bare['spec'])['template']);
    const spelt = {
      ...bare,
      spec: {
        ...objectOf(bare['spec']),
        template: {
          metadata: { creationTimestamp: null, labels: { app: 'podinfo' }, annotations: {} },
          spec: { ...objectOf(template['spec']), volumes: null, nodeSelector: {} },
        },
      },
    };
    expect(viewOfDeployment(spelt).templateHash).toBe(viewOfDeployment(bare).templateHash);
  });

  it('never throws, and takes what is malformed for a workload that is not ready', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (spec, status) => {
        const object: KubeObject = {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'x', generation: 1 },
          spec,
          status,
        };
        const view: WorkloadView = viewOfDeployment(object);
        expect(view.replicas).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('selectorOf', () => {
  it('takes the first configured label that the target has', () => {
    expect(selectorOf({ name: 'a', app: 'b', other: 'c' }, ['app', 'name'])).toEqual({
      kind: 'selector',
      selector: { key: 'app', value: 'b' },
    });
  });

  it.each([
    ['no configured label', { tier: 'web' }],
    ['an empty value', { app: '' }],
    ['a value that leaves no room for -primary', { app: 'a'.repeat(56) }],
  ])('refuses %s', (_title, labels) => {
    expect(selectorOf(labels, ['app', 'name'])).toMatchObject({
      kind: 'problem',
      problem: { severity: 'error', reason: 'SelectorNotFound', field: 'spec.targetRef' },
    });
  });

  it('accepts the longest value whose primary still is a label value', () => {
    expect(selectorOf({ app: 'a'.repeat(55) }, ['app']).kind).toBe('selector');
  });
});

/** The same object with the keys of every map in reverse order. */
function reversed(object: KubeObject): KubeObject {
  return JSON.parse(JSON.stringify(object), (_key, value: unknown) =>
    isJsonObject(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value,
  );
}
