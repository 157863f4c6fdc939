import { describe, expect, it } from '@jest/globals';
import { enact } from '../../src/act/act.ts';
import { wakeOnChanges } from '../../src/commands/wake.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { allPrimary } from '../../src/model/split.ts';
import {
  acceptRoute,
  canaryObject,
  configMap,
  deploymentObject,
  horizontalPodAutoscaler,
  lab,
  secret,
} from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { canaries, configMaps, deployments, gatewayClasses, gateways, metricTemplates, services } = resources;
const key = (name: string): { namespace: string; name: string } => ({ namespace: 'shop', name });

const template: KubeObject = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'MetricTemplate',
  metadata: { name: 'latency', namespace: 'shop' },
  spec: { provider: { type: 'prometheus', address: 'http://prometheus.example.com' }, query: 'vector(1)' },
};

/** `cart` uses ConfigMap `flags` and MetricTemplate `latency`; `other` has nothing to do with either. */
function world(): { of: Lab; woken: () => readonly string[] } {
  const container = { envFrom: [{ configMapRef: { name: 'flags' } }] };
  const metrics = [{ name: 'latency', templateRef: { name: 'latency' }, thresholdRange: { max: 1 } }];
  const of = lab([
    [configMaps, configMap('flags', { color: 'red' })],
    [metricTemplates, template],
    [canaries, canaryObject({ analysis: { interval: '10s', threshold: 1, stepWeight: 50, metrics } })],
    [
      canaries,
      canaryObject(
        { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' } },
        { name: 'other' },
      ),
    ],
    [deployments, deploymentObject({ container })],
    [deployments, deploymentObject({ name: 'other' })],
  ]);
  const keys = new Set<string>();
  wakeOnChanges(of.caches, (woken) => keys.add(woken));
  return {
    of,
    woken: () => {
      const all = [...keys].toSorted();
      keys.clear();
      return all;
    },
  };
}

function edit(of: Lab, resource: Resource, name: string, body: Record<string, unknown>): void {
  of.store.patch(resource, key(name), { kind: 'merge', body });
}

describe('who is woken', () => {
  it('whoever is said to have a route that shows, there or not', () => {
    const { of, woken } = world();
    const [trafficRoutes] = [...of.caches.traffic.values()].filter(({ resource }) => !resource.namespaced);
    const resource = trafficRoutes?.resource ?? services;
    const annotations = { 'serin.dev/canary': 'north/gone' };
    of.store.create(resource, {
      apiVersion: 'kuma.io/v1alpha1',
      kind: resource.kind,
      metadata: { name: 'left', annotations },
      spec: {},
    });
    expect(woken()).toEqual(['north/gone']);
    of.store.patch(resource, { name: 'left' }, { kind: 'merge', body: { spec: { conf: {} } } });
    expect(woken()).toEqual([]);
  });

  it.each<[string, (of: Lab) => unknown]>([
    ['its spec', (of) => edit(of, canaries, 'cart', { spec: { skipAnalysis: true } })],
    ['its target', (of) => edit(of, deployments, 'cart', { spec: { replicas: 5 } })],
    ['its target going away', (of) => of.store.delete(deployments, key('cart'))],
    ['a primary of it', (of) => of.store.create(deployments, deploymentObject({ name: 'cart-primary' }))],
    [
      'a Service of its name',
      (of) =>
        of.store.create(services, {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'cart-canary', namespace: 'shop' },
          spec: { ports: [{ port: 80 }] },
        }),
    ],
    ['its metric template', (of) => edit(of, metricTemplates, 'latency', { spec: { query: 'vector(2)' } })],
    ['a ConfigMap that its target uses', (of) => edit(of, configMaps, 'flags', { data: { color: 'blue' } })],
    ['its own deletion', (of) => of.store.delete(canaries, key('cart'))],
  ])('by %s: that Canary alone', (_title, change) => {
    const { of, woken } = world();
    woken();
    change(of);

    expect(woken()).toEqual(['shop/cart']);
  });

  it('R17: by its route and its stored revisions', async () => {
    const { of, woken } = world();
    const stage = { cluster: of.cluster, caches: of.caches, scene: of.scene(), checksums: undefined };
    await enact(stage, [{ kind: 'writeRoute', split: allPrimary }]);
    woken();
    acceptRoute(of);
    expect(woken()).toEqual(['shop/cart']);

    of.store.create(resources.controllerRevisions, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: 'cart-v1-0123456789abcdef',
        namespace: 'shop',
        annotations: { 'serin.dev/revision': 'v1:0123456789abcdef' },
        ownerReferences: [
          { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'cart', uid: of.view().uid },
        ],
      },
      revision: 1,
      data: {},
    });
    expect(woken()).toEqual(['shop/cart']);
  });

  it.each<[string, (of: Lab) => unknown]>([
    [
      'a Deployment that nobody targets',
      (of) => of.store.create(deployments, deploymentObject({ name: 'stranger' })),
    ],
    ['a ConfigMap that nobody uses', (of) => of.store.create(configMaps, configMap('stranger', {}))],
    [
      'a Secret: those are read, never watched',
      (of) => of.store.create(resources.secrets, secret('keys', {})),
    ],
  ])('nobody by %s', (_title, change) => {
    const { of, woken } = world();
    woken();
    change(of);

    expect(woken()).toEqual([]);
  });

  it('by its Gateway and the class of that, where what is kept of them changes', () => {
    const { of, woken } = world();
    edit(of, canaries, 'other', { spec: { service: { gatewayRefs: [{ name: 'private' }] } } });
    woken();
    const apiVersion = 'gateway.networking.k8s.io/v1';
    const edge = { name: 'public', namespace: 'edge' };
    of.store.create(gateways, {
      apiVersion,
      kind: 'Gateway',
      metadata: edge,
      spec: { gatewayClassName: 'envoy' },
    });
    expect(woken()).toEqual(['shop/cart']);
    of.store.create(gatewayClasses, { apiVersion, kind: 'GatewayClass', metadata: { name: 'envoy' } });
    of.store.create(gatewayClasses, { apiVersion, kind: 'GatewayClass', metadata: { name: 'stranger' } });
    expect(woken()).toEqual(['shop/cart']);
    const body = { spec: { listeners: [{ name: 'http', port: 80 }] } };
    of.store.patch(gateways, edge, { kind: 'merge', body });
    expect(woken()).toEqual([]);
  });

  it('by the autoscalers of its target and of its primary, and by those that were made for it', () => {
    const { of, woken } = world();
    const autoscalerRef = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'cart' };
    edit(of, canaries, 'cart', { spec: { autoscalerRef } });
    woken();
    const { horizontalPodAutoscalers } = resources;
    of.store.create(horizontalPodAutoscalers, horizontalPodAutoscaler());
    expect(woken()).toEqual(['shop/cart']);
    const { uid } = of.view();
    const { metadata, ...made } = horizontalPodAutoscaler();
    const owner = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'cart', uid };
    of.store.create(horizontalPodAutoscalers, {
      ...made,
      metadata: { ...metadata, name: 'former-primary', ownerReferences: [owner] },
    });
    expect(woken()).toEqual(['shop/cart']);
  });

  it('the other Canary on an autoscaler too, when the one that has it lets go', () => {
    const { of, woken } = world();
    const autoscalerRef = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'cart' };
    edit(of, canaries, 'cart', { spec: { autoscalerRef } });
    const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'rival' };
    of.store.create(canaries, canaryObject({ targetRef, autoscalerRef }, { name: 'rival' }));
    woken();
    edit(of, canaries, 'cart', { spec: { autoscalerRef: null } });
    expect(woken()).toEqual(['shop/cart', 'shop/rival']);
  });

  it('the other Canary on a target too, when the one that has it lets go', () => {
    const { of, woken } = world();
    of.store.create(canaries, canaryObject({}, { name: 'rival' }));
    woken();
    of.store.delete(canaries, key('cart'));
    expect(woken()).toContain('shop/rival');

    of.store.create(canaries, canaryObject());
    expect(woken()).toEqual(['shop/cart', 'shop/rival']);
    edit(of, canaries, 'cart', { spec: { targetRef: { name: 'elsewhere' } } });
    expect(woken()).toEqual(['shop/cart', 'shop/rival']);
    edit(of, canaries, 'cart', { spec: { skipAnalysis: true } });
    expect(woken()).toEqual(['shop/cart']);
  });

  it('a command wakes the Canary that it names, also where there is none', () => {
    const { of, woken } = world();
    const create = (name: string, canary: string): void => {
      of.store.create(resources.canaryCommands, {
        apiVersion: 'serin.dev/v1alpha1',
        kind: 'CanaryCommand',
        metadata: { name, namespace: 'shop' },
        spec: { canary, verb: 'pause' },
      });
    };
    create('one', 'cart');
    expect(woken()).toEqual(['shop/cart']);
    create('two', 'nobody');
    expect(woken()).toEqual(['shop/nobody']);
    of.store.delete(resources.canaryCommands, key('one'));
    expect(woken()).toEqual(['shop/cart']);
  });
});
