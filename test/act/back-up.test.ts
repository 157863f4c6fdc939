import { describe, expect, it } from '@jest/globals';
import { backUp, restored } from '../../src/act/back-up.ts';
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

function taken(live: KubeObject, spec: unknown): KubeObject {
  const note = backUp(live, 'uid-1');
  return {
    ...live,
    spec,
    metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, ...note } },
  };
}

describe('what is taken over', () => {
  it('is given back as it was', () => {
    expect(restored(taken(service, { selector: { app: 'cart-primary' } }))).toEqual(service);
  });

  it('is kept once: a second take-over does not overwrite what was there first', () => {
    expect(backUp(taken(service, {}), 'uid-1')).toBeUndefined();
  });

  it('is nothing where we made the object ourselves', () => {
    expect(backUp(owned, 'uid-1')).toBeUndefined();
    expect(restored(owned)).toBeUndefined();
  });

  it('is nothing where the note cannot be read', () => {
    const [key = ''] = Object.keys(backUp(service, 'uid-1') ?? {});
    const broken = { ...service, metadata: { ...service.metadata, annotations: { [key]: '{' } } };

    expect(restored(broken)).toBeUndefined();
  });
});
