import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { inForce } from '../../src/traffic/router.ts';
import { istio } from '../../src/traffic/istio.ts';
import { destinationRules } from '../../src/traffic/istio/destination-rules.ts';
import { splitOf } from '../../src/traffic/router.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const route = routeOf(istio);
const spec = (service: object = {}, analysis: object = {}): CanarySpec =>
  specOf({ provider: 'istio', service, analysis });
const render = (service: object = {}, analysis: object = {}, canary = 0): KubeObject =>
  route.render(wishOf(spec(service, analysis), { split: splitToward(canary) }));
const specIn = (object: KubeObject): JsonObject => objectOf(object['spec']);
const rulesOf = (object: KubeObject): readonly JsonObject[] => objectsOf(specIn(object)['http']);
const problems = (service: object = {}, analysis: object = {}): readonly string[] =>
  routerProblems(
    inForce(istio, spec(service, analysis), () => 'served'),
    spec(service, analysis),
  ).map(({ severity, reason, field }) => `${severity} ${reason} ${field}`);

describe('a VirtualService', () => {
  it.each([
    [[], ['cart']],
    [['shop.example.com'], ['shop.example.com', 'cart']],
    [['cart'], ['cart']],
    [['*'], ['*']],
  ])('for hosts %j has %j', (hosts, expected) => {
    expect(specIn(render({ hosts }))['hosts']).toEqual(expected);
  });

  it('is bound to the mesh where the Canary names no gateway', () => {
    expect(specIn(render())['gateways']).toEqual(['mesh']);
    expect(specIn(render({ gateways: ['edge/public'] }))['gateways']).toEqual(['edge/public']);
  });

  it('has neither hosts nor gateways where it is a delegate', () => {
    const delegate = specIn(render({ delegation: true }));
    expect(Object.keys(delegate)).toEqual(['http']);
    expect(problems({ delegation: true, appProtocol: 'tcp' })).toEqual([
      'error InvalidSpec spec.service.delegation',
    ]);
  });

  it.each([
    ['inside the mesh', { portDiscovery: true }, undefined],
    ['for a gateway', { portDiscovery: true, gateways: ['edge/public'] }, { number: 80 }],
    ['for a delegate', { portDiscovery: true, delegation: true }, { number: 80 }],
    ['without discovery', { gateways: ['edge/public'] }, undefined],
  ])('names a port %s where there may be several', (_where, service, port) => {
    const [rule] = rulesOf(render(service));
    expect(objectsOf(rule?.['route']).map(({ destination }) => objectOf(destination)['port'])).toEqual([
      port,
      port,
    ]);
  });

  it('splits TCP connections, of which it can tell no users', () => {
    const tcp = render({ appProtocol: 'TCP', match: [{ port: 5432 }] }, {}, 30);
    expect(specIn(tcp)['tcp']).toEqual([
      {
        match: [{ port: 5432 }],
        route: [
          { destination: { host: 'cart-primary' }, weight: 70 },
          { destination: { host: 'cart-canary' }, weight: 30 },
        ],
      },
    ]);
    expect(specIn(tcp)['http']).toBeUndefined();
    expect(splitOf(route.view(tcp), 'cart')).toEqual(splitToward(30));
    expect(route.reweigh(tcp, splitToward(60))).toEqual(
      render({ appProtocol: 'TCP', match: [{ port: 5432 }] }, {}, 60),
    );
    const match = [{ headers: { 'x-cohort': { exact: 'beta' } } }];
    expect(problems({ appProtocol: 'tcp' }, { match, iterations: 3 })).toEqual([
      'error UnsupportedMatch spec.analysis.match',
    ]);
    expect(problems({ appProtocol: 'tcp' }, { sessionAffinity: { cookieName: 'c' }, mirror: true })).toEqual([
      'error UnsupportedAffinity spec.analysis.sessionAffinity',
      'warning IgnoredField spec.analysis.mirror',
    ]);
    expect(problems({ appProtocol: 'tcp', timeout: '3s' })).toEqual([
      'warning IgnoredField spec.service.timeout',
    ]);
  });

  it('tells users of an A/B test by their labels too, over every match of the route', () => {
    const match = [{ headers: { 'x-cohort': { regex: 'beta|gamma' } } }, { sourceLabels: { tier: 'test' } }];
    const [chosen, everybody] = rulesOf(
      render({ match: [{ uri: { prefix: '/a' } }, { uri: { exact: '/b' } }] }, { match, iterations: 3 }, 100),
    );
    expect(chosen?.['match']).toEqual([
      { uri: { prefix: '/a' }, headers: { 'x-cohort': { regex: 'beta|gamma' } } },
      { uri: { exact: '/b' }, headers: { 'x-cohort': { regex: 'beta|gamma' } } },
      { uri: { prefix: '/a' }, sourceLabels: { tier: 'test' } },
      { uri: { exact: '/b' }, sourceLabels: { tier: 'test' } },
    ]);
    expect(everybody?.['match']).toEqual([{ uri: { prefix: '/a' } }, { uri: { exact: '/b' } }]);
  });

  it('reads back weights from names of any length, and a lone destination as everything', () => {
    const long = parse(
      JSON.stringify(render({}, {}, 30)).replaceAll(
        /"(cart-(primary|canary))"/g,
        '"$1.shop.svc.cluster.local"',
      ),
    );
    expect(route.view(long).weights).toEqual({ 'cart-primary': 70, 'cart-canary': 30 });
    const alone = {
      ...render(),
      spec: { http: [{ route: [{ destination: { host: 'cart-primary.shop' } }] }] },
    };
    expect(route.view(alone).weights).toBeUndefined();
    expect(route.fingerprint(long)).toBe(route.fingerprint(render()));
  });
});

describe('taking over the VirtualService of a user', () => {
  const live: KubeObject = frozen(
    parse(`
      apiVersion: networking.istio.io/v1beta1
      kind: VirtualService
      metadata: { name: cart, namespace: shop, labels: { team: shop } }
      spec:
        hosts: [shop.example.com]
        exportTo: [.]
        tls: [{ match: [{ sniHosts: [x] }], route: [{ destination: { host: x } }] }]
        http:
          - name: docs
            match: [{ uri: { prefix: /docs } }]
            route: [{ destination: { host: docs } }]
          - name: main
            fault: { delay: { fixedDelay: 1s, percentage: { value: 1 } } }
            timeout: 9s
            route: [{ destination: { host: cart.shop.svc.cluster.local }, weight: 100 }]
    `),
  );

  it('keeps the rules that lead elsewhere and unknown keys of the one that led to the apex', () => {
    const merged = route.merge(live, render({ timeout: '3s' }, {}, 20));
    const [docs, main, ...more] = rulesOf(merged);
    expect(docs).toEqual(rulesOf(live)[0]);
    expect(more).toEqual([]);
    expect(main).toEqual({
      name: 'main',
      fault: { delay: { fixedDelay: '1s', percentage: { value: 1 } } },
      timeout: '3s',
      route: [
        { destination: { host: 'cart-primary' }, weight: 80 },
        { destination: { host: 'cart-canary' }, weight: 20 },
      ],
    });
    expect(specIn(merged)).toMatchObject({ exportTo: ['.'], tls: specIn(live)['tls'], hosts: ['cart'] });
    expect(route.fingerprint(merged)).toBe(route.fingerprint(render({ timeout: '3s' })));
  });
});

describe('values that Istio would refuse', () => {
  it.each(['0s', '500us', '1d', '10', '-1s'])('are found in the time-out %s', (timeout) => {
    expect(problems({ timeout })).toEqual(['error InvalidSpec spec.service.timeout']);
  });

  it.each(['1ms', '1.5s', '1h30m'])('are not seen in the time-out %s', (timeout) => {
    expect(
      problems({ timeout, retries: { perTryTimeout: timeout }, corsPolicy: { maxAge: timeout } }),
    ).toEqual([]);
  });

  it('are found in retries and in the age of preflight answers', () => {
    expect(problems({ retries: { perTryTimeout: '0' }, corsPolicy: { maxAge: '1d' } })).toEqual([
      'error InvalidSpec spec.service.retries.perTryTimeout',
      'error InvalidSpec spec.service.corsPolicy.maxAge',
    ]);
  });

  it('are suffixes of headers, which would match any value', () => {
    const match = [{ headers: { 'x-cohort': { suffix: 'beta' } } }];
    expect(problems({}, { match, iterations: 3 })).toEqual([
      'error UnsupportedMatch spec.analysis.match[0].headers.x-cohort',
    ]);
  });

  it('are two conditions on cookies', () => {
    const sessionAffinity = { cookieName: 'cart' };
    expect(problems({ match: [{ headers: { Cookie: { exact: 'a=b' } } }] }, { sessionAffinity })).toEqual([
      'error UnsupportedAffinity spec.service.match[0].headers.Cookie',
    ]);
  });
});

describe('acceptance of a VirtualService', () => {
  it.each([
    ['nothing', {}, 'unknown'],
    ['that it is distributed', { conditions: [{ type: 'Reconciled', status: 'True' }] }, 'accepted'],
    [
      'that an older one is distributed',
      { observedGeneration: 6, conditions: [{ type: 'Reconciled', status: 'True' }] },
      'pending',
    ],
    [
      'that some proxies lack it',
      { observedGeneration: '7', conditions: [{ type: 'Reconciled', status: 'False', message: '1/2' }] },
      'pending',
    ],
    [
      'that it is in error',
      {
        validationMessages: [
          { level: 'ERROR', type: { code: 'IST0101', name: 'ReferencedResourceNotFound' } },
        ],
      },
      'rejected',
    ],
    ['that it is doubtful', { validationMessages: [{ level: 'WARNING' }] }, 'unknown'],
  ])('where istiod says %s', (_what, status, state) => {
    const { metadata, ...rest } = render();
    expect(route.view({ ...rest, metadata: { ...metadata, generation: 7 }, status }).acceptance.state).toBe(
      state,
    );
  });
});

const destinations = destinationRules('v1');
const rules = (service: object = {}): readonly KubeObject[] => destinations.render(wishOf(spec(service)));

describe('the DestinationRules', () => {
  const trafficPolicy = { tls: { mode: 'ISTIO_MUTUAL' } };

  it('are one for each side, with the policy of the Canary', () => {
    expect(rules({ trafficPolicy }).map(({ metadata, spec: of }) => [metadata.name, of])).toEqual([
      ['cart-canary', { host: 'cart-canary', trafficPolicy }],
      ['cart-primary', { host: 'cart-primary', trafficPolicy }],
    ]);
  });

  it('keep what others add, and give up the policy with the Canary', () => {
    const [wanted] = rules({ trafficPolicy });
    const [bare] = rules();
    if (wanted === undefined || bare === undefined) {
      throw new Error('two rules are rendered');
    }
    const subsets = [{ name: 'v1', labels: { v: '1' } }];
    const live = frozen({ ...wanted, spec: { ...specIn(wanted), subsets } });
    expect(destinations.merge(live, wanted)).toEqual(live);
    expect(destinations.fingerprint(live)).toBe(destinations.fingerprint(wanted));
    const without = destinations.merge(live, bare);
    expect(without['spec']).toEqual({ host: 'cart-canary', subsets });
    expect(destinations.fingerprint(without)).toBe(destinations.fingerprint(bare));
  });

  it('leave the policy of a user alone where the Canary has none', () => {
    const [bare] = rules();
    if (bare === undefined) {
      throw new Error('two rules are rendered');
    }
    const theirs: KubeObject = frozen({
      ...bare,
      metadata: { name: 'cart-canary', namespace: 'shop' },
      spec: { host: 'cart-canary', trafficPolicy },
    });
    const merged = destinations.merge(theirs, bare);
    expect(merged['spec']).toEqual(theirs['spec']);
    expect(destinations.fingerprint(merged)).toBe(destinations.fingerprint(bare));
  });
});
