import { describe, expect, it } from '@jest/globals';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { admit } from '../../src/sandbox/crd-schema.ts';
import {
  autoscalerShape,
  compareAutoscaler,
  renderPrimaryAutoscaler,
  viewOfAutoscaler,
} from '../../src/workload/autoscaler.ts';
import { autoscalerKinds } from '../../src/workload/autoscalers.ts';
import { schemaOf } from '../traffic/definitions.ts';
import { owner } from './arbitrary.ts';

const { HorizontalPodAutoscaler: hpa, ScaledObject: keda } = autoscalerKinds;
const folder = process.env['SERIN_TEST_CRDS'] ?? '';
const withCrds = folder === '' ? it.skip : it;

const metadata = {
  name: 'podinfo',
  namespace: 'test',
  labels: { team: 'a', 'kustomize.toolkit.fluxcd.io/name': 'apps' },
  annotations: { note: 'stays', 'argocd.argoproj.io/tracking-id': 'x' },
};
const scaler: KubeObject = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata,
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo' },
    minReplicas: 2,
    maxReplicas: 8,
    metrics: [{ type: 'Resource', resource: { name: 'cpu' } }],
    behavior: { scaleDown: { stabilizationWindowSeconds: 30 } },
  },
};
const scaledObject: KubeObject = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: {
    ...metadata,
    labels: { ...metadata.labels, 'scaledobject.keda.sh/name': 'podinfo' },
    annotations: {
      ...metadata.annotations,
      'autoscaling.keda.sh/paused-replicas': '0',
      'autoscaling.keda.sh/paused': 'true',
    },
  },
  spec: {
    scaleTargetRef: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'podinfo',
      envSourceContainerName: 'app',
    },
    pollingInterval: 10,
    cooldownPeriod: 20,
    minReplicaCount: 1,
    maxReplicaCount: 3,
    idleReplicaCount: 0,
    initialCooldownPeriod: 7,
    fallback: { failureThreshold: 3, replicas: 2 },
    triggers: [
      {
        type: 'prometheus',
        name: 'rps',
        metadata: { serverAddress: 'http://prometheus', threshold: '5', query: 'rate(podinfo_total[1m])' },
        authenticationRef: { name: 'podinfo-auth' },
        someday: 'kept',
      },
      { type: 'cpu', metricType: 'Utilization', metadata: { value: '60' } },
    ],
  },
};
const wish = {
  targetName: 'podinfo',
  primaryName: 'podinfo-primary',
  owner,
  replicas: undefined,
  queries: undefined,
};
const specOf = (object: KubeObject): Readonly<Record<string, unknown>> => objectOf(object['spec']);
const withSpec = (object: KubeObject, spec: Readonly<Record<string, unknown>>): KubeObject => ({
  ...object,
  spec: { ...specOf(object), ...spec },
});
const annotated = (object: KubeObject, annotations: Readonly<Record<string, string>>): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
});

describe('the HorizontalPodAutoscaler of a primary', () => {
  const copy = renderPrimaryAutoscaler(hpa, scaler, wish);

  it('scales the primary as the target is scaled', () => {
    expect(copy.metadata).toMatchObject({
      name: 'podinfo-primary',
      namespace: 'test',
      ownerReferences: [owner],
    });
    expect(copy['spec']).toEqual({
      ...specOf(scaler),
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo-primary' },
    });
  });

  it('has the labels and annotations of the target, but those by which tools claim it', () => {
    expect(copy.metadata.labels).toEqual({ team: 'a' });
    expect(Object.keys(copy.metadata.annotations ?? {})).toEqual(['note', 'serin.dev/copied']);
  });

  it.each([
    ['both bounds', { minReplicas: 4, maxReplicas: 16 }, { minReplicas: 4, maxReplicas: 16 }],
    ['the lower bound', { minReplicas: 4 }, { minReplicas: 4, maxReplicas: 8 }],
    ['no bound', {}, { minReplicas: 2, maxReplicas: 8 }],
  ])('has its own replicas: %s', (_title, replicas, expected) => {
    expect(renderPrimaryAutoscaler(hpa, scaler, { ...wish, replicas })['spec']).toMatchObject(expected);
  });

  it('counts an autoscaler without any field as one replica', () => {
    const bare = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'x' } };
    expect(viewOfAutoscaler(hpa, bare)).toMatchObject({ minReplicas: 1, uid: '', ownerUids: [] });
    expect(viewOfAutoscaler(hpa, bare).paused).toBeUndefined();
  });
});

describe('the ScaledObject of a primary', () => {
  const copy = renderPrimaryAutoscaler(keda, scaledObject, wish);

  it('D19: has every field of the original, also those that nobody here knows', () => {
    const { triggers: _triggers, advanced: _advanced, ...rest } = specOf(copy);
    const { triggers: _original, ...original } = specOf(scaledObject);
    expect(rest).toEqual({
      ...original,
      scaleTargetRef: { ...objectOf(original['scaleTargetRef']), name: 'podinfo-primary' },
    });
    expect(specOf(copy)['triggers']).toEqual([
      {
        type: 'prometheus',
        name: 'rps',
        metadata: {
          serverAddress: 'http://prometheus',
          threshold: '5',
          query: 'rate(podinfo-primary_total[1m])',
        },
        authenticationRef: { name: 'podinfo-auth' },
        someday: 'kept',
      },
      { type: 'cpu', metricType: 'Utilization', metadata: { value: '60' } },
    ]);
  });

  it('D15: is never paused, whatever the original is', () => {
    expect(Object.keys(copy.metadata.annotations ?? {})).toEqual(['note', 'serin.dev/copied']);
    expect(copy.metadata.labels).toEqual({ team: 'a' });
    const live = annotated(copy, { 'autoscaling.keda.sh/paused-replicas': '0', 'team/note': 'x' });
    expect(compareAutoscaler(keda, live, copy)).toBe('growing');
    const merged = autoscalerShape(keda).merge(live, copy);
    expect(merged.metadata.annotations).toEqual({ ...copy.metadata.annotations, 'team/note': 'x' });
  });

  it.each([
    ['podinfo', 'podinfo-primary'],
    ['podinfo-canary', 'podinfo-primary'],
    ['podinfo-primary', 'podinfo-primary'],
    [
      'sum(a{d="podinfo"}) - sum(b{d="podinfo-canary"})',
      'sum(a{d="podinfo-primary"}) - sum(b{d="podinfo-primary"})',
    ],
    ['mypodinfos', 'mypodinfo-primarys'],
    ['up', 'up'],
  ])('measures the primary where the original measures the target: %s', (query, expected) => {
    const triggers = [{ type: 'prometheus', metadata: { query } }];
    expect(
      specOf(renderPrimaryAutoscaler(keda, withSpec(scaledObject, { triggers }), wish))['triggers'],
    ).toEqual([{ type: 'prometheus', metadata: { query: expected } }]);
  });

  it('takes names for what they are, never for patterns', () => {
    const triggers = [{ type: 'prometheus', metadata: { query: 'a.b axb' } }];
    const named = { ...wish, targetName: 'a.b', primaryName: 'a.b-primary' };
    expect(
      specOf(renderPrimaryAutoscaler(keda, withSpec(scaledObject, { triggers }), named))['triggers'],
    ).toEqual([{ type: 'prometheus', metadata: { query: 'a.b-primary axb' } }]);
  });

  it('has the queries that primaryScalerQueries give, by name, and otherwise the original ones', () => {
    const triggers = [
      { type: 'prometheus', name: 'rps', metadata: { query: 'podinfo', threshold: '1' } },
      { type: 'prometheus', name: 'other', metadata: { query: 'podinfo' } },
      { type: 'prometheus', metadata: { query: 'podinfo' } },
    ];
    const rendered = renderPrimaryAutoscaler(keda, withSpec(scaledObject, { triggers }), {
      ...wish,
      queries: { rps: 'mine' },
    });
    expect(specOf(rendered)['triggers']).toEqual([
      { type: 'prometheus', name: 'rps', metadata: { query: 'mine', threshold: '1' } },
      triggers[1],
      triggers[2],
    ]);
  });

  it.each([
    [undefined, {}],
    [{ restoreToOriginalReplicaCount: true }, { restoreToOriginalReplicaCount: true }],
    [
      { horizontalPodAutoscalerConfig: { name: 'hpa', behavior: { scaleUp: {} } } },
      { horizontalPodAutoscalerConfig: { name: 'hpa-primary', behavior: { scaleUp: {} } } },
    ],
  ])('names the autoscaler that KEDA makes apart: %j', (advanced, expected) => {
    expect(
      specOf(renderPrimaryAutoscaler(keda, withSpec(scaledObject, { advanced }), wish))['advanced'],
    ).toEqual(expected);
  });

  it('has its own replicas where they are given', () => {
    const replicas = { minReplicas: 4, maxReplicas: 16 };
    expect(renderPrimaryAutoscaler(keda, scaledObject, { ...wish, replicas })['spec']).toMatchObject({
      minReplicaCount: 4,
      maxReplicaCount: 16,
    });
  });

  withCrds('is what the definition of KEDA accepts (needs SERIN_TEST_CRDS)', () => {
    const schema = schemaOf(folder, keda.resource);
    const known = withSpec(scaledObject, {
      triggers: [{ type: 'cpu', metadata: { value: '60' } }],
      advanced: { horizontalPodAutoscalerConfig: { name: 'hpa' } },
    });
    const rendered = renderPrimaryAutoscaler(keda, known, wish);
    expect(admit(schema, { ...rendered })).toMatchObject({ problems: [], object: rendered });
  });
});

describe('what writing the autoscaler of a primary would change', () => {
  const copy = renderPrimaryAutoscaler(hpa, scaler, wish);
  const wanted = (spec: Readonly<Record<string, unknown>>): KubeObject =>
    renderPrimaryAutoscaler(hpa, withSpec(scaler, spec), wish);

  it.each([
    ['nothing', {}, 'none'],
    ['more pods at most', { maxReplicas: 9 }, 'growing'],
    ['more pods at least', { minReplicas: 3, maxReplicas: 9 }, 'growing'],
    ['fewer pods at most', { maxReplicas: 7 }, 'other'],
    ['fewer pods at least', { minReplicas: 1, maxReplicas: 9 }, 'other'],
    ['another metric', { metrics: [{ type: 'Resource', resource: { name: 'memory' } }] }, 'other'],
    ['another behavior', { behavior: undefined }, 'other'],
    ['a field nobody knows', { someday: true, maxReplicas: 9 }, 'other'],
  ] as const)('%s', (_title, spec, expected) => {
    expect(compareAutoscaler(hpa, copy, wanted(spec))).toBe(expected);
  });

  it('D18: is nothing where only others have added labels and annotations', () => {
    const live = annotated(copy, { 'team/note': 'x' });
    expect(compareAutoscaler(hpa, live, copy)).toBe('none');
  });

  it('D18: are the labels and annotations that the target has got or lost, once', () => {
    const relabelled = {
      ...scaler,
      metadata: { ...scaler.metadata, labels: { team: 'b' }, annotations: {} },
    };
    const next = renderPrimaryAutoscaler(hpa, relabelled, wish);
    expect(compareAutoscaler(hpa, copy, next)).toBe('growing');
    const merged = autoscalerShape(hpa).merge(annotated(copy, { 'team/note': 'x' }), next);
    expect(merged.metadata.labels).toEqual({ team: 'b' });
    expect(merged.metadata.annotations).toMatchObject({ 'team/note': 'x' });
    expect(merged.metadata.annotations).not.toHaveProperty('note');
    expect(compareAutoscaler(hpa, merged, next)).toBe('none');
  });

  it('is nothing where Flagger left an equal one without annotations', () => {
    const left = {
      ...copy,
      metadata: { name: 'podinfo-primary', namespace: 'test', ownerReferences: [owner] },
    };
    expect(compareAutoscaler(hpa, left, copy)).toBe('none');
    expect(compareAutoscaler(hpa, left, wanted({ maxReplicas: 7 }))).toBe('other');
  });
});
