// Routes of the user's whose weights stand in no list of rules: what Serin makes of them, and that it gives them back.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { checkCanary } from '../../src/api/check.ts';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { allPrimary, splitToward } from '../../src/model/split.ts';
import { alb } from '../../src/traffic/alb.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { openshift } from '../../src/traffic/openshift.ts';
import { splitOf, viewFor, type RouteView, type TrafficRouter } from '../../src/traffic/router.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const percent = fc.integer({ min: 0, max: 100 });
const refs: Readonly<Record<string, object>> = {
  openshift: { routeRef: { apiVersion: 'route.openshift.io/v1', kind: 'Route', name: 'storefront' } },
  alb: { ingressRef: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'storefront' } },
};

function golden(provider: string, name: string): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = objectOf(
    parse(readFileSync(`test/traffic/${provider}/${name}.yaml`, 'utf8')),
  );
  return frozen({
    ...rest,
    apiVersion: String(apiVersion),
    kind: String(kind),
    metadata: { name: '', ...objectOf(metadata) },
  });
}

class Owned {
  readonly shape: ReturnType<typeof routeOf>;
  readonly before: KubeObject;
  readonly #router: TrafficRouter;

  constructor(router: TrafficRouter) {
    this.#router = router;
    this.shape = routeOf(router);
    this.before = golden(router.provider, 'before');
  }

  spec(analysis: object = {}): CanarySpec {
    return { ...specOf({ provider: this.#router.provider, analysis }), ...refs[this.#router.provider] };
  }

  written(live: KubeObject, canary: number, apex = 'cart'): KubeObject {
    return frozen(
      this.shape.merge(live, this.shape.render(wishOf(this.spec(), { apex, split: splitToward(canary) }))),
    );
  }

  back(live: KubeObject, apex = 'cart'): KubeObject | undefined {
    return this.shape.givenBack?.(live, apex);
  }

  view(live: KubeObject, apex = 'cart'): RouteView | undefined {
    return viewFor(this.shape.view(live), apex);
  }

  split(live: KubeObject, apex = 'cart'): unknown {
    const view = this.view(live, apex);
    return view === undefined ? undefined : splitOf(view, apex);
  }

  problems(live: KubeObject | undefined): readonly string[] {
    const view = live === undefined ? undefined : this.view(live);
    return (this.shape.problems?.(this.spec(), view) ?? []).map(({ reason, field }) => `${reason} ${field}`);
  }

  refused(analysis: object): readonly string[] {
    return routerProblems(this.#router, this.spec(analysis)).map(({ reason, field }) => `${reason} ${field}`);
  }
}

describe.each([openshift, alb])('the route of $provider', (router) => {
  const of = new Owned(router);

  it('looks as the golden file shows, and as before when it is given back', () => {
    const taken = of.written(of.before, 30);
    expect(taken).toEqual(golden(router.provider, 'weighted-30'));
    expect(of.back(taken)).toEqual(of.before);
  });

  it('reads back any split over any other, changes nothing the second time, and is given back as it was', () => {
    fc.assert(
      fc.property(percent, percent, (first, second) => {
        const taken = of.written(of.written(of.before, first), second);
        expect(of.split(taken)).toEqual(splitToward(second));
        expect(of.written(taken, second)).toEqual(taken);
        expect(of.view(taken)?.fingerprint).toBe(of.shape.fingerprint(of.shape.render(wishOf(of.spec()))));
        expect(of.shape.reweigh(taken, allPrimary, 'cart')).toEqual(of.written(taken, 0));
        expect(of.back(taken)).toEqual(of.before);
      }),
    );
  });

  it('names its Services before it sends to them', () => {
    const named = of.shape.naming?.(of.before, of.shape.render(wishOf(of.spec()))['spec'], 'cart');
    const text = JSON.stringify(named);
    expect(text).toContain('cart-primary');
    expect(text).toContain('cart-canary');
    expect(named === undefined ? undefined : of.split(named)).toBeUndefined();
  });

  it('has drifted where Git applies it anew, and heals at the split', () => {
    const taken = of.written(of.before, 40);
    const reset = frozen({ ...taken, spec: of.before['spec'], metadata: { ...of.before.metadata } });
    expect(of.split(reset)).toBeUndefined();
    expect(of.view(reset)?.fingerprint).not.toBe(of.view(taken)?.fingerprint);
    expect(of.written(reset, 40)).toEqual(taken);
  });

  it('is asked for where it is missing, and where nothing in it leads to the Service', () => {
    const [field] = Object.keys(refs[router.provider] ?? {});
    const elsewhere: KubeObject = JSON.parse(JSON.stringify(of.before).replaceAll('cart', 'book'));
    expect(of.problems(of.before)).toEqual([]);
    expect(of.problems(undefined)).toEqual([`MissingReference spec.${field}.name`]);
    expect(of.problems(elsewhere)).toEqual([`InvalidSpec spec.${field}.name`]);
    const { ingressRef: _ingress, routeRef: _route, ...spec } = of.spec();
    const canary = {
      apiVersion: 'flagger.app/v1beta1' as const,
      kind: 'Canary' as const,
      metadata: { name: 'cart', namespace: 'shop' },
      spec,
    };
    expect(checkCanary(canary).map(({ reason, field: at }) => `${reason} ${at}`)).toEqual([
      `MissingReference spec.${field}`,
    ]);
  });

  it('cannot tell users apart', () => {
    expect(of.refused({ match: [{ headers: { x: { exact: '1' } } }], iterations: 2 })).toEqual([
      'UnsupportedMatch spec.analysis.match',
    ]);
    expect(of.refused({ sessionAffinity: { cookieName: 'cart', maxAge: 60 } })).toEqual([
      'UnsupportedAffinity spec.analysis.sessionAffinity',
    ]);
  });
});

describe('an OpenShift Route', () => {
  const of = new Owned(openshift);

  it.each([
    [undefined, 'pending', 'no router has admitted it yet'],
    [[{ routerName: 'default', conditions: [{ type: 'Admitted', status: 'True' }] }], 'accepted', ''],
    [
      [{ routerName: 'default', conditions: [{ type: 'Admitted', status: 'False', message: 'host taken' }] }],
      'pending',
      'router default has not admitted it: host taken',
    ],
  ])('with ingress %j is %s', (ingress, state, message) => {
    const live = { ...of.before, status: ingress === undefined ? {} : { ingress } };
    expect(of.shape.view(live).acceptance).toEqual({ state, message });
  });

  it('leaves other backends their share', () => {
    const spec = {
      to: { kind: 'Service', name: 'cart', weight: 200 },
      alternateBackends: [{ kind: 'Service', name: 'till', weight: 56 }],
    };
    const shared = frozen({ ...of.before, spec });
    expect(of.written(shared, 25)['spec']).toEqual({
      to: { kind: 'Service', name: 'cart-primary', weight: 150 },
      alternateBackends: [
        { kind: 'Service', name: 'cart-canary', weight: 50 },
        { kind: 'Service', name: 'till', weight: 56 },
      ],
    });
    expect(of.back(of.written(shared, 25))).toEqual(shared);
  });
});

describe('an Ingress of AWS', () => {
  const of = new Owned(alb);

  it('may be shared by several Canaries, of which each moves its own action', () => {
    const both = of.written(of.written(of.before, 30), 60, 'till');
    expect([of.split(both), of.split(both, 'till')]).toEqual([splitToward(30), splitToward(60)]);
    const left = of.back(both);
    expect(left === undefined ? undefined : of.split(left, 'till')).toEqual(splitToward(60));
    expect(left?.metadata.annotations?.['alb.ingress.kubernetes.io/actions.cart']).toBe(
      of.before.metadata.annotations?.['alb.ingress.kubernetes.io/actions.cart'],
    );
  });

  it('keeps the text of every action that is not ours, and what it cannot read', () => {
    const annotations = { ...of.before.metadata.annotations, 'alb.ingress.kubernetes.io/actions.bad': '{' };
    const live = frozen({ ...of.before, metadata: { ...of.before.metadata, annotations } });
    const taken = of.written(live, 30).metadata.annotations ?? {};
    for (const name of ['till', 'old', 'bad']) {
      const key = `alb.ingress.kubernetes.io/actions.${name}` as const;
      expect(taken[key]).toBe(Object.entries(annotations).find(([one]) => one === key)?.[1]);
    }
  });
});
