// What each router needs in order to be tried, by the contracts of routers: what it wants in a Canary, and how its objects
// are put together. A router without its line here fails them.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { RouteRef } from '../../src/api/reference.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { alb } from '../../src/traffic/alb.ts';
import { apisix } from '../../src/traffic/apisix.ts';
import { appMeshV1beta1, appMeshV1beta2 } from '../../src/traffic/appmesh.ts';
import * as appMesh from '../../src/traffic/appmesh/dialect.ts';
import { contour } from '../../src/traffic/contour.ts';
import {
  gatewayApiGrpc,
  gatewayApiTcp,
  gatewayApiTls,
  gatewayApiUdp,
  gatewayApiV1,
  gatewayApiV1beta1,
} from '../../src/traffic/gateway-api.ts';
import { gloo } from '../../src/traffic/gloo.ts';
import { serviceKey as upstreamKey } from '../../src/traffic/gloo/normal.ts';
import { istio } from '../../src/traffic/istio.ts';
import { serviceKey } from '../../src/traffic/istio/normal.ts';
import { knative } from '../../src/traffic/knative.ts';
import { kubernetes } from '../../src/traffic/kubernetes.ts';
import { kuma } from '../../src/traffic/kuma.ts';
import { serviceKey as trafficRouteKey } from '../../src/traffic/kuma/traffic-route.ts';
import { byServiceName } from '../../src/traffic/live.ts';
import { nginx } from '../../src/traffic/nginx.ts';
import { nginxinc } from '../../src/traffic/nginxinc.ts';
import { openshift } from '../../src/traffic/openshift.ts';
import type { TrafficRouter } from '../../src/traffic/router.ts';
import { skipper } from '../../src/traffic/skipper.ts';
import { smiRouters } from '../../src/traffic/smi.ts';
import { traefik } from '../../src/traffic/traefik.ts';
import { storefront as apisixRoute } from '../traffic/apisix/storefront.ts';
import type { RouterExample } from './router.ts';

const gateway = {
  hosts: ['cart.example.com'],
  gatewayRefs: [{ namespace: 'edge', name: 'public', sectionName: 'https' }],
  timeout: '10s',
};
const { timeout: _timeout, ...named } = gateway;
const { hosts: _hosts, ...unnamed } = named;

const trafficSplit: RouterExample = {
  service: {},
  portless: true,
  keys: {
    rules: [''],
    backends: 'backends',
    service: {
      of: ({ service }) => String(service),
      set: (backend, service) => ({ ...backend, service }),
    },
  },
};

const storefront: KubeObject = parse(`
  apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata:
    name: storefront
    namespace: shop
    labels: { team: shop }
    annotations:
      example.com/auth: "on"
  spec:
    ingressClassName: front
    rules:
      - host: cart.example.com
        http:
          paths:
            - { path: /docs, pathType: Prefix, backend: { service: { name: docs, port: { number: 80 } } } }
            - { path: /, pathType: Prefix, backend: { service: { name: cart, port: { number: 80 } } } }
`);
const namesIngress: RouterExample = {
  service: {},
  spec: { ingressRef: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'storefront' } },
};
const madeFromIngress: RouterExample = { ...namesIngress, source: storefront };

const settings: KubeObject = parse(`
  apiVersion: gloo.solo.io/v1
  kind: Upstream
  metadata:
    name: settings
    namespace: shop
  spec:
    useHttp2: true
    static: { hosts: [{ addr: example.com, port: 80 }] }
`);

const traefikRoute: KubeObject = parse(readFileSync('test/traffic/traefik-ab/storefront.yaml', 'utf8'));

const knativeService: KubeObject = parse(`
  apiVersion: serving.knative.dev/v1
  kind: Service
  metadata:
    name: cart
    namespace: shop
    annotations:
      flagger.app/primary-revision: cart-00001
  spec:
    template:
      spec:
        containers: [{ name: cart, image: cart:1 }]
    traffic: [{ latestRevision: true, percent: 100 }]
`);

/** A route of the user's that the Canary names, in which weights are moved. */
function borrowed(apiVersion: string, kind: RouteRef['kind'], spec: JsonObject): Partial<RouterExample> {
  return {
    spec: { routeRef: { apiVersion, kind, name: 'storefront' } },
    given: { apiVersion, kind, metadata: { name: 'storefront', namespace: 'shop' }, spec },
  };
}

function borrowedGatewayRoute(kind: RouteRef['kind']): Partial<RouterExample> {
  return borrowed('gateway.networking.k8s.io/v1', kind, {
    parentRefs: [{ name: 'public', namespace: 'edge' }],
    ...(kind === 'TLSRoute' ? { hostnames: ['cart.example.com'] } : {}),
    rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }],
  });
}

const balanced: KubeObject = {
  ...storefront,
  metadata: {
    name: 'storefront',
    namespace: 'shop',
    annotations: {
      'alb.ingress.kubernetes.io/scheme': 'internal',
      'alb.ingress.kubernetes.io/actions.shop':
        '{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"cart","servicePort":80}]}}',
    },
  },
};

export const routerExamples: ReadonlyMap<TrafficRouter, RouterExample> = new Map<
  TrafficRouter,
  RouterExample
>([
  [kubernetes, { service: {} }],
  [
    gatewayApiV1,
    {
      service: gateway,
      golden: 'gateway-api',
      foreign: { name: 'theirs' },
      variants: [
        borrowedGatewayRoute('HTTPRoute'),
        { service: { retries: { attempts: 2, retryOn: '503' } } },
      ],
    },
  ],
  [
    gatewayApiV1beta1,
    {
      service: gateway,
      golden: 'gateway-api-v1beta1',
      foreign: { name: 'theirs' },
      variants: [
        borrowedGatewayRoute('HTTPRoute'),
        { service: { retries: { attempts: 2, retryOn: '503' } } },
      ],
    },
  ],
  [
    gatewayApiGrpc,
    {
      service: { ...named, match: [{ uri: { prefix: '/shop.Cart/' } }] },
      golden: 'gateway-api-grpc',
      foreign: { name: 'theirs' },
      variants: [borrowedGatewayRoute('GRPCRoute')],
    },
  ],
  [
    gatewayApiTls,
    {
      service: named,
      golden: 'gateway-api-tls',
      oneRule: true,
      foreign: { name: 'theirs' },
      variants: [borrowedGatewayRoute('TLSRoute')],
    },
  ],
  [
    gatewayApiTcp,
    {
      service: unnamed,
      golden: 'gateway-api-tcp',
      oneRule: true,
      foreign: { name: 'theirs' },
      variants: [borrowedGatewayRoute('TCPRoute')],
    },
  ],
  [
    gatewayApiUdp,
    {
      service: unnamed,
      golden: 'gateway-api-udp',
      oneRule: true,
      foreign: { name: 'theirs' },
      variants: [borrowedGatewayRoute('UDPRoute')],
    },
  ],
  [
    contour,
    {
      service: { timeout: '10s' },
      ingressClass: 'contour',
      keys: { rules: ['routes'], backends: 'services' },
      foreign: { loadBalancerPolicy: { strategy: 'Cookie' } },
      variants: [
        borrowed('projectcontour.io/v1', 'HTTPProxy', {
          virtualhost: { fqdn: 'cart.example.com' },
          routes: [{ services: [{ name: 'cart', port: 80 }] }],
        }),
      ],
    },
  ],
  [
    istio,
    {
      service: {
        hosts: ['cart.example.com'],
        gateways: ['edge/public', 'mesh'],
        portDiscovery: true,
        timeout: '10s',
      },
      keys: { rules: ['http'], backends: 'route', service: serviceKey },
      sourceLabels: true,
      foreign: { fault: { delay: { percentage: { value: 1 }, fixedDelay: '1s' } } },
      variants: [
        {
          service: { appProtocol: 'tcp' },
          keys: { rules: ['tcp'], backends: 'route', service: serviceKey },
          foreign: {},
        },
        borrowed('networking.istio.io/v1', 'VirtualService', {
          hosts: ['cart.example.com'],
          http: [{ route: [{ destination: { host: 'cart' } }] }],
        }),
      ],
    },
  ],
  [
    traefik,
    {
      service: {},
      keys: { rules: ['weighted'], backends: 'services' },
      namesOnlyUsed: true,
      foreign: { sticky: { cookie: { name: 'theirs' } } },
      variants: [
        {
          spec: { routeRef: { apiVersion: 'traefik.io/v1alpha1', kind: 'IngressRoute', name: 'storefront' } },
          analysis: { match: [{ headers: { 'x-cohort': { exact: 'beta' } } }], iterations: 10 },
          source: traefikRoute,
          keys: undefined,
        },
        borrowed('traefik.io/v1alpha1', 'IngressRoute', {
          routes: [{ kind: 'Rule', match: 'PathPrefix(`/`)', services: [{ name: 'cart', port: 80 }] }],
        }),
        borrowed('traefik.io/v1alpha1', 'TraefikService', {
          weighted: { services: [{ name: 'cart', port: 80 }] },
        }),
      ],
    },
  ],
  [
    gloo,
    {
      service: {},
      keys: { rules: ['routes'], backends: 'routeAction.multi.destinations', service: upstreamKey },
      foreign: { options: { timeout: '7s' } },
      variants: [
        {
          spec: { upstreamRef: { apiVersion: 'gloo.solo.io/v1', kind: 'Upstream', name: 'settings' } },
          source: settings,
        },
      ],
      status: { statuses: { 'gloo-system': { state: 'Accepted', reportedBy: 'gloo' } } },
    },
  ],
  [
    apisix,
    {
      service: {},
      spec: { routeRef: { apiVersion: 'apisix.apache.org/v2', kind: 'ApisixRoute', name: 'storefront' } },
      source: apisixRoute,
      keys: { rules: ['http'], backends: 'backends', service: byServiceName },
      portless: true,
    },
  ],
  [
    kuma,
    {
      service: { appProtocol: 'http' },
      keys: { rules: ['to.rules'], backends: 'default.backendRefs' },
      labels: { 'kuma.io/mesh': 'default' },
    },
  ],
  [
    appMeshV1beta1,
    {
      service: { meshName: 'shop-mesh' },
      keys: { rules: ['routes'], backends: 'http.action.weightedTargets', service: appMesh.v1beta1.node },
    },
  ],
  [
    appMeshV1beta2,
    {
      service: { timeout: '10s' },
      golden: 'appmesh-v1beta2',
      portless: true,
      keys: {
        rules: ['routes'],
        backends: 'httpRoute.action.weightedTargets',
        service: appMesh.v1beta2.node,
      },
    },
  ],
  [nginx, madeFromIngress],
  [skipper, madeFromIngress],
  [alb, { ...namesIngress, given: balanced }],
  [nginxinc, { service: { hosts: ['cart.example.com'] } }],
  [
    openshift,
    {
      service: {},
      ...borrowed('route.openshift.io/v1', 'Route', {
        host: 'cart.example.com',
        to: { kind: 'Service', name: 'cart', weight: 100 },
      }),
    },
  ],
  [
    knative,
    {
      service: {},
      spec: { targetRef: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'cart' } },
      given: knativeService,
      namedByTarget: true,
    },
  ],
  ...smiRouters.map((router): [TrafficRouter, RouterExample] => [
    router,
    { ...trafficSplit, golden: `smi-${router.route?.resource.version}` },
  ]),
]);

/** Routers that take the place of another one and write objects of another kind, or in other words. */
export const variantExamples: readonly (readonly [TrafficRouter, RouterExample])[] = [
  ...variantsOf(kuma, {
    service: {},
    golden: 'kuma-traffic-route',
    keys: { rules: ['conf'], backends: 'split', service: trafficRouteKey },
    claim: { 'serin.dev/canary': 'shop/cart' },
    honoured: [],
  }),
  ...variantsOf(appMeshV1beta2, {
    service: { timeout: '10s', portName: 'grpc' },
    golden: 'appmesh-v1beta2-grpc',
    portless: true,
    keys: {
      rules: ['routes'],
      backends: 'grpcRoute.action.weightedTargets',
      service: appMesh.v1beta2Grpc.node,
    },
    honoured: ['timeout', 'hosts', 'retries', 'backends'],
  }),
];

function variantsOf(
  { variants = [] }: TrafficRouter,
  example: RouterExample,
): readonly (readonly [TrafficRouter, RouterExample])[] {
  return variants.map(({ router }) => [router, example]);
}
