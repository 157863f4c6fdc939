import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { objectOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { Store } from '../../src/sandbox/store.ts';
import { coreServices, renderCanaryClone } from '../../src/workload/service.ts';
import { captureRevision } from '../../src/workload/stored-revision.ts';
import { owner } from './arbitrary.ts';

const wish = { name: 'shop-primary', namespace: 'test', owner };
const primaryWish = { ...wish, selector: undefined, replicas: undefined, includeLabelPrefix: [] };

function service(spec: Readonly<Record<string, unknown>>, name = 'shop'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'test',
      labels: { team: 'shop', 'kustomize.toolkit.fluxcd.io/name': 'apps' },
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'lb.test/internal': 'true' },
    },
    spec,
  };
}

const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
const plain = { selector: { app: 'shop' }, ports };

/** As an API server keeps it: with addresses and defaults. */
function stored(object: KubeObject, store = new Store({ now: () => 0, newUid: () => 'u' })): KubeObject {
  return store.create(resources.services, object);
}

const captured = (target: KubeObject): ReturnType<typeof captureRevision> =>
  captureRevision(coreServices, target, { checksums: undefined, ownerUid: owner.uid });
const primaryOf = (target: KubeObject): KubeObject =>
  coreServices.renderPrimary(captured(target), primaryWish);

describe('the copies of a Service', () => {
  it('D20: are accepted by a server, which gives them addresses of their own', () => {
    const store = new Store({ now: () => 0, newUid: () => 'u' });
    const target = stored(service({ ...plain, type: 'NodePort' }), store);
    const primary = stored(primaryOf(target), store);
    const canary = stored(renderCanaryClone(target, { ...wish, name: 'shop-canary' }), store);
    const addresses = [target, primary, canary].map((one) => objectOf(one['spec'])['clusterIP']);

    expect(new Set(addresses).size).toBe(3);
    expect(objectOf(primary['spec'])).toMatchObject({ selector: { app: 'shop' }, type: 'NodePort' });
  });

  it('are without an address where the target is', () => {
    expect(objectOf(primaryOf(stored(service({ ...plain, clusterIP: 'None' })))['spec'])['clusterIP']).toBe(
      'None',
    );
  });

  it('have the labels and annotations of the target, but those by which other tools claim it, and an owner', () => {
    expect(primaryOf(service(plain)).metadata).toMatchObject({
      name: 'shop-primary',
      labels: { team: 'shop' },
      annotations: { 'lb.test/internal': 'true', 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' },
      ownerReferences: [owner],
    });
    expect(primaryOf(service(plain)).metadata.annotations).not.toHaveProperty([
      'kubectl.kubernetes.io/last-applied-configuration',
    ]);
    expect(primaryOf(service(plain)).metadata.labels).toEqual({ team: 'shop' });
  });

  it('are the content that the target has, whatever addresses it has', () => {
    const target = stored(service({ ...plain, type: 'NodePort', externalIPs: ['192.0.2.1'] }));
    const view = coreServices.view(target);

    expect(coreServices.view(stored(primaryOf(target))).sourceHash).toBe(view.sourceHash);
    expect(coreServices.view(renderCanaryClone(target, wish)).sourceHash).toBe(view.sourceHash);
    expect(coreServices.capture(stored(primaryOf(target)))).toEqual(coreServices.capture(target));
  });
});

describe('a revision of a Service', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['ports', { ports: [{ name: 'http', port: 81 }] }],
    ['the selector', { selector: { app: 'other' } }],
    ['the type', { type: 'LoadBalancer' }],
    ['a field that nobody has heard of', { future: { deep: [1] } }],
  ])('is another one with a change of %s', (_title, change) => {
    expect(captured(service({ ...plain, ...change })).revision).not.toBe(captured(service(plain)).revision);
  });

  it('is the same for other metadata and other addresses', () => {
    const made = stored(service(plain));
    const again = {
      ...made,
      spec: { ...objectOf(made['spec']), clusterIP: '10.0.0.9', clusterIPs: ['10.0.0.9'] },
    };
    const labelled = { ...made, metadata: { ...made.metadata, labels: { new: 'label' } } };

    expect([captured(again).revision, captured(labelled).revision]).toEqual([
      captured(made).revision,
      captured(made).revision,
    ]);
  });
});

describe('a promotion', () => {
  const store = new Store({ now: () => 0, newUid: () => 'u' });
  const live = stored(primaryOf(service({ ...plain, type: 'NodePort' })), store);
  const after = (spec: Readonly<Record<string, unknown>>, of = live): KubeObject =>
    coreServices.primaryShape.merge(of, primaryOf(service(spec)));

  it('D20: keeps the addresses, the owner and what others put on the primary', () => {
    const labelled = {
      ...live,
      metadata: { ...live.metadata, labels: { ...live.metadata.labels, mine: 'x' } },
    };
    const merged = after({ ...plain, type: 'NodePort', selector: { app: 'next' } }, labelled);
    const before = objectOf(live['spec']);

    expect(objectOf(merged['spec'])).toMatchObject({
      selector: { app: 'next' },
      clusterIP: before['clusterIP'],
      clusterIPs: before['clusterIPs'],
      ports: [{ name: 'http', nodePort: 30_000 }],
    });
    expect(merged.metadata).toMatchObject({ ownerReferences: [owner], labels: { team: 'shop', mine: 'x' } });
  });

  it('gives the node ports up with the type that has them', () => {
    expect(objectOf(after({ ...plain, type: 'ClusterIP' })['spec'])['ports']).toEqual(ports);
  });

  it('gives the addresses up for a name outside', () => {
    expect(after({ type: 'ExternalName', externalName: 'db.example.com' })['spec']).toEqual({
      type: 'ExternalName',
      externalName: 'db.example.com',
    });
  });

  it('is accepted by a server, and seen to be what was written', () => {
    const kept = store.replace(
      resources.services,
      after({ ...plain, type: 'NodePort', selector: { app: 'next' } }),
    );
    const view = coreServices.view(kept);

    expect(view.sourceHash).toBe(
      coreServices.view(stored(service({ ...plain, type: 'NodePort', selector: { app: 'next' } })))
        .sourceHash,
    );
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
        fc.dictionary(fc.stringMatching(/^x[a-z]{1,5}$/), fc.jsonValue({ maxDepth: 2 })),
        (type, unknown) => {
          const wanted = primaryOf(service({ ...plain, ...unknown, type }));
          const once = coreServices.primaryShape.merge(live, wanted);
          expect(coreServices.primaryShape.merge(once, wanted)).toEqual(once);
          expect(objectOf(once['spec'])).toMatchObject(unknown);
        },
      ),
    );
  });
});

describe('a Service', () => {
  it('is always ready, and never sized', () => {
    const view = coreServices.view(service(plain));

    expect(coreServices.readiness(view, 100)).toEqual({ kind: 'ready' });
    expect(coreServices.scaled).toBeUndefined();
  });
});
