import { describe, expect, it } from '@jest/globals';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { kuma } from '../../src/traffic/kuma.ts';
import { splitOf } from '../../src/traffic/router.ts';
import type { RouteWish } from '../../src/traffic/router.ts';
import { routerOf } from '../../src/traffic/routers.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const route = routeOf(kuma);
const spec = (service: object = {}, analysis: object = {}): CanarySpec =>
  specOf({ provider: 'kuma', service: { appProtocol: 'http', ...service }, analysis });
const problems = (service: object = {}, analysis: object = {}): readonly string[] =>
  routerProblems(kuma, spec(service, analysis)).map(
    ({ severity, reason, field }) => `${severity} ${reason} ${field}`,
  );

const render = (service: object = {}, analysis: object = {}, parts: Partial<RouteWish> = {}): KubeObject =>
  frozen(route.render(wishOf(spec(service, analysis), parts)));
const targetsOf = (object: KubeObject): readonly JsonObject[] => objectsOf(objectOf(object['spec'])['to']);
const rulesOf = (object: KubeObject): readonly JsonObject[] =>
  targetsOf(object).flatMap(({ rules }) => objectsOf(rules));
const withTargets = (object: KubeObject, to: readonly JsonObject[]): KubeObject => ({
  ...object,
  spec: { ...objectOf(object['spec']), to },
});

describe('a MeshHTTPRoute', () => {
  it('is in the mesh that the Canary names, and goes with it to another one', () => {
    const before = render({}, {}, { annotations: { 'kuma.io/mesh': 'edge' } });
    const after = render({}, {}, { annotations: {} });
    expect([before, after].map(({ metadata }) => metadata.labels)).toEqual([
      { 'kuma.io/mesh': 'edge' },
      { 'kuma.io/mesh': 'default' },
    ]);
    expect(route.fingerprint(before)).not.toBe(route.fingerprint(after));
    expect(route.merge(before, after).metadata.labels).toEqual({ 'kuma.io/mesh': 'default' });
  });

  it('is about the port by the name that the apex Service has for it', () => {
    const [target] = targetsOf(render({ portName: 'grpc' }));
    expect(target?.['targetRef']).toEqual({
      kind: 'MeshService',
      name: 'cart',
      namespace: 'shop',
      sectionName: 'grpc',
    });
    const merged = route.merge(render(), render({ portName: 'grpc' }));
    expect(targetsOf(merged)).toEqual([target]);
  });

  it('writes the names of headers in lower case, which is all that Kuma takes', () => {
    const match = [
      { headers: { 'X-Cohort': { prefix: 'be' }, 'X-Any': {} }, queryParams: { Beta: { exact: '1' } } },
    ];
    const headers = { request: { set: { 'X-Shop': 'cart' }, remove: ['X-Debug'] } };
    const [chosen] = rulesOf(render({ headers }, { match, iterations: 3 }));
    expect(chosen?.['matches']).toEqual([
      {
        path: { type: 'PathPrefix', value: '/' },
        headers: [
          { name: 'x-any', type: 'Present' },
          { name: 'x-cohort', type: 'Prefix', value: 'be' },
        ],
        queryParams: [{ name: 'Beta', type: 'Exact', value: '1' }],
      },
    ]);
    expect(objectOf(chosen?.['default'])['filters']).toEqual([
      {
        type: 'RequestHeaderModifier',
        requestHeaderModifier: { set: [{ name: 'x-shop', value: 'cart' }], remove: ['x-debug'] },
      },
    ]);
  });

  it('leaves out a match that it cannot express, instead of taking more requests', () => {
    const match = [
      { headers: { 'x-cohort': { suffix: 'beta' } } },
      { queryParams: { beta: { prefix: '1' } } },
    ];
    expect(rulesOf(render({}, { match, iterations: 3 }))).toHaveLength(1);
    expect(problems({}, { match, iterations: 3 })).toEqual([
      'error UnsupportedMatch spec.analysis.match[0].headers.x-cohort',
      'error UnsupportedMatch spec.analysis.match[1].queryParams.beta',
    ]);
  });

  it('keeps what others say in it of other Services, and copies that they send elsewhere', () => {
    const theirs = {
      targetRef: { kind: 'MeshService', name: 'till' },
      rules: [{ matches: [], default: {} }],
    };
    const audit = {
      type: 'RequestMirror',
      requestMirror: { backendRef: { kind: 'MeshService', name: 'audit' } },
    };
    const [own = {}] = targetsOf(render());
    const rules = objectsOf(own['rules']).map((rule) => ({
      ...rule,
      default: { ...objectOf(rule['default']), filters: [audit] },
    }));
    const live = frozen(withTargets(render(), [theirs, { ...own, rules }]));
    expect(route.fingerprint(live)).toBe(route.fingerprint(render()));
    const wanted = render({}, { mirror: true }, { split: splitToward(30), mirrorPercent: 25 });
    const merged = route.merge(live, wanted);
    expect(targetsOf(merged)[0]).toEqual(theirs);
    expect(rulesOf(merged).flatMap((rule) => objectsOf(objectOf(rule['default'])['filters']))).toEqual([
      expect.objectContaining({ requestMirror: expect.objectContaining({ percentage: 25 }) }),
      audit,
    ]);
    expect(splitOf(route.view(merged), 'cart')).toEqual(splitToward(30));
    expect(route.merge(merged, render())).toEqual(live);
  });

  it('reads a share of copies that is written as text', () => {
    const mirrored = render({}, { mirror: true }, { mirrorPercent: 25 });
    const text = JSON.parse(JSON.stringify(mirrored).replace('"percentage":25', '"percentage":"25"'));
    expect(route.fingerprint(text)).toBe(route.fingerprint(mirrored));
  });

  it.each<[string, object, string]>([
    ['a relative prefix', { match: [{ uri: { prefix: 'cart' } }] }, 'match[0].uri'],
    ['a prefix that ends in a slash', { match: [{ uri: { prefix: '/cart/' } }] }, 'match[0].uri'],
    ['an empty expression', { match: [{ uri: { regex: '' } }] }, 'match[0].uri'],
    ['a method in lower case', { match: [{ method: { exact: 'get' } }] }, 'match[0].method.exact'],
    ['a header that is none', { match: [{ headers: { 'a b': { exact: '1' } } }] }, 'match[0].headers["a b"]'],
    ['a header twice', { headers: { response: { set: { A: '1' }, remove: ['a'] } } }, 'headers.response'],
    [
      'too many headers',
      { headers: { request: { remove: Array.from({ length: 17 }, (_, index) => `h${index}`) } } },
      'headers.request',
    ],
    ['a host with a port', { rewrite: { authority: 'cart:80' } }, 'rewrite.authority'],
    ['an address for a host', { rewrite: { authority: '10.0.0.1' } }, 'rewrite.authority'],
    [
      'a prefix replaced where none is matched',
      { rewrite: { uri: '/', type: 'ReplacePrefixMatch' }, match: [{ uri: { exact: '/cart' } }] },
      'rewrite.type',
    ],
  ])('is refused before it is written: %s', (_what, service, field) => {
    expect(problems(service)).toEqual([`error InvalidSpec spec.service.${field}`]);
  });

  it('refuses a method that is matched by anything but its name', () => {
    expect(problems({ match: [{ method: { prefix: 'G' } }] })).toEqual([
      'error UnsupportedMatch spec.service.match[0].method',
    ]);
  });

  it('warns where Kuma would take the port for TCP', () => {
    const annotations = { '80.service.kuma.io/protocol': 'http' };
    const plain = { appProtocol: '' };
    expect(problems(plain)).toEqual(['warning IgnoredField spec.service.appProtocol']);
    const said = { apex: { annotations }, primary: { annotations }, canary: { annotations } };
    expect(problems({ ...plain, ...said })).toEqual([]);
    expect(problems({ ...plain, apex: { annotations } })).toHaveLength(1);
  });
});

/** As Flagger leaves it. */
const unclaimed = ({ metadata, ...rest }: KubeObject): KubeObject => ({
  ...rest,
  metadata: { name: metadata.name, annotations: { 'example.com/team': 'shop' } },
});

describe('a TrafficRoute, where there is no MeshHTTPRoute', () => {
  const older = routerOf(spec(), 'kuma', ({ kind }) => (kind === 'TrafficRoute' ? 'served' : 'missing'));
  const shape = routeOf(older);
  const rendered = (canary: number, parts: Partial<RouteWish> = {}): KubeObject =>
    frozen(shape.render(wishOf(spec(), { split: splitToward(canary), ...parts })));
  it('is asked for only where the cluster serves nothing else', () => {
    expect(shape.resource).toMatchObject({ kind: 'TrafficRoute', namespaced: false });
    expect(routeOf(routerOf(spec(), 'kuma', () => 'missing')).resource.kind).toBe('MeshHTTPRoute');
    expect(older?.capabilities.match).toBeUndefined();
  });

  it('is in the mesh that the Canary names, and goes with it to another one', () => {
    const before = rendered(30, { annotations: { 'kuma.io/mesh': 'edge' } });
    const after = rendered(30);
    expect([before['mesh'], after['mesh']]).toEqual(['edge', 'default']);
    expect(shape.fingerprint(before)).not.toBe(shape.fingerprint(after));
    expect(shape.merge(before, after)).toEqual(after);
  });

  it('of Flagger is taken over as it is, weights and all', () => {
    const live = frozen(unclaimed(rendered(30)));
    expect(splitOf(shape.view(live), 'cart')).toEqual(splitToward(30));
    expect(shape.view(live).belongsTo).toBe('Service shop/cart');
    const merged = shape.merge(live, rendered(30));
    expect(merged['spec']).toEqual(live['spec']);
    expect(merged.metadata.annotations).toMatchObject({
      'serin.dev/canary': 'shop/cart',
      'example.com/team': 'shop',
    });
    expect(shape.fingerprint(merged)).toBe(shape.fingerprint(rendered(0)));
  });

  it.each<[string, KubeObject]>([
    ['for another namespace', unclaimed(rendered(30, { namespace: 'north' }))],
    ['of a Canary in another namespace', rendered(30, { namespace: 'north' })],
    ['that leads elsewhere', { ...unclaimed(rendered(30)), spec: { conf: { split: [] } } }],
  ])('%s is left as it is', (_whose, live) => {
    expect(shape.merge(frozen(live), rendered(70))).toBe(live);
  });

  it('tells what the destination says beside the Service', () => {
    const moved = rendered(30, { spec: spec({ port: 8080 }) });
    expect(JSON.stringify(moved)).toContain('cart-canary_shop_svc_8080');
    expect(shape.fingerprint(moved)).not.toBe(shape.fingerprint(rendered(30)));
    expect(shape.merge(rendered(30), moved)).toEqual(moved);
  });
});
