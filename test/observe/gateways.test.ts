import { describe, expect, it } from '@jest/globals';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, Presence, Resource } from '../../src/model/kube.ts';
import { gatewayProblems, gatewaysCopy, viewOfGatewayClass } from '../../src/observe/gateways.ts';
import type { GatewaySettings } from '../../src/observe/gateways.ts';
import { canaryObject, deploymentObject, lab } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';

const { canaries, deployments, gateways, gatewayClasses } = resources;
const group = 'gateway.networking.k8s.io/v1';
const served = { presenceOf: (): Presence => 'served' };

const gateway = (name: string, className: string): KubeObject => ({
  apiVersion: group,
  kind: 'Gateway',
  metadata: { name, namespace: 'edge' },
  spec: { gatewayClassName: className },
});

function gatewayClass(name: string): KubeObject {
  return { apiVersion: group, kind: 'GatewayClass', metadata: { name }, spec: {} };
}

interface World {
  readonly service?: object;
  readonly analysis?: object;
  readonly provider?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Of class `envoy`; undefined: it lists nothing. */
  readonly features?: readonly string[] | undefined;
  readonly objects?: readonly (readonly [Resource, KubeObject])[];
}

const known: readonly (readonly [Resource, KubeObject])[] = [
  [gateways, gateway('public', 'envoy')],
  [gatewayClasses, gatewayClass('envoy')],
];

function world({ service, analysis, provider, spec, features, objects = known }: World): Lab {
  const of = lab([
    ...objects,
    [
      canaries,
      canaryObject({
        provider: provider ?? 'gatewayapi:v1',
        service: { port: 80, gatewayRefs: [{ name: 'public', namespace: 'edge' }], ...service },
        analysis: { interval: '10s', threshold: 2, stepWeight: 50, ...analysis },
        ...spec,
      }),
    ],
    [deployments, deploymentObject()],
  ]);
  if (features !== undefined) {
    const body = { status: { supportedFeatures: features.map((name) => ({ name })) } };
    of.store.patch(gatewayClasses, { name: 'envoy' }, { kind: 'merge', body }, { subresource: 'status' });
  }
  return of;
}

function said(of: Lab, settings: GatewaySettings = served): string[] {
  return gatewayProblems(of.scene(), of.caches, settings).map(
    ({ severity, reason, field }) => `${severity} ${reason} ${field.replace('spec.', '')}`,
  );
}

const ab = { match: [{ queryParams: { cohort: { exact: 'beta' } } }], iterations: 5 };

describe('a feature that the class of a gateway does not list', () => {
  it.each<[string, World, string[]]>([
    ['nothing beyond the core', {}, []],
    ['a query parameter', { analysis: ab }, ['error UnsupportedMatch analysis.match[0].queryParams']],
    [
      'a query parameter of the service',
      { service: { match: [{ queryParams: { a: { exact: '1' } } }] } },
      ['error UnsupportedMatch service.match[0].queryParams'],
    ],
    [
      'a method',
      { service: { match: [{ method: { exact: 'GET' } }] } },
      ['error UnsupportedMatch service.match[0].method'],
    ],
    [
      'a header',
      { analysis: { match: [{ headers: { 'x-cohort': { exact: 'beta' } } }], iterations: 5 } },
      [],
    ],
    [
      'cookies',
      { analysis: { sessionAffinity: { cookieName: 'cart' } } },
      ['error UnsupportedAffinity analysis.sessionAffinity'],
    ],
    [
      'what shapes requests and answers',
      {
        service: {
          timeout: '10s',
          backendTimeout: '5s',
          rewrite: { uri: '/', authority: 'cart' },
          headers: { request: { remove: ['x'] }, response: { remove: ['server'] } },
          corsPolicy: { allowOrigin: ['*'] },
          mirror: [{ backendRef: { name: 'audit', port: 80 } }],
        },
      },
      [
        'warning UnsupportedField service.headers.response',
        'warning UnsupportedField service.rewrite.authority',
        'warning UnsupportedField service.rewrite.uri',
        'warning UnsupportedField service.timeout',
        'warning UnsupportedField service.backendTimeout',
        'warning UnsupportedField service.mirror',
        'warning UnsupportedField service.corsPolicy',
      ],
    ],
    [
      'the port of a listener',
      { service: { gatewayRefs: [{ name: 'public', namespace: 'edge', port: 443 }] } },
      ['warning UnsupportedField service.gatewayRefs[0].port'],
    ],
    ['copies', { analysis: { mirror: true } }, ['warning UnsupportedField analysis.mirror']],
    ['calls', { provider: 'gatewayapi:v1:grpc' }, ['warning UnsupportedField service.gatewayRefs[0].name']],
    [
      'one entry of several routes',
      {
        spec: {
          routes: [
            {
              provider: 'gatewayapi:v1',
              gatewayRefs: [{ name: 'public', namespace: 'edge' }],
              match: [{ method: { exact: 'GET' } }],
            },
          ],
        },
      },
      ['error UnsupportedMatch routes[0].match[0].method'],
    ],
  ])('is said of %s', (_what, parts, expected) => {
    expect(said(world({ ...parts, features: ['HTTPRoute'] }))).toEqual(expected);
  });

  it('is one that is missing from the list, and no other', () => {
    const analysis = { mirror: true, mirrorWeight: 20 };
    const mirror = [1, 2].map((port) => ({ backendRef: { name: 'audit', port } }));
    const features = ['HTTPRoute', 'HTTPRouteRequestMirror', 'HTTPRouteRequestMultipleMirrors'];
    const of = world({ service: { mirror }, analysis, features });
    const [problem] = gatewayProblems(of.scene(), of.caches, served);
    expect(said(of)).toHaveLength(1);
    expect(problem?.message).toBe(
      'needs HTTPRouteRequestPercentageMirror, which GatewayClass envoy does not list; no copies of requests are sent',
    );
    expect(problem?.fix).toContain('-trust-gateways');
  });

  it.each<[string, readonly string[] | undefined, object, boolean]>([
    ['are listed', ['HTTPRoute', 'HTTPRouteRequestMirror'], {}, true],
    ['are not listed', ['HTTPRoute'], {}, false],
    [
      'are listed for all requests alone',
      ['HTTPRoute', 'HTTPRouteRequestMirror'],
      { mirrorWeight: 20 },
      false,
    ],
    ['are not known', undefined, {}, true],
  ])('leaves copies out of the plan unless they may be there: they %s', (_what, features, analysis, can) => {
    const of = world({ analysis: { mirror: true, ...analysis }, features });
    expect(gatewaysCopy(of.scene(), of.caches, served)).toBe(can);
    expect(gatewaysCopy(of.scene(), of.caches, { ...served, trustGateways: true })).toBe(true);
  });

  it('is said once of a class that several gateways have', () => {
    const refs = ['public', 'private'].map((name) => ({ name, namespace: 'edge' }));
    const of = world({
      service: { gatewayRefs: refs, timeout: '1s' },
      features: ['HTTPRoute'],
      objects: [...known, [gateways, gateway('private', 'envoy')]],
    });
    expect(said(of)).toEqual(['warning UnsupportedField service.timeout']);
  });

  it('is there for somebody who knows better', () => {
    const of = world({ analysis: ab, features: ['HTTPRoute'] });
    expect(said(of, { ...served, trustGateways: true })).toEqual([]);
  });
});

describe('a class that lists nothing', () => {
  it('refuses nothing, and is named once where more than the core is used', () => {
    const of = world({ analysis: ab, service: { timeout: '1s' } });
    expect(said(of)).toEqual(['warning UnsupportedField service.gatewayRefs[0].name']);
    expect(gatewayProblems(of.scene(), of.caches, served)[0]?.message).toBe(
      'leads to GatewayClass envoy, which does not say whether it has HTTPRouteQueryParamMatching, HTTPRouteRequestTimeout',
    );
    expect(said(world({}))).toEqual([]);
    expect(said(world({ features: [] }))).toEqual([]);
  });

  it.each<[string, unknown, readonly string[] | undefined]>([
    ['names', [{ name: 'HTTPRoute' }, { name: 'GRPCRoute' }], ['GRPCRoute', 'HTTPRoute']],
    ['plain names, as in older releases', ['HTTPRoute'], ['HTTPRoute']],
    ['nothing', undefined, undefined],
    ['an empty list', [], undefined],
    ['what is no list', 'HTTPRoute', undefined],
  ])('is told from one that lists %s', (_what, supportedFeatures, features) => {
    const object = { ...gatewayClass('envoy'), status: { supportedFeatures } };
    expect(viewOfGatewayClass(object)).toEqual({ features });
  });
});

describe('a gateway that is not there', () => {
  const missing = ['warning MissingReference service.gatewayRefs[0].name'];

  it('is a warning, as it may come later, and so is a class', () => {
    const none = world({ objects: [] });
    const classless = world({ objects: known.slice(0, 1) });
    expect([said(none), said(classless)]).toEqual([missing, missing]);
    expect(gatewayProblems(none.scene(), none.caches, served)[0]?.message).toBe(
      'names Gateway public.edge, which does not exist, so that nothing accepts the route yet',
    );
    expect(gatewayProblems(classless.scene(), classless.caches, served)[0]?.message).toContain(
      'whose GatewayClass envoy does not exist',
    );
  });

  it.each<[string, World, GatewaySettings]>([
    ['the kinds are not served', {}, { presenceOf: () => 'missing' }],
    ['it is not known what is served', {}, {}],
    ['its namespace is not watched', {}, { ...served, namespaces: ['shop'] }],
    [
      'the parent is of a mesh',
      { service: { gatewayRefs: [{ group: '', kind: 'Service', name: 'cart', port: 80 }] } },
      served,
    ],
    ['the route belongs to no gateways', { provider: 'istio' }, served],
  ])('is nothing to speak of where %s', (_what, parts, settings) => {
    expect(said(world({ ...parts, objects: [] }), settings)).toEqual([]);
  });
});
