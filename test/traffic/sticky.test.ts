import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { gatewayApiV1, gatewayApiV1beta1 } from '../../src/traffic/gateway-api.ts';
import { splitOf } from '../../src/traffic/router.ts';
import { stickinessOf } from '../../src/traffic/sticky.ts';
import { storedWish } from '../../src/traffic/stored-wish.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const refs = { gatewayRefs: [{ name: 'public' }] };
const plain = { cookieName: 'cart-track', primaryCookieName: 'cart-home', maxAge: 3600 };
const cookies = { canary: 'cart-track=QwErTyUiOp', primary: 'cart-home=AsDfGhJkLz' };

function stickiness(sessionAffinity: object, affinity: object): ReturnType<typeof stickinessOf> {
  const spec = specOf({ service: refs, analysis: { sessionAffinity } });
  return stickinessOf(wishOf(spec, { affinity }));
}

function patternOf(cookie: string): RegExp {
  const [name = ''] = cookie.split('=');
  const [rule] = stickiness({ cookieName: name, maxAge: 60 }, { canary: cookie }).rules;
  return new RegExp(rule?.pattern ?? '(?!)');
}

describe('the pattern of a cookie', () => {
  const other = fc.stringMatching(/^[a-z]{1,5}=[A-Za-z0-9 ]{0,5}$/);

  it('finds it among any others', () => {
    fc.assert(
      fc.property(fc.array(other), fc.array(other), (before, after) => {
        const header = [...before, cookies.canary, ...after].join('; ');
        expect(patternOf(cookies.canary).test(header)).toBe(true);
      }),
    );
  });

  it('R15: finds no other cookie, longer name or longer value', () => {
    fc.assert(
      fc.property(fc.array(other), (others) => {
        const near = [
          'my-cart-track=QwErTyUiOp',
          'cart-track=QwErTyUiOpX',
          'cart-track=',
          'x=cart-track=QwErTyUiOp',
        ];
        expect(patternOf(cookies.canary).test([...others, ...near].join('; '))).toBe(false);
      }),
    );
  });

  it('R15: takes signs in a name for themselves', () => {
    const odd = patternOf('c.r+t^=QwErTyUiOp');

    expect(odd.test('c.r+t^=QwErTyUiOp')).toBe(true);
    expect(odd.test('cxrrt=QwErTyUiOp')).toBe(false);
  });
});

describe('a cookie as it is set', () => {
  it('has its attributes in the order of Flagger', () => {
    const all = {
      ...plain,
      domain: 'example.com',
      path: '/cart',
      httpOnly: true,
      secure: true,
      partitioned: true,
      sameSite: 'None',
    };

    expect(stickiness(all, cookies).setCookie).toEqual({
      canary:
        'cart-track=QwErTyUiOp; Max-Age=3600; Domain=example.com; HttpOnly; Partitioned; Path=/cart; SameSite=None; Secure',
      primary:
        'cart-home=AsDfGhJkLz; Max-Age=60; Domain=example.com; HttpOnly; Partitioned; Path=/cart; SameSite=None; Secure',
    });
  });

  it('lives a day where no age is given, and the primary one an interval', () => {
    expect(stickiness({ ...plain, maxAge: 0 }, cookies).setCookie).toEqual({
      canary: 'cart-track=QwErTyUiOp; Max-Age=86400',
      primary: 'cart-home=AsDfGhJkLz; Max-Age=60',
    });
  });

  it('is forgotten with the same attributes, at the primary', () => {
    const [expire] = stickiness({ ...plain, path: '/cart' }, { previous: cookies.canary }).rules;

    expect(expire).toMatchObject({
      to: 'primary',
      setCookie: 'cart-track=QwErTyUiOp; Max-Age=-1; Path=/cart',
    });
  });
});

describe('what status has stored', () => {
  it('is what a route says: nothing before it is stored, and nothing that Flagger left empty', () => {
    expect(storedWish({})).toEqual({ affinity: {} });
    expect(storedWish({ sessionAffinityCookie: '', previousSessionAffinityCookie: 'a=b' })).toEqual({
      affinity: { previous: 'a=b' },
    });
  });
});

function rulesOf(object: KubeObject): readonly JsonObject[] {
  return objectsOf(objectOf(object['spec'])['rules']);
}

describe('an HTTPRoute with cookies', () => {
  const route = routeOf(gatewayApiV1);
  const spec = specOf({ service: refs, analysis: { sessionAffinity: plain } });
  const wish = wishOf(spec, { affinity: cookies, split: { primary: 70, canary: 30 } });

  it('keeps cookies inside the matches of the route, and of an A/B match with weights', () => {
    const service = { ...refs, match: [{ uri: { prefix: '/a' } }, { uri: { prefix: '/b' } }] };
    const match = [{ headers: { 'x-cohort': { exact: 'beta' } } }];
    const both = specOf({ service, analysis: { sessionAffinity: plain, match } });
    const [, rest = {}, canary = {}] = rulesOf(route.render({ ...wish, spec: both }));

    expect(
      objectsOf(canary['matches']).map(({ path, headers }) => [
        path,
        objectsOf(headers).map(({ name }) => name),
      ]),
    ).toEqual(['/a', '/b'].map((value) => [{ type: 'PathPrefix', value }, ['x-cohort', 'Cookie']]));
    expect(objectsOf(rest['backendRefs']).map(({ name }) => name)).toEqual(['cart-primary']);
  });

  it('reads the split of one that Flagger wrote in the middle of a run', () => {
    const live: KubeObject = frozen(
      parse(`
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: cart, namespace: shop }
        spec:
          parentRefs: [{ name: public }]
          rules:
            - matches: [{ headers: [{ name: Cookie, type: RegularExpression, value: '.*cart-track.*QwErTyUiOp.*' }] }]
              backendRefs:
                - { name: cart-primary, port: 80, weight: 0 }
                - { name: cart-canary, port: 80, weight: 100 }
            - backendRefs:
                - { name: cart-primary, port: 80, weight: 70 }
                - name: cart-canary
                  port: 80
                  weight: 30
                  filters:
                    - type: ResponseHeaderModifier
                      responseHeaderModifier: { add: [{ name: Set-Cookie, value: cart-track=QwErTyUiOp; Max-Age=3600 }] }
      `),
    );

    expect(splitOf(route.view(live), 'cart')).toEqual({ primary: 70, canary: 30 });
  });

  it('leaves filters of others beside a backend, but one of the same type', () => {
    const mine = {
      type: 'RequestHeaderModifier',
      requestHeaderModifier: { add: [{ name: 'x-a', value: '1' }] },
    };
    const theirs = { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['server'] } };
    const bare = route.render(wishOf(spec, { split: wish.split }));
    const [rule = {}] = rulesOf(bare);
    const withFilters = objectsOf(rule['backendRefs']).map((ref) => ({ ...ref, filters: [mine, theirs] }));
    const live = {
      ...bare,
      spec: { ...objectOf(bare['spec']), rules: [{ ...rule, backendRefs: withFilters }] },
    };
    const filtersOf = (object: KubeObject): unknown =>
      rulesOf(object)
        .slice(0, 1)
        .flatMap(({ backendRefs }) =>
          objectsOf(backendRefs).map(({ filters }) => objectsOf(filters).map(({ type }) => type)),
        );

    expect(filtersOf(route.merge(live, bare))).toEqual([
      ['RequestHeaderModifier', 'ResponseHeaderModifier'],
      ['RequestHeaderModifier', 'ResponseHeaderModifier'],
    ]);
    const merged = route.merge(live, route.render(wish));
    expect(filtersOf(merged)).toEqual([
      ['ResponseHeaderModifier', 'RequestHeaderModifier'],
      ['ResponseHeaderModifier', 'RequestHeaderModifier'],
    ]);
    expect(JSON.stringify(route.merge(merged, bare))).not.toContain('Set-Cookie');
  });

  it.each<[string, object, object, string]>([
    [
      'a match of the route on cookies',
      { match: [{ headers: { cookie: { exact: 'a=b' } } }] },
      {},
      'spec.service.match[0].headers.cookie',
    ],
    [
      'a match of the analysis on cookies',
      {},
      { match: [{ headers: { Cookie: { regex: 'a' } } }] },
      'spec.analysis.match[0].headers.Cookie',
    ],
    [
      'a header of the route that replaces cookies',
      { headers: { response: { set: { 'Set-Cookie': 'a=b' } } } },
      {},
      'spec.service.headers.response.set.Set-Cookie',
    ],
    [
      'a header of the route that removes them',
      { headers: { response: { remove: ['set-cookie'] } } },
      {},
      'spec.service.headers.response.remove[0]',
    ],
  ])('is refused beside %s', (_what, service, analysis, field) => {
    const of = specOf({
      service: { ...refs, ...service },
      analysis: { sessionAffinity: plain, ...analysis },
    });
    const errors = routerProblems(gatewayApiV1, of).filter(({ severity }) => severity === 'error');

    expect(errors.map(({ reason, field: at }) => `${reason} ${at}`)).toEqual([
      `UnsupportedAffinity ${field}`,
    ]);
    const without = specOf({ service: { ...refs, ...service }, analysis });
    expect(routerProblems(gatewayApiV1, without).filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('may add cookies of its own', () => {
    const headers = { response: { add: { 'Set-Cookie': 'theme=dark' } } };
    const of = specOf({ service: { ...refs, headers }, analysis: { sessionAffinity: plain } });

    expect(routerProblems(gatewayApiV1, of)).toEqual([]);
    const [expire = {}] = rulesOf(route.render(wishOf(of, { affinity: { previous: cookies.canary } })));
    expect(objectsOf(expire['filters']).map(({ type }) => type)).toEqual(['ResponseHeaderModifier']);
  });

  it('knows the cookie of the primary in v1beta1 too', () => {
    expect(routerProblems(gatewayApiV1beta1, { ...spec, provider: 'gatewayapi:v1beta1' })).toEqual([]);
    expect(JSON.stringify(routeOf(gatewayApiV1beta1).render(wish))).toContain('cart-home');
  });
});
