import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { contour } from '../../src/traffic/contour.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const route = routeOf(contour);

function render(service: object = {}, analysis: object = {}): KubeObject {
  return frozen(route.render(wishOf(specOf({ provider: 'contour', service, analysis }))));
}

function routesOf(object: KubeObject): readonly JsonObject[] {
  return objectsOf(objectOf(object['spec'])['routes']);
}

function problems(service: object, analysis: object = {}): string[] {
  const spec = specOf({ provider: 'contour', service, analysis });
  return routerProblems(contour, spec).map(({ severity, field }) => `${severity} ${field}`);
}

function valid(status: string, observedGeneration: number): JsonObject {
  return { conditions: [{ type: 'Valid', status, observedGeneration }] };
}

describe('routes of an HTTPProxy', () => {
  it('are one for each entry of an A/B test, because conditions must all hold', () => {
    const match = [
      { headers: { 'x-b': { exact: '1' }, 'x-a': { regex: 'v.*' } } },
      { headers: { 'x-c': { prefix: 'a.b' }, 'x-d': { suffix: 'z' } }, queryParams: { q: { prefix: 'p' } } },
    ];
    const service = { match: [{ uri: { prefix: '/cart' } }, { uri: { exact: '/till' } }] };
    const conditions = routesOf(render(service, { match, iterations: 5 })).map((each) => each['conditions']);
    const first = [{ header: { name: 'x-a', regex: 'v.*' } }, { header: { name: 'x-b', exact: '1' } }];
    const second = [
      { header: { name: 'x-c', regex: 'a\\.b.*' } },
      { header: { name: 'x-d', regex: '.*z' } },
      { queryParameter: { name: 'q', prefix: 'p' } },
    ];
    expect(conditions).toEqual([
      [{ prefix: '/cart' }, ...first],
      [{ exact: '/till' }, ...first],
      [{ prefix: '/cart' }, ...second],
      [{ exact: '/till' }, ...second],
      [{ prefix: '/cart' }],
      [{ exact: '/till' }],
    ]);
  });

  it('carry time-outs, retries, headers and rewrites', () => {
    const [only = {}] = routesOf(
      render({
        timeout: '1.5s',
        retries: { attempts: 3, perTryTimeout: '1s', retryOn: 'gateway-error, reset,' },
        rewrite: { uri: '/', authority: 'cart.internal', type: 'ReplacePrefixMatch' },
        headers: { request: { set: { 'x-b': '2', 'x-a': '1' } }, response: { remove: ['server'] } },
      }),
    );
    expect(only).toMatchObject(
      parse(`
        timeoutPolicy: { response: 1.5s, idle: 5m }
        retryPolicy: { count: 3, perTryTimeout: 1s, retryOn: [gateway-error, reset] }
        pathRewritePolicy: { replacePrefix: [{ replacement: / }] }
        requestHeadersPolicy:
          set: [{ name: Host, value: cart.internal }, { name: x-a, value: '1' }, { name: x-b, value: '2' }]
        responseHeadersPolicy: { remove: [server] }
      `),
    );
  });

  it.each([
    [{}, { count: 1 }],
    [{ attempts: 0, retryOn: '' }, { count: -1 }],
    [{ attempts: 2, retryOn: ' , ' }, { count: 2 }],
  ])('retry %j as Contour understands it', (retries, retryPolicy) => {
    expect(routesOf(render({ retries }))[0]?.['retryPolicy']).toEqual(retryPolicy);
  });
});

describe('laying an HTTPProxy over a live one', () => {
  it('keeps what others put into policies and Services, and takes back what was ours', () => {
    const before = render({
      timeout: '10s',
      retries: { attempts: 2 },
      headers: { request: { set: { a: '1' } } },
    });
    const live = structuredClone(before);
    const [only = {}] = routesOf(live);
    Object.assign(objectOf(only['timeoutPolicy']), { idleConnection: '1h' });
    Object.assign(objectOf(only['retryPolicy']), { retriableStatusCodes: [503] });
    Object.assign(objectOf(live['spec']), { includes: [{ name: 'docs' }] });
    const kept = route.merge(live, before);
    expect(kept).toEqual(live);
    const merged = route.merge(live, render());
    const [rest = {}] = routesOf(merged);
    expect(rest['timeoutPolicy']).toEqual({ idleConnection: '1h' });
    expect(rest).not.toHaveProperty('retryPolicy');
    expect(rest).not.toHaveProperty('requestHeadersPolicy');
    expect(merged['spec']).toMatchObject({ includes: [{ name: 'docs' }] });
    expect(route.fingerprint(merged)).toBe(route.fingerprint(render()));
  });

  it('keeps headers that others set for a Service', () => {
    const live = structuredClone(render());
    const service = objectsOf(routesOf(live)[0]?.['services'])[1] ?? {};
    const theirs = { name: 'x-canary', value: 'yes' };
    const policy = objectOf(service['requestHeadersPolicy']);
    Object.assign(policy, { set: [theirs, ...objectsOf(policy['set'])], remove: ['x-debug'] });
    expect(route.fingerprint(live)).toBe(route.fingerprint(render()));
    expect(route.merge(live, render())).toEqual(live);
  });

  it('writes the class it is given and takes away another', () => {
    const wish = wishOf(specOf({ provider: 'contour' }), { ingressClass: 'contour' });
    const classed = route.render(wish);
    expect(route.fingerprint(classed)).not.toBe(route.fingerprint(render()));
    expect(route.merge(classed, render())['spec']).toEqual(render()['spec']);
  });
});

describe('weights of an HTTPProxy', () => {
  it.each([
    ['are even where none is given', [undefined, undefined], { 'cart-primary': 1, 'cart-canary': 1 }],
    ['are 0 where only the other is given', [100, undefined], { 'cart-primary': 100, 'cart-canary': 0 }],
  ])('%s', (_what, weights, expected) => {
    const { spec, ...rest } = render();
    const [only = {}] = objectsOf(objectOf(spec)['routes']);
    const services = objectsOf(only['services']).map(({ weight: _weight, ...service }, index) =>
      weights[index] === undefined ? service : { ...service, weight: weights[index] },
    );
    const live = { ...rest, spec: { routes: [{ ...only, services }] } };
    expect(route.view(live).weights).toEqual(expected);
  });
});

describe('acceptance of an HTTPProxy', () => {
  it.each([
    ['nobody has looked', undefined, 'pending'],
    ['it is new', { currentStatus: 'NotReconciled' }, 'pending'],
    ['it is valid', { currentStatus: 'valid', ...valid('True', 3) }, 'accepted'],
    ['an older one is valid', { currentStatus: 'valid', ...valid('True', 2) }, 'pending'],
    ['it is invalid', { currentStatus: 'invalid', ...valid('False', 3) }, 'rejected'],
    ['an older one is invalid', { currentStatus: 'invalid', ...valid('False', 2) }, 'pending'],
    ['nothing includes it', { currentStatus: 'orphaned', ...valid('False', 3) }, 'rejected'],
  ])('where %s', (_what, status, state) => {
    const { metadata, ...rest } = render();
    const live = { ...rest, metadata: { ...metadata, generation: 3 }, status };
    expect(route.view(live).acceptance.state).toBe(state);
  });
});

describe('what an HTTPProxy cannot say', () => {
  it.each([
    ['days', { timeout: '1d' }, ['error spec.service.timeout']],
    ['an unknown retry', { retries: { retryOn: '5xx,weekends' } }, ['error spec.service.retries.retryOn']],
    ['fewer than no retries', { retries: { attempts: -2 } }, ['error spec.service.retries.attempts']],
    ['an odd time-out', { retries: { perTryTimeout: 's' } }, ['error spec.service.retries.perTryTimeout']],
    ['a path without slash', { match: [{ uri: { prefix: 'a' } }] }, ['error spec.service.match[0].uri']],
    ['a method', { match: [{ method: { exact: 'GET' } }] }, ['warning spec.service.match[0].method']],
    ['a full path', { rewrite: { uri: '/' } }, ['warning spec.service.rewrite.uri']],
    [
      'a header to append',
      { headers: { request: { add: { a: '1' } } } },
      ['warning spec.service.headers.request.add'],
    ],
    [
      'an empty header',
      { headers: { response: { set: { a: '' } } } },
      ['error spec.service.headers.response.set.a'],
    ],
    ['not fractions', { timeout: '1.5s', retries: { perTryTimeout: '.5s' } }, []],
    ['not for ever and no time', { timeout: 'infinity', retries: { perTryTimeout: '0s' } }, []],
  ])('%s', (_what, service, expected) => {
    expect(problems(service)).toEqual(expected);
  });
});
