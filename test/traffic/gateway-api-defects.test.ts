// What goes wrong with HTTPRoutes elsewhere, row by row, and not here.
import { describe, expect, it } from '@jest/globals';
import { listOf, objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { gatewayApiV1 } from '../../src/traffic/gateway-api.ts';
import { splitOf, type RouteWish } from '../../src/traffic/router.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const shape = routeOf(gatewayApiV1);
const refs = { gatewayRefs: [{ name: 'public' }] };

interface Parts {
  readonly service?: object;
  readonly analysis?: object;
  readonly wish?: Partial<RouteWish>;
}

function render({ service = {}, analysis = {}, wish = {} }: Parts): KubeObject {
  return frozen(shape.render(wishOf(specOf({ service: { ...refs, ...service }, analysis }), wish)));
}

function errors({ service = {}, analysis = {} }: Parts): string[] {
  const spec = specOf({ service: { ...refs, ...service }, analysis });
  return routerProblems(gatewayApiV1, spec).flatMap(({ severity, reason, field }) =>
    severity === 'error' ? [`${reason} ${field}`] : [],
  );
}

function rulesOf(route: KubeObject): readonly JsonObject[] {
  return objectsOf(objectOf(route['spec'])['rules']);
}

/** What leads to the canary with any weight. */
function leadingToCanary(route: KubeObject): readonly JsonObject[] {
  return rulesOf(route).filter(({ backendRefs }) =>
    objectsOf(backendRefs).some(({ name, weight }) => name === 'cart-canary' && weight !== 0),
  );
}

/** As it comes back from the API server, with what that fills in. */
function stored(route: KubeObject, change: (rule: JsonObject) => JsonObject): KubeObject {
  return { ...route, spec: { ...objectOf(route['spec']), rules: rulesOf(route).map(change) } };
}

function matchers(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, { exact: '1' }]));
}

function matching(names: readonly string[]): KubeObject {
  return render({ service: { match: [{ headers: matchers(names), queryParams: matchers(names) }] } });
}

function many(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({ uri: { prefix: `/${index}` } }));
}

const toCanary = { split: { primary: 0, canary: 100 } };
const cookies = { affinity: { canary: 'cart=QwErTy' } };
const sessionAffinity = { cookieName: 'cart' };

describe('an A/B match that cannot be expressed', () => {
  it.each([
    ['a prefix', { headers: { 'x-cohort': { prefix: 'b' } } }],
    ['a suffix', { headers: { 'x-cohort': { suffix: 'b' } } }],
    ['labels of the sender', { sourceLabels: { app: 'till' } }],
  ])('is refused, and leads nobody to the canary: %s', (_what, entry) => {
    const analysis = { match: [entry], iterations: 5 };
    expect(errors({ analysis })[0]).toContain('UnsupportedMatch');
    expect(leadingToCanary(render({ analysis, wish: toCanary }))).toEqual([]);
  });
});

describe('a route that nobody has changed is no drift', () => {
  it('with several headers and query parameters, in whatever order', () => {
    const names = ['b', 'a', 'c'];
    const turned = stored(matching(names), (rule) => ({
      ...rule,
      matches: objectsOf(rule['matches']).map((match) => ({
        ...match,
        headers: listOf(match['headers']).toReversed(),
        queryParams: listOf(match['queryParams']).toReversed(),
      })),
    }));
    expect(matching(names.toReversed())).toEqual(matching(names));
    expect(shape.fingerprint(turned)).toBe(shape.fingerprint(matching(names)));
  });

  it('where a match says no path, which the server fills in', () => {
    const sent = render({ service: { match: [{ headers: { a: { exact: '1' } } }] } });
    expect(objectsOf(rulesOf(sent)[0]?.['matches'])[0]?.['path']).toEqual({ type: 'PathPrefix', value: '/' });
  });

  it('where CORS says no age, which the server fills in', () => {
    const sent = render({ service: { corsPolicy: { allowOrigin: ['https://example.com'] } } });
    const bare = stored(sent, (rule) => ({
      ...rule,
      filters: [{ type: 'CORS', cors: { allowOrigins: ['https://example.com'] } }],
    }));
    expect(JSON.stringify(sent)).toContain('"maxAge":5');
    expect(shape.fingerprint(bare)).toBe(shape.fingerprint(sent));
  });

  it('and an age that nobody can read is refused', () => {
    expect(errors({ service: { corsPolicy: { maxAge: '1d' } } })).toEqual([
      'InvalidSpec spec.service.corsPolicy.maxAge',
    ]);
  });
});

describe('cookies', () => {
  it('that are taken back change headers of answers beside those of the user, in one filter of a kind', () => {
    const service = { headers: { response: { set: { 'x-shop': 'cart' } } } };
    const route = render({
      service,
      analysis: { sessionAffinity },
      wish: { affinity: { previous: 'cart=QwErTy' } },
    });
    for (const { filters, backendRefs } of rulesOf(route)) {
      for (const list of [filters, ...objectsOf(backendRefs).map((ref) => ref['filters'])]) {
        const types = objectsOf(list).map(({ type }) => type);
        expect(types).toEqual([...new Set(types)]);
      }
    }
    expect(JSON.stringify(route)).toContain('Max-Age=-1');
  });

  it('hold beside an A/B match, and neither takes the place of the other', () => {
    const analysis = {
      match: [{ headers: { 'x-cohort': { exact: 'beta' } } }],
      iterations: 5,
      sessionAffinity,
    };
    const [chosen, rest, sticky] = rulesOf(render({ analysis, wish: { ...toCanary, ...cookies } })).map(
      ({ matches }) => objectsOf(matches).map(({ headers }) => objectsOf(headers).map(({ name }) => name)),
    );
    expect([chosen, rest, sticky]).toEqual([[['x-cohort']], [[]], [['x-cohort', 'Cookie']]]);
  });
});

describe('copies', () => {
  it('are made in a weighted run too, of any share, and do not hide the split', () => {
    const route = render({ analysis: { mirror: true }, wish: { mirrorPercent: 20 } });
    const [{ filters } = {}] = rulesOf(route);
    expect(objectsOf(filters)).toMatchObject([
      { requestMirror: { backendRef: { name: 'cart-canary' }, percent: 20 } },
    ]);
    expect(splitOf(shape.view(route), 'cart')).toEqual({ primary: 100, canary: 0 });
  });
});

describe('the HTTPRoute that a user had', () => {
  it('keeps its other rules and its filters of other types', () => {
    const login = {
      type: 'ExtensionRef',
      extensionRef: { group: 'example.com', kind: 'Auth', name: 'login' },
    };
    const docs = { backendRefs: [{ name: 'docs', port: 80 }] };
    const live: KubeObject = {
      ...render({}),
      spec: { rules: [docs, { filters: [login], backendRefs: [{ name: 'cart', port: 80 }] }] },
    };
    const [first, second] = rulesOf(shape.merge(frozen(live), render({})));
    expect(first).toEqual(docs);
    expect(second?.['filters']).toEqual([login]);
  });
});

describe('what parents say:', () => {
  const yes = { status: 'True', observedGeneration: 3 };
  const report = (name: string, ...types: readonly string[]): JsonObject => ({
    parentRef: { name, namespace: 'shop' },
    conditions: types.map((type) => ({ type, ...yes })),
  });

  it.each<[string, readonly JsonObject[], string]>([
    ['Accepted alone', [report('public', 'Accepted')], 'pending'],
    ['another parent alone', [report('private', 'Accepted', 'ResolvedRefs')], 'pending'],
    ['both, of this parent', [report('public', 'Accepted', 'ResolvedRefs')], 'accepted'],
  ])('%s', (_what, parents, state) => {
    const { metadata, ...rest } = render({});
    const live = { ...rest, metadata: { ...metadata, generation: 3 }, status: { parents } };
    expect(shape.view(live).acceptance.state).toBe(state);
  });
});

describe('what the server would refuse in the middle of a run is refused before it:', () => {
  it('a prefix to replace where the rules of an A/B test have several matches', () => {
    const service = {
      rewrite: { uri: '/', type: 'ReplacePrefixMatch' },
      match: [{ uri: { prefix: '/cart' } }],
    };
    const match = ['a', 'b'].map((name) => ({ headers: { [name]: { exact: '1' } } }));
    expect(errors({ service, analysis: { match: match.slice(1), iterations: 5 } })).toEqual([]);
    expect(errors({ service, analysis: { match, iterations: 5 } })).toEqual([
      'InvalidSpec spec.service.rewrite.type',
    ]);
  });

  it.each<[string, Parts, string[]]>([
    ['64 matches in a rule', { service: { match: many(64) } }, []],
    ['65 matches in a rule', { service: { match: many(65) } }, ['InvalidSpec spec.service.match']],
    ['128 matches with cookies', { service: { match: many(64) }, analysis: { sessionAffinity } }, []],
    [
      'more than 128 matches with two cookies',
      {
        service: { match: many(43) },
        analysis: { sessionAffinity: { ...sessionAffinity, primaryCookieName: 'home' } },
      },
      ['InvalidSpec spec.service.match'],
    ],
    [
      'more than 16 filters',
      {
        service: { mirror: Array.from({ length: 17 }, () => ({ backendRef: { name: 'audit', port: 80 } })) },
      },
      ['InvalidSpec spec.service.mirror'],
    ],
  ])('%s', (_what, parts, expected) => {
    expect(errors(parts)).toEqual(expected);
  });
});
