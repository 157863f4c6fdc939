import { describe, expect, it } from '@jest/globals';
import { specProviders } from '../../src/api/canary.ts';
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
import { smiRouters } from '../../src/traffic/smi.ts';
import { traefik } from '../../src/traffic/traefik.ts';
import { providers, routerFor } from '../../src/traffic/routers.ts';
import { itIsATrafficRouter } from '../contract/router.ts';

const gateway = {
  hosts: ['cart.example.com'],
  gatewayRefs: [{ namespace: 'edge', name: 'public', sectionName: 'https' }],
  timeout: '10s',
};

itIsATrafficRouter(kubernetes, { service: {} });
itIsATrafficRouter(gatewayApiV1, { service: gateway, golden: 'gateway-api' });
itIsATrafficRouter(gatewayApiV1beta1, { service: gateway, golden: 'gateway-api-v1beta1' });
const { timeout: _timeout, ...named } = gateway;
const { hosts: _hosts, ...unnamed } = named;
itIsATrafficRouter(gatewayApiGrpc, {
  service: { ...named, match: [{ uri: { prefix: '/shop.Cart/' } }] },
  golden: 'gateway-api-grpc',
});
itIsATrafficRouter(gatewayApiTls, { service: named, golden: 'gateway-api-tls', oneRule: true });
itIsATrafficRouter(gatewayApiTcp, { service: unnamed, golden: 'gateway-api-tcp', oneRule: true });
itIsATrafficRouter(gatewayApiUdp, { service: unnamed, golden: 'gateway-api-udp', oneRule: true });
itIsATrafficRouter(contour, {
  service: { timeout: '10s' },
  ingressClass: 'contour',
  keys: { rules: ['routes'], backends: 'services' },
});

itIsATrafficRouter(istio, {
  service: {
    hosts: ['cart.example.com'],
    gateways: ['edge/public', 'mesh'],
    portDiscovery: true,
    timeout: '10s',
  },
  keys: { rules: ['http'], backends: 'route', service: serviceKey },
  sourceLabels: true,
});

itIsATrafficRouter(traefik, {
  service: {},
  keys: { rules: ['weighted'], backends: 'services' },
  namesOnlyUsed: true,
});
itIsATrafficRouter(gloo, {
  service: {},
  keys: { rules: ['routes'], backends: 'routeAction.multi.destinations', service: upstreamKey },
});
itIsATrafficRouter(kuma, {
  service: { appProtocol: 'http' },
  keys: { rules: ['to.rules'], backends: 'default.backendRefs' },
  labels: { 'kuma.io/mesh': 'default' },
});
for (const router of smiRouters) {
  itIsATrafficRouter(router, {
    service: {},
    golden: `smi-${router.route?.resource.version}`,
    portless: true,
    keys: {
      rules: [''],
      backends: 'backends',
      service: {
        of: ({ service }) => String(service),
        set: (backend, service) => ({ ...backend, service }),
      },
    },
  });
}

describe('the list of routers', () => {
  it.each([
    ['kubernetes', kubernetes],
    ['gatewayapi:v1', gatewayApiV1],
    ['gatewayapi:v1:grpc', gatewayApiGrpc],
    ['gatewayapi:v1:tls', gatewayApiTls],
    ['gatewayapi:v1:tcp', gatewayApiTcp],
    ['gatewayapi:v1:udp', gatewayApiUdp],
    ['gatewayapi:v1:http', gatewayApiV1],
    ['gatewayapi:v1alpha2', gatewayApiV1],
    ['gatewayapi:v1beta1', gatewayApiV1beta1],
    ['gatewayapi:v1beta1:x', gatewayApiV1beta1],
    ['contour', contour],
    ['gatewayapi', undefined],
    ['istio', istio],
    ['knative', knative],
    ['gloo', gloo],
    ['gloo:discovery', gloo],
    ['kuma', kuma],
    ['contour:x', undefined],
    ['', undefined],
  ])('knows %s', (provider, router) => {
    expect(routerFor(provider)).toBe(router);
  });

  it('lists each by the name that a Canary may use', () => {
    expect(new Set(providers).size).toBe(providers.length);
    expect(specProviders).toEqual(expect.arrayContaining([...providers]));
    for (const provider of providers) {
      expect(routerFor(provider)?.provider).toBe(provider);
    }
  });
});
