// Routes, and what stands beside them, that are made from an object of the user's: through a whole run.
import { describe, expect, it } from '@jest/globals';
import { objectOf, objectsOf, valueAt } from '../src/model/json.ts';
import { resources } from '../src/model/kube.ts';
import type { KubeObject, Resource } from '../src/model/kube.ts';
import { apisix } from '../src/traffic/apisix.ts';
import { gloo } from '../src/traffic/gloo.ts';
import { upstreams } from '../src/traffic/gloo/upstreams.ts';
import { conditionOf } from './fixture/decision.ts';
import { canaryObject, deploymentObject, lab, roll } from './fixture/lab.ts';
import type { Lab } from './fixture/lab.ts';
import { answer, phaseOf, push, start, type Run } from './fixture/passes.ts';
import { storefront } from './traffic/apisix/storefront.ts';
import { settings } from './traffic/gloo/settings.ts';
import { routeOf } from './traffic/wish.ts';

const { canaries, deployments } = resources;
const { resource: apisixRoutes } = routeOf(apisix);
const { resource: routeTables } = routeOf(gloo);

/** What the gateway does between two passes. */
type Gateway = (of: Lab) => void;
const silent: Gateway = () => undefined;

/** It has no status subresource: the status is written with the rest. */
const glooAccepts: Gateway = ({ store }) => {
  for (const table of store.list(routeTables, { namespace: 'shop' }).items) {
    store.replace(routeTables, { ...table, status: { statuses: { 'gloo-system': { state: 'Accepted' } } } });
  }
};

function withSource(spec: object, resource: Resource, source: KubeObject): Lab {
  const analysis = {
    interval: '10s',
    threshold: 2,
    stepWeight: 50,
    maxWeight: 50,
    metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 }, interval: '1m' }],
    trafficProof: 'off',
  };
  return lab([
    [canaries, canaryObject({ service: { port: 80 }, analysis, ...spec })],
    [deployments, deploymentObject()],
    [resource, source],
  ]);
}

const onApisix = (): Lab =>
  withSource(
    {
      provider: 'apisix',
      routeRef: { apiVersion: 'apisix.apache.org/v2', kind: 'ApisixRoute', name: 'storefront' },
    },
    apisixRoutes,
    storefront,
  );

const onGloo = (): Lab =>
  withSource(
    {
      provider: 'gloo',
      upstreamRef: {
        apiVersion: 'gloo.solo.io/v1',
        kind: 'Upstream',
        name: 'settings',
        namespace: 'gloo-system',
      },
    },
    upstreams.resource,
    settings,
  );

async function pass(run: Run, gateway: Gateway): Promise<void> {
  const { of } = run;
  roll(of);
  gateway(of);
  await run.pass();
  answer(run, 100);
  of.nowMs += 10_000;
}

async function until(run: Run, gateway: Gateway, reached: (of: Lab) => boolean): Promise<void> {
  for (let step = 0; step < 40 && !reached(run.of); step += 1) {
    await pass(run, gateway);
  }
  expect(reached(run.of)).toBe(true);
}

const inPhase =
  (phase: string) =>
  (of: Lab): boolean =>
    phaseOf(of) === phase;
const halfWay = (of: Lab): boolean => {
  const { run } = of.view().status;
  return run?.split.canary === 50 && run.settledAt !== undefined;
};

/** In the order of primary and canary. */
const copied = (of: Lab): unknown =>
  objectsOf(valueAt(of.find(apisixRoutes, 'storefront-cart-canary'), 'spec.http')).map((rule) =>
    objectsOf(rule['backends']).map(({ weight }) => weight),
  );
const divided = (of: Lab): unknown =>
  objectsOf(valueAt(of.find(routeTables, 'cart'), 'spec.routes')).map((route) =>
    objectsOf(valueAt(route, 'routeAction.multi.destinations')).map(({ weight }) => weight),
  );

describe.each<[string, () => Lab, Gateway, (of: Lab) => unknown]>([
  ['apisix', onApisix, silent, copied],
  ['gloo', onGloo, glooAccepts, divided],
])('%s', (_provider, made, gateway, weights) => {
  it('begins at the primary, moves, and comes home after the promotion', async () => {
    const run = start(made());
    await until(run, gateway, inPhase('Initialized'));
    expect(weights(run.of)).toEqual([[100, 0]]);
    push(run.of, 'cart:2');
    await until(run, gateway, halfWay);
    expect(weights(run.of)).toEqual([[50, 50]]);
    await until(run, gateway, inPhase('Succeeded'));
    expect(weights(run.of)).toEqual([[100, 0]]);
  });

  it('writes nothing where nothing differs', async () => {
    const run = start(made());
    await until(run, gateway, inPhase('Initialized'));
    await pass(run, gateway);
    await pass(run, silent);
    run.of.writes();
    await pass(run, silent);
    expect(run.of.writes()).toEqual([]);
  });
});

it('an ApisixRoute follows the one of the user in the middle of a run, at the weight of the run', async () => {
  const run = start(onApisix());
  const { of } = run;
  await until(run, silent, inPhase('Initialized'));
  push(of, 'cart:2');
  await until(run, silent, halfWay);
  of.store.patch(
    apisixRoutes,
    { namespace: 'shop', name: 'storefront' },
    { kind: 'merge', body: { spec: { ingressClassName: 'inner' } } },
  );
  await run.pass();
  expect(valueAt(of.find(apisixRoutes, 'storefront-cart-canary'), 'spec.ingressClassName')).toBe('inner');
  expect(copied(of)).toEqual([[50, 50]]);
});

it('an ApisixRoute that is named and is not there stops the Canary before any write', async () => {
  const of = onApisix();
  of.store.delete(apisixRoutes, { namespace: 'shop', name: 'storefront' });
  await start(of).pass();
  expect(of.writes()).toEqual(['patch canaries shop/cart status']);
  expect(conditionOf(of.view().status, 'Ready')).toMatchObject({
    status: 'False',
    reason: 'MissingReference',
    message: expect.stringContaining('spec.routeRef.name'),
  });
});

it('Upstreams come before the RouteTable that leads to them, and follow the one that is named', async () => {
  const run = start(onGloo());
  const { of } = run;
  of.writes();
  await until(run, glooAccepts, inPhase('Initialized'));
  const created = of.writes().filter((call) => /^create (upstreams|routetables)/.test(call));
  expect(created.filter((call) => !call.endsWith('dry'))).toEqual([
    'create upstreams shop/shop-cart-primaryupstream-80',
    'create upstreams shop/shop-cart-canaryupstream-80',
    'create routetables shop/cart',
  ]);
  of.store.patch(
    upstreams.resource,
    { namespace: 'gloo-system', name: 'settings' },
    { kind: 'merge', body: { spec: { useHttp2: false } } },
  );
  await run.pass();
  expect(
    ['primary', 'canary'].map((side) =>
      valueAt(of.find(upstreams.resource, `shop-cart-${side}upstream-80`), 'spec.useHttp2'),
    ),
  ).toEqual([false, false]);
});

it('a RouteTable keeps its status through every write of a run', async () => {
  const run = start(onGloo());
  await until(run, glooAccepts, inPhase('Initialized'));
  glooAccepts(run.of);
  push(run.of, 'cart:2');
  await until(run, silent, inPhase('Succeeded'));
  expect(objectOf(run.of.find(routeTables, 'cart')?.['status'])).toEqual({
    statuses: { 'gloo-system': { state: 'Accepted' } },
  });
});
