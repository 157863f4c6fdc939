import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { admit } from '../../src/sandbox/crd-schema.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { splitOf } from '../../src/traffic/router.ts';
import { routerOf } from '../../src/traffic/routers.ts';
import { schemaOf } from './definitions.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const beta = [{ headers: { 'x-cohort': { exact: 'beta' } } }];

function spec(match: readonly object[] = beta, service: object = {}): CanarySpec {
  return specOf({
    provider: 'traefik',
    service,
    analysis: { match, iterations: 5 },
    routeRef: { apiVersion: 'traefik.io/v1alpha1', kind: 'IngressRoute', name: 'storefront' },
  });
}

const router = routerOf(spec(), 'traefik');
const shape = routeOf(router);

function ingressRoute(routes: readonly object[], metadata: object = {}): KubeObject {
  return frozen({
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'IngressRoute',
    metadata: { name: 'storefront', namespace: 'shop', ...metadata },
    spec: { entryPoints: ['web'], routes },
  });
}

const cart = { kind: 'Rule', match: 'PathPrefix(`/cart`)', services: [{ name: 'cart', port: 80 }] };

interface Made {
  readonly canary?: number;
  readonly match?: readonly object[];
  readonly routes?: readonly object[];
}

function render({ canary = 0, match = beta, routes = [cart] }: Made = {}): KubeObject {
  return frozen(
    shape.render(wishOf(spec(match), { split: splitToward(canary), source: ingressRoute(routes) })),
  );
}

function routesOf(object: KubeObject): readonly JsonObject[] {
  return objectsOf(objectOf(object['spec'])['routes']);
}

function matchOf(match: readonly object[], routes: readonly object[] = [cart]): unknown {
  return routesOf(render({ match, routes })).map((route) => route['match']);
}

function golden(name: string): KubeObject {
  const { metadata, ...rest } = objectOf(parse(readFileSync(`test/traffic/traefik-ab/${name}.yaml`, 'utf8')));
  return { apiVersion: '', kind: '', ...rest, metadata: { name: '', ...objectOf(metadata) } };
}

const percent = fc.integer({ min: 0, max: 100 });

describe('an A/B test with an IngressRoute of the user', () => {
  it.each([
    ['initial', 0],
    ['ab', 100],
  ])('looks as the golden file %s shows', (name, canary) => {
    const wish = wishOf(spec(), { split: splitToward(canary), source: golden('storefront') });
    expect(shape.render(wish)).toEqual(golden(name));
  });

  it('reads back any split over any other, and changes nothing the second time', () => {
    fc.assert(
      fc.property(percent, percent, (before, after) => {
        const live = render({ canary: before });
        const merged = frozen(shape.merge(live, render({ canary: after })));
        expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(after));
        expect(shape.fingerprint(merged)).toBe(shape.fingerprint(render()));
        expect(shape.merge(merged, render({ canary: after }))).toEqual(merged);
        expect(shape.reweigh(merged, splitToward(before))).toEqual(live);
      }),
    );
  });

  it('keeps what others have put on the object', () => {
    const live = render({ canary: 30 });
    const labelled = frozen({ ...live, metadata: { ...live.metadata, labels: { team: 'shop' } } });
    expect(shape.merge(labelled, render({ canary: 60 })).metadata.labels).toEqual({ team: 'shop' });
  });

  it.each<[string, readonly object[], string]>([
    ['a header', [{ headers: { 'x-a': { exact: 'b' } } }], 'Header(`x-a`, `b`)'],
    ['the start of one', [{ headers: { 'x-a': { prefix: 'b.' } } }], 'HeaderRegexp(`x-a`, `^b\\.`)'],
    ['the end of one', [{ headers: { 'x-a': { suffix: 'b' } } }], 'HeaderRegexp(`x-a`, `b$`)'],
    [
      'a pattern, which is for the whole value',
      [{ headers: { cookie: { regex: 'b|c' } } }],
      'HeaderRegexp(`cookie`, `^(?:b|c)$`)',
    ],
    ['a header of any value', [{ headers: { 'x-a': {} } }], 'HeaderRegexp(`x-a`, `.*`)'],
    ['a parameter', [{ queryParams: { v: { exact: '2' } } }], 'Query(`v`, `2`)'],
    ['a value with a backtick', [{ headers: { 'x-a': { exact: 'a`"' } } }], 'Header(`x-a`, "a`\\"")'],
    [
      'all of an entry, any of the entries',
      [{ headers: { b: { exact: '1' }, a: { exact: '2' } } }, { queryParams: { v: { exact: '2' } } }],
      'Header(`a`, `2`) && Header(`b`, `1`) || Query(`v`, `2`)',
    ],
  ])('matches %s', (_title, match, rule) => {
    expect(matchOf(match)).toEqual([`(PathPrefix(\`/cart\`)) && (${rule})`]);
  });

  it('never takes those who are not chosen', () => {
    expect(matchOf([{}, { headers: {} }])).toEqual([]);
    expect(
      routerProblems(router!, spec([{}])).map(({ severity, reason }) => `${severity} ${reason}`),
    ).toEqual(['error UnsupportedMatch']);
    expect(routerProblems(router!, spec())).toEqual([]);
  });

  it.each([
    ['the length of the rule where the user says nothing', {}, cart.match.length + 1],
    ['in bytes', { match: 'Path(`/é`)' }, 12],
    ['what the user says', { priority: 7 }, 8],
    ['nothing of 0', { priority: 0 }, cart.match.length + 1],
  ])('comes just before the rule of the user, by %s', (_title, change, priority) => {
    expect(routesOf(render({ routes: [{ ...cart, ...change }] }))[0]?.['priority']).toBe(priority);
  });

  it('is made from the routes that lead to the apex alone, with all that stands in them', () => {
    const routes = [
      {
        ...cart,
        middlewares: [{ name: 'limit' }],
        services: [{ name: 'cart', port: 'http', scheme: 'h2c' }],
      },
      { ...cart, match: 'Path(`/north`)', services: [{ name: 'cart', namespace: 'north' }] },
      { ...cart, match: 'Path(`/till`)', services: [{ name: 'till' }] },
    ];
    expect(routesOf(render({ canary: 40, routes }))).toMatchObject([
      {
        kind: 'Rule',
        middlewares: [{ name: 'limit' }],
        services: [
          { name: 'cart-primary', port: 'http', scheme: 'h2c', weight: 60 },
          { name: 'cart-canary', port: 'http', scheme: 'h2c', weight: 40 },
        ],
      },
    ]);
  });

  it('names a Service of its own where the user leads to the TraefikService, which stays at 100/0', () => {
    const source = ingressRoute([{ ...cart, services: [{ kind: 'TraefikService', name: 'cart' }] }]);
    const wish = wishOf(spec(), { split: splitToward(100), source });
    expect(routesOf(shape.render(wish))[0]?.['services']).toEqual([
      { name: 'cart-canary', port: 80, weight: 100 },
    ]);
    const beside = router?.companions?.flatMap((one) => one.render(wish).map((object) => ({ one, object })));
    expect(beside).toMatchObject([
      {
        object: {
          kind: 'TraefikService',
          metadata: { name: 'cart' },
          spec: { weighted: { services: [{ name: 'cart-primary', weight: 100 }] } },
        },
      },
    ]);
    const [{ one, object } = { one: undefined, object: source }] = beside ?? [];
    const moved = {
      weighted: { services: [{ name: 'cart-canary', namespace: 'shop', port: 80, weight: 100 }] },
    };
    const live = { ...object, spec: moved };
    expect(one?.fingerprint(live)).not.toBe(one?.fingerprint(object));
    expect(one?.merge(live, object)).toEqual(object);
    expect(
      router?.companions?.flatMap((each) => each.render({ ...wish, source: ingressRoute([cart]) })),
    ).toEqual([]);
  });

  it.each<[string, readonly object[], readonly string[]]>([
    ['leads to it', [cart], []],
    ['does not', [], ['error MissingReference: has no route that leads to the Service cart']],
    [
      'leads to others by the same rule',
      [{ ...cart, services: [{ name: 'cart' }, { name: 'home' }] }],
      ['error InvalidSpec: leads to cart by the rule PathPrefix(`/cart`), but to others as well'],
    ],
    [
      'is written for Traefik 2',
      [{ ...cart, syntax: 'v2' }],
      [
        'error UnsupportedMatch: has the rule PathPrefix(`/cart`) in the syntax of Traefik 2, which names headers in another way',
      ],
    ],
    [
      'still leads to the primary',
      [{ ...cart, services: [{ name: 'cart-primary', port: 80, weight: 100 }] }],
      [
        'warning IgnoredField: leads to cart-primary by the rule PathPrefix(`/cart`), from when weights were moved in it',
      ],
    ],
  ])('is looked at where it %s', (_title, routes, problems) => {
    const said = router?.source?.problems(spec(), ingressRoute(routes)) ?? [];
    expect(said.map(({ severity, reason, message }) => `${severity} ${reason}: ${message}`)).toEqual(
      problems,
    );
  });

  it('copies nothing that is about the other object alone', () => {
    const annotations = { 'till.serin.dev/original': '[null]', 'kubernetes.io/ingress.class': 'edge' };
    const source = ingressRoute([cart], { annotations });
    const { metadata } = shape.render(wishOf(spec(), { source }));
    expect(metadata.annotations).toMatchObject({ 'kubernetes.io/ingress.class': 'edge' });
    expect(metadata.annotations).not.toHaveProperty(['till.serin.dev/original']);
  });

  it('is another kind of Canary than one whose weights move', () => {
    const weighted = specOf({
      provider: 'traefik',
      routeRef: { apiVersion: '', kind: 'IngressRoute', name: 'x' },
    });
    expect(routerOf(weighted, 'traefik')?.borrows).toBe('IngressRoute');
    expect(router?.borrows).toBeUndefined();
    expect(shape.nameOf?.(spec(beta, { name: 'till' }))).toBe('storefront-till-canary');
  });

  const folder = process.env['SERIN_TEST_CRDS'] ?? '';
  (folder === '' ? it.skip : it)('is stored as it was sent', () => {
    const { removed, problems } = admit(schemaOf(folder, shape.resource), golden('ab'));
    expect({ removed, problems }).toEqual({ removed: [], problems: [] });
  });
});

function traefikService(sticky: object): KubeObject {
  return {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'TraefikService',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { weighted: { ...sticky, services: [{ name: 'cart-primary', weight: 100 }] } },
  };
}

describe('cookies of Traefik', () => {
  const plain = specOf({ provider: 'traefik' });
  const named = specOf({
    provider: 'traefik',
    routeRef: { apiVersion: '', kind: 'TraefikService', name: 'x' },
  });
  it.each([
    ['that Serin makes', plain],
    ['of the user', named],
  ])('keep clients where they are, in a TraefikService %s', (_title, of) => {
    const route = routeOf(routerOf(of, 'traefik'));
    expect(route.view(traefikService({ sticky: { cookie: {} } })).keepsClients).toBe(true);
    expect(route.view(traefikService({})).keepsClients).toBeUndefined();
  });
});
