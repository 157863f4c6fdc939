// What each router can do, row by row against what Flagger 1.44 can do with the same provider. Where Serin does more, or
// says no where Flagger pretends, that is listed apart and with its reason, so that neither changes unnoticed.
import { describe, expect, it } from '@jest/globals';
import type { CanarySpec } from '../../src/api/canary.ts';
import { withVariants, type TrafficRouter } from '../../src/traffic/router.ts';
import { routers } from '../../src/traffic/routers.ts';
import { routerExamples } from '../contract/router-examples.ts';
import { specOf, wishOf } from './wish.ts';

interface Strategies {
  readonly weighted: boolean;
  /** By what an A/B test may choose users. */
  readonly match: readonly ('headers' | 'queryParams' | 'sourceLabels')[];
  readonly mirror: 'percent' | 'all' | 'none';
  readonly affinity: 'both' | 'canary' | 'none';
  /** Also what is not HTTP. */
  readonly streams: 'none' | 'tcp' | 'udp';
  /** The object that carries the split, and what stands beside it. */
  readonly objects: readonly string[];
}

const plain: Strategies = {
  weighted: true,
  match: [],
  mirror: 'none',
  affinity: 'none',
  streams: 'none',
  objects: [],
};
const split: Strategies = { ...plain, objects: ['TrafficSplit'] };

/** As Flagger has it. */
const strategyRows: Readonly<Record<string, Strategies>> = {
  kubernetes: { ...plain, weighted: false, streams: 'tcp' },
  istio: {
    ...plain,
    match: ['headers', 'sourceLabels'],
    mirror: 'percent',
    affinity: 'both',
    streams: 'tcp',
    objects: ['VirtualService', 'DestinationRule'],
  },
  'gatewayapi:v1': {
    ...plain,
    match: ['headers', 'queryParams'],
    mirror: 'all',
    affinity: 'both',
    objects: ['HTTPRoute'],
  },
  'gatewayapi:v1beta1': {
    ...plain,
    match: ['headers', 'queryParams'],
    mirror: 'all',
    affinity: 'canary',
    objects: ['HTTPRoute'],
  },
  linkerd: split,
  'smi:v1alpha1': split,
  'smi:v1alpha2': split,
  'smi:v1alpha3': split,
  osm: split,
  appmesh: { ...plain, match: ['headers'], objects: ['VirtualService', 'VirtualNode'] },
  'appmesh:v1beta2': {
    ...plain,
    match: ['headers'],
    objects: ['VirtualRouter', 'VirtualNode', 'VirtualService'],
  },
  contour: { ...plain, match: ['headers'], objects: ['HTTPProxy'] },
  gloo: { ...plain, match: ['headers'], objects: ['RouteTable', 'Upstream'] },
  nginx: { ...plain, match: ['headers'], objects: ['Ingress'] },
  skipper: { ...plain, objects: ['Ingress'] },
  traefik: { ...plain, objects: ['TraefikService'] },
  apisix: { ...plain, objects: ['ApisixRoute'] },
  kuma: { ...plain, objects: ['TrafficRoute'] },
  knative: { ...plain, objects: ['Service'] },
};

/** Providers that Flagger does not have. */
const beyondFlagger: Readonly<Record<string, Strategies>> = {
  'gatewayapi:v1:grpc': { ...plain, match: ['headers'], mirror: 'percent', objects: ['GRPCRoute'] },
  'gatewayapi:v1:tls': { ...plain, streams: 'tcp', objects: ['TLSRoute'] },
  'gatewayapi:v1:tcp': { ...plain, streams: 'tcp', objects: ['TCPRoute'] },
  'gatewayapi:v1:udp': { ...plain, streams: 'udp', objects: ['UDPRoute'] },
  alb: { ...plain, objects: ['Ingress'] },
  nginxinc: { ...plain, match: ['headers', 'queryParams'], objects: ['VirtualServer'] },
  openshift: { ...plain, streams: 'tcp', objects: ['Route'] },
};

/** What Serin does beyond the row, and why. */
const lifted: Readonly<Record<string, Partial<Strategies>>> = {
  // Istio matches query parameters, and Flagger leaves them out of the match: too many would see the canary.
  istio: { match: ['headers', 'queryParams', 'sourceLabels'] },
  // Copies by percent are part of Gateway API since 1.3, and whether copies are made stands in status.
  'gatewayapi:v1': { mirror: 'percent' },
  // The same stored objects as under v1, and so the same cookies.
  'gatewayapi:v1beta1': { mirror: 'percent', affinity: 'both' },
  // HTTPProxy and RouteTable match query parameters.
  contour: { match: ['headers', 'queryParams'] },
  gloo: { match: ['headers', 'queryParams'] },
  // ApisixRoute matches by expressions over what a request says.
  apisix: { match: ['headers', 'queryParams'] },
  // MeshHTTPRoute, where the cluster serves it.
  kuma: { match: ['headers', 'queryParams'], mirror: 'percent', objects: ['MeshHTTPRoute'] },
};

function strategiesOf(router: TrafficRouter): Strategies {
  const { capabilities, route, companions = [] } = router;
  const { match, mirror = 'none', affinity, weighted } = capabilities;
  const all = withVariants(router).map((one) => one.capabilities);
  const streams = all.some(({ udp }) => udp === true)
    ? 'udp'
    : all.some(({ tcp }) => tcp === true)
      ? 'tcp'
      : 'none';
  return {
    weighted,
    match: [
      ...((match?.headers ?? []).length > 0 ? (['headers'] as const) : []),
      ...((match?.queryParams ?? []).length > 0 ? (['queryParams'] as const) : []),
      ...(match?.sourceLabels === true ? (['sourceLabels'] as const) : []),
    ],
    mirror,
    affinity: affinity === true ? 'both' : 'none',
    streams,
    objects: [
      ...new Set([route, ...companions].flatMap((part) => (part === undefined ? [] : [part.resource.kind]))),
    ],
  };
}

type FieldTable = Readonly<Record<string, readonly string[]>>;

const gatewayApi = ['gatewayapi:v1', 'gatewayapi:v1beta1'];
const appmesh = ['appmesh', 'appmesh:v1beta2'];
const smi = ['linkerd', 'smi:v1alpha1', 'smi:v1alpha2', 'smi:v1alpha3', 'osm'];

/** Providers of Flagger by the field of `spec.service` that reaches their route. */
const fieldRows: FieldTable = {
  hosts: ['istio', ...gatewayApi, ...appmesh, ...smi],
  gateways: ['istio', ...smi],
  gatewayRefs: gatewayApi,
  delegation: ['istio'],
  match: ['istio', ...gatewayApi, ...appmesh, 'contour'],
  rewrite: ['istio', ...gatewayApi],
  timeout: ['istio', 'gatewayapi:v1', 'appmesh:v1beta2', 'contour'],
  backendTimeout: ['gatewayapi:v1'],
  retries: ['istio', ...appmesh, 'contour'],
  headers: ['istio', ...gatewayApi],
  corsPolicy: ['istio', ...gatewayApi],
  mirror: gatewayApi,
  trafficPolicy: ['istio'],
  backends: appmesh,
  meshName: appmesh,
};

/** Fields that Serin honours beyond that. */
const liftedFields: FieldTable = {
  // Both versions are of the same stored object.
  'gatewayapi:v1beta1': ['timeout', 'backendTimeout'],
  // HTTPProxy and MeshHTTPRoute have what these say.
  contour: ['rewrite', 'headers'],
  kuma: ['match', 'rewrite', 'headers'],
};

/**
 * Fields that Flagger hands on or passes by, and Serin warns of: gateways become an annotation that only the archived SMI
 * adapter of Istio read, and the later App Mesh has the mesh choose its namespaces.
 */
const droppedFields: FieldTable = {
  ...Object.fromEntries(smi.map((provider) => [provider, ['gateways']])),
  'appmesh:v1beta2': ['meshName'],
};

/** Fields that Flagger does not have, and flags of it say for all Canaries. */
const newFields: FieldTable = {
  ingressClass: ['contour', 'nginxinc'],
  ingressAnnotationsPrefix: ['nginx'],
};

const fieldsBeyondFlagger: FieldTable = {
  'gatewayapi:v1:grpc': ['gatewayRefs', 'hosts', 'match', 'headers', 'mirror'],
  'gatewayapi:v1:tls': ['gatewayRefs', 'hosts'],
  'gatewayapi:v1:tcp': ['gatewayRefs'],
  'gatewayapi:v1:udp': ['gatewayRefs'],
  nginxinc: ['hosts', 'match'],
};

function expectedFields(provider: string): readonly string[] {
  const rows = Object.entries({ ...fieldRows, ...newFields }).flatMap(([field, who]) =>
    who.includes(provider) ? [field] : [],
  );
  return [...rows, ...(liftedFields[provider] ?? []), ...(fieldsBeyondFlagger[provider] ?? [])]
    .filter((field) => !(droppedFields[provider] ?? []).includes(field))
    .toSorted();
}

/** Of the metadata of `service.apex` what reaches the route; the user's own objects are left alone. */
const ofTheSource: readonly string[] = ['nginx', 'skipper', 'apisix'];

const withExample = routers.flatMap((router) => {
  const example = routerExamples.get(router);
  return example === undefined ? [] : [{ provider: router.provider, router, example }];
});

describe('what a provider can do is its row, or said to be more:', () => {
  const rows = { ...strategyRows, ...beyondFlagger };

  it('each has a row, and each row a provider', () => {
    expect(Object.keys(rows).toSorted()).toEqual(routers.map(({ provider }) => provider).toSorted());
  });

  it.each(routers.map((router) => ({ provider: router.provider, router })))(
    '$provider',
    ({ provider, router }) => {
      expect(strategiesOf(router)).toEqual({ ...rows[provider], ...lifted[provider] });
    },
  );

  it.each(Object.keys(lifted))('more than its row is %s', (provider) => {
    expect(strategyRows[provider]).not.toMatchObject(lifted[provider] ?? {});
  });
});

describe('the fields of spec.service that reach a route are those of its rows, for', () => {
  it.each(routers.map((router) => ({ provider: router.provider, router })))(
    '$provider',
    ({ provider, router }) => {
      expect(router.capabilities.serviceFields.toSorted()).toEqual(expectedFields(provider));
    },
  );

  it('every field that shapes routes, row by row', () => {
    const known = new Set(withExample.flatMap(({ router }) => router.capabilities.serviceFields));
    expect([...known].filter((field) => !(field in fieldRows || field in newFields))).toEqual([]);
  });
});

describe('a route has labels, the opt-out from GitOps and its owner as its row says:', () => {
  const apex = { labels: { team: 'till' }, annotations: { 'example.com/owner': 'till' } };

  it.each(withExample.filter(({ router }) => router.route !== undefined))(
    '$provider',
    ({ provider, router, example }) => {
      const spec: CanarySpec = {
        ...specOf({ provider, service: { ...example.service, apex } }),
        ...example.spec,
      };
      const wish = wishOf(spec, { source: example.source });
      const metadata = router.route?.render(wish).metadata;
      if (router.route?.givenBack !== undefined) {
        expect(metadata).toEqual({ name: expect.any(String), namespace: 'shop' });
        return;
      }
      expect(metadata).toMatchObject(
        ofTheSource.includes(provider)
          ? { labels: { team: 'shop' }, annotations: { 'example.com/auth': 'on' } }
          : apex,
      );
      expect(metadata).toMatchObject({
        annotations: {
          'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
          'helm.toolkit.fluxcd.io/driftDetection': 'disabled',
        },
        ownerReferences: [wish.owner],
      });
    },
  );
});
