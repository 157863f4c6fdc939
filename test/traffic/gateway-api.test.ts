import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { gatewayApiV1 } from '../../src/traffic/gateway-api.ts';
import type { RouteWish } from '../../src/traffic/router.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const route = routeOf(gatewayApiV1);
const refs = { gatewayRefs: [{ name: 'public' }] };

function render(
  service: object = {},
  analysis: object = {},
  affinity: RouteWish['affinity'] = {},
): KubeObject {
  const spec = specOf({ service: { ...refs, ...service }, analysis });
  return frozen(route.render(wishOf(spec, { affinity })));
}

function rulesOf(object: KubeObject): readonly JsonObject[] {
  return objectsOf(objectOf(object['spec'])['rules']);
}

function matchesOf(rules: readonly JsonObject[] = []): unknown[] {
  return rules.map(({ matches }) => matches);
}

function filtersBeside(rule: JsonObject = {}): unknown[] {
  return objectsOf(rule['backendRefs']).map(({ filters }) => filters);
}

/** The rule that takes back the cookie of the run before. */
function forgetting(service: object): JsonObject | undefined {
  const analysis = { sessionAffinity: { cookieName: 'cart-track' } };
  return rulesOf(render(service, analysis, { previous: 'cart-track=QwErTyUiOp' })).at(-1);
}

function errors(service: object, analysis: object = {}): string[] {
  const spec = specOf({ service: { ...refs, ...service }, analysis });
  return routerProblems(gatewayApiV1, spec).flatMap(({ severity, reason, field }) =>
    severity === 'error' ? [`${reason} ${field}`] : [],
  );
}

function many(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({ uri: { prefix: `/${index}` } }));
}

describe('rules of an HTTPRoute', () => {
  it('have their filters in the order of Flagger, with names sorted', () => {
    const [rule = {}] = rulesOf(
      render({
        corsPolicy: { allowOrigin: ['https://b.example.com', 'https://a.example.com'], maxAge: '1m' },
        mirror: [{ backendRef: { name: 'audit', port: 81 } }],
        rewrite: { uri: '/v2', authority: 'internal.example.com' },
        headers: {
          response: { remove: ['server'], set: { 'x-b': '2', 'x-a': '1' } },
          request: { add: { 'x-shop': 'cart' } },
        },
      }),
    );
    expect(rule['filters']).toEqual(
      parse(`
        - type: RequestHeaderModifier
          requestHeaderModifier: { add: [{ name: x-shop, value: cart }] }
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            set: [{ name: x-a, value: '1' }, { name: x-b, value: '2' }]
            remove: [server]
        - type: URLRewrite
          urlRewrite:
            hostname: internal.example.com
            path: { type: ReplaceFullPath, replaceFullPath: /v2 }
        - type: RequestMirror
          requestMirror: { backendRef: { group: '', kind: Service, name: audit, port: 81 } }
        - type: CORS
          cors: { allowOrigins: ['https://b.example.com', 'https://a.example.com'], maxAge: 60 }
      `),
    );
  });

  it.each([
    ['of a split', {}, 1],
    ['of an A/B test', { match: [{ headers: { 'x-user': { exact: 'insider' } } }], iterations: 3 }, 2],
  ])('%s keep their places when cookies come and go', (_, test, count) => {
    // Envoy Gateway names its clusters by the place of a rule: whoever finds another rule in that place goes astray for a moment.
    const analysis = {
      sessionAffinity: { cookieName: 'cart-track', primaryCookieName: 'cart-home' },
      ...test,
    };
    const [before, during, after] = [
      {},
      { canary: 'cart-track=QwErTyUiOp', primary: 'cart-home=AsDfGhJkLz' },
      { previous: 'cart-track=QwErTyUiOp' },
    ].map((affinity) => rulesOf(render({}, analysis, affinity)));
    expect([before, during, after].map((rules) => rules?.length)).toEqual([count, count + 2, count + 1]);
    expect(matchesOf(during).slice(0, count)).toEqual(matchesOf(before));
    expect(matchesOf(after).slice(0, count)).toEqual(matchesOf(before));
  });

  it('tell users to forget a cookie by the rule, or beside the backend where the Canary changes headers', () => {
    // Contour adds no header to answers where a rule has one backend, unless the rule itself says so.
    const forget = {
      type: 'ResponseHeaderModifier',
      responseHeaderModifier: { add: [{ name: 'Set-Cookie', value: 'cart-track=QwErTyUiOp; Max-Age=-1' }] },
    };
    const plain = forgetting({});
    expect(plain?.['filters']).toEqual([forget]);
    expect(filtersBeside(plain)).toEqual([undefined]);
    const changing = forgetting({ headers: { response: { remove: ['server'] } } });
    expect(changing?.['filters']).toEqual([
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['server'] } },
    ]);
    expect(filtersBeside(changing)).toEqual([[forget]]);
  });

  it('have both time-outs', () => {
    const [rule = {}] = rulesOf(render({ timeout: '10s', backendTimeout: '4s' }));
    expect(rule['timeouts']).toEqual({ request: '10s', backendRequest: '4s' });
  });

  it('have every pair of analysis and service match, with the headers of the analysis', () => {
    const service = {
      match: [
        { uri: { exact: '/cart' }, method: { exact: 'GET' }, headers: { 'x-tenant': { exact: 'a' } } },
        { uri: { regex: '/v[0-9]+' }, queryParams: { q: { exact: '1' } } },
      ],
    };
    const match = [
      { headers: { 'x-cohort': { exact: 'beta' } } },
      { queryParams: { preview: { regex: 'on|yes' } } },
    ];
    const [chosen = {}, rest = {}] = rulesOf(render(service, { match, iterations: 5 }));
    const path = {
      cart: { type: 'Exact', value: '/cart' },
      versions: { type: 'RegularExpression', value: '/v[0-9]+' },
    };
    const cohort = [{ name: 'x-cohort', type: 'Exact', value: 'beta' }];
    const tenant = [{ name: 'x-tenant', type: 'Exact', value: 'a' }];
    const preview = [{ name: 'preview', type: 'RegularExpression', value: 'on|yes' }];
    const query = [{ name: 'q', type: 'Exact', value: '1' }];
    expect(chosen['matches']).toEqual([
      { path: path.cart, method: 'GET', headers: cohort },
      { path: path.versions, headers: cohort, queryParams: query },
      { path: path.cart, method: 'GET', headers: tenant, queryParams: preview },
      { path: path.versions, queryParams: preview },
    ]);
    expect(rest['matches']).toEqual([
      { path: path.cart, method: 'GET', headers: tenant },
      { path: path.versions, queryParams: query },
    ]);
  });

  it('belong to a Service where a mesh is meant', () => {
    const gatewayRefs = [{ group: 'core', kind: 'Service', name: 'cart', port: 80 }];
    expect(objectOf(render({ gatewayRefs })['spec'])['parentRefs']).toEqual(gatewayRefs);
  });
});

describe('the fingerprint of an HTTPRoute', () => {
  it('is the same with and without what the API fills in', () => {
    const sent = render({
      match: [{ headers: { 'x-a': { exact: '1' } } }],
      corsPolicy: { allowOrigin: ['*'] },
    });
    const bare = {
      ...sent,
      spec: parse(`
        parentRefs: [{ name: public, namespace: shop }]
        hostnames: []
        rules:
          - matches: [{ headers: [{ name: x-a, value: '1' }] }]
            filters: [{ type: CORS, cors: { allowOrigins: ['*'], allowCredentials: false } }]
            backendRefs: [{ name: cart-primary, port: 80 }, { name: cart-canary, port: 80 }]
      `),
    };
    expect(route.fingerprint(bare)).toBe(route.fingerprint(sent));
    expect(route.view(bare).weights).toEqual({ 'cart-primary': 1, 'cart-canary': 1 });
  });

  it.each([
    ['a parent', { gatewayRefs: [{ name: 'private' }] }],
    ['a host', { hosts: ['cart.example.com'] }],
    ['a mirror', { mirror: [{ backendRef: { name: 'audit', port: 80 } }] }],
    ['the age of CORS answers', { corsPolicy: { allowOrigin: ['*'], maxAge: '7s' } }],
    ['a rewrite', { rewrite: { uri: '/v2' } }],
    ['a header', { headers: { response: { remove: ['server'] } } }],
  ])('changes with %s', (_what, service) => {
    expect(route.fingerprint(render(service))).not.toBe(route.fingerprint(render()));
  });
});

describe('taking over the HTTPRoute of a user', () => {
  const live: KubeObject = frozen(
    parse(`
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: { name: cart, namespace: shop, labels: { team: shop } }
      spec:
        useDefaultGateways: None
        parentRefs: [{ name: old }]
        rules:
          - name: docs
            backendRefs: [{ name: docs, port: 80 }]
          - name: main
            matches: [{ path: { type: PathPrefix, value: / } }]
            sessionPersistence: { sessionName: s }
            filters:
              - { type: ExtensionRef, extensionRef: { group: example.com, kind: Auth, name: login } }
              - { type: RequestHeaderModifier, requestHeaderModifier: { remove: [x-debug] } }
            backendRefs: [{ name: cart, port: 80, weight: 1 }]
    `),
  );
  const docs = { name: 'docs', backendRefs: [{ name: 'docs', port: 80 }] };
  const login = { type: 'ExtensionRef', extensionRef: { group: 'example.com', kind: 'Auth', name: 'login' } };

  it('keeps the rules that lead elsewhere, and what stood in the one that led to the apex', () => {
    const merged = route.merge(live, render());
    expect(merged['spec']).toMatchObject({ useDefaultGateways: 'None', parentRefs: [{ name: 'public' }] });
    expect(rulesOf(merged)).toMatchObject([
      docs,
      { name: 'main', sessionPersistence: { sessionName: 's' }, filters: [login] },
    ]);
    expect(merged.metadata.labels).toEqual({ team: 'shop' });
    expect(route.fingerprint(merged)).toBe(route.fingerprint(render()));
  });

  it('guards both rules of an A/B test like the one there was', () => {
    const match = [{ headers: { 'x-cohort': { exact: 'beta' } } }];
    const merged = route.merge(live, render({}, { match, iterations: 5 }));
    expect(rulesOf(merged).map(({ filters }) => filters)).toEqual([undefined, [login], [login]]);
    expect(rulesOf(merged).map(({ name }) => name)).toEqual(['docs', 'main', undefined]);
  });

  it('takes foreign filters of a rule back to a single rule', () => {
    const match = [{ headers: { 'x-cohort': { exact: 'beta' } } }];
    const twofold = route.merge(live, render({}, { match, iterations: 5 }));
    expect(rulesOf(route.merge(twofold, render()))).toMatchObject([docs, { name: 'main', filters: [login] }]);
  });
});

describe('acceptance of an HTTPRoute', () => {
  const yes = { status: 'True', observedGeneration: 3 };
  const parent = (parts: object = {}): JsonObject => ({
    controllerName: 'example.com/gateway',
    parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public', namespace: 'shop' },
    conditions: [
      { type: 'Accepted', ...yes },
      { type: 'ResolvedRefs', ...yes },
    ],
    ...parts,
  });
  const conditions = (accepted: object, resolved: object): JsonObject =>
    parent({
      conditions: [
        { type: 'Accepted', ...accepted },
        { type: 'ResolvedRefs', ...resolved },
      ],
    });
  const stale = { status: 'True', observedGeneration: 2 };
  const no = { status: 'False', observedGeneration: 3, reason: 'BackendNotFound', message: 'no cart-canary' };
  const silent = { status: 'True' };

  it.each([
    ['says yes twice', [parent()], 'accepted'],
    ['has not spoken', [], 'pending'],
    ['is another one', [parent({ parentRef: { name: 'private' } })], 'pending'],
    ['is another listener', [parent({ parentRef: { name: 'public', sectionName: 'https' } })], 'pending'],
    ['speaks of an older generation', [conditions(stale, yes)], 'pending'],
    ['has not resolved the backends yet', [conditions(yes, stale)], 'pending'],
    ['says nothing of backends', [parent({ conditions: [{ type: 'Accepted', ...yes }] })], 'pending'],
    ['does not accept', [conditions(no, yes)], 'rejected'],
    ['cannot resolve a backend', [conditions(yes, no)], 'rejected'],
    ['refused an older generation', [conditions({ ...no, observedGeneration: 2 }, yes)], 'pending'],
    ['says yes without a generation', [conditions(silent, silent)], 'accepted'],
    ['says no without a generation', [conditions({ status: 'False' }, yes)], 'pending'],
    ['does not know', [conditions({ ...yes, status: 'Unknown' }, yes)], 'pending'],
    ['is contradicted by a second controller', [parent(), conditions(no, yes)], 'rejected'],
  ])('where the parent %s', (_what, parents, state) => {
    const { metadata, ...rest } = render();
    const live = { ...rest, metadata: { ...metadata, generation: 3 }, status: { parents } };
    expect(route.view(live).acceptance.state).toBe(state);
  });

  it.each(['core', ''])(
    'hears a Service of the group "%s", however its controller writes the group',
    (group) => {
      const ref = { kind: 'Service', name: 'cart', port: 80 };
      const { metadata, ...rest } = render({ gatewayRefs: [{ ...ref, group: 'core' }] });
      const status = { parents: [parent({ parentRef: { ...ref, group, namespace: 'shop' } })] };
      const live = { ...rest, metadata: { ...metadata, generation: 3 }, status };
      expect(route.view(live).acceptance.state).toBe('accepted');
    },
  );

  it('needs every parent', () => {
    const { metadata, ...rest } = render({ gatewayRefs: [{ name: 'public' }, { name: 'private' }] });
    const live = { ...rest, metadata: { ...metadata, generation: 3 }, status: { parents: [parent()] } };
    expect(route.view(live).acceptance).toEqual({
      state: 'pending',
      message: 'no controller has reported on Gateway private yet',
    });
  });

  it('says why', () => {
    const { metadata, ...rest } = render();
    const status = { parents: [conditions(yes, no)] };
    const live = { ...rest, metadata: { ...metadata, generation: 3 }, status };
    expect(route.view(live).acceptance.message).toBe(
      'ResolvedRefs of Gateway public is False (BackendNotFound: no cart-canary)',
    );
  });
});

describe('what an HTTPRoute would be refused for', () => {
  const service = 'spec.service';

  it.each([
    ['no parents', { gatewayRefs: [] }, `MissingReference ${service}.gatewayRefs`],
    [
      'one parent twice',
      { gatewayRefs: [{ name: 'a' }, { name: 'a', port: 81 }] },
      `InvalidSpec ${service}.gatewayRefs[1]`,
    ],
    ['a time-out with a fraction', { timeout: '1.5s' }, `InvalidSpec ${service}.timeout`],
    ['six digits', { backendTimeout: '100000ms' }, `InvalidSpec ${service}.backendTimeout`],
    ['days', { timeout: '1d' }, `InvalidSpec ${service}.timeout`],
    [
      'a longer backend time-out',
      { timeout: '1s', backendTimeout: '2s' },
      `InvalidSpec ${service}.backendTimeout`,
    ],
    ['every host', { hosts: ['*'] }, `InvalidSpec ${service}.hosts[0]`],
    ['a host in upper case', { hosts: ['Cart.example.com'] }, `InvalidSpec ${service}.hosts[0]`],
    [
      'an authority with a port',
      { rewrite: { authority: 'cart:80' } },
      `InvalidSpec ${service}.rewrite.authority`,
    ],
    ['a young CORS answer', { corsPolicy: { maxAge: '500ms' } }, `InvalidSpec ${service}.corsPolicy.maxAge`],
    ['a CORS answer of a day', { corsPolicy: { maxAge: '1d' } }, `InvalidSpec ${service}.corsPolicy.maxAge`],
    [
      'an origin without scheme',
      { corsPolicy: { allowOrigin: ['example.com'] } },
      `InvalidSpec ${service}.corsPolicy.allowOrigin[0]`,
    ],
    [
      '* beside an origin',
      { corsPolicy: { allowOrigin: ['*', 'https://a.b'] } },
      `InvalidSpec ${service}.corsPolicy.allowOrigin`,
    ],
    [
      'a CORS method in lower case',
      { corsPolicy: { allowMethods: ['get'] } },
      `InvalidSpec ${service}.corsPolicy.allowMethods[0]`,
    ],
    [
      'a method in lower case',
      { match: [{ method: { exact: 'get' } }] },
      `InvalidSpec ${service}.match[0].method.exact`,
    ],
    [
      'a method by prefix',
      { match: [{ method: { prefix: 'P' } }] },
      `UnsupportedMatch ${service}.match[0].method`,
    ],
    ['a path without slash', { match: [{ uri: { prefix: 'cart' } }] }, `InvalidSpec ${service}.match[0].uri`],
    [
      'a path with two slashes',
      { match: [{ uri: { exact: '/a//b' } }] },
      `InvalidSpec ${service}.match[0].uri`,
    ],
    [
      'a header by prefix',
      { match: [{ headers: { a: { prefix: 'x' } } }] },
      `UnsupportedMatch ${service}.match[0].headers.a`,
    ],
    [
      'a header that is there',
      { match: [{ headers: { a: {} } }] },
      `UnsupportedMatch ${service}.match[0].headers.a`,
    ],
    [
      'an empty header',
      { headers: { request: { set: { a: '' } } } },
      `InvalidSpec ${service}.headers.request.set.a`,
    ],
    ['a mirror to nowhere', { mirror: [{}] }, `InvalidSpec ${service}.mirror[0].backendRef`],
  ])('%s', (_what, parts, expected) => {
    expect(errors(parts)).toEqual([expected]);
  });

  it.each([
    ['a header by prefix', { headers: { a: { prefix: 'x' } } }, 'UnsupportedMatch', 'headers.a'],
    ['a header by suffix', { headers: { a: { suffix: 'x' } } }, 'UnsupportedMatch', 'headers.a'],
    ['a parameter by prefix', { queryParams: { a: { prefix: 'x' } } }, 'UnsupportedMatch', 'queryParams.a'],
    ['an empty value', { headers: { a: { exact: '' } } }, 'InvalidSpec', 'headers.a'],
  ])('%s in an A/B test', (_what, entry, reason, field) => {
    const found = errors({}, { match: [entry], iterations: 5 });
    expect(found).toEqual([`${reason} spec.analysis.match[0].${field}`]);
  });

  it('a prefix to replace where rules have several matches', () => {
    const rewrite = { uri: '/', type: 'ReplacePrefixMatch' };
    const match = [{ headers: { a: { exact: 'x' } } }, { headers: { b: { exact: 'x' } } }];
    expect(errors({ rewrite })).toEqual([]);
    expect(errors({ rewrite }, { match, iterations: 5 })).toEqual([`InvalidSpec ${service}.rewrite.type`]);
    expect(errors({ rewrite, match: [{ uri: { exact: '/' } }] })).toEqual([
      `InvalidSpec ${service}.rewrite.type`,
    ]);
  });

  it('more matches than a rule or a route may have', () => {
    expect(errors({ match: many(64) })).toEqual([]);
    expect(errors({ match: many(65) })).toEqual([`InvalidSpec ${service}.match`]);
    const match = [{ headers: { a: { exact: 'x' } } }, { headers: { b: { exact: 'x' } } }];
    expect(errors({ match: many(32) }, { match, iterations: 5 })).toEqual([]);
    expect(errors({ match: many(33) }, { match, iterations: 5 })).toEqual([
      'InvalidSpec spec.analysis.match',
    ]);
  });

  it.each([
    ['no time at all', { timeout: '0s', backendTimeout: '1m30s' }],
    ['origins with wildcards', { corsPolicy: { allowOrigin: ['https://*.example.com:8443'] } }],
    [
      'a listener each',
      {
        gatewayRefs: [
          { name: 'a', sectionName: 'x' },
          { name: 'a', sectionName: 'y' },
        ],
      },
    ],
    ['a wildcard host', { hosts: ['*.example.com'] }],
  ])('not %s', (_what, parts) => {
    expect(errors(parts)).toEqual([]);
  });
});
