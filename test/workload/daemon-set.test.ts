import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { daemonSets } from '../../src/workload/daemon-set.ts';
import type { PrimaryWish } from '../../src/workload/kind.ts';
import { captureRevision } from '../../src/workload/stored-revision.ts';
import { owner, podTemplates } from './arbitrary.ts';

const MARKER = 'flagger.app/scale-to-zero';

const wish: PrimaryWish = {
  name: 'logs-primary',
  namespace: 'test',
  selector: { key: 'app', value: 'logs' },
  replicas: 3,
  owner,
  includeLabelPrefix: [],
};

interface Parts {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly pod?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

function daemonSet({ spec = {}, pod = {}, status = {} }: Parts = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'logs', namespace: 'test', uid: 'u', generation: 2 },
    spec: {
      selector: { matchLabels: { app: 'logs' } },
      template: {
        metadata: { labels: { app: 'logs' } },
        spec: { containers: [{ name: 'app', image: 'logs:1' }], ...pod },
      },
      ...spec,
    },
    status: { observedGeneration: 2, ...status },
  };
}

const away = { nodeSelector: { [MARKER]: 'true' } };
const captured = (target: KubeObject): ReturnType<typeof captureRevision> =>
  captureRevision(daemonSets, target, { checksums: undefined, ownerUid: owner.uid });
const podOf = (object: KubeObject): Readonly<Record<string, unknown>> =>
  objectOf(objectOf(objectOf(object['spec'])['template'])['spec']);
const counts = (
  desiredNumberScheduled: number,
  updatedNumberScheduled: number,
  numberAvailable: number,
  numberMisscheduled = 0,
): Parts => ({
  status: { desiredNumberScheduled, updatedNumberScheduled, numberAvailable, numberMisscheduled },
});

describe('a DaemonSet that is scaled away', () => {
  it('wants no pods, and otherwise one a node, at least one', () => {
    expect(daemonSets.view(daemonSet({ pod: away })).replicas).toBe(0);
    expect(daemonSets.view(daemonSet(counts(5, 5, 5))).replicas).toBe(5);
    expect(daemonSets.view(daemonSet()).replicas).toBe(1);
  });

  it('is the same revision as when it runs: a missing node selector equals an empty one', () => {
    const running = daemonSets.view(daemonSet());
    const empty = daemonSets.view(daemonSet({ pod: { nodeSelector: {} } }));
    const scaled = daemonSets.view(daemonSet({ pod: away }));
    const picky = daemonSets.view(daemonSet({ pod: { nodeSelector: { disk: 'ssd' } } }));
    const pickyAway = daemonSets.view(
      daemonSet({ pod: { nodeSelector: { disk: 'ssd', [MARKER]: 'true' } } }),
    );

    expect([empty.templateHash, scaled.templateHash]).toEqual([running.templateHash, running.templateHash]);
    expect(pickyAway.templateHash).toBe(picky.templateHash);
    expect(picky.templateHash).not.toBe(running.templateHash);
  });

  it('D15: never takes its switch into a stored revision or a primary', () => {
    fc.assert(
      fc.property(podTemplates, fc.boolean(), (template, picky) => {
        const nodeSelector = picky ? { disk: 'ssd' } : undefined;
        const spec = objectOf(template['spec']);
        const plain = daemonSet({ spec: { template: { ...template, spec: { ...spec, nodeSelector } } } });
        const scaled = daemonSet({
          spec: {
            template: { ...template, spec: { ...spec, nodeSelector: { ...nodeSelector, [MARKER]: 'true' } } },
          },
        });

        expect(captured(scaled).revision).toBe(captured(plain).revision);
        expect(podOf(daemonSets.renderPrimary(captured(scaled), wish))['nodeSelector']).toEqual(nodeSelector);
      }),
    );
  });

  it('is switched by one key of the node selector, either way', () => {
    expect(daemonSets.scaled?.(0)).toEqual({
      spec: { template: { spec: { nodeSelector: { [MARKER]: 'true' } } } },
    });
    expect(daemonSets.scaled?.(4)).toEqual({
      spec: { template: { spec: { nodeSelector: { [MARKER]: null } } } },
    });
  });
});

describe('the primary of a DaemonSet', () => {
  const target = daemonSet({
    spec: {
      minReadySeconds: 7,
      revisionHistoryLimit: 3,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '20%' } },
    },
    pod: {
      topologySpreadConstraints: [{ maxSkew: 1, labelSelector: { matchLabels: { app: 'logs' } } }],
    },
  });
  const primary = daemonSets.renderPrimary(captured(target), wish);

  it('takes over three fields of the spec, and has no replicas', () => {
    expect(primary).toMatchObject({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'logs-primary' },
      spec: {
        minReadySeconds: 7,
        revisionHistoryLimit: 3,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '20%' } },
        selector: { matchLabels: { app: 'logs-primary' } },
      },
    });
    expect(primary['spec']).not.toHaveProperty('replicas');
  });

  it('keeps its scheduling as the target has it', () => {
    expect(podOf(primary)['topologySpreadConstraints']).toEqual(podOf(target)['topologySpreadConstraints']);
  });

  it('notices an edit of what was written, and no other', () => {
    expect(daemonSets.view(primary).drifted).toBe(false);
    const spec = objectOf(primary['spec']);
    expect(daemonSets.view({ ...primary, spec: { ...spec, minReadySeconds: 1 } }).drifted).toBe(true);
    expect(daemonSets.view({ ...primary, status: { numberReady: 1 } }).drifted).toBe(false);
  });

  it('is the content that its target had', () => {
    expect(daemonSets.view(primary).sourceHash).toBe(daemonSets.view(target).sourceHash);
  });
});

describe('the readiness of a DaemonSet', () => {
  it.each<[string, Parts, number, string | undefined]>([
    ['all pods there', counts(3, 3, 3), 100, undefined],
    [
      'not looked at yet',
      { ...counts(3, 3, 3), status: { observedGeneration: 1 } },
      100,
      'the newest generation has not been observed yet',
    ],
    ['pods of the old revision', counts(3, 2, 3), 100, '2 of 3 pods updated'],
    ['pods that are not available', counts(3, 3, 2), 100, '2 of 3 pods available'],
    ['as many as the threshold asks', counts(3, 3, 2), 67, undefined],
    ['no node that it fits', counts(0, 0, 0), 100, '0 of 1 pods updated'],
    ['none, however low the threshold', counts(3, 3, 0), 0, '0 of 3 pods available'],
    ['scaled away', { ...counts(0, 0, 0), pod: away }, 100, undefined],
    ['scaled away, with pods', { ...counts(0, 0, 0, 2), pod: away }, 100, '2 pods still there'],
  ])('with %s', (_title, parts, percent, message) => {
    const status = {
      ...parts.status,
      ...(parts.status?.['observedGeneration'] === 1 ? {} : { observedGeneration: 2 }),
    };

    expect(daemonSets.readiness(daemonSets.view(daemonSet({ ...parts, status })), percent)).toEqual(
      message === undefined ? { kind: 'ready' } : { kind: 'notYet', message },
    );
  });

  it('D36: never fails by itself, so that the deadline of the stage decides', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), fc.nat(5), fc.nat(100), (desired, updated, available, percent) => {
        const view = daemonSets.view(daemonSet(counts(desired, updated, available)));
        expect(daemonSets.readiness(view, percent).kind).not.toBe('failed');
      }),
    );
  });
});

describe('an update strategy', () => {
  it('that replaces no pods is refused', () => {
    expect(daemonSets.view(daemonSet({ spec: { updateStrategy: { type: 'OnDelete' } } })).problems).toEqual([
      expect.objectContaining({ severity: 'error', reason: 'UnsupportedField', value: 'OnDelete' }),
    ]);
  });

  it.each([{}, { updateStrategy: { type: 'RollingUpdate' } }, { updateStrategy: {} }])(
    '%j is fine',
    (spec) => {
      expect(daemonSets.view(daemonSet({ spec }))).not.toHaveProperty('problems');
    },
  );
});
