// The route is the user's own Service, so what every other router does with objects of its own has no place here.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { allPrimary, splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { knative } from '../../src/traffic/knative.ts';
import { splitOf } from '../../src/traffic/router.ts';
import { routeOf, specOf, wishOf } from './wish.ts';

const shape = routeOf(knative);
const spec = specOf({ provider: 'knative' });

type Entry = Readonly<Record<string, unknown>>;
const latest = (percent: number): Entry => ({ latestRevision: true, percent });
const named = (revisionName: string, percent: number): Entry => ({ revisionName, percent });

interface Parts {
  readonly primary?: string;
  readonly traffic?: readonly Entry[];
  readonly reported?: readonly Entry[];
  readonly routes?: 'True' | 'False' | 'Unknown';
  readonly generation?: number;
}

function service({ primary, traffic, reported, routes = 'True', generation = 3 }: Parts = {}): KubeObject {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name: 'cart',
      namespace: 'shop',
      uid: 'u',
      generation,
      labels: { team: 'shop' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Platform', name: 'p', uid: 'theirs', controller: true }],
      annotations: {
        mine: 'x',
        ...(primary === undefined ? {} : { 'flagger.app/primary-revision': primary }),
      },
    },
    spec: {
      template: { spec: { containers: [{ image: 'cart:2' }], future: { deep: true } } },
      futureField: [1],
      ...(traffic === undefined ? {} : { traffic }),
    },
    status: {
      observedGeneration: 3,
      latestCreatedRevisionName: 'cart-00002',
      conditions: [{ type: 'RoutesReady', status: routes, message: routes === 'True' ? '' : 'no route' }],
      ...(reported === undefined ? {} : { traffic: reported }),
    },
  };
}

const wanted = (canary: number): KubeObject => shape.render(wishOf(spec, { split: splitToward(canary) }));
const merged = (live: KubeObject, canary: number): KubeObject => shape.merge(live, wanted(canary));
const trafficOf = (object: KubeObject): unknown => objectOf(object['spec'])['traffic'];
const held = (object: KubeObject): unknown => splitOf(shape.view(object), 'cart');

describe('a split of a Knative Service', () => {
  it('is two entries: the latest revision, and the primary by its name', () => {
    expect(trafficOf(merged(service({ primary: 'cart-00001' }), 30))).toEqual([
      latest(30),
      named('cart-00001', 70),
    ]);
  });

  it('reads as it was written, for every share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (canary) => {
        const live = merged(service({ primary: 'cart-00001' }), canary);
        expect(held(live)).toEqual(splitToward(canary));
        expect(shape.view(live).fingerprint).toBe(shape.fingerprint(wanted(50)));
        expect(merged(live, canary)).toEqual(live);
        expect(shape.reweigh(live, allPrimary)).toEqual(merged(live, 0));
      }),
    );
  });

  it('changes nothing of the Service but that, and never the template', () => {
    const live = service({ primary: 'cart-00001' });
    const { traffic: _ours, ...rest } = objectOf(merged(live, 20)['spec']);

    expect({ ...merged(live, 20), spec: rest }).toEqual(live);
  });

  it('is everything to the latest where the Service says nothing', () => {
    expect(held(service())).toEqual({ primary: 0, canary: 100 });
    expect(shape.view(service({ primary: 'cart-00001' })).fingerprint).not.toBe(shape.fingerprint(wanted(0)));
  });

  it('keeps tags, and entries that are there for their tag alone', () => {
    const traffic = [
      { ...latest(0), tag: 'next' },
      { ...named('cart-00001', 60), tag: 'stable' },
      { ...named('cart-00000', 40), tag: 'old' },
      named('cart-000xx', 0),
    ];

    expect(trafficOf(merged(service({ primary: 'cart-00001', traffic }), 10))).toEqual([
      { ...latest(10), tag: 'next' },
      { ...named('cart-00001', 90), tag: 'stable' },
      { ...named('cart-00000', 0), tag: 'old' },
    ]);
  });

  it('is drifted while another revision has a share, or the primary is another one', () => {
    const good = shape.fingerprint(wanted(0));
    const traffic = [latest(40), named('cart-00001', 60)];

    expect(shape.fingerprint(service({ primary: 'cart-00001', traffic }))).toBe(good);
    expect(shape.fingerprint(service({ primary: 'cart-00002', traffic }))).not.toBe(good);
    expect(
      shape.fingerprint(service({ primary: 'cart-00001', traffic: [...traffic, named('x', 1)] })),
    ).not.toBe(good);
    expect(
      shape.fingerprint(
        service({ primary: 'cart-00001', traffic: [...traffic, { ...named('x', 0), tag: 't' }] }),
      ),
    ).toBe(good);
  });

  it('sums to 100 in the moment after a promotion, when both entries may be one revision', () => {
    const traffic = [latest(40), named('cart-00001', 60)];
    const promoted = service({ primary: 'cart-00002', traffic });

    expect(held(promoted)).toEqual({ primary: 60, canary: 40 });
    expect(trafficOf(merged(promoted, 20))).toEqual([latest(20), named('cart-00002', 80)]);
    expect(held(merged(promoted, 20))).toEqual({ primary: 80, canary: 20 });
  });
});

describe('what Knative makes of a split', () => {
  const traffic = [latest(30), named('cart-00001', 70)];
  const reported = [
    { latestRevision: true, revisionName: 'cart-00002', percent: 30 },
    { latestRevision: false, revisionName: 'cart-00001', percent: 70 },
  ];
  const set = { primary: 'cart-00001', traffic, reported };

  it.each<[string, Parts, string]>([
    ['reported as written', set, 'accepted'],
    ['reported as it was before', { ...set, reported: [{ latestRevision: true, percent: 100 }] }, 'pending'],
    ['not reported', { primary: 'cart-00001', traffic }, 'pending'],
    ['of a generation that was not looked at', { ...set, generation: 4 }, 'pending'],
    ['without a route yet', { ...set, routes: 'Unknown' }, 'pending'],
    ['refused', { ...set, routes: 'False' }, 'rejected'],
  ])('%s', (_title, parts, state) => {
    expect(shape.view(service(parts)).acceptance.state).toBe(state);
  });

  it('is the same where an entry without a share is left out', () => {
    const all = { primary: 'cart-00001', traffic: [latest(0), named('cart-00001', 100)] };

    expect(shape.view(service({ ...all, reported: [named('cart-00001', 100)] })).acceptance.state).toBe(
      'accepted',
    );
  });
});

describe('a Knative Service', () => {
  it('is the user’s, whoever owns it', () => {
    expect(shape.view(service()).ownerUids).toEqual([]);
  });

  it('is given back with all traffic at the latest revision, its tags, and no annotation of ours', () => {
    const traffic = [
      { ...latest(30), tag: 'next' },
      { ...named('cart-00001', 70), tag: 'stable' },
    ];
    const live = service({ primary: 'cart-00001', traffic });
    const back = shape.givenBack?.(live, 'cart');

    expect(back).toEqual({
      ...live,
      metadata: { ...live.metadata, annotations: { mine: 'x' } },
      spec: {
        ...objectOf(live['spec']),
        traffic: [
          { ...latest(100), tag: 'next' },
          { revisionName: 'cart-00001', tag: 'stable' },
        ],
      },
    });
  });
});

function reasons(analysis: object, of?: object): readonly string[] {
  const described = of === undefined ? {} : { service: of };
  return routerProblems(knative, specOf({ provider: 'knative', analysis, ...described })).map(
    ({ severity, reason, field }) => `${severity} ${reason} ${field}`,
  );
}

describe('a spec for Knative', () => {
  it('may not ask for a cohort or for sticky sessions', () => {
    expect(reasons({ match: [{ headers: { x: { exact: 'y' } } }], iterations: 3 })).toContain(
      'error UnsupportedMatch spec.analysis.match',
    );
    expect(reasons({ sessionAffinity: { cookieName: 'a', maxAge: 1 } })).toContain(
      'error UnsupportedAffinity spec.analysis.sessionAffinity',
    );
  });

  it('is warned that nothing is mirrored and that no field of the route is honoured', () => {
    expect(reasons({ mirror: true }, { port: 80, timeout: '5s' })).toEqual([
      'warning IgnoredField spec.analysis.mirror',
      'warning IgnoredField spec.service.timeout',
    ]);
  });
});
