// A Canary with several routes: all of them move, and the one that is behind is what counts.
import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../src/cluster/cluster.ts';
import { objectOf } from '../src/model/json.ts';
import { resources } from '../src/model/kube.ts';
import { conditionOf } from './fixture/decision.ts';
import {
  acceptRoute,
  canaryObject,
  deploymentObject,
  httpRoutes,
  lab,
  roll,
  weightsIn,
} from './fixture/lab.ts';
import type { Lab } from './fixture/lab.ts';
import { answer, initialised, phaseOf, push, start, until, type Run } from './fixture/passes.ts';

const { canaries, deployments } = resources;

const edge = { provider: 'gatewayapi:v1', hosts: ['cart.example.com'] };
const inside = {
  provider: 'gatewayapi:v1',
  name: 'cart-inside',
  gatewayRefs: [{ group: '', kind: 'Service', name: 'cart', port: 80 }],
};

function withRoutes(routes: readonly object[]): Lab {
  return lab([
    [canaries, canaryObject({ routes })],
    [deployments, deploymentObject()],
  ]);
}

function setRoutes({ store }: Lab, routes: readonly object[]): void {
  store.patch(canaries, { namespace: 'shop', name: 'cart' }, { kind: 'merge', body: { spec: { routes } } });
}

const both = (of: Lab): unknown => [weightsIn(of), weightsIn(of, 'cart-inside')];
const at = (canary: number): object => ({ 'cart-primary': 100 - canary, 'cart-canary': canary });

/** Passes until the run has sent half of the requests to the canary, everywhere. */
async function halfWay(run: Run): Promise<void> {
  push(run.of, 'cart:2');
  for (let step = 0; step < 20 && run.of.view().status.run?.split.canary !== 50; step += 1) {
    roll(run.of);
    acceptRoute(run.of);
    await run.pass();
    run.of.nowMs += 10_000;
  }
}

describe('several routes of one Canary', () => {
  it('each say what their entry says, under a name of their own', async () => {
    const { of } = await initialised(withRoutes([edge, inside]));
    const [first, second] = ['cart', 'cart-inside'].map((name) =>
      objectOf(of.find(httpRoutes, name)?.['spec']),
    );

    expect(first).toMatchObject({ hostnames: ['cart.example.com'], parentRefs: [{ name: 'public' }] });
    expect(second).toMatchObject({ parentRefs: [{ kind: 'Service', name: 'cart', port: 80 }] });
    expect(second?.['hostnames']).toBeUndefined();
    expect(both(of)).toEqual([at(0), at(0)]);
  });

  it('R11: move together, to a promotion', async () => {
    const run = await initialised(withRoutes([edge, inside]));
    await halfWay(run);
    await run.pass();
    expect(both(run.of)).toEqual([at(50), at(50)]);
    for (let step = 0; step < 30 && phaseOf(run.of) !== 'Succeeded'; step += 1) {
      roll(run.of);
      acceptRoute(run.of);
      await run.pass();
      answer(run, 100);
      run.of.nowMs += 10_000;
    }
    expect(phaseOf(run.of)).toBe('Succeeded');
    expect(both(run.of)).toEqual([at(0), at(0)]);
  });

  it('count a step only once all of them have been accepted', async () => {
    const run = await initialised(withRoutes([edge, inside]));
    await halfWay(run);
    acceptRoute(run.of);
    // The second gateway has not said anything about the route yet.
    const late = run.of.find(httpRoutes, 'cart-inside');
    run.of.store.replace(httpRoutes, { ...late!, status: {} }, { subresource: 'status' });
    await run.pass();
    expect(run.of.view().status.run?.settledAt).toBeUndefined();
    expect(conditionOf(run.of.view().status, 'Ready')?.message).toContain('HTTPRoute cart-inside');
    acceptRoute(run.of);
    await run.pass();
    expect(run.of.view().status.run?.settledAt).toBeDefined();
  });

  it('go home, all but the one that the server refuses, and that one as soon as it can', async () => {
    const run = await initialised(withRoutes([edge, inside]));
    await halfWay(run);
    acceptRoute(run.of);
    await run.pass();
    run.of.refuse = ({ verb, key, resource }) =>
      verb === 'patch' && resource.plural === 'httproutes' && key === 'shop/cart'
        ? new ApiError(503, 'ServiceUnavailable', 'try again')
        : undefined;
    for (let step = 0; step < 12; step += 1) {
      run.of.nowMs += 10_000;
      await run.pass().catch(() => undefined);
      answer(run, 1);
    }
    expect(both(run.of)).toEqual([at(50), at(0)]);
    expect(objectOf(run.of.find(deployments, 'cart')?.['spec'])['replicas']).toBe(2);
    run.of.refuse = () => undefined;
    await until(run, 'Failed');
    expect(both(run.of)).toEqual([at(0), at(0)]);
  });

  it('are put back to the weight of the run where a hand has moved one of them', async () => {
    const run = await initialised(withRoutes([edge, inside]));
    await halfWay(run);
    await run.pass();
    const moved = structuredClone(run.of.find(httpRoutes, 'cart-inside'));
    const text = JSON.stringify(moved).replace('"weight":50', '"weight":1');
    run.of.store.replace(httpRoutes, JSON.parse(text));
    await run.pass();
    expect(both(run.of)).toEqual([at(50), at(50)]);
  });

  it('stay what they were for a run that has begun', async () => {
    const run = await initialised(withRoutes([edge, inside]));
    await halfWay(run);
    await run.pass();
    setRoutes(run.of, [edge]);
    await run.pass();
    expect(both(run.of)).toEqual([at(50), at(50)]);
    for (let step = 0; step < 30 && phaseOf(run.of) !== 'Failed'; step += 1) {
      roll(run.of);
      acceptRoute(run.of);
      await run.pass();
      answer(run, 1);
      run.of.nowMs += 10_000;
    }
    expect(both(run.of)).toEqual([at(0), at(0)]);
  });

  it('are refused before any write where two would be one object', async () => {
    const run = start(withRoutes([edge, { ...inside, name: 'cart' }]));
    await run.pass();
    expect(conditionOf(run.of.view().status, 'Ready')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('spec.routes[1].name makes the same HTTPRoute as spec.routes[0]'),
    });
    expect(run.of.writes()).toEqual(['patch canaries shop/cart status']);
  });
});
