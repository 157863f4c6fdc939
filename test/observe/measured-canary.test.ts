import { describe, expect, it } from '@jest/globals';
import { resources } from '../../src/model/kube.ts';
import { measuredCanaryOf } from '../../src/observe/measured-canary.ts';
import { canaryObject, deploymentObject, lab } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { canaries, deployments, knativeServices } = resources;

const measured = (of: Lab): ReturnType<typeof measuredCanaryOf> => measuredCanaryOf(of.caches, of.view());

describe('a Canary, as far as its queries are concerned,', () => {
  it('is its names and its spec', () => {
    const of = lab([
      [canaries, canaryObject()],
      [deployments, deploymentObject()],
    ]);

    expect(measured(of)).toEqual({
      name: 'cart',
      namespace: 'shop',
      spec: of.view().canary?.spec,
      mesh: 'default',
    });
  });

  it('is in the mesh that its annotation names, also when that changes alone', () => {
    const of = lab([[canaries, canaryObject({}, { annotations: { 'kuma.io/mesh': 'second' } })]]);
    expect(measured(of)?.mesh).toBe('second');

    const stored = of.find(canaries, 'cart') ?? canaryObject();
    const annotations = { 'kuma.io/mesh': 'third' };
    of.store.replace(canaries, { ...stored, metadata: { ...stored.metadata, annotations } });
    expect(measured(of)?.mesh).toBe('third');
  });

  it('names both revisions of a Knative Service', () => {
    const targetRef = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'cart' };
    const of = lab([[canaries, canaryObject({ provider: 'knative', service: undefined, targetRef })]]);
    const made = of.store.create(knativeServices, {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: {
        name: 'cart',
        namespace: 'shop',
        annotations: { 'flagger.app/primary-revision': 'cart-00006' },
      },
      spec: { template: { spec: { containers: [{ image: 'cart:1' }] } } },
    });
    const status = { latestCreatedRevisionName: 'cart-00007', latestReadyRevisionName: 'cart-00006' };
    of.store.replace(knativeServices, { ...made, status }, { subresource: 'status' });

    expect(measured(of)).toMatchObject({ latestRevision: 'cart-00007', primaryRevision: 'cart-00006' });
  });

  it('is nothing where it cannot be read', () => {
    const of = lab([[canaries, canaryObject({ targetRef: { kind: 'Deployment' } })]]);

    expect(measured(of)).toBeUndefined();
  });
});
