import { describe, expect, it } from '@jest/globals';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { autoscalerShape, renderPrimaryAutoscaler, viewOfAutoscaler } from '../../src/workload/autoscaler.ts';
import { owner } from './arbitrary.ts';

const target: KubeObject = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: {
    name: 'podinfo',
    namespace: 'test',
    labels: { team: 'a', 'kustomize.toolkit.fluxcd.io/name': 'apps' },
    annotations: { note: 'stays' },
  },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo' },
    minReplicas: 2,
    maxReplicas: 8,
    metrics: [{ type: 'Resource', resource: { name: 'cpu' } }],
    behavior: { scaleDown: { stabilizationWindowSeconds: 30 } },
  },
};
const wish = { primaryName: 'podinfo-primary', owner, replicas: undefined };

describe('renderPrimaryAutoscaler', () => {
  it('scales the primary as the target is scaled', () => {
    const { annotations, ...metadata } = renderPrimaryAutoscaler(target, wish).metadata;
    expect(metadata).toEqual({
      name: 'podinfo-primary',
      namespace: 'test',
      labels: { team: 'a' },
      ownerReferences: [owner],
    });
    expect(Object.keys(annotations ?? {})).toEqual(['serin.dev/copied']);
    expect(renderPrimaryAutoscaler(target, wish)['spec']).toEqual({
      ...objectOf(target['spec']),
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo-primary' },
    });
  });

  it.each([
    ['both bounds', { minReplicas: 4, maxReplicas: 16 }, [4, 16]],
    ['the lower bound', { minReplicas: 4 }, [4, 8]],
    ['no bound', {}, [2, 8]],
  ])('has its own replicas: %s', (_title, replicas, [minReplicas, maxReplicas]) => {
    expect(viewOfAutoscaler(renderPrimaryAutoscaler(target, { ...wish, replicas }))).toMatchObject({
      minReplicas,
      maxReplicas,
    });
  });
});

describe('autoscalerShape', () => {
  const written = renderPrimaryAutoscaler(target, wish);
  const live: KubeObject = {
    ...written,
    metadata: {
      ...written.metadata,
      resourceVersion: '4',
      labels: { ...written.metadata.labels, other: 'x' },
    },
    spec: { ...objectOf(written['spec']), someday: true },
    status: { currentReplicas: 2 },
  };

  it('sees no difference in what others added', () => {
    expect(autoscalerShape.fingerprint(live)).toBe(autoscalerShape.fingerprint(written));
    expect(viewOfAutoscaler(live).fingerprint).toBe(autoscalerShape.fingerprint(written));
  });

  it('follows its target, keeps what others added, drops what the target dropped', () => {
    const spec = { ...objectOf(target['spec']), maxReplicas: 9, behavior: undefined };
    const wanted = renderPrimaryAutoscaler(
      { ...target, spec, metadata: { ...target.metadata, labels: {} } },
      wish,
    );
    expect(autoscalerShape.fingerprint(wanted)).not.toBe(autoscalerShape.fingerprint(live));
    const merged = autoscalerShape.merge(live, wanted);
    expect(autoscalerShape.fingerprint(merged)).toBe(autoscalerShape.fingerprint(wanted));
    expect(merged.metadata).toMatchObject({ resourceVersion: '4', labels: { other: 'x' } });
    expect(merged.metadata.labels).not.toHaveProperty('team');
    expect(merged['spec']).toMatchObject({ maxReplicas: 9, someday: true });
    expect(merged['spec']).not.toHaveProperty('behavior');
  });

  it('counts an autoscaler without any field as one replica', () => {
    const bare = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'x' } };
    expect(viewOfAutoscaler(bare)).toMatchObject({ minReplicas: 1, maxReplicas: 1, uid: '', ownerUids: [] });
  });
});
