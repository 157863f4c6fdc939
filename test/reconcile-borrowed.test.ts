// A Canary that names a route of the user's: its weights move there, and nothing else does.
import { describe, expect, it } from '@jest/globals';
import { objectOf, objectsOf } from '../src/model/json.ts';
import { resources } from '../src/model/kube.ts';
import type { KubeObject } from '../src/model/kube.ts';
import { FINALIZER } from '../src/observe/canary-view.ts';
import { conditionOf } from './fixture/decision.ts';
import { acceptRoute, canaryObject, deploymentObject, httpRoutes, lab, roll } from './fixture/lab.ts';
import type { Lab } from './fixture/lab.ts';
import { answer, initialised, phaseOf, push, start, type Run } from './fixture/passes.ts';

const { canaries, deployments } = resources;

const named = {
  routeRef: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', name: 'storefront' },
  service: { port: 80, targetPort: 8080 },
};

/** Two rules lead to the cart; what another Canary has done to the third is that one's. */
function storefront(metadata: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name: 'storefront',
      namespace: 'shop',
      annotations: { 'till.serin.dev/original': '[null]' },
      ...metadata,
    },
    spec: {
      parentRefs: [{ name: 'public', namespace: 'edge' }],
      rules: [
        { name: 'cart', filters: [{ type: 'ExtensionRef' }], backendRefs: [{ name: 'cart', port: 80 }] },
        {
          backendRefs: [
            { name: 'cart', port: 80, weight: 900 },
            { name: 'checkout', port: 81, weight: 100 },
          ],
        },
        {
          backendRefs: [
            { name: 'till-primary', port: 80, weight: 20 },
            { name: 'till-canary', port: 80, weight: 80 },
          ],
        },
      ],
    },
  };
}

function withRoute(spec: object = {}, routes: readonly KubeObject[] = [storefront()]): Lab {
  return lab([
    [canaries, canaryObject({ ...named, ...spec })],
    [deployments, deploymentObject()],
    ...routes.map((route) => [httpRoutes, route] as const),
  ]);
}

function weights(of: Lab): unknown {
  return objectsOf(objectOf(of.find(httpRoutes, 'storefront')?.['spec'])['rules']).map((rule) =>
    objectsOf(rule['backendRefs']).map(({ name, weight }) => [name, weight]),
  );
}

const at = (canary: number): unknown => [
  [
    ['cart-primary', 100 - canary],
    ['cart-canary', canary],
  ],
  [
    ['cart-primary', 9 * (100 - canary)],
    ['cart-canary', 9 * canary],
    ['checkout', 100],
  ],
  [
    ['till-primary', 20],
    ['till-canary', 80],
  ],
];

async function passes(run: Run, isDone: () => boolean, value?: number): Promise<void> {
  for (let step = 0; step < 40 && !isDone(); step += 1) {
    roll(run.of);
    acceptRoute(run.of);
    await run.pass();
    if (value !== undefined) {
      answer(run, value);
    }
    run.of.nowMs += 10_000;
  }
  expect(isDone()).toBe(true);
}

async function halfWay(run: Run): Promise<void> {
  push(run.of, 'cart:2');
  await passes(
    run,
    () => run.of.view().status.run?.settledAt !== undefined && run.of.view().status.run?.split.canary === 50,
  );
}

const ready = (of: Lab): unknown => conditionOf(of.view().status, 'Ready');

describe('a route that the Canary names', () => {
  it('is the only one, and moves with the run', async () => {
    const run = await initialised(withRoute());
    const { of } = run;
    expect(weights(of)).toEqual(at(0));
    expect(of.store.list(httpRoutes, { namespace: 'shop' }).items).toHaveLength(1);
    await halfWay(run);
    expect(weights(of)).toEqual(at(50));
    await passes(run, () => phaseOf(of) === 'Succeeded', 100);
    expect(weights(of)).toEqual(at(0));
    expect(ready(of)).toMatchObject({ status: 'True' });
  });

  it('R1: is put back to the weight of the run where Git applies it anew', async () => {
    const run = await initialised(withRoute());
    await halfWay(run);
    const body = { spec: storefront()['spec'] };
    run.of.store.patch(
      httpRoutes,
      { namespace: 'shop', name: 'storefront' },
      { kind: 'merge', body: objectOf(body) },
    );
    await run.pass();
    expect(weights(run.of)).toEqual(at(50));
    run.of.writes();
    await run.pass();
    expect(run.of.writes().filter((call) => call.includes('httproutes'))).toEqual([]);
  });

  it('R8: leads to the apex again before the primary goes, and is as it was', async () => {
    const run = await initialised(withRoute({ revertOnDeletion: true }));
    const { of } = run;
    await passes(run, () => of.view().finalizers.includes(FINALIZER));
    of.store.delete(canaries, { namespace: 'shop', name: 'cart' });
    let announced: unknown;
    await passes(run, () => {
      const seen = JSON.stringify(weights(of));
      announced = seen.includes('[["cart",100],["cart-primary",0],["cart-canary",0]]') ? seen : announced;
      return of.find(canaries, 'cart') === undefined;
    });
    expect(announced).toBeDefined();
    const { spec, metadata } = of.find(httpRoutes, 'storefront') ?? storefront();
    expect(spec).toEqual(storefront()['spec']);
    expect(metadata.annotations).toEqual(storefront().metadata.annotations);
  });

  it('belongs to a run until that is over, whatever the Canary names meanwhile', async () => {
    const run = await initialised(withRoute());
    const { of } = run;
    await halfWay(run);
    const body = { spec: { routeRef: null, service: { gatewayRefs: [{ name: 'public' }] } } };
    of.store.patch(canaries, { namespace: 'shop', name: 'cart' }, { kind: 'merge', body });
    await passes(run, () => phaseOf(of) === 'Failed', 1);
    expect(weights(of)).toEqual(at(0));
  });

  it("is never made, and never taken for another controller's", async () => {
    const missing = start(withRoute({}, []));
    await missing.pass();
    expect(ready(missing.of)).toMatchObject({
      reason: 'MissingReference',
      message: expect.stringContaining('names HTTPRoute storefront, which does not exist'),
    });
    expect(missing.of.writes()).toEqual(['patch canaries shop/cart status']);
    const owner = { apiVersion: 'example.com/v1', kind: 'Shop', name: 'shop', uid: 'u-7', controller: true };
    const { of } = await initialised(withRoute({}, [storefront({ ownerReferences: [owner] })]));
    expect(weights(of)).toEqual(at(0));
    expect(of.find(httpRoutes, 'storefront')?.metadata.ownerReferences).toEqual([owner]);
  });

  it('is refused before any write where no rule leads to the apex', async () => {
    const run = start(withRoute({ service: { ...named.service, name: 'basket' } }));
    await run.pass();
    expect(ready(run.of)).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining(
        'HTTPRoute storefront, which has no rule that sends to the Service basket',
      ),
    });
    expect(run.of.writes()).toEqual(['patch canaries shop/cart status']);
  });

  it('may stand beside a route that Serin makes', async () => {
    const routes = [
      { provider: 'gatewayapi:v1', gatewayRefs: [{ name: 'public', namespace: 'edge' }] },
      { provider: 'gatewayapi:v1', routeRef: named.routeRef },
    ];
    const { of } = await initialised(withRoute({ routes, routeRef: undefined }));
    expect(weights(of)).toEqual(at(0));
    expect(of.find(httpRoutes, 'cart')).toBeDefined();
  });
});

describe('an IngressRoute that the Canary names for an A/B test', () => {
  const ingressRoutes = {
    group: 'traefik.io',
    version: 'v1alpha1',
    plural: 'ingressroutes',
    kind: 'IngressRoute',
    namespaced: true,
  };
  const theirs: KubeObject = {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'IngressRoute',
    metadata: { name: 'storefront', namespace: 'shop' },
    spec: {
      routes: [{ kind: 'Rule', match: 'PathPrefix(`/cart`)', services: [{ name: 'cart', port: 80 }] }],
    },
  };
  const spec = {
    provider: 'traefik',
    routeRef: { ...named.routeRef, apiVersion: 'traefik.io/v1alpha1', kind: 'IngressRoute' },
    service: named.service,
    analysis: {
      interval: '10s',
      threshold: 2,
      iterations: 3,
      trafficProof: 'off',
      match: [{ headers: { 'x-cohort': { exact: 'beta' } } }],
      metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 }, interval: '1m' }],
    },
  };

  it('is left as it is, with another beside it for those who are chosen', async () => {
    const of = lab([
      [canaries, canaryObject(spec)],
      [deployments, deploymentObject()],
      [ingressRoutes, theirs],
    ]);
    const before = of.find(ingressRoutes, 'storefront');
    const chosen = (): unknown =>
      objectsOf(objectOf(of.find(ingressRoutes, 'storefront-cart-canary')?.['spec'])['routes']).map(
        ({ match, services }) => [match, objectsOf(services).map(({ name, weight }) => [name, weight])],
      );
    const rule = '(PathPrefix(`/cart`)) && (Header(`x-cohort`, `beta`))';
    const run = await initialised(of);
    expect(chosen()).toEqual([[rule, [['cart-primary', 100]]]]);
    push(of, 'cart:2');
    await passes(run, () => of.view().status.run?.split.canary === 100);
    await run.pass();
    expect(chosen()).toEqual([[rule, [['cart-canary', 100]]]]);
    await passes(run, () => phaseOf(of) === 'Succeeded', 100);
    expect(chosen()).toEqual([[rule, [['cart-primary', 100]]]]);
    expect(of.find(ingressRoutes, 'storefront')).toEqual(before);
  });
});
