import { describe, expect, it } from '@jest/globals';
import { CanaryStatus } from '../../src/api/status.ts';
import { customResourceDefinitions } from '../../src/api/crd.ts';
import { whyRefuse } from '../../src/commands/check-cluster.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { StoreCluster } from '../../src/sandbox/store-cluster.ts';
import { Store } from '../../src/sandbox/store.ts';

function clusterWith(definition: KubeObject | undefined): StoreCluster {
  const store = new Store({ now: () => 0, newUid: () => 'uid' });
  if (definition !== undefined) {
    store.create(resources.customResourceDefinitions, definition);
  }
  return new StoreCluster(store);
}

function definitionOfCanaries(status: object): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'canaries.flagger.app' },
    spec: {
      group: 'flagger.app',
      scope: 'Namespaced',
      names: { plural: 'canaries', kind: 'Canary' },
      versions: [
        {
          name: 'v1beta1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { status } } },
          subresources: { status: {} },
        },
      ],
    },
  };
}

describe('a cluster at start', () => {
  it('is worked with under the definition that comes with this version', async () => {
    const own = customResourceDefinitions().find(({ metadata }) => metadata.name === 'canaries.flagger.app');
    const definition =
      own === undefined
        ? undefined
        : { ...own, metadata: { name: own.metadata.name }, spec: { ...own.spec } };

    await expect(whyRefuse(clusterWith(definition))).resolves.toBeUndefined();
  });

  it.each([
    ['without the definition', undefined, /not installed/],
    [
      'under a definition that prunes what is stored',
      definitionOfCanaries({ type: 'object', properties: { phase: { type: 'string' } } }),
      /does not keep status\.run, it is that of another/,
    ],
    [
      'under the definition of an older version, which lacks a field of a run',
      definitionOfCanaries({
        type: 'object',
        properties: {
          ...Object.fromEntries(Object.keys(CanaryStatus.shape).map((key) => [key, { type: 'string' }])),
          run: { type: 'object', properties: { id: { type: 'string' } } },
        },
      }),
      /does not keep status\.run\.kind/,
    ],
  ])('is refused %s', async (_title, definition, message) => {
    await expect(whyRefuse(clusterWith(definition))).resolves.toMatch(message);
  });
});
