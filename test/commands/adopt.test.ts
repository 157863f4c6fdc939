import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { asText, foretellAll, run } from '../../src/commands/adopt.ts';
import { changesOf } from '../../src/commands/changes.ts';
import { foretell } from '../../src/commands/foretell.ts';
import type { Foretold } from '../../src/commands/foretell.ts';
import { ApiError } from '../../src/cluster/cluster.ts';
import { resources } from '../../src/model/kube.ts';
import { isoFromMs } from '../../src/model/time.ts';
import { parseSettings } from '../../src/settings.ts';
import { leaveBehind } from '../fixture/flagger-left.ts';
import type { Left } from '../fixture/flagger-left.ts';
import {
  KEY,
  acceptRoute,
  basics,
  canaryObject,
  deploymentObject,
  lab,
  roll,
  settings,
} from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const rests: Left = {
  provider: 'gatewayapi:v1',
  phase: 'Succeeded',
  primary: 'app:1',
  target: 'app:1',
  targetReplicas: 0,
  weight: 0,
  analysis: { stepWeight: 20, maxWeight: 60 },
};
const runs: Left = { ...rests, phase: 'Progressing', target: 'app:2', targetReplicas: 2, weight: 40 };

function world(left: Left): Lab {
  const of = lab([]);
  leaveBehind(of.store, left, of.nowMs);
  roll(of);
  acceptRoute(of);
  of.writes();
  return of;
}

async function foretold(of: Lab): Promise<Foretold> {
  const parts = {
    cluster: of.cluster,
    caches: of.caches,
    settings: { ...settings, enableConfigTracking: true },
    presenceOf: () => 'served' as const,
    nowMs: () => of.nowMs,
  };
  const told = await foretell(parts, KEY);
  if (told === undefined) {
    throw new Error('there is no such Canary');
  }
  return told;
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('what is foretold of a Canary', () => {
  it.each<[string, Left, Partial<Foretold>]>([
    ['at rest', rests, { first: 'adopt', weight: 0, differs: false }],
    ['in a run', runs, { first: 'continue', weight: 40, differs: false }],
    [
      'in a run whose target has changed',
      { ...runs, pushedMs: 1000 },
      { first: 'start a run', weight: 0, differs: true },
    ],
    [
      'at a gate',
      { ...runs, phase: 'WaitingPromotion', weight: 60 },
      { first: 'continue', weight: 60, differs: false },
    ],
    [
      'being promoted',
      { ...runs, phase: 'Promoting', primary: 'app:2' },
      { first: 'finish', differs: false },
    ],
    ['whose target differs', { ...rests, target: 'app:2' }, { first: 'start a run', differs: true }],
    ['that has failed', { ...rests, phase: 'Failed', target: 'app:2' }, { first: 'adopt', differs: false }],
    ['that is past its threshold', { ...runs, failedChecks: 3 }, { first: 'roll back', differs: true }],
    ['whose target was set back', { ...runs, target: 'app:1' }, { first: 'cancel', differs: true }],
    ['that is suspended', { ...runs, spec: { suspend: true } }, { first: 'nothing', differs: false }],
    [
      'that is refused',
      { ...rests, spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nothing' } } },
      { first: 'refuse', differs: true },
    ],
  ])('%s', async (_title, left, told) => {
    expect(await foretold(world(left))).toMatchObject(told);
  });

  it('that nobody has set up yet', async () => {
    expect(await foretold(lab(basics()))).toMatchObject({ first: 'set up', differs: true });
  });

  it('is found without a write', async () => {
    const of = world({ ...rests, target: 'app:2' });
    const before = [resources.canaries, resources.deployments, resources.services].map(
      (resource) => of.store.list(resource, {}).items,
    );
    const { writes } = await foretold(of);

    expect(writes).toContainEqual({
      verb: 'create',
      kind: 'ControllerRevision',
      name: expect.stringMatching(/^cart-v1-/),
      changes: [],
    });
    expect(writes).toContainEqual({
      verb: 'change',
      kind: 'Deployment',
      name: 'cart',
      changes: [{ path: 'spec.replicas', before: 0, after: 2 }],
    });
    expect(of.writes().filter((call) => !call.endsWith(' dry'))).toEqual([]);
    expect(
      [resources.canaries, resources.deployments, resources.services].map(
        (resource) => of.store.list(resource, {}).items,
      ),
    ).toEqual(before);
  });

  it('names the other controller, and looks past it', async () => {
    const of = world(runs);
    const entry = {
      manager: 'flagger',
      operation: 'Update',
      subresource: 'status',
      time: isoFromMs(of.nowMs),
    };
    of.store.patch(
      resources.canaries,
      { namespace: 'shop', name: 'cart' },
      { kind: 'merge', body: { metadata: { managedFields: [entry] } } },
    );

    expect(await foretold(of)).toMatchObject({ first: 'continue', writer: { manager: 'flagger' } });
  });

  it('says what the API server refuses', async () => {
    const of = world({ ...rests, target: 'app:2' });
    of.refuse = ({ verb, resource }) =>
      verb === 'create' && resource === resources.controllerRevisions
        ? new ApiError(403, 'Forbidden', 'controllerrevisions is forbidden')
        : undefined;

    expect(await foretold(of)).toMatchObject({
      first: 'refuse',
      message: expect.stringContaining('forbidden'),
    });
  });
});

describe('serin adopt', () => {
  it('reads what the controller would read', async () => {
    const of = world({ ...rests, provider: 'kubernetes', analysis: { iterations: 5 } });
    const { settings: all } = parseSettings(['-mesh-provider=kubernetes'], {});
    const { settings: none } = parseSettings(['-label-selector=team=other'], {});

    expect(await foretellAll(of.cluster, all)).toMatchObject([{ name: 'cart', first: 'adopt' }]);
    expect(await foretellAll(of.cluster, none)).toEqual([]);
  });

  it('shows a table, with what would be written', () => {
    const told: Foretold = {
      namespace: 'shop',
      name: 'cart',
      phase: 'Succeeded',
      first: 'start a run',
      message: 'the target differs',
      weight: 0,
      writes: [
        {
          verb: 'change',
          kind: 'Deployment',
          name: 'cart',
          changes: [{ path: 'spec.replicas', before: 0, after: 2 }],
        },
      ],
      writer: { manager: 'flagger', at: '2026-07-01T10:00:00Z' },
      differs: true,
    };

    expect(
      asText([
        told,
        { ...told, name: 'web', first: 'adopt', message: 'unchanged', writes: [], differs: false },
      ]),
    ).toBe(
      [
        'CANARY     PHASE      FIRST        WEIGHT  BECAUSE',
        'cart.shop  Succeeded  start a run  0       the target differs',
        '    flagger wrote its status at 2026-07-01 10:00:00Z: stop it first',
        '    change Deployment cart',
        '        spec.replicas: 0 → 2',
        'web.shop   Succeeded  adopt        0       unchanged',
        '    flagger wrote its status at 2026-07-01 10:00:00Z: stop it first',
        '',
        '2 Canaries, 1 of them would not be as they are.',
        '',
      ].join('\n'),
    );
  });

  it('only shows', async () => {
    const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);

    expect(await run(['-namespace=shop'])).toBe(2);
    expect(String(said.mock.calls[0]?.[0])).toContain('The controller takes Canaries over by itself');
    expect(await run(['--dry-run', '-no-such-flag'])).toBe(2);
  });
});

describe('changed fields', () => {
  it('are named by their path', () => {
    const before = canaryObject({}, { annotations: { 'a/b': '1' }, resourceVersion: '1' });
    const after = canaryObject(
      { provider: 'contour', match: [] },
      { annotations: { 'a/b': '2' }, resourceVersion: '2' },
    );

    expect(changesOf(before, after)).toEqual([
      { path: 'metadata.annotations[a/b]', before: '1', after: '2' },
      { path: 'spec.match', after: [] },
      { path: 'spec.provider', before: 'gatewayapi:v1', after: 'contour' },
    ]);
    expect(changesOf(undefined, deploymentObject())).toEqual([]);
  });
});
