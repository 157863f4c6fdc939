// What pods of the primary need before they are made: the set-up of a Canary in App Mesh, and what heals there.
import { describe, expect, it } from '@jest/globals';
import { resources } from '../src/model/kube.ts';
import type { Resource } from '../src/model/kube.ts';
import { appMeshV1beta2 } from '../src/traffic/appmesh.ts';
import { resourcesOf } from '../src/traffic/router.ts';
import { conditionOf } from './fixture/decision.ts';
import { canaryObject, deploymentObject, lab, roll } from './fixture/lab.ts';
import type { Lab } from './fixture/lab.ts';
import { start } from './fixture/passes.ts';
import type { Run } from './fixture/passes.ts';

const { canaries, deployments } = resources;
const shop = (name: string): { namespace: string; name: string } => ({ namespace: 'shop', name });

function kindOf(kind: string): Resource {
  const found = resourcesOf(appMeshV1beta2).find((resource) => resource.kind === kind);
  if (found === undefined) {
    throw new Error(`${kind} is not written`);
  }
  return found;
}

function world(): Run {
  return start(
    lab([
      [canaries, canaryObject({ provider: 'appmesh:v1beta2', service: { port: 80, targetPort: 8080 } })],
      [deployments, deploymentObject()],
    ]),
  );
}

/** App Mesh has taken over the router as it is now. */
function activate({ store }: Lab): void {
  const router = store.find(kindOf('VirtualRouter'), shop('cart'));
  if (router !== undefined) {
    const conditions = [{ type: 'VirtualRouterActive', status: 'True' }];
    const status = { observedGeneration: router.metadata.generation, conditions };
    store.replace(kindOf('VirtualRouter'), { ...router, status }, { subresource: 'status' });
  }
}

async function initialised(): Promise<Run> {
  const run = world();
  const { of, pass } = run;
  for (let step = 0; step < 30 && of.view().status.phase !== 'Initialized'; step += 1) {
    roll(of);
    activate(of);
    await pass();
    of.nowMs += 10_000;
  }
  expect(of.view().status.phase).toBe('Initialized');
  return run;
}

const created = (calls: readonly string[]): readonly string[] =>
  calls.filter((call) => call.startsWith('create') && !call.endsWith('dry')).map((call) => call.slice(7));

describe('App Mesh', () => {
  it('knows the pods of the primary before they are made, and divides requests only once they serve', async () => {
    const { of, pass } = world();
    for (let step = 0; step < 3; step += 1) {
      await pass();
    }
    const writes = created(of.writes());
    const at = (call: string): number => writes.findIndex((one) => one.startsWith(call));
    expect(at('virtualnodes')).toBeGreaterThanOrEqual(0);
    expect(at('virtualnodes')).toBeLessThan(at('deployments'));
    expect(at('virtualrouters')).toBe(-1);
    expect(of.find(kindOf('VirtualNode'), 'cart-primary')).toBeDefined();
  });

  it('has everything in place after the set-up, and nothing is written any more', async () => {
    const { of, pass } = await initialised();
    for (const [kind, name] of [
      ['VirtualNode', 'cart-canary'],
      ['VirtualRouter', 'cart'],
      ['VirtualRouter', 'cart-canary'],
      ['VirtualService', 'cart'],
      ['VirtualService', 'cart-canary'],
    ] as const) {
      expect(of.find(kindOf(kind), name)?.metadata.ownerReferences).toHaveLength(1);
    }
    of.writes();
    await pass();
    of.nowMs += 60_000;
    await pass();
    expect(of.writes()).toEqual([]);
  });

  it.each([
    ['VirtualService', 'cart'],
    ['VirtualNode', 'cart-primary'],
    ['VirtualRouter', 'cart'],
  ])('gets back a %s %s that somebody has deleted alone', async (kind, name) => {
    const { of, pass } = await initialised();
    of.store.delete(kindOf(kind), shop(name));
    await pass();
    expect(of.find(kindOf(kind), name)).toBeDefined();
  });

  it('is not touched where a VirtualNode of that name belongs to somebody else', async () => {
    const { of, pass } = world();
    const owner = { apiVersion: 'example.com/v1', kind: 'Shop', name: 'till', uid: 'u', controller: true };
    of.store.create(kindOf('VirtualNode'), {
      apiVersion: 'appmesh.k8s.aws/v1beta2',
      kind: 'VirtualNode',
      metadata: { ...shop('cart-primary'), ownerReferences: [owner] },
      spec: {},
    });
    of.writes();
    await pass();
    expect(conditionOf(of.view().status, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ServiceConflict',
    });
    expect(created(of.writes())).toEqual([]);
  });
});
