import { describe, expect, it } from '@jest/globals';
import { backUp, restored } from '../../src/model/original.ts';
import type { KubeObject } from '../../src/model/kube.ts';

const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'cart', namespace: 'shop', annotations: { team: 'a' } },
  spec: { selector: { app: 'cart' } },
};

const owned: KubeObject = {
  ...service,
  metadata: {
    ...service.metadata,
    ownerReferences: [
      { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'cart', uid: 'uid-1', controller: true },
    ],
  },
};

const optOut = 'kustomize.toolkit.fluxcd.io/reconcile';

function taken(live: KubeObject, spec: unknown): KubeObject {
  const { annotations } = live.metadata;
  const merged = {
    ...live,
    spec,
    metadata: { ...live.metadata, annotations: { ...annotations, [optOut]: 'disabled' } },
  };
  const note = backUp(live, 'uid-1', merged);
  return {
    ...merged,
    metadata: { ...merged.metadata, annotations: { ...merged.metadata.annotations, ...note } },
  };
}

describe('what is taken over', () => {
  it('is given back as it was', () => {
    expect(restored(taken(service, { selector: { app: 'cart-primary' } }))).toEqual(service);
  });

  it('has the annotations it had, those that we set for our time too', () => {
    const withAnnotation = {
      ...service,
      metadata: { ...service.metadata, annotations: { team: 'a', [optOut]: 'enabled' } },
    };

    expect(restored(taken(withAnnotation, {}))).toEqual(withAnnotation);
  });

  it('is given back from a note of the first kind, which held the spec alone', () => {
    const spec = { selector: { app: 'cart' } };
    const annotations = { team: 'a', 'serin.dev/original': JSON.stringify(spec) };
    const live = { ...service, spec: {}, metadata: { ...service.metadata, annotations } };

    expect(restored(live)).toEqual(service);
  });

  it('is kept once: a second take-over does not overwrite what was there first', () => {
    expect(backUp(taken(service, {}), 'uid-1', service)).toBeUndefined();
  });

  it('is nothing where we made the object ourselves', () => {
    expect(backUp(owned, 'uid-1', owned)).toBeUndefined();
    expect(restored(owned)).toBeUndefined();
  });

  it('is nothing where the note cannot be read', () => {
    const [key = ''] = Object.keys(backUp(service, 'uid-1', service) ?? {});
    const broken = { ...service, metadata: { ...service.metadata, annotations: { [key]: '{' } } };

    expect(restored(broken)).toBeUndefined();
  });
});
