import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { CanarySpec } from '../../src/api/canary.ts';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { appMeshV1beta1, appMeshV1beta2 } from '../../src/traffic/appmesh.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { inForce, splitOf } from '../../src/traffic/router.ts';
import type { CompanionShape, RouteWish, TrafficRouter } from '../../src/traffic/router.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const podLabels = { primary: { app: 'cart-primary' }, canary: { app: 'cart' } };
const spec = (service: object = {}, analysis: object = {}): CanarySpec =>
  specOf({ provider: 'appmesh:v1beta2', service: { timeout: '10s', ...service }, analysis });
const earlier = (service: object = {}): CanarySpec =>
  specOf({ provider: 'appmesh', service: { meshName: 'shop-mesh', ...service } });
const served = (of: CanarySpec, router: TrafficRouter): TrafficRouter => inForce(router, of, () => 'served');

function beside(of: CanarySpec, router: TrafficRouter): readonly KubeObject[] {
  const { companions = [] } = served(of, router);
  return companions.flatMap((companion) => companion.render(wishOf(of, { podLabels })));
}

/** The one that writes objects of this kind, and what it writes by this name. */
function partOf(
  kind: string,
  name: string,
  of: CanarySpec,
  parts: Partial<RouteWish> = {},
): { readonly shape: CompanionShape; readonly wanted: KubeObject } {
  const { companions = [] } = served(of, appMeshV1beta2);
  const found = companions
    .filter(({ resource }) => resource.kind === kind)
    .flatMap((shape) =>
      shape.render(wishOf(of, { podLabels, ...parts })).map((wanted) => ({ shape, wanted: frozen(wanted) })),
    )
    .find(({ wanted }) => wanted.metadata.name === name);
  if (found === undefined) {
    throw new Error(`there is no ${kind} ${name}`);
  }
  return found;
}

function golden(folder: string): readonly unknown[] {
  const text = readFileSync(`test/traffic/${folder}/beside.yaml`, 'utf8');
  return parseAllDocuments(text).map((document): unknown => document.toJS());
}

const specIn = (object: KubeObject): JsonObject => objectOf(object['spec']);
const problems = (of: CanarySpec, router: TrafficRouter = appMeshV1beta2): readonly string[] =>
  routerProblems(served(of, router), of).map(
    ({ severity, reason, field }) => `${severity} ${reason} ${field}`,
  );

const render = (service: object = {}, analysis: object = {}): KubeObject =>
  frozen(routeOf(served(spec(service), appMeshV1beta2)).render(wishOf(spec(service, analysis))));
const routesIn = (object: KubeObject): readonly JsonObject[] => objectsOf(specIn(object)['routes']);
const headersOf = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, { exact: 'on' }]));

describe('what stands beside a route of App Mesh', () => {
  it('is what the golden files show', () => {
    expect(beside(spec(), appMeshV1beta2)).toEqual(golden('appmesh-v1beta2'));
    expect(beside(earlier(), appMeshV1beta1)).toEqual(golden('appmesh'));
  });

  it('is not written while it is not known which pods are meant', () => {
    const { companions = [] } = appMeshV1beta2;
    const kinds = companions.flatMap((one) => one.render(wishOf(spec()))).map(({ kind }) => kind);
    expect(kinds).toEqual(['VirtualRouter', 'VirtualService', 'VirtualService']);
  });

  it('keeps what App Mesh fills in, and what others have written', () => {
    for (const [kind, name] of [
      ['VirtualNode', 'cart-canary'],
      ['VirtualService', 'cart'],
      ['VirtualRouter', 'cart-canary'],
    ] as const) {
      const { shape, wanted } = partOf(kind, name, spec());
      const live = frozen({
        ...wanted,
        status: { observedGeneration: 1 },
        spec: { ...specIn(wanted), awsName: 'cart_shop', meshRef: { name: 'shop', uid: 'mesh-1' } },
        metadata: {
          ...wanted.metadata,
          labels: { zone: 'theirs' },
          finalizers: ['finalizers.appmesh.k8s.aws/x'],
        },
      });
      expect(shape.merge(live, wanted)).toEqual(live);
      expect(shape.fingerprint(live)).toBe(shape.fingerprint(wanted));
    }
  });

  it('keeps checks, pools and certificates of a VirtualNode', () => {
    const { shape, wanted } = partOf('VirtualNode', 'cart-primary', spec());
    const [listener = {}] = objectsOf(specIn(wanted)['listeners']);
    const theirs = {
      healthCheck: { protocol: 'http', path: '/healthz' },
      connectionPool: { http: { maxConnections: 10 } },
    };
    const live = frozen({
      ...wanted,
      spec: {
        ...specIn(wanted),
        listeners: [{ ...listener, ...theirs }],
        serviceDiscovery: {
          dns: {
            ...objectOf(objectOf(specIn(wanted)['serviceDiscovery'])['dns']),
            responseType: 'ENDPOINTS',
          },
        },
        backends: [{ virtualService: { virtualServiceRef: { name: 'payments' } } }],
        backendDefaults: { clientPolicy: {} },
      },
    });
    expect(shape.fingerprint(live)).toBe(shape.fingerprint(wanted));
    const moved = partOf('VirtualNode', 'cart-primary', spec({ targetPort: 9090, timeout: '' })).wanted;
    expect(shape.fingerprint(moved)).not.toBe(shape.fingerprint(wanted));
    const merged = specIn(shape.merge(live, moved));
    expect(merged).toMatchObject({
      listeners: [{ ...theirs, portMapping: { port: 9090 } }],
      serviceDiscovery: { dns: { responseType: 'ENDPOINTS' } },
      backends: [{}],
      backendDefaults: { clientPolicy: {} },
    });
    expect(objectsOf(merged['listeners'])[0]).not.toHaveProperty('timeout');
  });

  it('has the labels and annotations of the Canary, and is not written anew because of them', () => {
    const apex = { labels: { team: 'shop' }, annotations: { 'example.com/owner': 'shop' } };
    const { shape, wanted } = partOf('VirtualNode', 'cart-primary', spec({ apex }));
    expect(wanted.metadata).toMatchObject(apex);
    expect(shape.merge(wanted, wanted)).toEqual(wanted);
    expect(shape.fingerprint(structuredClone(wanted))).toBe(shape.fingerprint(wanted));
  });

  it('has the backends that clients in the pods call, until the Canary names none', () => {
    const backends = ['payments', 'arn:aws:appmesh:eu-west-1:1:mesh/shop/virtualService/stock'];
    const { shape, wanted } = partOf('VirtualNode', 'cart-canary', spec({ backends }));
    expect(specIn(wanted)['backends']).toEqual([
      { virtualService: { virtualServiceRef: { name: 'payments' } } },
      { virtualService: { virtualServiceARN: backends[1] } },
    ]);
    const without = partOf('VirtualNode', 'cart-canary', spec()).wanted;
    expect(shape.fingerprint(wanted)).not.toBe(shape.fingerprint(without));
    expect(shape.merge(wanted, without)).toEqual(without);
  });

  it('logs requests where the Canary is annotated so', () => {
    const annotations = { 'appmesh.flagger.app/accesslog': 'enabled' };
    const { shape, wanted } = partOf('VirtualNode', 'cart-canary', spec(), { annotations });
    expect(specIn(wanted)['logging']).toEqual({ accessLog: { file: { path: '/dev/stdout' } } });
    const without = partOf('VirtualNode', 'cart-canary', spec()).wanted;
    expect(shape.fingerprint(wanted)).not.toBe(shape.fingerprint(without));
    expect(shape.merge(wanted, without)).toEqual(without);
  });

  it('selects pods by their label, whatever the target is called', () => {
    const labels = { primary: { name: 'shop-cart-primary' }, canary: { name: 'shop-cart' } };
    const { wanted } = partOf('VirtualNode', 'cart-canary', spec(), { podLabels: labels });
    expect(specIn(wanted)['podSelector']).toEqual({ matchLabels: { name: 'shop-cart' } });
  });

  it('tells the gateway of the hosts, and keeps telling it', () => {
    const exposed = spec({ hosts: ['cart.example.com', 'www.example.com'], retries: { attempts: 3 } });
    const { shape, wanted } = partOf('VirtualService', 'cart', exposed);
    expect(wanted.metadata.annotations).toMatchObject({
      'gateway.appmesh.k8s.aws/expose': 'true',
      'gateway.appmesh.k8s.aws/domain': 'cart.example.com,www.example.com,',
      'gateway.appmesh.k8s.aws/timeout': '10s',
      'gateway.appmesh.k8s.aws/retries': '3',
    });
    const plain = partOf('VirtualService', 'cart', spec()).wanted;
    expect(shape.fingerprint(plain)).not.toBe(shape.fingerprint(wanted));
    expect(shape.merge(wanted, plain)).toEqual(plain);
    const other = partOf('VirtualService', 'cart-canary', exposed).wanted;
    expect(Object.keys(other.metadata.annotations ?? {}).join(' ')).not.toContain('gateway');
  });

  it('leads all requests for the canary to it, whatever the split', () => {
    const { shape, wanted } = partOf('VirtualRouter', 'cart-canary', spec(), { split: splitToward(10) });
    expect(splitOf(routeOf(appMeshV1beta2).view(wanted), 'cart')).toEqual(splitToward(100));
    const moved = routeOf(appMeshV1beta2).reweigh(wanted, splitToward(40));
    expect(shape.fingerprint(moved)).not.toBe(shape.fingerprint(wanted));
    expect(shape.merge(moved, wanted)).toEqual(wanted);
  });
});

describe('a route of App Mesh', () => {
  it.each([
    ['appmesh', appMeshV1beta1],
    ['appmesh:v1beta2', appMeshV1beta2],
    ['appmesh:v1beta2:edge', appMeshV1beta2],
    ['appmesh:v1', undefined],
  ])('is written for %s', (provider, router) => {
    expect(routerFor(provider)).toBe(router);
  });

  it('speaks gRPC on every part of it where the port says so, and not on some', () => {
    const grpc = spec({ portName: 'grpc-web' });
    const all = [...beside(grpc, appMeshV1beta2), render({ portName: 'grpc-web' })];
    const listeners = all.flatMap((object) => objectsOf(specIn(object)['listeners']));
    expect(listeners.map(({ portMapping }) => objectOf(portMapping)['protocol'])).toEqual(
      listeners.map(() => 'grpc'),
    );
    const rules = all.flatMap(routesIn).map((rule) => Object.keys(rule));
    expect(rules).toEqual(rules.map(() => ['name', 'grpcRoute']));
    expect(problems(earlier({ portName: 'grpc' }), appMeshV1beta1)).toEqual([
      'error InvalidSpec spec.service.portName',
    ]);
  });

  it.each([
    [{}, { maxRetries: 1, perRetryTimeout: { unit: 'ms', value: 250 }, httpRetryEvents: ['gateway-error'] }],
    [
      { attempts: 3, perTryTimeout: '1.5s', retryOn: 'server-error, stream-error' },
      {
        maxRetries: 3,
        perRetryTimeout: { unit: 'ms', value: 1500 },
        httpRetryEvents: ['server-error', 'stream-error'],
      },
    ],
  ])('with retries %j tries again so', (retries, policy) => {
    const [rule] = routesIn(render({ retries }));
    expect(objectOf(rule?.['httpRoute'])['retryPolicy']).toEqual(policy);
    const old = routeOf(appMeshV1beta1).render(wishOf(earlier({ retries })));
    const { perRetryTimeout, ...same } = policy;
    expect(objectOf(routesIn(old)[0]?.['http'])['retryPolicy']).toEqual({
      ...same,
      perRetryTimeoutMillis: perRetryTimeout.value,
    });
  });

  it('takes the prefix of the first match, and says of everything else that it does not count', () => {
    const match = [{ uri: { prefix: '/cart' }, method: { exact: 'GET' } }, { uri: { prefix: '/till' } }];
    const [rule] = routesIn(render({ match }));
    expect(objectOf(rule?.['httpRoute'])['match']).toEqual({ prefix: '/cart' });
    expect(problems(spec({ match }))).toEqual([
      'warning IgnoredField spec.service.match[0].method',
      'warning IgnoredField spec.service.match[1]',
    ]);
    expect(problems(spec({ match: [{ uri: { exact: '/cart' } }] }))).toEqual([
      'warning IgnoredField spec.service.match[0].uri.exact',
    ]);
  });

  it('shows the canary to whom all entries fit, and to nobody where one cannot be expressed', () => {
    const match = [{ headers: { 'x-cohort': { suffix: 'ta' } } }, { headers: { 'x-any': {} } }];
    const [chosen, rest] = routesIn(render({}, { match, iterations: 3 }));
    expect(objectOf(objectOf(chosen?.['httpRoute'])['match'])['headers']).toEqual([
      { name: 'x-cohort', match: { suffix: 'ta' } },
      { name: 'x-any' },
    ]);
    expect([chosen?.['priority'], rest?.['priority']]).toEqual([10, 20]);
    expect(problems(spec({}, { match, iterations: 3 }))).toEqual([
      'warning AdjustedValue spec.analysis.match',
    ]);
    const byParam = [...match, { headers: { a: {} }, queryParams: { beta: { exact: '1' } } }];
    expect(routesIn(render({}, { match: byParam, iterations: 3 }))).toEqual([rest]);
    expect(problems(spec({}, { match: byParam, iterations: 3 }))).toContain(
      'error UnsupportedMatch spec.analysis.match[2].queryParams.beta',
    );
  });

  it.each<[string, object, object, string]>([
    [
      'words of another mesh',
      { retries: { retryOn: 'server-error,5xx' } },
      {},
      'spec.service.retries.retryOn',
    ],
    ['a try of no length', { retries: { perTryTimeout: 'soon' } }, {}, 'spec.service.retries.perTryTimeout'],
    ['a fraction of a millisecond', { timeout: '1.5us' }, {}, 'spec.service.timeout'],
    ['a relative prefix', { match: [{ uri: { prefix: 'cart' } }] }, {}, 'spec.service.match[0].uri.prefix'],
    ['a backend twice', { backends: ['payments', 'payments'] }, {}, 'spec.service.backends[1]'],
    [
      'an empty header',
      {},
      { match: [{ headers: { 'x-cohort': { exact: '' } } }] },
      'spec.analysis.match[0].headers.x-cohort.exact',
    ],
    ['eleven headers', {}, { match: [{ headers: headersOf(11) }] }, 'spec.analysis.match'],
    [
      'a long name of a header',
      {},
      { match: [{ headers: { ['h'.repeat(51)]: {} } }] },
      `spec.analysis.match[0].headers.${'h'.repeat(51)}`,
    ],
  ])('is refused before it is written: %s', (_what, service, analysis, field) => {
    const found = problems(spec(service, { iterations: 3, ...analysis }));
    expect(found.filter((line) => line.startsWith('error'))).toEqual([`error InvalidSpec ${field}`]);
  });

  it('refuses a Service as the target, and warns of a port that has a name', () => {
    const targetRef = { apiVersion: 'v1', kind: 'Service', name: 'cart' } as const;
    expect(problems({ ...spec(), targetRef })).toContain('error InvalidSpec spec.targetRef.kind');
    expect(problems(spec({ targetPort: 'web' }))).toEqual(['warning AdjustedValue spec.service.targetPort']);
    expect(problems(earlier({ targetPort: 'web' }), appMeshV1beta1)).toEqual([]);
  });

  it.each<[object | undefined, string]>([
    [undefined, 'pending'],
    [{ observedGeneration: 1, conditions: [{ type: 'VirtualRouterActive', status: 'True' }] }, 'pending'],
    [{ observedGeneration: 2, conditions: [{ type: 'VirtualRouterActive', status: 'True' }] }, 'accepted'],
    [{ observedGeneration: 2, conditions: [{ type: 'VirtualRouterActive', status: 'Unknown' }] }, 'pending'],
    [
      {
        observedGeneration: 2,
        conditions: [{ type: 'VirtualRouterActive', status: 'False', message: 'no' }],
      },
      'rejected',
    ],
  ])('with status %j is %s', (status, state) => {
    const { metadata, ...rest } = render();
    const live = { ...rest, metadata: { ...metadata, generation: 2 }, status };
    expect(routeOf(appMeshV1beta2).view(live).acceptance.state).toBe(state);
    expect(routeOf(appMeshV1beta1).view(live).acceptance.state).toBe('unknown');
  });
});
