import { describe, expect, it } from '@jest/globals';
import { specProviders } from '../../src/api/canary.ts';
import { apisix } from '../../src/traffic/apisix.ts';
import { alb } from '../../src/traffic/alb.ts';
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
import { istio } from '../../src/traffic/istio.ts';
import { knative } from '../../src/traffic/knative.ts';
import { kubernetes } from '../../src/traffic/kubernetes.ts';
import { kuma } from '../../src/traffic/kuma.ts';
import { nginx } from '../../src/traffic/nginx.ts';
import { nginxinc } from '../../src/traffic/nginxinc.ts';
import { openshift } from '../../src/traffic/openshift.ts';
import type { TrafficRouter } from '../../src/traffic/router.ts';
import { providers, routerFor, routers } from '../../src/traffic/routers.ts';
import { skipper } from '../../src/traffic/skipper.ts';
import { itIsATrafficRouter } from '../contract/router.ts';
import { routerExamples, variantExamples } from '../contract/router-examples.ts';

/** Whose splits stand in no list of rules; each is held to the same by its own test. */
const withoutRules: readonly TrafficRouter[] = [nginx, nginxinc, skipper, knative, openshift, alb];

for (const router of routers.filter((one) => !withoutRules.includes(one))) {
  const example = routerExamples.get(router);
  if (example === undefined) {
    throw new Error(`${router.provider} has no example in test/contract/router-examples.ts`);
  }
  itIsATrafficRouter(router, example);
}
for (const [router, example] of variantExamples) {
  itIsATrafficRouter(router, example);
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
    ['apisix', apisix],
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

  it.each(specProviders)('routes %s, which a Canary may name', (provider) => {
    expect(routerFor(provider)).toBeDefined();
  });
});
