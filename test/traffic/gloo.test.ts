import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { mergePatchOf } from '../../src/act/merge-patch.ts';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { gloo } from '../../src/traffic/gloo.ts';
import { upstreams, upstreamSource } from '../../src/traffic/gloo/upstreams.ts';
import { inForce } from '../../src/traffic/router.ts';
import { settings } from './gloo/settings.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const route = routeOf(gloo);
const spec = (analysis: object = {}, service: object = {}): CanarySpec =>
  specOf({ provider: 'gloo', service, analysis });
const render = (analysis: object = {}, canary = 0, service: object = {}): KubeObject =>
  route.render(wishOf(spec(analysis, service), { split: splitToward(canary) }));
const routesOf = (table: KubeObject): readonly JsonObject[] => objectsOf(objectOf(table['spec'])['routes']);
const matchersOf = (table: KubeObject): readonly unknown[] =>
  routesOf(table).map(({ matchers }) => matchers ?? 'everybody');
const match = (...entries: readonly object[]): object => ({ match: entries, iterations: 5 });
const stored = (object: KubeObject): KubeObject =>
  frozen({ ...structuredClone(object), metadata: { ...structuredClone(object.metadata), uid: 'r-1' } });

const kubeRoute = {
  routeAction: { single: { kube: { ref: { name: 'cart', namespace: 'shop' }, port: 80 } } },
};
const discoveredRoute = {
  routeAction: { single: { upstream: { name: 'shop-cart-80', namespace: 'gloo-system' } } },
};
const docs = {
  matchers: [{ prefix: '/docs' }],
  routeAction: { single: { upstream: { name: 'shop-docs-80', namespace: 'gloo-system' } } },
};

describe('an A/B test by Gloo', () => {
  it('gives each entry a route of its own, and everybody else the primary', () => {
    const table = render(
      match(
        { headers: { 'x-cohort': { exact: 'beta' }, 'x-country': { exact: 'nz' } } },
        { queryParams: { preview: { exact: 'on' } } },
      ),
      100,
    );
    expect(matchersOf(table)).toEqual([
      [
        {
          headers: [
            { name: 'x-cohort', value: 'beta' },
            { name: 'x-country', value: 'nz' },
          ],
        },
      ],
      [{ queryParameters: [{ name: 'preview', value: 'on' }] }],
      'everybody',
    ]);
    expect(route.view(table).weights).toEqual({ 'cart-primary': 0, 'cart-canary': 100 });
  });

  it.each<[string, object, object]>([
    ['exact', { exact: 'a.b' }, { value: 'a.b' }],
    ['a start', { prefix: 'a.b' }, { value: 'a\\.b.*', regex: true }],
    ['an end', { suffix: 'a.b' }, { value: '.*a\\.b', regex: true }],
    ['a pattern', { regex: 'a.b' }, { value: 'a.b', regex: true }],
    // Gloo takes an empty value for no value, which every header has.
    ['nothing in it', { exact: '' }, { value: '^$', regex: true }],
    ['a pattern of nothing', { regex: '' }, { value: '^$', regex: true }],
  ])('matches a header by %s', (_how, matcher, condition) => {
    const table = render(match({ headers: { 'x-a': matcher } }));
    expect(matchersOf(table)).toEqual([[{ headers: [{ name: 'x-a', ...condition }] }], 'everybody']);
    expect(routerProblems(gloo, spec(match({ headers: { 'x-a': matcher } })))).toEqual([]);
  });

  it('matches a parameter that is there', () => {
    expect(matchersOf(render(match({ queryParams: { preview: {} } })))).toEqual([
      [{ queryParameters: [{ name: 'preview' }] }],
      'everybody',
    ]);
  });

  it('is not narrowed by a match that other meshes would honour', () => {
    const service = { match: [{ uri: { prefix: '/cart' }, headers: { 'x-a': { exact: '1' } } }] };
    const analysis = match({ queryParams: { preview: { exact: 'on' } } });
    expect(render(analysis, 100, service)).toEqual(render(analysis, 100));
    expect(routerProblems(gloo, spec(analysis, service)).map(({ field }) => field)).toEqual([
      'spec.service.match',
    ]);
  });
});

describe('a RouteTable', () => {
  it('of Canaries of one name in two namespaces leads to Upstreams of two names', () => {
    const names = ['north', 'south'].flatMap((namespace) =>
      upstreams.render(wishOf(spec(), { namespace })).map(({ metadata }) => metadata.name),
    );
    expect(names).toEqual([
      'north-cart-primaryupstream-80',
      'north-cart-canaryupstream-80',
      'south-cart-primaryupstream-80',
      'south-cart-canaryupstream-80',
    ]);
  });

  it('is named by the apex, never by the target', () => {
    const text = JSON.stringify(route.render(wishOf(spec(), { apex: 'till' })));
    expect(text).toContain('shop-till-canaryupstream-80');
    expect(text).not.toContain('shop-cart');
  });

  it.each([
    ['to the Service itself', kubeRoute],
    ['to an Upstream that was discovered', discoveredRoute],
  ])('of the user’s gets our route where the one stood that led %s', (_how, theirs) => {
    const live = { ...render(), spec: { weight: 3, routes: [docs, { ...theirs, name: 'main' }, docs] } };
    const merged = route.merge(stored(live), render({}, 30));
    expect(routesOf(merged)).toEqual([docs, { name: 'main', ...routesOf(render({}, 30))[0] }, docs]);
    expect(objectOf(merged['spec'])['weight']).toBe(3);
    expect(route.fingerprint(merged)).toBe(route.fingerprint(render()));
    expect(route.fingerprint(live)).not.toBe(route.fingerprint(render()));
  });

  it('keeps the options of a route and of a destination, at every split', () => {
    const [first = {}] = routesOf(render({}, 20));
    const { routeAction } = first;
    const multi = objectOf(objectOf(routeAction)['multi']);
    const destinations = objectsOf(multi['destinations']).map((one) => ({
      ...one,
      options: { headerManipulation: {} },
      destination: { ...objectOf(one['destination']), subset: { values: { zone: 'b' } } },
    }));
    const options = { timeout: '10s' };
    const live = {
      ...render(),
      spec: { routes: [{ ...first, options, routeAction: { multi: { destinations } } }] },
    };
    const merged = route.merge(stored(live), render({}, 60));
    expect(routesOf(merged)[0]).toMatchObject({
      options,
      routeAction: {
        multi: {
          destinations: [
            {
              weight: 40,
              options: { headerManipulation: {} },
              destination: { subset: { values: { zone: 'b' } } },
            },
            {
              weight: 60,
              options: { headerManipulation: {} },
              destination: { subset: { values: { zone: 'b' } } },
            },
          ],
        },
      },
    });
    expect(route.fingerprint(live)).toBe(route.fingerprint(render()));
  });

  it('counts a missing weight as none', () => {
    const live: KubeObject = parse(JSON.stringify(render()).replace(',"weight":0', ''));
    expect(route.view(live).weights).toEqual({ 'cart-primary': 100, 'cart-canary': 0 });
    expect(route.fingerprint(live)).toBe(route.fingerprint(render()));
  });

  it('gets back the namespaces of its Upstreams', () => {
    const live: KubeObject = parse(JSON.stringify(render({}, 30)).replaceAll(',"namespace":"shop"}}', '}}'));
    expect(route.fingerprint(live)).not.toBe(route.fingerprint(render()));
    expect(route.merge(live, render({}, 40))).toEqual(render({}, 40));
  });

  it('drifts where somebody leads it elsewhere, or no longer lets it have the path of its parent', () => {
    const [first = {}] = routesOf(render());
    const damaged = [
      { ...first, inheritablePathMatchers: null },
      { ...first, matchers: [{ prefix: '/v2' }] },
      { ...first, routeAction: { ...objectOf(first['routeAction']), upstreamGroup: { name: 'all' } } },
      { routeAction: { single: { kube: { ref: { name: 'cart' } } } } },
    ].map((one) => ({ ...render(), spec: { routes: [one] } }));
    for (const live of damaged) {
      expect(route.fingerprint(live)).not.toBe(route.fingerprint(render()));
      expect(objectOf(route.merge(stored(live), render())['spec'])).toEqual(render()['spec']);
    }
  });

  it('leads to the apex Service when it is left without a Canary', () => {
    const left = route.leadingToApex?.(stored(render({}, 30)), 'cart');
    expect(left && routesOf(left)).toEqual([
      {
        inheritablePathMatchers: true,
        routeAction: {
          multi: {
            destinations: [
              { destination: { kube: { ref: { name: 'cart', namespace: 'shop' }, port: 80 } }, weight: 100 },
            ],
          },
        },
      },
    ]);
  });

  it('is patched without its status, which a whole write would take away', () => {
    const status = { statuses: { 'gloo-system': { state: 'Accepted' } } };
    const live = stored({ ...render({}, 10), status });
    expect(Object.keys(mergePatchOf(live, route.merge(live, render({}, 20))) ?? {})).toEqual(['spec']);
  });
});

describe('what Gloo says of a RouteTable', () => {
  it.each<[string, unknown, string]>([
    ['nothing yet', { statuses: {} }, 'pending'],
    ['nothing at all', undefined, 'pending'],
    // It names no generation: it may be about the one before.
    ['Accepted', { statuses: { 'gloo-system': { state: 'Accepted' } } }, 'unknown'],
    ['Accepted by one, nothing by another', { statuses: { a: { state: 'Accepted' }, b: {} } }, 'pending'],
    [
      'Rejected by one of two',
      { statuses: { a: { state: 'Rejected' }, b: { state: 'Accepted' } } },
      'rejected',
    ],
    [
      'Rejected by the other',
      { statuses: { a: { state: 'Accepted' }, b: { state: 'Rejected' } } },
      'rejected',
    ],
    // The route may have been left out: its matcher does not fit its parent's.
    ['a Warning', { statuses: { 'gloo-system': { state: 'Warning' } } }, 'pending'],
    ['a number', { statuses: { 'gloo-system': { state: 2 } } }, 'rejected'],
    ['a number, without a namespace', { state: 1 }, 'unknown'],
    ['a word nobody knows', { statuses: { 'gloo-system': { state: 'Asleep' } } }, 'pending'],
    ['a number nobody knows', { statuses: { 'gloo-system': { state: 17 } } }, 'pending'],
  ])('%s is understood', (_what, status, state) => {
    expect(route.view({ ...render(), status }).acceptance.state).toBe(state);
  });

  it('is passed on with its reason', () => {
    const status = { statuses: { 'gloo-system': { state: 'Rejected', reason: 'invalid route' } } };
    expect(route.view({ ...render(), status }).acceptance.message).toBe(
      'Gloo in gloo-system says Rejected of the RouteTable: invalid route',
    );
  });
});

const ref = { apiVersion: 'gloo.solo.io/v1', kind: 'Upstream', name: 'settings', namespace: 'gloo-system' };
const withRef: CanarySpec = { ...spec(), upstreamRef: { ...ref, kind: 'Upstream' } };
const source = settings;
const renderUpstreams = (from?: KubeObject, port = 80): readonly KubeObject[] =>
  upstreams.render(wishOf(spec({}, { port }), { source: from }));
const one = (from?: KubeObject, port = 80): KubeObject => {
  const [, canary] = renderUpstreams(from, port);
  if (canary === undefined) {
    throw new Error('there are two');
  }
  return canary;
};

describe('the Upstreams', () => {
  it('are as the golden file shows', () => {
    const golden = parseAllDocuments(readFileSync('test/traffic/gloo/upstreams.yaml', 'utf8'));
    expect(renderUpstreams(source)).toEqual(golden.map((document): unknown => document.toJS()));
  });

  it('lead to the Services by their port', () => {
    expect(one(undefined, 8080)).toMatchObject({
      metadata: { name: 'shop-cart-canaryupstream-8080' },
      spec: { kube: { serviceName: 'cart-canary', serviceNamespace: 'shop', servicePort: 8080 } },
    });
  });

  it('follow the one that the Canary names', () => {
    const live = stored(one(source));
    const edited = { ...source, spec: { ...objectOf(source['spec']), useHttp2: false } };
    expect(upstreams.fingerprint(live)).not.toBe(upstreams.fingerprint(one(edited)));
    expect(upstreams.merge(live, one(edited))).toEqual(stored(one(edited)));
    // The Canary names none any more: what was copied goes, but nothing else.
    expect(upstreams.fingerprint(live)).not.toBe(upstreams.fingerprint(one()));
    expect(upstreams.merge(live, one())).toEqual(stored(one()));
  });

  it('keep what others set on them, and drift where somebody changes what was copied', () => {
    const base = one(source);
    const live = stored({
      ...base,
      status: { statuses: { 'gloo-system': { state: 'Accepted' } } },
      spec: {
        ...objectOf(base['spec']),
        outlierDetection: { consecutive5xx: 5 },
        httpProxyHostname: 'proxy',
      },
    });
    // A setting that was never copied is theirs too.
    expect(upstreams.fingerprint(live)).toBe(upstreams.fingerprint(base));
    expect(upstreams.merge(live, base)).toEqual(live);
    const damaged = { ...base, spec: { ...objectOf(base['spec']), useHttp2: false } };
    expect(upstreams.fingerprint(damaged)).not.toBe(upstreams.fingerprint(base));
    expect(upstreams.merge(stored(damaged), base)).toEqual(stored(base));
  });

  it('of Flagger keep their selector, and are the same but for the opt-out', () => {
    const wanted = one(source);
    const { annotations: _ours, ...metadata } = wanted.metadata;
    const theirs = objectOf(wanted['spec']);
    const live = {
      ...wanted,
      metadata,
      spec: { ...theirs, kube: { ...objectOf(theirs['kube']), selector: { app: 'cart' } } },
    };
    const merged = upstreams.merge(stored(live), wanted);
    expect(merged['spec']).toEqual(live['spec']);
    expect(upstreams.fingerprint(merged)).toBe(upstreams.fingerprint(wanted));
  });
});

describe('the Upstream that a Canary names', () => {
  it('is looked for where the Canary says, and only then', () => {
    expect(inForce(gloo, withRef, () => 'served').source).toBe(upstreamSource);
    expect(inForce(gloo, spec(), () => 'served').source).toBeUndefined();
    expect([upstreamSource.nameOf(withRef), upstreamSource.namespaceOf?.(withRef)]).toEqual([
      'settings',
      'gloo-system',
    ]);
  });

  it('is warned of where it says more than is copied', () => {
    expect(upstreamSource.problems(withRef, source)).toEqual([]);
    const more = { ...source, spec: { ...objectOf(source['spec']), healthChecks: [], failover: {} } };
    expect(upstreamSource.problems(withRef, more)).toMatchObject([
      {
        severity: 'warning',
        field: 'spec.upstreamRef',
        message: expect.stringContaining('healthChecks, failover'),
      },
    ]);
  });
});
