import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { nginxinc } from '../../src/traffic/nginxinc.ts';
import { splitOf } from '../../src/traffic/router.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const shape = routeOf(nginxinc);
const percent = fc.integer({ min: 0, max: 100 });
const ab = {
  match: [{ headers: { 'x-cohort': { exact: 'beta' } } }, { queryParams: { beta: { exact: '1' } } }],
  iterations: 10,
};

const spec = (service: object = {}, analysis: object = {}): CanarySpec =>
  specOf({ provider: 'nginxinc', service: { hosts: ['cart.example.com'], ...service }, analysis });
const render = (canary: number, of: CanarySpec = spec()): KubeObject =>
  frozen(shape.render(wishOf(of, { split: splitToward(canary) })));
const routesOf = (object: KubeObject): readonly JsonObject[] => objectsOf(objectOf(object['spec'])['routes']);
const problems = (service: object = {}, analysis: object = {}): readonly string[] =>
  routerProblems(nginxinc, spec(service, analysis)).map(
    ({ severity, reason, field }) => `${severity} ${reason} ${field}`,
  );

/** The user's own, called like the apex: it led there by an upstream of another name. */
const theirs: KubeObject = frozen(
  parse(`
    apiVersion: k8s.nginx.org/v1
    kind: VirtualServer
    metadata: { name: cart, namespace: shop, uid: v-1, resourceVersion: "3", labels: { team: shop } }
    spec:
      host: cart.example.com
      tls: { secret: cart-tls }
      upstreams:
        - { name: tea, service: tea, port: 80, keepalive: 8 }
        - { name: web, service: cart, port: 80 }
      routes:
        - { path: /tea, action: { pass: tea } }
        - path: /
          errorPages: [{ codes: [502], return: { body: sorry } }]
          action: { proxy: { upstream: web, requestHeaders: { set: [{ name: x-shop, value: cart }] } } }
        - { path: /docs, action: { return: { body: docs } } }
  `),
);

describe('a VirtualServer of F5 NGINX', () => {
  it.each([
    ['initial', 0, spec()],
    ['weighted-30', 30, spec()],
    ['weighted-100', 100, spec()],
    ['ab', 100, spec({}, ab)],
  ] as const)('is rendered as the golden file %s shows', (name, canary, of) => {
    expect(render(canary, of)).toEqual(parse(readFileSync(`test/traffic/nginxinc/${name}.yaml`, 'utf8')));
  });

  it('never has a weight of 0 or 100 in a split, which the controller refuses', () => {
    fc.assert(
      fc.property(percent, fc.constantFrom(spec(), spec({}, ab)), (canary, of) => {
        const weights = [...JSON.stringify(render(canary, of)).matchAll(/"weight":(\d+)/g)].map(([, one]) =>
          Number(one),
        );
        expect(weights.every((weight) => weight > 0 && weight < 100)).toBe(true);
      }),
    );
  });

  it('reads back any split it wrote over any other, and then changes nothing', () => {
    fc.assert(
      fc.property(percent, percent, fc.constantFrom(spec(), spec({}, ab)), (before, after, of) => {
        const live = frozen({ ...structuredClone(render(before, of)), status: { state: 'Valid' } });
        const merged = shape.merge(live, render(after, of));
        expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(after));
        expect(shape.merge(merged, render(after, of))).toEqual(merged);
        expect(shape.fingerprint(merged)).toBe(shape.fingerprint(render(0, of)));
        expect(splitOf(shape.view(shape.reweigh(live, splitToward(after))), 'cart')).toEqual(
          splitToward(after),
        );
      }),
    );
  });

  it('takes over the route for its path, and leaves everything else as it was', () => {
    const merged = shape.merge(theirs, render(30));
    expect(routesOf(merged).map(({ path }) => path)).toEqual(['/tea', '/', '/docs']);
    expect(routesOf(merged)[1]).toMatchObject({
      errorPages: [{ codes: [502] }],
      splits: [
        {
          weight: 70,
          action: { proxy: { upstream: 'cart-primary', requestHeaders: { set: [{ name: 'x-shop' }] } } },
        },
        { weight: 30, action: { proxy: { upstream: 'cart-canary' } } },
      ],
    });
    expect(routesOf(merged)[1]).not.toHaveProperty('action');
    expect(merged['spec']).toMatchObject({
      tls: { secret: 'cart-tls' },
      upstreams: [
        { name: 'tea', keepalive: 8 },
        { name: 'web' },
        { name: 'cart-primary' },
        { name: 'cart-canary' },
      ],
    });
    expect(splitOf(shape.view(merged), 'cart')).toEqual(splitToward(30));
    expect(splitOf(shape.view(theirs), 'cart')).toBeUndefined();
  });

  it('keeps what users add to it, at every step', () => {
    const live = shape.merge(theirs, render(30));
    const stepped = shape.merge(live, render(60));
    expect(JSON.stringify(stepped)).toBe(
      JSON.stringify(live).replaceAll('"weight":70', '"weight":40').replaceAll('"weight":30', '"weight":60'),
    );
    expect(shape.fingerprint(stepped)).toBe(shape.fingerprint(live));
  });

  it.each([
    ['the host', { host: 'other.example.com' }],
    ['the port of an upstream', { upstreams: [{ name: 'cart-primary', service: 'cart-primary', port: 81 }] }],
    ['a route', { routes: [] }],
  ])('sees by the fingerprint that somebody changed %s', (_what, change) => {
    const live = render(30);
    const damaged = { ...live, spec: { ...objectOf(live['spec']), ...change } };
    expect(shape.fingerprint(damaged)).not.toBe(shape.fingerprint(live));
  });

  it('sees that everybody else was led to the canary in an A/B test', () => {
    const live = render(100, spec({}, ab));
    const text = JSON.stringify(live).replace(/("pass":"cart-)primary"/, '$1canary"');
    expect(shape.fingerprint(JSON.parse(text))).not.toBe(shape.fingerprint(live));
  });

  it.each([
    [{}, 'pending', 'no controller has reported on it yet'],
    [{ state: 'Valid' }, 'accepted', ''],
    [{ state: 'Warning', message: 'no endpoints' }, 'pending', 'it is Warning: no endpoints'],
    [{ state: 'Invalid', message: 'spec.host' }, 'pending', 'it is Invalid: spec.host'],
  ])('with status %j is %s', (status, state, message) => {
    expect(shape.view({ ...render(30), status }).acceptance).toEqual({ state, message });
  });
});

describe('a spec for F5 NGINX', () => {
  it.each<[string, object, object, readonly string[]]>([
    ['one host', {}, {}, []],
    ['no host', { hosts: [] }, {}, ['error InvalidSpec spec.service.hosts']],
    [
      'two hosts',
      { hosts: ['a.example.com', 'b.example.com'] },
      {},
      ['warning IgnoredField spec.service.hosts[1]'],
    ],
    ['a time-out', { timeout: '10s' }, {}, ['warning IgnoredField spec.service.timeout']],
    [
      'a path without a slash',
      { match: [{ uri: { prefix: 'cart' } }] },
      {},
      ['error InvalidSpec spec.service.match[0].uri'],
    ],
    [
      'a match of the route by headers',
      { match: [{ headers: { x: { exact: '1' } } }] },
      {},
      ['warning IgnoredField spec.service.match[0].headers'],
    ],
    [
      'an expression',
      {},
      { match: [{ headers: { x: { regex: 'a.*' } } }] },
      ['error UnsupportedMatch spec.analysis.match[0].headers.x'],
    ],
    [
      'a negation',
      {},
      { match: [{ headers: { x: { exact: '!beta' } } }] },
      ['error UnsupportedMatch spec.analysis.match[0].headers.x'],
    ],
    [
      'a quote',
      {},
      { match: [{ headers: { x: { exact: 'b"eta' } } }] },
      ['error UnsupportedMatch spec.analysis.match[0].headers.x'],
    ],
    [
      'an odd argument',
      {},
      { match: [{ queryParams: { 'a-b': { exact: '1' } } }] },
      ['error UnsupportedMatch spec.analysis.match[0].queryParams.a-b'],
    ],
    [
      'cookies',
      {},
      { sessionAffinity: { cookieName: 'cart' } },
      ['error UnsupportedAffinity spec.analysis.sessionAffinity'],
    ],
  ])('with %s', (_what, service, analysis, expected) => {
    const iterations = 'match' in analysis ? { iterations: 5 } : {};
    expect(problems(service, { ...analysis, ...iterations })).toEqual(expected);
  });
});
