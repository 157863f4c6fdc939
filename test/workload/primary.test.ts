import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { z } from 'zod';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { configRefsOf, rewriteConfigRefs } from '../../src/workload/configs.ts';
import {
  deployments as deploymentKind,
  readinessOf,
  viewOfDeployment,
} from '../../src/workload/deployment.ts';
import type { PrimaryWish } from '../../src/workload/kind.ts';
import { absorbServerChanges } from '../../src/workload/primary.ts';
import { captureRevision } from '../../src/workload/stored-revision.ts';
import type { StoredRevision } from '../../src/workload/stored-revision.ts';
import { deployments, owner } from './arbitrary.ts';

const { primaryShape } = deploymentKind;
const wish: PrimaryWish = {
  name: 'podinfo-primary',
  namespace: 'test',
  selector: { key: 'app', value: 'podinfo' },
  replicas: 2,
  owner,
  includeLabelPrefix: [],
};

const selectorFor = (target: KubeObject): PrimaryWish['selector'] => ({
  key: 'app',
  value: viewOfDeployment(target).matchLabels['app'] ?? '',
});

/** The revision with every second of the target's ConfigMaps and Secrets tracked. */
function captured(target: KubeObject): StoredRevision {
  const refs = viewOfDeployment(target).configRefs.filter((_ref, index) => index % 2 === 0);
  const checksums = Object.fromEntries(
    refs.map(({ kind, name }) => [`${kind.toLowerCase()}/${name}`, '00112233aabbccdd']),
  );
  return captureRevision(deploymentKind, target, { checksums, ownerUid: owner.uid });
}

function rendered(target: KubeObject, change: Partial<PrimaryWish> = {}): KubeObject {
  return deploymentKind.renderPrimary(captured(target), {
    ...wish,
    selector: selectorFor(target),
    ...change,
  });
}

const Shape = z.looseObject({
  selector: z.looseObject({}),
  template: z.looseObject({
    metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
    spec: z.looseObject({}),
  }),
});
const specOf = (object: KubeObject): z.infer<typeof Shape> => Shape.parse(object['spec']);

/** `object` with the value at a path replaced. */
function edited(object: KubeObject, path: readonly string[], value: unknown): KubeObject {
  const change = (at: unknown, [key, ...rest]: readonly string[]): unknown =>
    key === undefined ? value : { ...objectOf(at), [key]: change(objectOf(at)[key], rest) };
  const [key = '', ...rest] = path;
  return { ...object, [key]: change(object[key], rest) };
}

const podinfo: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'podinfo',
    namespace: 'test',
    uid: 't',
    labels: { 'app.kubernetes.io/part-of': 'shop', team: 'a', 'kustomize.toolkit.fluxcd.io/name': 'apps' },
    annotations: {
      'reloader.test/auto': 'true',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      'deployment.kubernetes.io/revision': '7',
      'argocd.argoproj.io/tracking-id': 'x',
      'meta.helm.sh/release-name': 'x',
      'kustomize.toolkit.fluxcd.io/checksum': 'x',
      'serin.dev/written': 'x',
    },
  },
  spec: {
    replicas: 4,
    paused: true,
    minReadySeconds: 5,
    progressDeadlineSeconds: 60,
    selector: { matchLabels: { app: 'podinfo', tier: 'web' } },
    template: {
      metadata: {
        labels: { app: 'podinfo', tier: 'web', 'kustomize.toolkit.fluxcd.io/name': 'apps' },
        annotations: { 'prometheus.io/scrape': 'true', 'helm.toolkit.fluxcd.io/x': 'y' },
      },
      spec: {
        containers: [{ name: 'podinfo', image: 'registry.test/podinfo:1.0' }],
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'host', labelSelector: { matchLabels: { app: 'podinfo' } } },
            ],
          },
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'host', labelSelector: { matchLabels: { app: 'podinfo', tier: 'podinfo' } } },
            ],
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                podAffinityTerm: {
                  topologyKey: 'zone',
                  labelSelector: {
                    matchExpressions: [{ key: 'app', operator: 'In', values: ['podinfo', 'other'] }],
                  },
                },
              },
            ],
          },
        },
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'zone', labelSelector: { matchLabels: { app: 'podinfo' } } },
        ],
      },
    },
  },
};

describe('renderPrimary', () => {
  const primary = rendered(podinfo, { includeLabelPrefix: ['app.kubernetes.io/'] });
  const spec = specOf(primary);

  it('answers to a label of its own and to no other', () => {
    expect(spec.selector).toEqual({ matchLabels: { app: 'podinfo-primary' } });
    expect(spec.template.metadata.labels).toEqual({ app: 'podinfo-primary', tier: 'web' });
  });

  it('has the labels with the configured prefixes, and its own', () => {
    expect(primary.metadata.labels).toEqual({ 'app.kubernetes.io/part-of': 'shop', app: 'podinfo-primary' });
    expect(Object.keys(rendered(podinfo, { includeLabelPrefix: ['*'] }).metadata.labels ?? {})).toEqual([
      'app.kubernetes.io/part-of',
      'team',
      'app',
    ]);
  });

  it('leaves out the annotations by which other tools claim the target', () => {
    const { revision } = captured(podinfo);
    expect(primary.metadata.annotations).toEqual({
      'reloader.test/auto': 'true',
      'serin.dev/copied': '[["app","app.kubernetes.io/part-of"],["reloader.test/auto"]]',
      'serin.dev/revision': revision,
      'serin.dev/written': expect.stringMatching(/^f1:[0-9a-f]{16}$/),
    });
    expect(spec.template.metadata['annotations']).toEqual({
      'prometheus.io/scrape': 'true',
      'serin.dev/revision': revision,
    });
  });

  it('takes over four fields of the spec and the replicas it is told', () => {
    expect(primary['spec']).toMatchObject({ minReadySeconds: 5, progressDeadlineSeconds: 60, replicas: 2 });
    expect(spec).not.toHaveProperty('paused');
    expect(specOf(rendered(podinfo, { replicas: undefined }))).not.toHaveProperty('replicas');
  });

  it('keeps apart from its own pods where the target kept apart from its own', () => {
    expect(spec.template.spec).toMatchObject({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app: 'podinfo' } } },
          ],
        },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app: 'podinfo-primary', tier: 'podinfo' } } },
          ],
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              podAffinityTerm: {
                labelSelector: { matchExpressions: [{ values: ['podinfo-primary', 'other'] }] },
              },
            },
          ],
        },
      },
      topologySpreadConstraints: [{ labelSelector: { matchLabels: { app: 'podinfo-primary' } } }],
    });
  });

  it('never touches what it is made from', () => {
    fc.assert(
      fc.property(deployments, (target) => {
        const before = structuredClone(target);
        const stored = captured(target);
        const storedBefore = structuredClone(stored);
        deploymentKind.renderPrimary(stored, { ...wish, selector: selectorFor(target) });
        expect(target).toEqual(before);
        expect(stored).toEqual(storedBefore);
      }),
    );
  });

  it('can be told from its target by nothing but what makes it a primary', () => {
    fc.assert(
      fc.property(deployments, (target) => {
        const primaryView = viewOfDeployment(rendered(target));
        const targetView = viewOfDeployment(target);
        expect(primaryView.sourceHash).toBe(targetView.sourceHash);
        expect(primaryView.templateHash).not.toBe(targetView.templateHash);
      }),
    );
  });

  it('refers to the copy of each tracked object, and to nothing else that changed', () => {
    fc.assert(
      fc.property(deployments, (target) => {
        const { configs } = captured(target);
        const template = specOf(rendered(target)).template;
        const before = configRefsOf(specOf(target).template).map(({ kind, name }) => {
          const copy = configs[`${kind.toLowerCase()}/${name}`]?.copy;
          return `${kind} ${copy ?? name}`;
        });
        expect(configRefsOf(template).map(({ kind, name }) => `${kind} ${name}`)).toEqual(before);
        const copies = Object.fromEntries(Object.entries(configs).map(([key, { copy }]) => [key, copy]));
        expect(rewriteConfigRefs(template, copies)).toEqual(template);
      }),
    );
  });
});

const made = (template: Record<string, unknown>): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'podinfo-primary', namespace: 'test' },
  spec: { selector: { matchLabels: { app: 'podinfo-primary' } }, template },
});

describe('a primary that was made by Flagger', () => {
  const target = made({
    metadata: { labels: { app: 'podinfo' }, annotations: { 'prometheus.io/scrape': 'true' } },
    spec: {
      containers: [{ name: 'c', image: 'i:1', envFrom: [{ configMapRef: { name: 'settings' } }] }],
      volumes: [{ name: 'v', secret: { secretName: 'token' } }],
    },
  });
  const primary = (image: string): KubeObject =>
    made({
      metadata: {
        labels: { app: 'podinfo-primary' },
        annotations: {
          'prometheus.io/scrape': 'true',
          'flagger-id': 'f00',
          'kubectl.kubernetes.io/restartedAt': '2026-11-01T00:00:00Z',
        },
      },
      spec: {
        containers: [{ name: 'c', image, envFrom: [{ configMapRef: { name: 'settings-primary' } }] }],
        volumes: [{ name: 'v', secret: { secretName: 'token' } }],
      },
    });

  it('is recognised as the copy of its target', () => {
    expect(viewOfDeployment(primary('i:1')).sourceHash).toBe(viewOfDeployment(target).sourceHash);
  });

  it('shows a real difference', () => {
    expect(viewOfDeployment(primary('i:2')).sourceHash).not.toBe(viewOfDeployment(target).sourceHash);
  });
});

describe('primaryShape', () => {
  const written = rendered(podinfo);
  const live: KubeObject = {
    ...written,
    metadata: {
      ...written.metadata,
      uid: 'p',
      resourceVersion: '9',
      labels: { ...written.metadata.labels, 'others/label': 'kept' },
      annotations: { ...written.metadata.annotations, 'deployment.kubernetes.io/revision': '3' },
    },
    status: { replicas: 2 },
  };

  it('sees no drift in what it wrote, nor in what others may add', () => {
    expect(viewOfDeployment(written).drifted).toBe(false);
    expect(viewOfDeployment(live).drifted).toBe(false);
    expect(viewOfDeployment(live).revision).toBe(captured(podinfo).revision);
  });

  it.each<[string, readonly string[], unknown]>([
    ['an edited image', ['template', 'spec', 'containers'], [{ name: 'podinfo', image: 'other' }]],
    ['an edited label of the pods', ['template', 'metadata', 'labels', 'tier'], 'db'],
    ['an edited strategy', ['strategy'], { type: 'Recreate' }],
  ])('sees %s', (_title, path, value) => {
    expect(viewOfDeployment(edited(live, ['spec', ...path], value)).drifted).toBe(true);
  });

  it.each<[string, readonly string[], unknown]>([
    ['a scaled primary', ['replicas'], 9],
    [
      'a restart by kubectl',
      ['template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt'],
      '2026-11-21T00:00:00Z',
    ],
  ])('takes %s for no drift', (_title, path, value) => {
    expect(viewOfDeployment(edited(live, ['spec', ...path], value)).drifted).toBe(false);
  });

  it('takes a note by another version of itself for no drift', () => {
    const annotations = { ...live.metadata.annotations, 'serin.dev/written': 'f0:0000000000000000' };
    expect(viewOfDeployment({ ...live, metadata: { ...live.metadata, annotations } }).drifted).toBe(false);
  });

  it('merges to what was wanted, whatever was there', () => {
    fc.assert(
      fc.property(deployments, deployments, (before, after) => {
        const old = { ...rendered(before), status: { replicas: 1 } };
        const wanted = rendered(after, { replicas: undefined });
        const merged = primaryShape.merge(old, wanted);
        expect(primaryShape.fingerprint(merged)).toBe(primaryShape.fingerprint(wanted));
        expect(viewOfDeployment(merged)).toMatchObject({ drifted: false, replicas: 2 });
        expect(specOf(merged).selector).toEqual(specOf(old).selector);
        expect(primaryShape.merge(merged, wanted)).toEqual(merged);
      }),
    );
  });

  it('keeps what others wrote and takes away what it wrote once', () => {
    const wanted = rendered({ ...podinfo, metadata: { ...podinfo.metadata, annotations: {} } });
    const { labels, annotations, resourceVersion } = primaryShape.merge(live, wanted).metadata;
    expect(labels).toEqual({ app: 'podinfo-primary', 'others/label': 'kept' });
    expect(annotations).toHaveProperty(['deployment.kubernetes.io/revision'], '3');
    expect(annotations).not.toHaveProperty(['reloader.test/auto']);
    expect(resourceVersion).toBe('9');
  });

  it.each([
    ['takes over from an earlier Canary of its name', { ...owner, uid: 'earlier' }, [owner]],
    [
      'adds itself to owners that do not control',
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' },
      [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }, owner],
    ],
    [
      'leaves another controller in place',
      { ...owner, name: 'other', uid: 'x' },
      [{ ...owner, name: 'other', uid: 'x' }],
    ],
  ])('%s', (_title, there, expected) => {
    const foreign = { ...live, metadata: { ...live.metadata, ownerReferences: [there] } };
    expect(primaryShape.merge(foreign, written).metadata.ownerReferences).toEqual(expected);
  });

  it('accepts what the server made of it, once', () => {
    const stored = edited(live, ['spec', 'template', 'spec', 'dnsPolicy'], 'ClusterFirst');
    expect(viewOfDeployment(stored).drifted).toBe(true);
    const note = absorbServerChanges(stored, primaryShape);
    stored.metadata.annotations = { ...stored.metadata.annotations, ...note };
    expect(viewOfDeployment(stored).drifted).toBe(false);
    expect(absorbServerChanges(stored, primaryShape)).toBeUndefined();
  });

  it('is as ready as its pods are', () => {
    const view = viewOfDeployment(written);
    expect(readinessOf(view, 100).kind).toBe('notYet');
  });
});
