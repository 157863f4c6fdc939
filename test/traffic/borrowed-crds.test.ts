// Routes of users, as their definitions admit them, before, during and after: nothing pruned, nothing refused, and the same
// again where the API server has filled in its defaults. SERIN_TEST_CRDS names the folder of the definitions.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { admit } from '../../src/sandbox/crd-schema.ts';
import { routerOf } from '../../src/traffic/routers.ts';
import { schemaOf } from './definitions.ts';
import { routeOf, specOf, wishOf } from './wish.ts';

const folder = process.env['SERIN_TEST_CRDS'] ?? '';
const title = `routes of users against the definitions of their projects${folder === '' ? ' (skipped: SERIN_TEST_CRDS is not set)' : ''}`;
const describeWithCrds = folder === '' ? describe.skip : describe;

describeWithCrds(title, () => {
  it.each([
    ['gatewayapi:v1', 'HTTPRoute', 'gateway-api-borrowed'],
    ['gatewayapi:v1:grpc', 'GRPCRoute', 'grpc-route-borrowed'],
    ['istio', 'VirtualService', 'istio-borrowed'],
    ['contour', 'HTTPProxy', 'contour-borrowed'],
    ['traefik', 'IngressRoute', 'ingress-route-borrowed'],
    ['traefik', 'TraefikService', 'traefik-service-borrowed'],
  ])('%s, %s', (provider, kind, golden) => {
    const spec = specOf({ provider, routeRef: { apiVersion: 'x/v1', kind, name: 'storefront' } });
    const shape = routeOf(routerOf(spec, provider));
    const schema = schemaOf(folder, shape.resource);
    const stored = (sent: KubeObject): KubeObject => {
      const { object, removed, problems } = admit(schema, sent);
      expect({ removed, problems }).toEqual({ removed: [], problems: [] });
      return { ...sent, spec: objectOf(object)['spec'] };
    };
    const written = (live: KubeObject, canary: number): KubeObject =>
      shape.merge(live, shape.render(wishOf(spec, { split: splitToward(canary) })));
    const { metadata, ...rest } = objectOf(parse(readFileSync(`test/traffic/${golden}/before.yaml`, 'utf8')));
    const before = stored({ apiVersion: '', kind, ...rest, metadata: { name: '', ...objectOf(metadata) } });
    for (const canary of [0, 30, 100]) {
      const taken = stored(written(before, canary));
      expect(written(taken, canary)).toEqual(taken);
      expect(stored(shape.givenBack?.(taken, 'cart') ?? taken)).toEqual(before);
    }
  });
});
